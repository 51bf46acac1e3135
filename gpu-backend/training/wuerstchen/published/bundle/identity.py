"""What the revision of an imported bundle follows from: the sources, not the bytes that one machine made of them.

Folded weights and the empty prompt's states are sums, which another processor or number of threads adds up in another
order. The graphs then differ in a last digit, and the latents that are stored under the revision stay good.
"""

import hashlib
import json
from collections.abc import Mapping

from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.record import FileFacts

# Raise it when an import makes other latents or pictures of the same sources.
GRAPHS_VERSION = 1


def encoder_digest(checkpoint: Checkpoint, sources: Mapping[str, FileFacts]) -> str:
    """Of all that makes states of image prompts; "" without. It stands beside the revision, and is no part of it: an
    import with an encoder keeps the latents of one without.
    """
    images = checkpoint.images
    if images is None:
        return ""
    digests = {path: sources[place].sha256 for place, path in checkpoint.sources().items()}
    parts = [[digests[path] for path in images.encoder.sources], images.mean, images.deviation]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def identity(checkpoint: Checkpoint, sources: Mapping[str, FileFacts], weights: str) -> list:
    """Digests by what a file is for, so that no folder's name counts. The previewer changes no latent, so it is left
    out. `sources`: by place, as `Checkpoint.sources` has them.
    """
    digests = {path: sources[place].sha256 for place, path in checkpoint.sources().items()}
    parts = {
        component.name: [digests[path] for path in component.sources]
        for component in checkpoint.components
        if component.name != "previewer"
    }
    plain = [digests[path] for path in checkpoint.plain_files]
    strengths = [adapter.strength for adapter in checkpoint.adapters]
    text = checkpoint.decoder_text
    decoder = [] if text is None else [{"decoderText": text.guidance if text.guided else 0}]
    return [GRAPHS_VERSION, checkpoint.family, weights, parts, plain, *strengths, *decoder]
