"""What a car looks like from the side: body styles as profiles, and one car's own properties.

Lengths are fractions of the car's length. `u` runs from the front bumper (0) to the rear (1),
`v` from the ground upwards.
"""

from dataclasses import dataclass

from numpy.random import Generator

from helpers.street.canvas import Point
from helpers.street.chance import (
    Always,
    Chance,
    Choice,
    Mixture,
    Normal,
    Uniform,
    Whole,
    draw_table,
    sometimes,
)

#: The corners of each profile, from the bonnet's front edge to the tail: (u, v) of
#: bonnet edge, cowl, roof front, roof top, roof rear, deck front, deck rear.
PROFILES: dict[str, tuple[Point, ...]] = {
    "sedan": (
        (0.020, 0.165), (0.270, 0.205), (0.400, 0.296), (0.510, 0.310),
        (0.640, 0.298), (0.790, 0.215), (0.975, 0.205),
    ),
    "coupe": (
        (0.020, 0.150), (0.300, 0.190), (0.445, 0.272), (0.520, 0.285),
        (0.620, 0.275), (0.830, 0.208), (0.975, 0.198),
    ),
    "saloon": (
        (0.015, 0.180), (0.310, 0.208), (0.400, 0.292), (0.500, 0.303),
        (0.650, 0.298), (0.715, 0.214), (0.985, 0.208),
    ),
    "fastback": (
        (0.020, 0.140), (0.310, 0.182), (0.450, 0.258), (0.530, 0.270),
        (0.640, 0.262), (0.900, 0.200), (0.985, 0.195),
    ),
    "hatchback": (
        (0.020, 0.172), (0.250, 0.215), (0.390, 0.322), (0.540, 0.338),
        (0.770, 0.318), (0.930, 0.225), (0.985, 0.205),
    ),
    "estate": (
        (0.020, 0.165), (0.265, 0.207), (0.395, 0.298), (0.550, 0.314),
        (0.860, 0.304), (0.965, 0.215), (0.990, 0.190),
    ),
    "van": (
        (0.015, 0.180), (0.180, 0.230), (0.350, 0.360), (0.550, 0.378),
        (0.900, 0.365), (0.970, 0.235), (0.990, 0.200),
    ),
    "pick-up": (
        (0.015, 0.195), (0.270, 0.220), (0.370, 0.325), (0.440, 0.338),
        (0.560, 0.330), (0.605, 0.215), (0.985, 0.210),
    ),
}  # fmt: skip
STYLES = tuple(PROFILES)
#: Shorter cars (pixels) are painted without what nobody would see.
DETAILED = 40.0

#: What a car is like: one distribution for each of its properties that is drawn by itself.
CAR = {
    "style": Choice({
        "sedan": 0.32, "coupe": 0.15, "saloon": 0.19, "fastback": 0.10, "hatchback": 0.10,
        "estate": 0.07, "van": 0.04, "pick-up": 0.03,
    }),
    "sill": Uniform(0.045, 0.068),
    "front_axle": Normal(0.192, 0.014, 0.15, 0.235),
    "rear_axle": Normal(0.785, 0.016, 0.735, 0.835),
    "tyre": Uniform(0.060, 0.072),
    "rim": Uniform(0.52, 0.76),
    "rim_grey": Mixture(
        ((0.25, Uniform(35, 90)), (0.40, Uniform(90, 160)), (0.35, Uniform(160, 240)))
    ),
    "spokes": sometimes(0.55, Whole(3, 8), 0),
    "paint": Mixture(
        ((0.36, Uniform(25, 85)), (0.28, Uniform(85, 160)), (0.36, Uniform(160, 235)))
    ),
    "gloss": Uniform(0.15, 1.0),
    "two_tone": sometimes(0.35, Uniform(0.35, 0.85), 1.0),
    "moulding": Mixture(((0.40, Always(None)), (0.45, Uniform(15, 70)), (0.15, Uniform(150, 220)))),
    "bumper": Mixture(((0.60, Always(None)), (0.30, Uniform(25, 90)), (0.10, Uniform(120, 200)))),
    "glass": Mixture(((0.6, Uniform(18, 70)), (0.4, Uniform(70, 150)))),
    "see_through": Mixture(((0.7, Uniform(0.0, 0.45)), (0.3, Uniform(0.45, 0.85)))),
    "people": Choice({0: 0.55, 1: 0.35, 2: 0.10}),
    "roundness": Whole(1, 3),
    "yaw": Normal(0, 0.5, -1.5, 1.5),
}  # fmt: skip
#: How a car's body differs from the profile of its style, and the colour of its pillars.
BODY = {
    "height": Normal(1.0, 0.035),  # times the profile's
    "cabin to the rear": Normal(0.0, 0.012),
    "corner to the rear": Normal(0, 0.008),  # each corner by itself
    "corner upwards": Normal(0, 0.004),
    "shade of the pillars": Uniform(0.6, 1.0),  # times the paint's grey, where they have no own
    "belt above the lower of bonnet and boot": Uniform(-0.010, 0.008),
    "grey of the pillars": sometimes(0.45, Uniform(10, 40), None),
}
#: Where pillars part the side window: from its front, 0, to its rear, 1.
PILLARS = {
    "pick-up, no pillar": Chance(0.7),
    "pick-up": Uniform(0.55, 0.7),
    "coupe, fastback": Uniform(0.56, 0.68),
    "estate, van: first": Uniform(0.30, 0.36),
    "estate, van: second": Uniform(0.62, 0.70),
    "other style has two doors": Chance(0.25),
    "other style, two doors": Uniform(0.55, 0.65),
    "other style, four doors: first": Uniform(0.42, 0.50),
    "other style, four doors: second": Uniform(0.80, 0.90),
}


