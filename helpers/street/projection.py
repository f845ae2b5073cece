"""From a car's own coordinates to the picture: size, direction, slope and a little perspective."""

from collections.abc import Callable, Sequence

from helpers.street.canvas import Point

Place = Callable[[float, float], Point]

#: By how much a car whose yaw is 1 looks higher at its near end than at its far end.
PERSPECTIVE = 0.12


def side_view(
    centre: float, ground: float, length: float, faces_left: bool, tilt: float, yaw: float
) -> Place:
    """The function that takes (u, v) of a car to (x, y) of the picture.

    Args:
        centre: x of the car's middle.
        ground: y of the road there.
        length: of the car, in pixels.
        faces_left: or right.
        tilt: the slope of the road, rise over run.
        yaw: above 0 the car comes a little towards the viewer with its front, below 0 with its
            rear: that end looks larger, and stands a little lower in the picture.
    """
    near = PERSPECTIVE * yaw

    def place(u: float, v: float) -> Point:
        along = u - 0.5
        size = 1.0 - near * along
        # Foreshortening: equal steps look smaller towards the far end. Both ends stay in place.
        x = along - 0.5 * near * (along * along - 0.25)
        x = centre + x * length * (1 if faces_left else -1)
        y = ground - v * size * length - 0.12 * near * along * length
        return x, y + tilt * (x - centre)

    return place


def mapped(place: Place, points: Sequence[Point]) -> list[Point]:
    """Take all points of a polygon to the picture."""
    return [place(u, v) for u, v in points]
