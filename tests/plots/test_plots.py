"""Figures: what they show, compared with pictures, and what they say in words.

The pictures in tests/plots/baseline are made again with
`pytest tests/plots --mpl-generate-path=tests/plots/baseline`; look at them before you commit.
"""

import base64
import io
import re

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.text import Text
from PIL import Image

from helpers import plots
from helpers.boxes import Detections
from helpers.calibration import Reliability
from helpers.datasets import Crops, Scene
from helpers.geometry import Geometry
from helpers.metrics import PrecisionRecall, precision_recall
from helpers.plots import style
from helpers.timing import Ratio
from helpers.training import History

# Another version of the font renderer moves letters a little; a moved box is far above this.
compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")


@pytest.fixture
def image():
    """A grey ramp with two bright blocks."""
    picture = torch.linspace(0, 0.6, 200).expand(1, 90, 200).clone()
    picture[:, 20:60, 30:130] = 1
    picture[:, 5:30, 150:190] = 0.9
    return picture


@pytest.fixture
def found():
    boxes = torch.tensor([[32.0, 18, 132, 58], [-10, 60, 90, 100], [100, 40, 200, 80]])
    return Detections(boxes, torch.tensor([0.95, 0.7, 0.55]))


TRUTH = torch.tensor([[30.0, 20, 130, 60]])
NOTHING = Detections(torch.zeros(0, 4), torch.zeros(0))


@compare
def test_crop_grid(image):
    return plots.crop_grid(image[None, ..., :40, :100].repeat(5, 1, 1, 1), list("abcde"), columns=3)


@compare
def test_scene_figure(image, found):
    return plots.scene_figure(image, found, TRUTH, title="A scene")


@compare
def test_heatmap_figure(image):
    geometry = Geometry((40, 100), (4, 4), (40, 100))
    rows, cols = geometry.cells(90, 200)
    probability = torch.linspace(0, 1, rows * cols).reshape(rows, cols)
    return plots.heatmap_figure(image, probability, geometry, cell=(5, 8))


@compare
def test_training_curves():
    return plots.training_curves(
        History([1.0, 0.3, 0.1], [0.6, 0.8, 0.95], [0.8, 0.4, 0.2], [0.7, 0.85, 0.9], best_epoch=2)
    )