@dataclass(frozen=True)
class Car:
    """One car: its shape, its paint and its fittings. Greys are 0…255."""

    style: str
    roof: tuple[Point, ...]  # jittered profile, see PROFILES
    belt: float  # v of the lower edge of the side windows
    sill: float  # v of the body's lower edge
    front_axle: float  # u
    rear_axle: float
    tyre: float  # radius
    rim: float  # radius as a share of the tyre's
    rim_grey: float
    spokes: int  # 0 is a plain hub cap
    paint: float
    gloss: float  # strength of the highlights, 0…1
    two_tone: float  # how much darker the lower body is, as a factor
    moulding: float | None  # grey of the rubbing strip
    bumper: float | None  # grey of the bumpers; None is the body's colour
    glass: float
    see_through: float  # how much of what lies behind shows through the glass, 0…1
    pillars: tuple[float, ...]  # places along the side window, 0…1
    pillar_grey: float
    people: int  # heads behind the glass
    roundness: int  # rounds of corner cutting
    yaw: float  # how far the front (or the rear, below 0) is turned to the viewer; 1 is about 12°

    @property
    def wheels(self) -> tuple[float, float]:
        """Where the axles are, along the car."""
        return self.front_axle, self.rear_axle

    @property
    def height(self) -> float:
        """The height of the roof above the ground."""
        return max(v for _, v in self.roof)


def sample_car(rng: Generator, style: str | None = None) -> Car:
    """Sample what a car looks like; its style as well, unless that is given."""
    drawn = draw_table(CAR, rng)
    if style is not None:
        drawn["style"] = style
    # A taller or flatter, a longer or shorter cabin, and every corner a little elsewhere.
    stretch, shift = BODY["height"].draw(rng), BODY["cabin to the rear"].draw(rng)
    roof = tuple(
        (
            u + (shift if 0.1 < u < 0.9 else 0.0) + BODY["corner to the rear"].draw(rng),
            v * stretch + BODY["corner upwards"].draw(rng),
        )
        for u, v in PROFILES[drawn["style"]]
    )
    cowl, deck = roof[1], roof[5]
    own_colour = drawn["paint"] * BODY["shade of the pillars"].draw(rng)
    belt = min(cowl[1], deck[1]) + BODY["belt above the lower of bonnet and boot"].draw(rng)
    pillars = _sample_pillars(rng, drawn["style"])
    grey = BODY["grey of the pillars"].draw(rng)
    pillar_grey = own_colour if grey is None else grey
    return Car(**drawn, roof=roof, belt=belt, pillars=pillars, pillar_grey=pillar_grey)


def _sample_pillars(rng: Generator, style: str) -> tuple[float, ...]:
    if style == "pick-up":
        names = [] if PILLARS["pick-up, no pillar"].draw(rng) else ["pick-up"]
    elif style in ("coupe", "fastback"):
        names = ["coupe, fastback"]
    elif style in ("estate", "van"):
        names = ["estate, van: first", "estate, van: second"]
    elif PILLARS["other style has two doors"].draw(rng):
        names = ["other style, two doors"]
    else:
        names = [f"other style, four doors: {which}" for which in ("first", "second")]
    return tuple(PILLARS[name].draw(rng) for name in names)
