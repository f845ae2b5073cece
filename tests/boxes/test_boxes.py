"""Boxes: IoU and NMS against slow loops from the definition, and every refusal."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.boxes import (
    Detections,
    above,
    apply_nms,
    batched_nms,
    box_area,
    box_iou,
    clip_boxes,
    nms,
    rowcol_from_xyxy,
    xyxy_from_rowcol,
)

NO_BOXES = torch.zeros(0, 4)


@st.composite
def box_lists(draw, max_size=8):
    """Boxes with corners on a small grid: many touch, coincide, nest, or have no area."""
    corner = st.integers(-4, 8)
    size = st.integers(0, 8)
    rows = draw(st.lists(st.tuples(corner, corner, size, size), max_size=max_size))
    boxes = [(x / 2, y / 2, (x + w) / 2, (y + h) / 2) for x, y, w, h in rows]
    return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)


def slow_iou(a, b):
    """IoU of two boxes by counting the quarter-pixels that each covers."""

    def covered(box):
        x1, y1, x2, y2 = (round(2 * float(value)) for value in box)
        return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}

    a, b = covered(a), covered(b)
    return len(a & b) / len(a | b) if a | b else 0.0


def slow_inside(a, b):
    """Which share of box `b` lies inside box `a`, by its IoU and the areas."""
    iou, (one, other) = slow_iou(a, b), (float(box_area(box[None])) for box in (a, b))
    return iou * (one + other) / (1 + iou) / other if other else 0.0


def slow_nms(boxes, scores, threshold, inside=None):
    """The definition: take the best box, drop all that overlap it more, begin again."""
    left = sorted(range(len(boxes)), key=lambda i: (-scores[i].item(), i))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [i for i in left if not slow_iou(boxes[best], boxes[i]) > threshold]
        if inside is not None:
            left = [i for i in left if not slow_inside(boxes[best], boxes[i]) > inside + 1e-9]
    return kept


@given(box_lists(), box_lists())
def test_iou_equals_counted_pixels(boxes1, boxes2):
    iou = box_iou(boxes1, boxes2)
    assert iou.shape == (len(boxes1), len(boxes2))
    expected = torch.tensor([[slow_iou(a, b) for b in boxes2] for a in boxes1])
    assert torch.allclose(iou, expected.reshape(iou.shape), atol=1e-6)


coordinates = st.floats(-1000, 1000, width=32)
sizes = st.floats(0, 1000, width=32)


@given(st.lists(st.tuples(coordinates, coordinates, sizes, sizes), min_size=1, max_size=6))
def test_iou_of_any_boxes_is_symmetric_and_in_the_unit_interval(rows):
    boxes = torch.tensor([(x, y, x + w, y + h) for x, y, w, h in rows])
    iou = box_iou(boxes, boxes)
    assert torch.equal(iou, iou.T)
    assert iou.min() >= 0
    assert iou.max() <= 1
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(1)
    assert torch.allclose(iou.diagonal(), has_area.float())  # however small or large it is


TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
TYPES += [torch.uint8, torch.int16, torch.int32, torch.int64]


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_of_number_gives_the_right_ratio(dtype):
    boxes = torch.tensor([[0, 0, 200, 200], [0, 0, 200, 100], [128, 128, 200, 200]]).to(dtype)
    expected = [[1, 0.5, 72 * 72 / 40_000], [0.5, 1, 0], [72 * 72 / 40_000, 0, 1]]
    iou = box_iou(boxes, boxes)
    assert iou.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert torch.allclose(iou.double(), torch.tensor(expected).double(), atol=1e-7)
    assert box_area(boxes).tolist() == [40_000, 20_000, 72 * 72]
    assert nms(boxes, torch.tensor([0.7, 0.9, 0.8]), 0.4).tolist() == [1, 2]
    assert rowcol_from_xyxy(boxes)[2].tolist() == [128, 128, 72, 72]
    # 300 does not fit into uint8, and 3001 does not into half precision.
    assert clip_boxes(boxes, height=150, width=300)[0].tolist() == [0, 0, 200, 150]
    assert clip_boxes(boxes, height=3001, width=3001)[0].tolist() == [0, 0, 200, 200]


def test_a_large_box_in_half_precision_overlaps_itself():
    boxes = torch.tensor([[0.0, 0, 300, 300]] * 2).half()
    assert box_iou(boxes, boxes).tolist() == [[1, 1], [1, 1]]
    assert nms(boxes, torch.tensor([0.9, 0.8]), 0.5).tolist() == [0]


SCALES = [1e-40, 1e-30, 1e-20, 1e-7, 1e-3, 1e4, 1e18, 1e25, 3e38]


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_gives_the_right_ratio(scale):
    boxes = torch.tensor([[0, 0, 1.0, 1], [0, 0, 1, 0.5], [0, 0, 0.5, 1]]) * scale
    expected = torch.tensor([[1, 0.5, 0.5], [0.5, 1, 1 / 3], [0.5, 1 / 3, 1]])
    for precise in (boxes, boxes.double()):
        assert torch.allclose(box_iou(precise, precise).float(), expected, atol=1e-6)
        assert nms(precise, torch.tensor([0.9, 0.8, 0.7]), 0.4).tolist() == [0]
        assert nms(precise, torch.tensor([0.7, 0.9, 0.8]), 0.4).tolist() == [1, 2]


def test_boxes_of_very_different_scales_are_compared():
    boxes = torch.tensor([[0.0, 0, 1e-20, 1e-20], [0, 0, 1e20, 1e20], [-3e38, 0, 3e38, 1]])
    assert torch.allclose(box_iou(boxes, boxes).diagonal(), torch.ones(3))


def test_areas_that_nothing_holds_are_refused():
    with pytest.raises(ValueError, match=r"beyond float32: use boxes\.double\(\)"):
        box_area(torch.tensor([[0.0, 0, 1e25, 1e25]]))
    huge = torch.tensor([[0.0, 0, 1e200, 1e200]], dtype=torch.float64)
    for function in (box_area, lambda boxes: box_iou(boxes, boxes)):
        with pytest.raises(ValueError, match="no area in float64"):
            function(huge)


def test_boxes_apart_in_both_directions_do_not_overlap():
    assert box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[5.0, 5, 9, 9]])).item() == 0


@given(
    box_lists(max_size=10),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
def test_nms_equals_the_definition(boxes, scores, threshold):
    scores = torch.tensor(scores, dtype=torch.float32)[: len(boxes)]
    keep = nms(boxes, scores, threshold)
    assert keep.dtype == torch.int64
    assert keep.tolist() == slow_nms(boxes, scores, threshold)


@given(
    box_lists(max_size=10),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
    st.sampled_from([0.25, 0.5, 1.0]),
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
)
def test_what_lies_inside_a_better_box_goes_by_the_definition(boxes, scores, threshold, inside):
    scores = torch.tensor(scores, dtype=torch.float32)[: len(boxes)]
    keep = nms(boxes, scores, threshold, inside)
    assert keep.tolist() == slow_nms(boxes, scores, threshold, inside)


def test_a_roof_goes_with_its_car_and_a_car_never_with_its_roof():
    car_and_roof = torch.tensor([[0.0, 0, 200, 80], [50, 0, 150, 40]])
    roof_is_worse, roof_is_better = torch.tensor([0.9, 0.8]), torch.tensor([0.8, 0.9])
    assert nms(car_and_roof, roof_is_worse, 0.3).tolist() == [0, 1]
    assert nms(car_and_roof, roof_is_worse, 0.3, 0.6).tolist() == [0]
    assert nms(car_and_roof, roof_is_better, 0.3, 0.6).tolist() == [1, 0]
    assert nms(car_and_roof, roof_is_worse, 0.3, 1.0).tolist() == [0, 1]
    classes = torch.tensor([1, 2])
    assert batched_nms(car_and_roof, roof_is_worse, classes, 0.3, 0.6).tolist() == [0, 1]
    assert batched_nms(car_and_roof, roof_is_worse, classes // 3 + 1, 0.3, 0.6).tolist() == [0]


def test_nms_keeps_a_box_that_overlaps_by_exactly_the_threshold():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]])  # IoU is 1/2, exactly
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert nms(boxes, scores, 0.49).tolist() == [0]


@pytest.mark.parametrize("tenths", [1, 2, 3, 4, 6, 7, 8, 9])
def test_nms_keeps_a_box_at_thresholds_that_no_float_holds_exactly(tenths):
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, tenths]])
    assert nms(boxes, torch.tensor([0.9, 0.8]), tenths / 10).tolist() == [0, 1]


def test_nms_gives_the_earlier_of_two_equal_scores():
    boxes = torch.tensor([[1.0, 1, 9, 9]]).repeat(5, 1)
    assert nms(boxes, torch.ones(5), 0.5).tolist() == [0]


def test_nms_keeps_the_order_of_many_equal_scores():
    x = torch.arange(3000.0)
    apart = torch.stack([2 * x, x * 0, 2 * x + 1, x * 0 + 1], dim=1)
    assert nms(apart, torch.ones(3000), 0.5).tolist() == list(range(3000))


def test_a_suppressed_box_suppresses_nothing():
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.3).tolist() == [0, 2]


def test_nms_takes_infinite_scores_and_returns_best_first():
    boxes = torch.tensor([[0.0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]])
    scores = torch.tensor([-torch.inf, 0.0, torch.inf])
    assert nms(boxes, scores, 0.5).tolist() == [2, 1, 0]


def test_inputs_are_not_changed(generator):
    boxes = torch.rand(20, 4, generator=generator).cumsum(1)
    scores = torch.rand(20, generator=generator)
    copies = boxes.clone(), scores.clone()
    nms(boxes, scores, 0.1)
    box_iou(boxes, boxes)
    clip_boxes(boxes, 1, 1)
    rowcol_from_xyxy(xyxy_from_rowcol(rowcol_from_xyxy(boxes)))
    assert torch.equal(boxes, copies[0])
    assert torch.equal(scores, copies[1])


def test_no_boxes_are_no_problem():
    three = torch.tensor([[0.0, 0, 1, 1]]).repeat(3, 1)
    assert box_iou(NO_BOXES, three).shape == (0, 3)
    assert box_iou(three, NO_BOXES).shape == (3, 0)
    assert nms(NO_BOXES, torch.zeros(0), 0.5).tolist() == []
    assert clip_boxes(NO_BOXES, 10, 10).shape == (0, 4)
    assert xyxy_from_rowcol(NO_BOXES).shape == (0, 4)
    assert rowcol_from_xyxy(NO_BOXES).shape == (0, 4)


def test_area_is_width_times_height():
    assert box_area(torch.tensor([[1.0, 2, 4, 7], [3, 3, 3, 9]])).tolist() == [15, 0]


@given(box_lists())
def test_clipped_boxes_lie_in_the_image_and_keep_what_was_inside(boxes):
    clipped = clip_boxes(boxes, height=2, width=3)
    for before, after in zip(boxes.tolist(), clipped.tolist(), strict=True):
        assert after == [
            min(max(before[0], 0), 3),
            min(max(before[1], 0), 2),
            min(max(before[2], 0), 3),
            min(max(before[3], 0), 2),
        ]


def test_rowcol_is_row_first_and_size_last():
    boxes = xyxy_from_rowcol(torch.tensor([[48, 26, 40, 100]]))
    assert boxes.tolist() == [[26, 48, 126, 88]]
    assert boxes.dtype == torch.float32
    assert rowcol_from_xyxy(boxes).tolist() == [[48, 26, 40, 100]]


def test_rowcol_keeps_double_precision():
    rowcol = torch.tensor([[0.1, 0.2, 0.3, 0.4]], dtype=torch.float64)
    assert xyxy_from_rowcol(rowcol).dtype == torch.float64


@given(box_lists())
def test_rowcol_and_back_is_the_identity(boxes):
    assert torch.equal(xyxy_from_rowcol(rowcol_from_xyxy(boxes)), boxes)


BAD_BOXES = [
    (torch.zeros(4), ValueError, r"shape \[N, 4\], not \[4\]"),
    (torch.zeros(2, 5), ValueError, r"shape \[N, 4\], not \[2, 5\]"),
    (torch.zeros(1, 4, dtype=torch.bool), ValueError, "numbers in pixels, not torch.bool"),
    (torch.zeros(1, 4, dtype=torch.complex64), ValueError, "numbers in pixels"),
    (torch.tensor([[0, 0, 1, 2**24 + 1]]), ValueError, r"beyond 2\*\*24.*\.double\(\)"),
    (torch.tensor([[-torch.inf, 0.0, 1, 1]]).half(), ValueError, "NaN or infinity"),
    (torch.tensor([[0.0, 0, torch.nan, 1]]), ValueError, "NaN or infinity"),
    (torch.tensor([[0.0, 0, torch.inf, 1]]), ValueError, "NaN or infinity"),
    (torch.tensor([[5.0, 0, 1, 1]]), ValueError, "x1 <= x2 and y1 <= y2"),
    (torch.tensor([[0.0, 5, 1, 1]]), ValueError, "x1 <= x2 and y1 <= y2"),
    ([[0.0, 0, 1, 1]], TypeError, "torch.Tensor, not list"),
]


@pytest.mark.parametrize(("boxes", "error", "message"), BAD_BOXES)
def test_what_is_no_box_is_refused_everywhere(boxes, error, message):
    good = torch.tensor([[0.0, 0, 1, 1]])
    with pytest.raises(error, match=f"boxes1 .*{message}"):
        box_iou(boxes, good)
    with pytest.raises(error, match=f"boxes2 .*{message}"):
        box_iou(good, boxes)
    for function in (box_area, rowcol_from_xyxy):
        with pytest.raises(error, match=message):
            function(boxes)
    with pytest.raises(error, match=message):
        clip_boxes(boxes, 10, 10)
    with pytest.raises(error, match=message):
        nms(boxes, torch.zeros(len(boxes)), 0.5)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_nms_refuses_a_threshold_that_is_no_iou(threshold):
    with pytest.raises(ValueError, match=r"iou_threshold must be in \[0, 1\]"):
        nms(NO_BOXES, torch.zeros(0), threshold)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_nms_refuses_a_share_inside_that_is_none(threshold):
    with pytest.raises(ValueError, match=r"inside_threshold must be in \[0, 1\] or None"):
        nms(NO_BOXES, torch.zeros(0), 0.5, threshold)


def test_detections_are_selected_by_score_and_overlap():
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10], [90, 0, 99, 9]])
    detections = Detections(boxes, torch.tensor([0.5, 0.9, 0.6, 0.4]))
    assert above(detections, 0.5).scores.tolist() == pytest.approx([0.5, 0.9, 0.6])
    assert apply_nms(detections, None).scores.tolist() == pytest.approx([0.9, 0.6, 0.5, 0.4])
    chosen = apply_nms(above(detections, 0.5), 0.3)
    assert chosen.scores.tolist() == pytest.approx([0.9, 0.6])
    assert chosen.boxes.tolist() == boxes[[1, 2]].tolist()
    with pytest.raises(ValueError, match="not NaN"):
        above(detections, float("nan"))


def test_nms_refuses_scores_that_do_not_fit():
    with pytest.raises(TypeError, match=r"torch\.Tensor, not list"):
        nms(torch.zeros(1, 4), [0.5], 0.5)
    with pytest.raises(ValueError, match=r"scores must have shape \[1\], not \[2\]"):
        nms(torch.zeros(1, 4), torch.zeros(2), 0.5)
    with pytest.raises(ValueError, match="NaN"):
        nms(torch.zeros(1, 4), torch.tensor([torch.nan]), 0.5)


def test_rowcol_refuses_other_shapes_and_negative_sizes():
    with pytest.raises(ValueError, match=r"\[N, 4\], not \[3\]"):
        xyxy_from_rowcol(torch.zeros(3))
    with pytest.raises(ValueError, match="converted boxes"):
        xyxy_from_rowcol(torch.tensor([[0, 0, -1, 5]]))
