"""How a fine-tuning is steered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """`trigger`: a word that ends every caption that lacks it. `shuffle`, `flip`: captions with their parts in other
    orders, pictures mirrored.

    `prior_share` of each batch are the base model's own latents for `prior_prompts`. `patience`: see HeldOutLosses.
    `samples`: prompts that the contact sheet shows as well. `mask_floor`: 0 to 1, what counts where a mask is black."""

    trigger: str = ""
    shuffle: bool = False
    flip: bool = False
    prior_prompts: tuple[str, ...] = ()
    prior_share: float = 0.0
    patience: int = 0
    samples: tuple[str, ...] = ()
    mask_floor: float = 0.1
