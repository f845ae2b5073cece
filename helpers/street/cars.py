"""What a car looks like from the side: body styles as profiles, and one car's own properties.

Lengths are fractions of the car's length. ``u`` runs from the front bumper (0) to the rear (1),
``v`` from the ground upwards.
"""

from dataclasses import dataclass

from numpy.random import Generator

from helpers.street.canvas import Point

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
STYLE_WEIGHTS = (0.32, 0.15, 0.19, 0.10, 0.10, 0.07, 0.04, 0.03)


@dataclass(frozen=True)
class Car:
    """One car: its shape, its paint and its fittings. Greys are 0…255."""

    style: str
    roof: tuple[Point, ...]  # jittered profile, see PROFILES
    belt: float  # v of the lower edge of the side windows
    sill: float  # v of the body's lower edge
    wheels: tuple[float, float]  # u of the front and the rear axle
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
    yaw: float  # -1…1, how much of the front (or the rear, below 0) turns to the viewer

    @property
    def height(self) -> float:
        """The height of the roof above the ground."""
        return max(v for _, v in self.roof)


def sample_car(rng: Generator, style: str | None = None) -> Car:
    """Draw one car at random; the style too, unless it is given."""
    if style is None:
        style = str(rng.choice(STYLES, p=STYLE_WEIGHTS))
    stretch, shift = rng.normal(1.0, 0.035), rng.normal(0.0, 0.012)
    roof = tuple(
        (
            u + (shift if 0.1 < u < 0.9 else 0.0) + rng.normal(0, 0.008),
            v * stretch + rng.normal(0, 0.004),
        )
        for u, v in PROFILES[style]
    )
    cowl, deck = roof[1], roof[5]
    belt = min(cowl[1], deck[1]) + rng.uniform(-0.010, 0.008)
    dark = rng.random()
    if dark < 0.36:
        paint = rng.uniform(25, 85)
    elif dark < 0.64:
        paint = rng.uniform(85, 160)
    else:
        paint = rng.uniform(160, 235)
    return Car(
        style=style,
        roof=roof,
        belt=belt,
        sill=rng.uniform(0.045, 0.068),
        wheels=(rng.normal(0.192, 0.014), rng.normal(0.785, 0.016)),
        tyre=rng.uniform(0.060, 0.072),
        rim=rng.uniform(0.52, 0.76),
        rim_grey=rng.uniform(60, 130) if rng.random() < 0.3 else rng.uniform(130, 240),
        spokes=0 if rng.random() < 0.45 else int(rng.integers(3, 9)),
        paint=paint,
        gloss=rng.uniform(0.15, 1.0),
        two_tone=rng.uniform(0.35, 0.85) if rng.random() < 0.35 else 1.0,
        moulding=None if rng.random() < 0.4 else rng.uniform(15, 70) if rng.random() < 0.75
        else rng.uniform(150, 220),
        bumper=None if rng.random() < 0.6 else rng.uniform(25, 90) if rng.random() < 0.75
        else rng.uniform(120, 200),
        glass=rng.uniform(18, 70) if rng.random() < 0.6 else rng.uniform(70, 150),
        see_through=rng.uniform(0.0, 0.45) if rng.random() < 0.7 else rng.uniform(0.45, 0.85),
        pillars=_sample_pillars(rng, style),
        pillar_grey=rng.uniform(10, 40) if rng.random() < 0.45 else paint * rng.uniform(0.6, 1.0),
        people=int(rng.choice([0, 1, 2], p=[0.55, 0.35, 0.10])),
        roundness=int(rng.integers(1, 4)),
        yaw=float(rng.normal(0, 0.5)),
    )  # fmt: skip


def _sample_pillars(rng: Generator, style: str) -> tuple[float, ...]:
    if style == "pick-up":
        return () if rng.random() < 0.7 else (rng.uniform(0.55, 0.7),)
    if style in ("coupe", "fastback"):
        return (rng.uniform(0.56, 0.68),)
    if style in ("estate", "van"):
        return (rng.uniform(0.30, 0.36), rng.uniform(0.62, 0.70))
    if rng.random() < 0.25:  # two doors
        return (rng.uniform(0.55, 0.65),)
    return (rng.uniform(0.42, 0.50), rng.uniform(0.80, 0.90))
