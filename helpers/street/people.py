"""People: standing or walking, in a coat, trousers, shorts or a skirt, some with a bag or a hat."""

from numpy.random import Generator

from helpers.street.canvas import Canvas, Point, smooth
from helpers.street.chance import Chance, Choice, Mixture, Uniform
from helpers.street.projection import Place

# Lengths are shares of the person's height, greys from 0 to 255.

#: Somebody; a stride is half the distance between the feet, ahead is where somebody walks to.
PERSON = {
    "height in metres": Uniform(1.5, 1.9),
    "stands": Chance(0.3),
    "stride": Uniform(0.05, 0.17),
    "stride of who stands": Uniform(0.01, 0.04),
    "half width of the shoulders": Uniform(0.075, 0.125),
    "lean ahead": Uniform(-0.01, 0.03),  # of the top of the head
    "grey of the skin": Uniform(60, 200),
    "grey of the hair": Mixture(((0.75, Uniform(10, 70)), (0.25, Uniform(70, 190)))),
    "long hair": Chance(0.3),
    "hat": Chance(0.12),
    "grey of the hat": Uniform(15, 240),
}

#: What somebody wears: a factor makes a grey darker, also that of bare skin.
CLOTHES = {
    "grey of the coat": Mixture(((0.45, Uniform(15, 90)), (0.55, Uniform(90, 245)))),
    "one half of the coat, as a factor": Uniform(0.55, 0.95),
    "open, over a shirt": Chance(0.25),
    "grey of the shirt": Uniform(120, 245),
    "short sleeves": Chance(0.5),
    "grey of the legs": Mixture(((0.7, Uniform(15, 90)), (0.3, Uniform(90, 220)))),
    "farther leg, as a factor": Uniform(0.6, 0.95),
    "legs": Choice({"trousers": 0.65, "shorts": 0.25, "skirt": 0.10}),
    "width of a leg": Uniform(0.055, 0.085),
    "grey of the shoes": Mixture(((0.6, Uniform(10, 60)), (0.4, Uniform(150, 240)))),
}

#: How far ahead of the shoulder an elbow is, and the hand ahead of the elbow; below 0 behind.
ARM = {"elbow ahead": Uniform(-0.05, 0.05), "hand ahead": Uniform(-0.09, 0.12)}

#: What somebody carries.
BAG = {
    "kind": Choice({"none": 0.6, "rucksack": 0.17, "at the hip": 0.15, "in the hand": 0.08}),
    "grey": Mixture(((0.75, Uniform(10, 80)), (0.25, Uniform(80, 230)))),
}


