"""Makes a package of a service's document with openapi-python-client as docs/client.md says, and makes a picture by it.

Usage: generated_client.py URL KEY FOLDER, where FOLDER is new. Prints one JSON line.
"""

import base64
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jq

url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
docs = Path(__file__).parents[2] / "docs"

folder.mkdir()
answer = httpx.get(f"{url}/openapi.json").raise_for_status()
document = jq.compile((docs / "python-client.jq").read_text()).input_value(answer.json()).first()
(folder / "openapi.json").write_text(json.dumps(document))
options = ["--path", "openapi.json", "--config", docs / "python-client.yml", "--fail-on-warning"]
command = [sys.executable, "-m", "openapi_python_client", "generate", *options]
made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
if made.returncode != 0:
    sys.exit(made.stdout + made.stderr)

sys.path.insert(0, str(folder / "wuerstchen-edge-client"))
package = importlib.import_module("wuerstchen_edge_client")
modules = [importlib.import_module(name) for _, name, _ in pkgutil.walk_packages(package.__path__, "wuerstchen_edge_client.")]

from wuerstchen_edge_client import AuthenticatedClient  # noqa: E402
from wuerstchen_edge_client.api.images import create_image, get_image, verify_picture  # noqa: E402
from wuerstchen_edge_client.models import CreateImageRequest, ImagesResponse  # noqa: E402
from wuerstchen_edge_client.types import File  # noqa: E402

with AuthenticatedClient(base_url=url, token=key) as client:
    images = create_image.sync(client=client, body=CreateImageRequest(prompt="a red apple", seed=7))
    assert isinstance(images, ImagesResponse), images
    image = images.data[0]
    picture = base64.b64decode(image.b64_json)
    link = urlsplit(image.url)
    query = parse_qs(link.query)
    linked = get_image.sync(
        client=client, file=link.path.rsplit("/", 1)[1], exp=int(query["exp"][0]), sig=query["sig"][0]
    )
    verified = verify_picture.sync(client=client, body=File(payload=linked.payload))

linked.payload.seek(0)
print(
    json.dumps(
        {
            "modules": len(modules),
            "picture": image.b64_json,
            "seed": image.seed,
            "tier": image.tier,
            "linked_is_equal": linked.payload.read() == picture,
            "verified": verified.to_dict(),
        }
    )
)
