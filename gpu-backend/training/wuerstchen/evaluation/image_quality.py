"""How close one picture is to another: PSNR and SSIM."""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def psnr_each(image: Tensor, target: Tensor) -> Tensor:
    """(b,) peak signal-to-noise ratio in dB of (b, 3, h, w) pictures in [0, 1]; at most 100."""
    error = (image - target).pow(2).flatten(1).mean(1)
    return -10 * error.clamp_min(1e-10).log10()


def ssim_each(image: Tensor, target: Tensor) -> Tensor:
    """(b,) structural similarity (Wang et al. 2004): 11×11 Gaussian window, sigma 1.5, each channel alone, without the border."""
    # float64: a variance is a small difference of two large numbers.
    image, target = image.double(), target.double()
    window = gaussian_window().double().expand(image.shape[1], 1, -1, -1)

    def local(x: Tensor) -> Tensor:
        return F.conv2d(x, window, groups=x.shape[1])

    mean_x, mean_y = local(image), local(target)
    var_x, var_y = local(image * image) - mean_x**2, local(target * target) - mean_y**2
    covariance = local(image * target) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    structure = (2 * covariance + C2) / (var_x + var_y + C2)
    return (luminance * structure).flatten(1).mean(1).float()


def gaussian_window() -> Tensor:
    """(11, 11), sums to 1."""
    line = torch.exp(-((torch.arange(WINDOW) - WINDOW // 2).float() ** 2) / (2 * SIGMA**2))
    return torch.outer(line, line) / line.sum() ** 2