def person(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """Somebody standing or walking, to the left or to the right."""
    h = unit * PERSON["height in metres"].draw(rng)
    ahead = 1 if rng.random() < 0.5 else -1
    skin, coat = PERSON["grey of the skin"].draw(rng), CLOTHES["grey of the coat"].draw(rng)
    lean = PERSON["lean ahead"].draw(rng)

    def at(forward: float, up: float) -> Point:
        return x + ahead * (forward + lean * up) * h, ground - up * h

    sleeve = skin if CLOTHES["short sleeves"].draw(rng) else coat
    _arm(canvas, rng, at, h, 0.8 * coat, 0.8 * sleeve, 0.8 * skin)  # the farther one
    _legs(canvas, rng, at, h, skin)
    broad = PERSON["half width of the shoulders"].draw(rng)
    bag, bag_grey = BAG["kind"].draw(rng), BAG["grey"].draw(rng)
    if bag == "rucksack":
        pack = [at(-0.3 * broad, 0.8), at(-broad - 0.06, 0.78), at(-broad - 0.06, 0.6),
                at(-0.3 * broad, 0.56)]  # fmt: skip
        canvas.polygon(smooth(pack, 1, closed=True), bag_grey)
    _coat(canvas, rng, at, broad, coat)
    hand = _arm(canvas, rng, at, h, 0.9 * coat, sleeve, skin)
    if bag == "at the hip":
        canvas.line([at(-0.03, 0.54), at(0.6 * broad, 0.82)], bag_grey, 0.015 * h)  # its strap
        _bag(canvas, at, -0.08, 0.54, bag_grey)
    elif bag == "in the hand":
        _bag(canvas, at, hand - 0.06, 0.4, bag_grey)
    _head(canvas, rng, at, h, skin)


def _bag(canvas: Canvas, at: Place, left: float, top: float, grey: float) -> None:
    """A bag, a little narrower at the bottom."""
    box = [at(left, top), at(left + 0.13, top), at(left + 0.12, top - 0.13),
           at(left + 0.01, top - 0.13)]  # fmt: skip
    canvas.polygon(box, grey)


def _coat(canvas: Canvas, rng: Generator, at: Place, broad: float, coat: float) -> None:
    """What is worn above the legs: one half in the shade, maybe open over a shirt."""
    waist = 0.72 * broad
    back = [at(-0.9 * broad, 0.81), at(0, 0.84), at(0, 0.47), at(-waist, 0.47)]
    front = [at(0.9 * broad, 0.81), at(0, 0.84), at(0, 0.47), at(waist, 0.47)]
    shaded = coat * CLOTHES["one half of the coat, as a factor"].draw(rng)
    greys = [shaded, coat] if rng.random() < 0.5 else [coat, shaded]
    whole = [at(-waist, 0.47), at(-broad, 0.78), at(0, 0.85), at(broad, 0.78), at(waist, 0.47)]
    canvas.polygon(smooth(whole, 1, closed=True), coat)
    for half, grey in zip((back, front), greys, strict=True):
        canvas.polygon(half, grey)
    if CLOTHES["open, over a shirt"].draw(rng):
        shirt = [at(0, 0.82), at(0.35 * broad, 0.82), at(0.3 * broad, 0.5), at(0.1 * broad, 0.5)]
        canvas.polygon(shirt, CLOTHES["grey of the shirt"].draw(rng))


def _legs(canvas: Canvas, rng: Generator, at: Place, h: float, skin: float) -> None:
    """Two legs, the rear one bent at the knee, in trousers, shorts or a skirt."""
    stands = PERSON["stands"].draw(rng)
    stride = PERSON["stride of who stands" if stands else "stride"].draw(rng)
    grey, width = CLOTHES["grey of the legs"].draw(rng), CLOTHES["width of a leg"].draw(rng) * h
    farther, kind = CLOTHES["farther leg, as a factor"].draw(rng), CLOTHES["legs"].draw(rng)
    shoes = CLOTHES["grey of the shoes"].draw(rng)
    front = (at(0.45 * stride + 0.02, 0.25), at(stride, 0.02))
    rear = (at(0.03 - 0.15 * stride, 0.26), at(-stride, 0.02 + 0.25 * stride))
    legs = [rear, front] if rng.random() < 0.5 else [front, rear]  # the nearer one last
    calf = grey if kind == "trousers" else skin
    for shade, (knee, foot) in zip((farther, 1.0), legs, strict=True):
        canvas.line([knee, foot], shade * calf, 0.75 * width)
        canvas.line([at(0, 0.5), knee], shade * grey, width)
        toe = foot[0] + at(0.06, 0)[0] - at(0, 0)[0]
        canvas.line([(foot[0], foot[1] + 0.01 * h), (toe, foot[1] + 0.012 * h)], shoes, 0.03 * h)
    if kind == "skirt":
        canvas.polygon([at(-0.06, 0.52), at(0.06, 0.52), at(0.1, 0.27), at(-0.1, 0.27)], grey)


def _arm(
    canvas: Canvas, rng: Generator, at: Place, h: float, upper: float, lower: float, skin: float
) -> float:
    """An arm, greys of its two parts and of the hand; returns how far ahead the hand is."""
    elbow = ARM["elbow ahead"].draw(rng)
    hand = elbow + ARM["hand ahead"].draw(rng)
    canvas.line([at(0, 0.79), at(elbow, 0.62)], upper, 0.05 * h)
    canvas.line([at(elbow, 0.63), at(hand, 0.48)], lower, 0.04 * h)
    canvas.ellipse(*at(hand, 0.465), 0.02 * h, 0.025 * h, skin)
    return hand


def _head(canvas: Canvas, rng: Generator, at: Place, h: float, skin: float) -> None:
    """Neck, face and hair; the hair is at the back, a hat on top of it."""
    hair = PERSON["grey of the hair"].draw(rng)
    canvas.line([at(0.005, 0.82), at(0.01, 0.9)], 0.85 * skin, 0.045 * h)
    canvas.ellipse(*at(-0.008, 0.945), 0.052 * h, 0.055 * h, hair)
    if PERSON["long hair"].draw(rng):
        canvas.ellipse(*at(-0.03, 0.89), 0.035 * h, 0.06 * h, hair)
    canvas.ellipse(*at(0.014, 0.925), 0.038 * h, 0.05 * h, skin)
    if PERSON["hat"].draw(rng):
        grey = PERSON["grey of the hat"].draw(rng)
        canvas.ellipse(*at(-0.005, 0.985), 0.05 * h, 0.03 * h, grey)
        canvas.line([at(-0.04, 0.968), at(0.085, 0.962)], grey, 0.015 * h)
