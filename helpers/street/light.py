"""The light of one picture, shared by everything that is drawn in it."""

from dataclasses import dataclass

from numpy.random import Generator


@dataclass(frozen=True)
class Light:
    """Sun and sky: ``side`` is -1 (sun from the left) … 1, ``strength`` 0 (overcast) … 1."""

    side: float
    strength: float

    @property
    def shadow(self) -> float:
        """How opaque shadows are, 0…1."""
        return 0.45 + 0.45 * self.strength


def sample_light(rng: Generator) -> Light:
    """Draw a light: the sun from anywhere, overcast as often as clear."""
    return Light(side=rng.uniform(-1, 1), strength=rng.uniform(0, 1))
