"""Which colour is a drawing on white? A rule that anyone can check by hand, not a network.

Pixels near white or grey have no colour. Each other pixel votes for the name of its hue; the name with most votes wins.
"""

import numpy as np

# Name and the hue in degrees at which it begins; red goes around the end of the circle.
HUES = (
    ("red", 0),
    ("orange", 15),
    ("yellow", 40),
    ("green", 68),
    ("blue", 170),
    ("purple", 255),
    ("pink", 305),
    ("red", 346),
)
NAMES = tuple(dict.fromkeys(name for name, _ in HUES))
SATURATION_MIN, VALUE_MIN = 0.25, 0.2
# A light, pale red is called pink.
PINK_SATURATION_MAX, PINK_VALUE_MIN = 0.5, 0.75
# Less than this share of the drawing in colour: it has none.
COLOURED_SHARE_MIN = 0.15
WHITE_MIN = 0.93


def dominant_colour(image: np.ndarray) -> str | None:
    """(h, w, 3) bytes to one of NAMES; None where too little of the drawing has a hue."""
    pixels = image.reshape(-1, 3) / 255
    drawn = pixels[pixels.min(1) <= WHITE_MIN]
    hue, saturation, value = hue_saturation_value(drawn)
    coloured = (saturation >= SATURATION_MIN) & (value >= VALUE_MIN)
    if len(drawn) == 0 or coloured.mean() < COLOURED_SHARE_MIN:
        return None
    starts = np.array([start for _, start in HUES])
    numbers = np.array([NAMES.index(name) for name, _ in HUES])[
        np.searchsorted(starts, hue[coloured], side="right") - 1
    ]
    pale = (saturation[coloured] < PINK_SATURATION_MAX) & (value[coloured] > PINK_VALUE_MIN)
    numbers[(numbers == NAMES.index("red")) & pale] = NAMES.index("pink")
    return NAMES[int(np.bincount(numbers).argmax())]


def hue_saturation_value(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, 3) RGB in [0, 1] to hue in degrees [0, 360), saturation and value in [0, 1]."""
    red, green, blue = pixels.T
    value, spread = pixels.max(1, initial=0), np.ptp(pixels, axis=1) if len(pixels) else np.zeros(0)
    safe = np.where(spread > 0, spread, 1)
    hue = np.select(
        [value == red, value == green],
        [(green - blue) / safe % 6, (blue - red) / safe + 2],
        (red - green) / safe + 4,
    )
    return (
        np.where(spread > 0, hue * 60 % 360, 0),
        np.where(value > 0, spread / np.where(value > 0, value, 1), 0),
        value,
    )
