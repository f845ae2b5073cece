"""The light and the weather of one picture, shared by everything that is drawn in it."""

from dataclasses import dataclass

from numpy.random import Generator

from helpers.street.chance import Uniform, draw_table


@dataclass(frozen=True)
class Light:
    """Sun and sky, and how long it has not rained."""

    side: float  # where the sun is: -1 is far left, 1 far right
    strength: float  # 0 is overcast, 1 a clear noon
    dirt: float  # 0 is washed clean, 1 weeks of dust
    flat: bool = False  # no shading at all: for the ablation

    @property
    def shadow(self) -> float:
        """How opaque shadows are, 0…1."""
        return 0.45 + 0.45 * self.strength


LIGHT = {
    "side": Uniform(-1, 1),
    "strength": Uniform(0, 1),
    "dirt": Uniform(0, 1),
}


def sample_light(rng: Generator) -> Light:
    """Sample a light: the sun from anywhere, overcast as often as clear."""
    return Light(**draw_table(LIGHT, rng))