@compare
def test_score_histogram():
    probabilities = torch.cat([torch.linspace(0, 0.6, 40), torch.linspace(0.3, 1, 40)])
    return plots.score_histogram(probabilities, torch.arange(80) // 40, 0.5)


@compare
def test_layer_shapes():
    return plots.layer_shapes(
        ["image", "conv", "flat"], [(1, 40, 100), (8, 36, 96), (10,)], "Sizes"
    )


@pytest.mark.parametrize("height", [24, 28, 32, 36, 40, 76, 196])
def test_the_ticks_of_layer_shapes_end_inside_the_picture(height):
    figure = plots.layer_shapes(["image", "conv"], [(1, height, 100), (32, height, 96)], "Sizes")
    figure.draw_without_rendering()
    ends = [label.get_window_extent().x1 for label in figure.axes[0].get_xticklabels()]
    assert max(ends) < figure.bbox.x1


@compare
def test_precision_recall_figure(found):
    curve = precision_recall([found], [TRUTH])
    return plots.precision_recall_figure({"one": curve, "two": curve})


@compare
def test_detections_figure(image, found):
    scenes = [Scene("a", image, TRUTH), Scene("b", image, torch.zeros(0, 4))]
    return plots.detections_figure(scenes, [found, Detections(torch.zeros(0, 4), torch.zeros(0))])


@compare
def test_gallery(image):
    crops = Crops(image[None, ..., :40, :100].repeat(5, 1, 1, 1), torch.tensor([0, 1, 0, 1, 1]))
    scenes = [Scene("a", image, TRUTH), Scene("b", image[:, :60], torch.zeros(0, 4))]
    return plots.gallery(crops, scenes, columns=3, title="Drawn")


def test_a_gallery_shows_cars_first_and_needs_something_to_show(image):
    images = torch.linspace(0, 1, 3).view(3, 1, 1, 1).expand(3, 1, 40, 100)
    crops = Crops(images.contiguous(), torch.tensor([0, 1, 0]))
    scene = Scene("a", image, TRUTH)
    shown = [axes.images[0].get_array() for axes in plots.gallery(crops, [scene]).axes[:3]]
    assert [float(picture.mean()) for picture in shown] == [0.5, 0, 1]
    for nothing in ((crops.subset([]), [scene]), (crops, [])):
        with pytest.raises(ValueError, match="at least one crop and one scene"):
            plots.gallery(*nothing)


@compare
def test_bench_figure():
    ratios = [
        Ratio("heatmap of 220×370, FCN", "windows one by one in batches of 64", 17.3, 16, 18),
        Ratio("heatmap of 220×370, accelerated FCN", "the same FCN, plain", 4.0, 3.5, 4.8),
    ]
    work = {"windows": 123_000_000_000, "FCN": 16_800_000_000, "FCN by FFT": 1_300_000_000}
    return plots.bench_figure(ratios, work)


def test_the_bench_figure_marks_the_limit_where_it_is_known():
    known, unknown = Ratio("a", "b", 10, 9, 12, share=0.25), Ratio("c", "d", 2, 1, 3)
    speed = plots.bench_figure([unknown, known], {"windows": 10**9}).axes[1]
    [[low, high]] = speed.collections[-1].get_segments()
    assert [*low, *high] == [40, 1 - 0.4, 40, 1 + 0.4]
    assert speed.get_xlabel().endswith("the bar: the machine's limit")
    assert speed.get_xlim()[1] > 40
    speed = plots.bench_figure([unknown], {"windows": 10**9}).axes[1]
    assert not speed.collections[-1].get_segments()
    assert "limit" not in speed.get_xlabel()


def test_score_histogram_counts_each_kind_of_answer():
    figure = plots.score_histogram(
        torch.tensor([0.9, 0.5, 0.2, 0.6, 0.1, 0.1]), torch.tensor([1, 1, 1, 0, 0, 0]), 0.5
    )
    title = figure.axes[0].get_title()
    assert title == "positives: 2 true, 1 false; negatives: 2 true, 1 false (missed)"


def test_true_and_false_detections_are_told_apart_by_more_than_colour(image, found):
    legend = plots.scene_figure(image, found, TRUTH).axes[0].get_legend_handles_labels()
    styles = dict(zip(legend[1], (patch.get_linestyle() for patch in legend[0]), strict=True))
    assert set(styles) == {"ground truth", "true positive", "false positive"}
    assert len(set(styles.values())) == 3


def test_what_nobody_judged_is_a_detection(image, found):
    legend = plots.scene_figure(image, found).axes[0].get_legend_handles_labels()
    assert legend[1] == ["detection"]


def test_a_crowd_of_boxes_is_not_labelled_one_by_one(image):
    crowd = Detections(TRUTH.repeat(50, 1), torch.rand(50))
    assert len(plots.scene_figure(image, crowd).axes[0].texts) == 0


def test_each_scene_needs_its_detections(image, found):
    scene = Scene("a", image, TRUTH)
    for scenes, detections in (([scene] * 2, [found]), ([scene], [found] * 2), ([], [])):
        with pytest.raises(ValueError, match=f"{len(scenes)} scenes"):
            plots.detections_figure(scenes, detections)


def test_each_crop_of_a_grid_needs_its_caption(image):
    for captions in ("a", "abc"):
        with pytest.raises(ValueError, match="captions for 2 images"):
            plots.crop_grid(image[None].repeat(2, 1, 1, 1), captions)


@pytest.mark.parametrize(
    "draw",
    [
        lambda name: plots.crop_grid(torch.rand(1, 1, 16, 16), [name], title=name),
        lambda name: plots.contact_sheet(torch.rand(1, 1, 16, 16), [name], title=name),
        lambda name: plots.pictures_with_boxes({name: (torch.rand(1, 9, 9), torch.zeros(0, 4))}),
        lambda name: plots.score_histogram(torch.rand(4), torch.arange(4) % 2, name=name),
        lambda name: plots.confusion_figure(1, 2, 3, 4, name=name),
        lambda name: plots.reliability_figure({name: Reliability(*torch.ones(3, 1))}, name=name),
        lambda name: plots.precision_recall_figure({name: PrecisionRecall(*torch.ones(3, 1))}),
        lambda name: plots.roc_figure({name: torch.rand(2, 2)}, name=name),
        lambda name: plots.judged_figure(torch.rand(1, 9, 9), {name: NOTHING}, TRUTH),
        lambda name: plots.heatmap_figure(
            torch.rand(1, 9, 9), torch.rand(2, 2), Geometry((5, 5), (4, 4), (5, 5)), name=name
        ),
        lambda name: plots.walk_figure(
            torch.rand(1, 9, 9),
            torch.rand(2, 2),
            Geometry((5, 5), (4, 4), (5, 5)),
            (0, 1),
            name=name,
        ),
        lambda name: plots.level_figure(
            torch.rand(1, 9, 9), torch.rand(2, 2), NOTHING, (9, 9), title=name, name=name
        ),
        lambda name: plots.gallery(
            Crops(torch.rand(1, 1, 9, 9), torch.tensor([1]), classes=("background", name)),
            [Scene("a", torch.rand(1, 9, 9), torch.zeros(0, 4))],
            title=name,
        ),
    ],
)
def test_dollars_in_a_name_are_no_formula(draw):
    figure = draw("1$_$2.png")
    assert plots.png(figure)  # as a formula it is an error
    named = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert named
    assert not any(text.get_parse_math() for text in named)


def test_no_images_no_grid():
    with pytest.raises(ValueError, match="no images"):
        plots.crop_grid(torch.zeros(0, 1, 40, 100))


def test_a_shown_figure_has_alt_text_and_caption():
    page = plots.figure_html(plots.confusion_figure(1, 2, 3, 4), 'a < b & "c"')
    text = "a &lt; b &amp; &quot;c&quot;"
    assert f'alt="{text}"' in page
    assert f"<figcaption>{text}</figcaption>" in page
    data = re.search(r'src="data:image/webp;base64,([^"]+)"', page)[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).width > 300


def test_a_shown_figure_of_pyplot_is_closed_and_not_shown_again():
    figure, _ = plt.subplots()
    plots.show(figure, "empty axes")
    assert not plt.fignum_exists(figure.number)


def test_where_no_picture_can_be_shown_there_is_the_message(monkeypatch):
    shown = []
    monkeypatch.setattr(style, "display", lambda data, raw: shown.append((data, raw)))
    plots.show(plots.confusion_figure(1, 2, 3, 4), 'a < b & "c"')
    [(data, raw)] = shown
    assert raw
    assert data["text/plain"] == 'a < b & "c"'
    assert data["text/html"].startswith("<figure")


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="in words"):
        plots.show(plots.confusion_figure(1, 2, 3, 4), " ")


def test_drawing_changes_no_data(image, found):
    before = image.clone(), found.boxes.clone(), found.scores.clone()
    plots.scene_figure(image, found, TRUTH)
    after = image, *found
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
