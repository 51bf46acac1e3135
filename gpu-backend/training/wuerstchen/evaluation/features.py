"""The eyes of the report: features of a fixed network that was trained on photographs and never on our pictures.

EfficientNet-Lite0 with its ImageNet weights, all sixteen blocks. FID and KID by these features are not the published
Inception figures: they can be compared with one another, and with nothing outside this report.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor, nn

from wuerstchen.models.compressor import EfficientNetLite0, MobileBlock
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.training.data import PictureSet

# The two stages that the compressor leaves out: (expansion, channels, repeats, stride, kernel).
DEEP_STAGES = ((6, 192, 4, 2, 5), (6, 320, 1, 1, 3))
# (block, cells a side) of the maps that are pooled into the vector: edges and colours first, objects last.
POOLED_MAPS = ((2, 4), (4, 4), (10, 2), (15, 2))
COLOUR_CELLS = 8
DEEP_CHANNELS, DEEP_CELLS = 320, 4
BATCH = 64
# As they are, augmented, and augmented in grey.
VIEWS = 3
LUMINANCE = (0.299, 0.587, 0.114)


class PictureFeatures(nn.Module):
    """(b, 3, H, W) in [0, 1] to (b, 2944): an 8×8 thumbnail and four pooled maps; the last 1,280 are the deepest
    map's 2×2 cells.
    """

    def __init__(self, imagenet_weights: str) -> None:
        super().__init__()
        self.network = EfficientNetLite0()
        c_in = self.network.channels
        for expansion, channels, repeats, stride, kernel in DEEP_STAGES:
            for repeat in range(repeats):
                self.network._blocks.append(
                    MobileBlock(c_in, channels, expansion, stride if repeat == 0 else 1, kernel)
                )
                c_in = channels
        self.network.load_imagenet(imagenet_weights)
        self.to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.network.pyramid(image)
        pooled = [
            F.adaptive_avg_pool2d(image, COLOUR_CELLS),
            *[F.adaptive_avg_pool2d(maps[b], cells) for b, cells in POOLED_MAPS],
        ]
        return torch.cat([part.flatten(1) for part in pooled], dim=1)

    def perceptual_distance(self, image: Tensor, target: Tensor) -> Tensor:
        """(b,): squared distance of unit-normalised features at every place, mean over places and all sixteen blocks.

        After Zhang et al. 2018 (LPIPS), without their learned channel weights: 0 is identical, some 0.3 and more is
        another picture."""
        pairs = zip(self.network.pyramid(image), self.network.pyramid(target), strict=True)
        return torch.stack(
            [(F.normalize(a, dim=1) - F.normalize(b, dim=1)).pow(2).sum(1).mean((1, 2)) for a, b in pairs]
        ).mean(0)


def deep_features(features: np.ndarray) -> np.ndarray:
    """(n, 2944) to (n, 320) float64: the deepest map, averaged over the picture. What FID, KID and distances are
    computed on.
    """
    return features[:, -DEEP_CHANNELS * DEEP_CELLS :].reshape(-1, DEEP_CHANNELS, DEEP_CELLS).astype(np.float64).mean(-1)


@torch.no_grad()
def features_of(network: PictureFeatures, images: np.ndarray) -> np.ndarray:
    """(n, side, side, 3) bytes to (n, 2944) float32."""
    parts = [network(to_tensor(images[start : start + BATCH])).numpy() for start in range(0, len(images), BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def to_tensor(images: np.ndarray) -> Tensor:
    """(n, side, side, 3) bytes to (n, 3, side, side) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255


def to_bytes(images: Tensor) -> np.ndarray:
    """(n, 3, side, side) in [0, 1] to (n, side, side, 3) bytes."""
    return images.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).numpy()


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture shrunk and moved a little on white, blurred and noised: the judge must not fail on softness
    alone.
    """
    count, side = len(images), images.shape[-1]
    scale = 1 + 0.2 * torch.rand(count, generator=generator)
    shift = (torch.rand(count, 2, generator=generator) - 0.5) * 0.16
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale, scale, shift
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    moved = 1 - F.grid_sample(1 - images, grid, align_corners=False)  # zero padding of the negative is white
    blurred = F.interpolate(F.interpolate(moved, size=side // 2, mode="area"), size=side, mode="bilinear")
    share = torch.rand(count, 1, 1, 1, generator=generator)
    noise = torch.randn(images.shape, generator=generator) * 0.04 * torch.rand(count, 1, 1, 1, generator=generator)
    return (torch.lerp(moved, blurred, share) + noise).clamp(0, 1)


def grey(images: Tensor) -> Tensor:
    """(n, 3, h, w) without colour: a judge that knows things in grey can tell a dog that is green."""
    return (images * torch.tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True).expand(-1, 3, -1, -1)


@torch.no_grad()
def training_views(network: PictureFeatures, pictures: PictureSet, directory: Path) -> list[np.ndarray]:
    """Features of all pictures, (n, 2944) float16 each: as they are, augmented, augmented in grey. Computed once a
    data set and kept.
    """
    return [_view(network, pictures, directory / f"features-{view}.npy", view) for view in range(VIEWS)]


def _view(network: PictureFeatures, pictures: PictureSet, path: Path, view: int) -> np.ndarray:
    def computed() -> np.ndarray:
        count, rows = len(pictures.records), []
        for start in track(range(0, count, BATCH), description=f"features, view {view}"):
            images = pictures.images(np.arange(start, min(start + BATCH, count)))
            if view > 0:
                images = augmented(images, torch.Generator().manual_seed(view * count + start))
            if view == VIEWS - 1:
                images = grey(images)
            rows.append(network(images.contiguous(memory_format=torch.channels_last)).half().numpy())
        return np.concatenate(rows)

    return cached(path, digest_of("features", weights_digest(network), pictures.digest, str(view)), computed)
