"""Which way a convolution costs least."""

from helpers import tuning
from helpers.tuning import (
    best_tile,
    candidates,
    cost_of_way,
    direct_multiply_adds,
    fastest,
    fft_multiply_adds,
)


def test_the_work_is_counted_as_defined():
    assert direct_multiply_adds((7, 22), (46, 68), (64, 512)) == 7 * 22 * 46 * 68 * 64 * 512
    # One tile of 8×8 around a 3×3 kernel: 6×6 numbers are kept, 8·5 frequencies are enough.
    transforms, products = fft_multiply_adds((3, 3), (6, 6), (2, 4), (8, 8))
    assert transforms == 2 * 1.25 * 64 * 6
    assert products == 4 * 40 * 2 * 4 + 4 * (6 * 8 * 5 + 6 * 5 * 6) * 4
    # One row more takes a second tile.
    assert fft_multiply_adds((3, 3), (7, 6), (2, 4), (8, 8)) == (2 * transforms, 2 * products)


def test_a_tile_at_hand_is_taken_if_it_is_nearly_as_good():
    case = (7, 22), (46, 68), (64, 512)
    assert best_tile(*case) == (16, 96)
    assert best_tile(*case, at_hand=((24, 48), (8, 24))) == (24, 48)
    assert best_tile(*case, at_hand=((8, 24),)) == (16, 96)


def test_the_transform_is_chosen_where_it_wins():
    assert best_tile((7, 22), (46, 68), (64, 512)) is not None
    assert best_tile((7, 22), (1, 1), (64, 512)) is None
    assert best_tile((3, 3), (100, 100), (64, 64)) is None
    assert best_tile((1, 1), (100, 100), (512, 2)) is None
    assert best_tile((200, 3), (100, 100), (4, 4)) is None, "no tile holds this kernel"


def test_candidates_fit_the_output_and_leave_out_what_is_hopeless():
    """48 = 4 · 12 and 68 = 2 · 34 = 4 · 17: no tile computes much that nobody asked for."""
    head = candidates((7, 22), (48, 68), (64, 512))
    assert None not in head
    for height, width in head:
        assert 48 % (height - 6) == 68 % (width - 21) == 0
    assert candidates((5, 5), (104, 179), (32, 64))[0] is None, "the direct way may win"
    assert candidates((200, 3), (1, 1), (4, 4)) == [None], "a direct convolution takes less"
    assert candidates((3, 3), (0, 5), (4, 4)) == [None]


def test_weights_count_less_where_many_images_share_them():
    """A tile of fewer frequencies has fewer weights, and cuts the output into more tiles."""
    case = (7, 22), (46, 68), (64, 512)
    alone, shared = candidates(*case), candidates(*case, images=16)
    cost, weights = zip(*(cost_of_way(*case, tile) for tile in (alone[0], shared[0])), strict=True)
    assert cost[1] < cost[0]
    assert weights[1] > weights[0]
    assert candidates(*case, images=1) == alone


def test_new_tiles_are_tried_only_where_none_at_hand_is_nearly_as_good():
    head, second = ((7, 22), (46, 68), (64, 512)), ((5, 5), (104, 179), (32, 64))
    for case, near, far in ((head, (12, 44), (8, 24)), (second, (12, 24), (5, 6))):
        ways = candidates(*case)
        assert [way for way in candidates(*case, at_hand=(far, near)) if way] == []
        assert candidates(*case, at_hand=(far,)) == ways
        assert (None in candidates(*case, at_hand=(near,))) == (None in ways)


def test_what_a_way_takes():
    """36 numbers of 9 products each; or what `test_machine` counts by hand, of one tile of 8×8."""
    case = (3, 3), (6, 6), (2, 4)
    assert cost_of_way(*case, None) == (36 * 9 * 8, 9 * 8)
    assert cost_of_way(*case, (8, 8))[1] == 3 * 8 * 5 * 8


def test_each_way_has_a_run_before_it_is_timed_and_hopeless_ones_only_one_more(monkeypatch):
    times = iter([5.0, 3.0, 4.0, 7.0, 2.0, 8.0, 9.0])
    runs = []

    def timed(work):
        work()
        return next(times)

    monkeypatch.setattr(tuning, "seconds", timed)
    ways = [None, (8, 8), (12, 12)]
    # 7 is more than twice 3: once is enough; 2 is measured again.
    assert fastest(ways, runs.append) == {None: 3.0, (8, 8): 7.0, (12, 12): 2.0}
    assert runs == [None] * 4 + [(8, 8)] * 2 + [(12, 12)] * 4
