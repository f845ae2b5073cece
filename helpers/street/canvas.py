"""A grey canvas that is painted larger than life and then averaged down.

All coordinates are pixels of the *final* image (floats, y downwards); the canvas multiplies them
by its supersampling factor. Averaging blocks of the large picture anti-aliases every edge.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Self

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Fill = int | float | Image.Image


class Canvas:
    """An 8-bit grey picture of `width` x `height` pixels, painted `scale` times as large.

    `grey` is what it begins as: one grey, or a picture of that larger size, which is painted on.
    """

    def __init__(self, width: int, height: int, grey: Fill = 128, scale: int = 3) -> None:
        self.width, self.height, self.scale = width, height, scale
        self.left, self.top = 0, 0
        self.size = (width * scale, height * scale)
        begun = isinstance(grey, Image.Image)
        self.image = grey if begun else Image.new("L", self.size, _byte(grey))

    @cached_property
    def _draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def part(self, x1: float, y1: float, x2: float, y2: float) -> Self | None:
        """Copy the part of the picture between two corners, with the same coordinates.

        Painting something small is faster there; `put` lays it back.

        Returns:
            The part, or None if it lies outside of the picture.
        """
        left, top = max(self.left, math.floor(x1)), max(self.top, math.floor(y1))
        right = min(self.left + self.width, math.ceil(x2))
        bottom = min(self.top + self.height, math.ceil(y2))
        if right <= left or bottom <= top:
            return None
        box = (left - self.left, top - self.top, right - self.left, bottom - self.top)
        copy = self.image.crop(tuple(self.scale * side for side in box))
        part = Canvas(right - left, bottom - top, copy, self.scale)
        part.left, part.top = left, top
        return part

    def put(self, part: Self) -> None:
        """Lay a part back where it was copied from."""
        s = self.scale
        self.image.paste(part.image, ((part.left - self.left) * s, (part.top - self.top) * s))

    def polygon(self, points: Iterable[Point], grey: float) -> None:
        """Fill a polygon with one grey value."""
        self._draw.polygon(self._scaled(points), fill=_byte(grey))

    def rectangle(self, x1: float, y1: float, x2: float, y2: float, grey: float) -> None:
        """Fill an upright rectangle; corners may be given in any order."""
        (left, top), (right, bottom) = self._scaled(
            [(min(x1, x2), min(y1, y2)), (max(x1, x2), max(y1, y2))]
        )
        box = (left, top, right - 1, bottom - 1)
        if box[2] >= box[0] and box[3] >= box[1]:
            self._draw.rectangle(box, fill=_byte(grey))

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, grey: float) -> None:
        """Fill an ellipse given by its centre and its two radii."""
        self._draw.ellipse(self._round(cx, cy, rx, ry), fill=_byte(grey))

    def ring(self, cx: float, cy: float, rx: float, ry: float, grey: float, width: float) -> None:
        """Draw the outline of an ellipse, `width` pixels thick."""
        thick = max(1, round(width * self.scale))
        self._draw.ellipse(self._round(cx, cy, rx, ry), outline=_byte(grey), width=thick)

    def line(self, points: Iterable[Point], grey: float, width: float = 1.0) -> None:
        """Draw a polyline, `width` pixels thick."""
        self._draw.line(
            self._scaled(points), fill=_byte(grey), width=max(1, round(width * self.scale))
        )

    def mask(self, *polygons: Sequence[Point], blur: float = 0.0) -> Image.Image:
        """A mask, 255 inside the polygons, with edges softened by `blur` pixels."""
        mask = Image.new("L", self.size, 0)
        draw = ImageDraw.Draw(mask)
        for points in polygons:
            draw.polygon(self._scaled(points), fill=255)
        return mask.filter(ImageFilter.BoxBlur(blur * self.scale)) if blur > 0 else mask

    def line_mask(self, points: Sequence[Point], width: float) -> Image.Image:
        """A mask of a polyline, `width` pixels thick."""
        mask = Image.new("L", self.size, 0)
        ImageDraw.Draw(mask).line(
            self._scaled(points), fill=255, width=max(1, round(width * self.scale))
        )
        return mask

    def paint(self, mask: Image.Image, fill: Fill, alpha: float = 1.0) -> None:
        """Lay `fill` (a grey value or a picture of the canvas's size) over the masked area."""
        if alpha < 1.0:
            # Much faster than Image.point, which rounds a table of 256 numbers each time.
            mask = ImageChops.multiply(mask, Image.new("L", self.size, _byte(255 * alpha)))
        fill = fill if isinstance(fill, Image.Image) else _byte(fill)
        if isinstance(fill, Image.Image):
            self.image.paste(fill, (0, 0), mask)
        else:
            self.image.paste(fill, (0, 0, *self.size), mask)

    def paint_part(
        self, polygon: Sequence[Point], grey: float, alpha: float, blur: float = 0.0
    ) -> None:
        """Lay a grey value over one polygon only, its edge softened by `blur` pixels."""
        part = self._part_around(polygon, 1 + 2 * blur)
        if part is not None:
            part.paint(part.mask(polygon, blur=blur), grey, alpha)
            self.put(part)

    def paint_line(
        self, points: Sequence[Point], grey: float, width: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a polyline, `width` pixels thick, that is only partly opaque."""
        part = self._part_around(points, 1 + width)
        if part is not None:
            part.paint(part.line_mask(points, width), grey, alpha)
            self.put(part)

    def _part_around(self, points: Sequence[Point], edge: float) -> Self | None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return self.part(min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge)

    def rows(self) -> np.ndarray:
        """The y coordinate (final pixels) of each row of the large picture."""
        return (np.arange(self.size[1]) + 0.5) / self.scale + self.top

    def columns(self) -> np.ndarray:
        """The x coordinate (final pixels) of each column of the large picture."""
        return (np.arange(self.size[0]) + 0.5) / self.scale + self.left

    def pixels(self) -> np.ndarray:
        """The final picture, averaged down: float64 [height, width] from 0 to 255."""
        return np.asarray(self.image.reduce(self.scale), dtype=np.float64)

    def _scaled(self, points: Iterable[Point]) -> list[Point]:
        s, left, top = self.scale, self.left, self.top
        return [((x - left) * s, (y - top) * s) for x, y in points]

    def _round(self, cx: float, cy: float, rx: float, ry: float) -> list[Point]:
        return self._scaled([(cx - rx, cy - ry), (cx + rx, cy + ry)])


def to_image(grey: np.ndarray) -> Image.Image:
    """Turn an array of grey values into an 8-bit picture, clipped to 0…255."""
    rounded = np.rint(grey)
    np.maximum(rounded, 0, out=rounded)
    np.minimum(rounded, 255, out=rounded)
    height, width = rounded.shape
    # Much faster than Image.fromarray, which copies twice.
    return Image.frombuffer("L", (width, height), rounded.astype(np.uint8), "raw", "L", 0, 1)


def smooth(points: Sequence[Point], rounds: int = 2, closed: bool = False) -> list[Point]:
    """Round the corners of a polyline by corner cutting.

    Args:
        points: (x, y) each. The end points of an open polyline stay where they are.
        rounds: how often, each time with twice as many points.
        closed: the last point is joined with the first.

    Source: Chaikin 1974.
    """
    p = np.asarray(points, dtype=np.float64)
    for _ in range(rounds):
        q = np.vstack([p, p[:1]]) if closed else p
        cut = np.empty((2 * (len(q) - 1), 2))
        cut[0::2] = 0.75 * q[:-1] + 0.25 * q[1:]
        cut[1::2] = 0.25 * q[:-1] + 0.75 * q[1:]
        p = cut if closed else np.vstack([q[:1], cut[1:-1], q[-1:]])
    return [(float(x), float(y)) for x, y in p]


def _byte(grey: float) -> int:
    return int(min(255, max(0, round(grey))))
