"""The GPU backend on Modal: `GPU=L4 modal deploy gpu-backend/modal_app.py`. See docs/deploy.md.

Settings are environment variables at the time of the deployment. Modal is told what to run on and how much of it;
what runs is the command that the Dockerfile and the tests start too.
"""

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import modal

REPOSITORY = Path(__file__).resolve().parent.parent
PORT = 8788
START_COMMAND = ["node", "--max-semi-space-size=2", "gpu-backend/main.ts"]

# A folder of the volume; another one for another revision of the same bundle.
MODELS_DIR = os.environ.get("MODELS_DIR", "/bundles")
MODEL_ID = os.environ.get("MODEL_ID", "emoji-128")
# A type such as "T4", "L4", "L40S", "A100-80GB", "H100"; empty: the CPU alone.
GPU = os.environ.get("GPU", "L4")
PROVIDER = "cuda" if GPU else "cpu"
CONTAINERS_MAX = int(os.environ.get("CONTAINERS_MAX", "4"))
# "us-east", "us-west", "eu-west" or "ap-south": where requests enter Modal's network. Containers go near it.
REGION = os.environ.get("REGION", "us-east")
# A container's memory with the models loaded, brought back at the next start. With a GPU this is Modal's alpha feature.
SNAPSHOT = os.environ.get("SNAPSHOT", "0" if GPU else "1") == "1"

# As many as run and wait in one container: the queue says 429 beyond, and the edge goes elsewhere.
REQUESTS_MAX = 48
# Of the requests that one container serves, the number at which Modal starts another.
REQUESTS_TARGET = 16
LOAD_SECONDS_MAX = 600
DRAIN_SECONDS_MAX = 25

CUDA_BASE = "nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04"

image = modal.Image.from_dockerfile(
    REPOSITORY / "Dockerfile",
    context_dir=REPOSITORY,
    # Modal's own runner wants root.
    build_args={"PROVIDER": PROVIDER, "RUN_AS": "0", **({"BASE": CUDA_BASE} if GPU else {})},
    add_python="3.12",
).entrypoint([])

# `modal volume put wuerstchen-bundles FOLDER MODEL_ID`: a new bundle needs no new image.
bundles = modal.Volume.from_name("wuerstchen-bundles", create_if_missing=True)
secret = modal.Secret.from_name("wuerstchen-backend", required_keys=["GPU_BACKEND_SECRET"])

app = modal.App("wuerstchen-backend")


@app.cls(
    image=image,
    gpu=GPU or None,
    volumes={"/bundles": bundles.with_mount_options(read_only=True)},
    secrets=[secret],
    routing_region=REGION,
    min_containers=0,
    max_containers=CONTAINERS_MAX,
    scaledown_window=300,
    startup_timeout=LOAD_SECONDS_MAX,
    timeout=LOAD_SECONDS_MAX,
    enable_memory_snapshot=SNAPSHOT,
    experimental_options={"enable_gpu_snapshot": True} if SNAPSHOT and GPU else {},
)
@modal.concurrent(max_inputs=REQUESTS_MAX, target_inputs=REQUESTS_TARGET)
class Backend:
    """One container: the server, and the process beside it that holds the models."""

    @modal.enter(snap=SNAPSHOT)
    def start(self) -> None:
        """Starts the server and waits until its models are loaded, so that a snapshot holds them."""
        self.server = start_server(Path("/app"), {"MODELS_DIR": MODELS_DIR, "MODEL_ID": MODEL_ID})

    # Modal answers who has no token itself, so that no stranger wakes a GPU.
    @modal.web_server(PORT, startup_timeout=LOAD_SECONDS_MAX, requires_proxy_auth=True)
    def serve(self) -> None:
        """The server listens already."""

    @modal.exit()
    def stop(self) -> None:
        """Lets it finish the jobs that it has."""
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(timeout=DRAIN_SECONDS_MAX + 5)


def start_server(folder: Path, settings: dict[str, str], port: int = PORT) -> subprocess.Popen[bytes]:
    """Runs the start command in a folder. Returns when the models are loaded; raises when it ends before."""
    drain = {"SHUTDOWN_SECONDS_MAX": str(DRAIN_SECONDS_MAX)}
    environment = {**os.environ, "HOST": "0.0.0.0", "PORT": str(port), "PROVIDER": PROVIDER, **drain, **settings}
    server = subprocess.Popen(START_COMMAND, cwd=folder, env=environment)
    while not is_ready(port):
        if server.poll() is not None:
            raise RuntimeError(f"The backend ended with {server.returncode}; its log says why.")
        time.sleep(0.1)
    return server


def is_ready(port: int) -> bool:
    """Whether it takes jobs at once."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
