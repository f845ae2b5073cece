"""Draw the README's animation again: windows one by one, then one pass of the FCN, then boxes."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import torch
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from helpers.boxes import nms
from helpers.datasets import load_scenes
from helpers.detector import IOU_THRESHOLD
from helpers.fcn import to_fcn
from helpers.heatmap import fcn_heatmap
from helpers.models import INPUT_SIZE, load_pretrained, pretrained_path, read_notes
from helpers.multiply_adds import heatmap_multiply_adds
from helpers.paths import ROOT, write_atomically
from helpers.plots import BLUE

SCENE = 77  # picked by eye for the picture's sake
ENLARGED = 1.5
GAP, HEADER = 16, 58  # pixels between both panels, and above them
WINDOWS_PER_FRAME = 25
SLIDING, HOLD, LAST = 60, 1800, 4000  # milliseconds that a frame stays
PAPER, INK = (27, 31, 36), (240, 240, 240)
BOX = tuple(round(255 * part) for part in to_rgb(BLUE))

Frame = tuple[Image.Image, int]


class Film:
    """The frames about one scene: the street on the left, its heatmap on the right.

    Args:
        image: Tensor[1, H, W] in [0, 1].
    """

    def __init__(self, image: Tensor) -> None:
        model = load_pretrained()
        fcn = to_fcn(model, INPUT_SIZE)
        logits = fcn_heatmap(fcn, image)  # [2, rows, cols]
        self.scores = logits.double().softmax(0)[1]
        self.threshold = float(read_notes(pretrained_path())["threshold"])
        self.boxes = fcn.geometry.boxes(*self.scores.shape)
        self.stride = fcn.geometry.stride
        self.work = heatmap_multiply_adds(model, INPUT_SIZE, tuple(image.shape[-2:]))
        grey = Image.fromarray((image[0] * 255).byte().numpy()).convert("RGB")
        self.size = tuple(round(side * ENLARGED) for side in grey.size)
        self.street = grey.resize(self.size, Image.Resampling.BICUBIC)
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.title = ImageFont.truetype(fonts / "DejaVuSans-Bold.ttf", 18)
        self.text = ImageFont.truetype(fonts / "DejaVuSans.ttf", 15)

    def frames(self) -> Iterator[Frame]:
        """Every frame, with the milliseconds that it stays."""
        total = self.scores.numel()
        windows, one_pass = (f"{n / 1e9:.0f} billion multiply-adds" for n in self._counts())
        title = "A classifier, slid over the street"
        for done in range(0, total, WINDOWS_PER_FRAME):
            line = f"window {done + 1:,} of {total:,}, one pass for each"
            yield self._frame(title, line, seen=done + 1, boxes=[done]), SLIDING
        yield self._frame(title, f"{total:,} passes: {windows}", seen=total), HOLD
        title = "The same classifier as an FCN"
        yield self._frame(title, "before its only pass", seen=0), HOLD // 2
        yield self._frame(title, f"1 pass, the same numbers: {one_pass}", seen=total), HOLD
        title, (above, kept) = "From heatmap to boxes", self.chosen()
        line = f"{len(above)} positions score above {self.threshold:.3f}"
        yield self._frame(title, line, seen=total, boxes=above), HOLD
        line = f"non-maximum suppression keeps {len(kept)}"
        yield self._frame(title, line, seen=total, boxes=kept, width=3), LAST

    def chosen(self) -> tuple[list[int], list[int]]:
        """The positions above the threshold, and those of them that NMS keeps."""
        scores = self.scores.flatten()
        above = (scores > self.threshold).nonzero()[:, 0]
        kept = above[nms(self.boxes[above], scores[above], iou_threshold=IOU_THRESHOLD)]
        return above.tolist(), kept.tolist()

    def _counts(self) -> tuple[int, int]:
        windows, one_pass, *_ = self.work.values()
        return windows, one_pass

    def _frame(
        self,
        title: str,
        line: str,
        seen: int,
        boxes: list[int] | tuple = (),
        width: int = 2,
    ) -> Image.Image:
        """One frame: the first `seen` positions of the heatmap, and some positions' windows."""
        wide, high = self.size
        frame = Image.new("RGB", (2 * wide + 3 * GAP, high + HEADER + GAP), PAPER)
        pen = ImageDraw.Draw(frame)
        pen.text((GAP, 8), title, INK, self.title)
        pen.text((GAP, 32), line, INK, self.text)
        pen.text((wide + 2 * GAP, 32), "scores, each in its window's middle", INK, self.text)
        street = self.street.copy()
        outline = ImageDraw.Draw(street)
        for number in boxes:
            corners = (self.boxes[number] * ENLARGED).tolist()
            outline.rectangle(corners, outline=BOX, width=width)
        frame.paste(street, (GAP, HEADER))
        frame.paste(self._heatmap(seen), (wide + 2 * GAP, HEADER))
        return frame

    def _heatmap(self, seen: int) -> Image.Image:
        panel = Image.new("RGB", self.size, (60, 64, 70))
        pen = ImageDraw.Draw(panel)
        half = [side / 2 for side in self.stride]  # of a position's square
        colours = colormaps["viridis"](self.scores.flatten().numpy(), bytes=True)[:, :3]
        for (left, top, right, bottom), colour in zip(
            self.boxes[:seen].tolist(), colours[:seen].tolist(), strict=True
        ):
            x, y = (left + right) / 2, (top + bottom) / 2
            square = (x - half[1], y - half[0], x + half[1], y + half[0])
            pen.rectangle([round(side * ENLARGED) for side in square], fill=tuple(colour))
        return panel


def gif(frames: list[Frame]) -> bytes:
    """An animated GIF that goes on for ever; all frames share the first's and last's colours."""
    pictures, durations = zip(*frames, strict=True)
    both = Image.new("RGB", (pictures[0].width, 2 * pictures[0].height))
    both.paste(pictures[0])
    both.paste(pictures[-1], (0, pictures[0].height))
    palette = both.quantize(128)
    small = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    file = io.BytesIO()
    small[0].save(file, "GIF", save_all=True, append_images=small[1:], duration=durations, loop=0)
    return file.getvalue()


def still(frames: list[Frame]) -> bytes:
    """The last frame as PNG, for those who want nothing to move."""
    file = io.BytesIO()
    frames[-1][0].quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> int:
    """Write docs/idea.gif and docs/idea.png."""
    with torch.no_grad():
        frames = list(Film(load_scenes("street", "test")[SCENE].image).frames())
    for name, content in (("idea.gif", gif(frames)), ("idea.png", still(frames))):
        path = ROOT / "docs" / name
        write_atomically(path, content)
        print(f"{path}: {len(content) / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
