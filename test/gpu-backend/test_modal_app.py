"""What of the Modal deployment can be held without an account: its settings, and that its command serves."""

import importlib.util
import json
import os
import re
import signal
import socket
import sys
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

modal = pytest.importorskip("modal")

ROOT = Path(__file__).resolve().parents[2]
NODE_BIN = ROOT / "node_modules/.bin"


def load(monkeypatch: pytest.MonkeyPatch, **settings: str) -> ModuleType:
    """The module as a deployment with these settings sees it."""
    for name in ("GPU", "SNAPSHOT", "REGION", "CONTAINERS_MAX", "MODELS_DIR", "MODEL_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("modal_app", ROOT / "gpu-backend/modal_app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "modal_app", module)
    spec.loader.exec_module(module)
    return module


def recorded(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> dict[str, object]:
    """What `owner.name` is called with; it still does its work, so Modal's own checks of the settings run."""
    settings: dict[str, object] = {}
    original = getattr(owner, name)

    def record(*positional: object, **named: object) -> object:
        settings.update(named)
        return original(*positional, **named)

    monkeypatch.setattr(owner, name, record)
    return settings


def test_only_holders_of_a_token_reach_the_server_and_an_idle_one_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service, server = recorded(monkeypatch, modal.App, "cls"), recorded(monkeypatch, modal, "web_server")
    module = load(monkeypatch, GPU="L4", CONTAINERS_MAX="7", REGION="eu-west")
    assert server["requires_proxy_auth"] is True
    assert (service["min_containers"], service["max_containers"], service["gpu"]) == (0, 7, "L4")
    assert service["routing_region"] == "eu-west"
    assert list(service["volumes"]) == ["/bundles"]
    assert service["enable_memory_snapshot"] is False
    assert isinstance(module.app, modal.App)


@pytest.mark.parametrize(("gpu", "snapshot"), [("", True), ("H100", False)])
def test_memory_snapshots_are_taken_where_they_are_no_alpha(monkeypatch: pytest.MonkeyPatch, gpu: str, snapshot: bool) -> None:
    module = load(monkeypatch, GPU=gpu)
    assert bool(module.SNAPSHOT) is snapshot


def test_the_command_is_the_one_that_the_dockerfile_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load(monkeypatch)
    found = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    assert json.loads(found[1]) == module.START_COMMAND


def test_the_command_serves_a_bundle_and_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load(monkeypatch, GPU="")
    monkeypatch.setenv("PATH", f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GPU_BACKEND_SECRET", "a secret for tests, 32 characters")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"MODELS_DIR": str(ROOT / "test/support/models"), "MODEL_ID": "tiny", "INTRA_OP_THREADS": "1"}
    server = module.start_server(ROOT, settings, port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            health = json.load(answer)
        assert (health["status"], health["model"]) == ("ready", "tiny")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def test_a_backend_that_cannot_start_is_an_error_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load(monkeypatch, GPU="")
    monkeypatch.setenv("PATH", f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GPU_BACKEND_SECRET", "short")
    with pytest.raises(RuntimeError, match="ended with 1"):
        module.start_server(ROOT, {}, 9)
