"""A hub id is fetched by `huggingface_hub` itself, from a small server that speaks the hub's HTTP: only what the
import needs.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PRIOR = [
    "prior/config.json",
    "prior/diffusion_pytorch_model.safetensors",
    "prior/diffusion_pytorch_model.bf16.safetensors",
]
PRIOR += [
    "text_encoder/config.json",
    "text_encoder/model.safetensors.index.json",
    "text_encoder/model-00001-of-00001.safetensors",
]
PRIOR += [
    "scheduler/scheduler_config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "image_encoder/model.safetensors",
]
DECODER = [
    "decoder/config.json",
    "decoder/diffusion_pytorch_model.bin",
    "vqgan/config.json",
    "vqgan/diffusion_pytorch_model.safetensors",
]
DECODER += [
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "tokenizer/tokenizer.json",
    "scheduler/scheduler_config.json",
]
DECODER += ["effnet_encoder.safetensors", "stage_b.safetensors", "figures/collage.jpg"]
INDEX = json.dumps({"weight_map": {"a": "model-00001-of-00001.safetensors"}})


def content(name: str) -> bytes:
    return INDEX.encode() if name.endswith(".index.json") else f"content of {name}".encode()


class Hub(BaseHTTPRequestHandler):
    """Two repositories, models/NAME and models/NAME-prior."""

    fetched: set[str] = set()  # noqa: RUF012

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        repository, _, rest = path.removeprefix("/api/models/").removeprefix("/").partition("/resolve/")
        if path.startswith("/api/models/tiny/"):
            names = PRIOR if "-prior" in path else DECODER
            self._api(path, names)
        elif repository in ("tiny/model", "tiny/model-prior") and rest:
            name = rest.partition("/")[2]
            if self.command == "GET":
                Hub.fetched.add(f"{repository}/{name}")
            self._send(content(name), {"ETag": f'"{hashlib.sha1(content(name)).hexdigest()}"', "X-Repo-Commit": COMMIT})
        else:
            self._send(b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"}, 404)

    def _api(self, path: str, names: list[str]) -> None:
        if "/tree/" in path:
            files = [
                {
                    "type": "file",
                    "path": name,
                    "size": len(content(name)),
                    "oid": hashlib.sha1(content(name)).hexdigest(),
                }
                for name in names
            ]
            self._send(json.dumps(files).encode(), {"Content-Type": "application/json"})
        else:
            repository = path.removeprefix("/api/models/").partition("/revision/")[0]
            info = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
            self._send(json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment in which `huggingface_hub` speaks to the small server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Hub.fetched.clear()
    address = f"http://127.0.0.1:{server.server_port}"
    yield {
        **os.environ,
        "HF_ENDPOINT": address,
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
    }
    server.shutdown()
    server.server_close()


def find(source: str, environment: dict[str, str], choice: str = "") -> subprocess.CompletedProcess[str]:
    script = (
        "import sys; from wuerstchen.published.bundle.hub import find_roots; from "
        "wuerstchen.published.bundle.checkpoint import Choice\n"
        f"print(*find_roots(sys.argv[1], None, Choice({choice}), None), sep='\\n')"
    )
    cwd = Path(__file__).resolve().parents[1]
    return subprocess.run(
        [sys.executable, "-c", script, source], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_an_id_on_the_hub_brings_both_halves_and_nothing_that_is_not_needed(hub: dict[str, str]) -> None:
    done = find("tiny/model", hub, "'bf16'")
    assert done.returncode == 0, done.stderr
    decoder, prior = map(Path, done.stdout.split())
    unneeded = {
        "prior/diffusion_pytorch_model.safetensors",
        "stage_b.safetensors",
        "figures/collage.jpg",
    }
    # The image encoder lets prompts hold pictures.
    for root, names in ((decoder, DECODER), (prior, PRIOR)):
        assert {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} == set(
            names
        ) - unneeded
        assert all((root / name).read_bytes() == content(name) for name in set(names) - unneeded)
    Hub.fetched.clear()
    assert find("tiny/model", hub, "'bf16'").stdout == done.stdout
    assert Hub.fetched == set()  # all of it was there already


def test_a_variant_that_a_half_lacks_is_refused_before_its_weights_are_fetched(hub: dict[str, str]) -> None:
    done = find("tiny/model", hub, "'bf61'")
    assert "tiny/model-prior has no weights of variant 'bf61'; there are bf16" in done.stderr
    assert not [name for name in Hub.fetched if "-prior/prior/" in name and name.endswith(".safetensors")]


def test_an_id_that_does_not_exist_is_named(hub: dict[str, str]) -> None:
    done = find("nobody/nothing", hub)
    assert done.returncode == 1
    assert "CheckpointError: nobody/nothing cannot be fetched from the hub" in done.stderr
