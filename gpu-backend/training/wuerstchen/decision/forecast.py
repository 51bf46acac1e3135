"""What a proof of concept takes on this machine, said before it begins: minutes and money, from measured training
steps and pictures.
"""

from dataclasses import dataclass

from wuerstchen.decision.figures import TIMED_PICTURES
from wuerstchen.decision.outside import PICTURES_A_WORD

# Two reports and a training: loading PyTorch and the networks, features of the set's pictures.
STARTS, START_SECONDS = 3, 15.0


@dataclass(frozen=True)
class Forecast:
    """`training_seconds`: of all steps of the optimiser. `pictures`: drawn or restored in all. `price_hour`: US
    dollars.
    """

    training_seconds: float
    picture_seconds: float
    pictures: int
    memory_gib: float
    price_hour: float

    @property
    def seconds(self) -> float:
        return self.training_seconds + self.picture_seconds * self.pictures + STARTS * START_SECONDS

    def sentence(self) -> str:
        minutes, drawing = self.seconds / 60, self.picture_seconds * self.pictures / 60
        return (
            f"in all: about {minutes:.1f} minutes here, ${self.seconds / 3600 * self.price_hour:.4f} at "
            f"${self.price_hour:g} an hour "
            f"(training {self.training_seconds / 60:.1f} minutes, {self.pictures} pictures {drawing:.1f} minutes); "
            f"training needs {self.memory_gib:.2f} GiB of memory"
        )


def pictures_made(captions: int, held_out: int, training: int, words: int = 0) -> int:
    """How many a proof draws or restores: by both models for the reports, for `words` outside the set and for their
    times, and `training` in training.

    A restored picture counts as a drawn one, though it takes less."""
    return 2 * (captions + held_out) + words * PICTURES_A_WORD + 3 * (1 + TIMED_PICTURES) + training
