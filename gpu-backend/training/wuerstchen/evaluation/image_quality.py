"""How close one picture is to another: PSNR and SSIM."""

import torch
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


def psnr_each(image: Tensor, target: Tensor) -> Tensor:
    """(b,) peak signal-to-noise ratio in dB of (b, 3, h, w) pictures in [0, 1]; at most 100."""
    error = (image - target).pow(2).flatten(1).mean(1)
    return -10 * error.clamp_min(1e-10).log10()


def ssim_each(image: Tensor, target: Tensor) -> Tensor:
    """(b,) structural similarity (Wang et al. 2004): 11×11 Gaussian window, sigma 1.5, each channel alone, without
    the border.
    """
    # float64: a variance is a small difference of two large numbers.
    image, target = image.double(), target.double()
    down, across = gaussian_band(image.shape[2]), gaussian_band(image.shape[3])

    def local(x: Tensor) -> Tensor:
        return down @ x @ across.T  # the window is a product of two lines

    mean_x, mean_y = local(image), local(target)
    var_x, var_y = local(image * image) - mean_x**2, local(target * target) - mean_y**2
    covariance = local(image * target) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    structure = (2 * covariance + C2) / (var_x + var_y + C2)
    return (luminance * structure).flatten(1).mean(1).float()


def gaussian_band(size: int) -> Tensor:
    """(size - 10, size) float64: row k holds the weights of a window's line that begins at k; each row sums to 1."""
    line = torch.exp(-((torch.arange(WINDOW) - WINDOW // 2).double() ** 2) / (2 * SIGMA**2))
    band = torch.zeros(size - WINDOW + 1, size, dtype=torch.float64)
    for row in range(len(band)):
        band[row, row : row + WINDOW] = line / line.sum()
    return band
