"""Which way a convolution costs least."""

from helpers.tuning import best_tile, direct_multiply_adds, fft_multiply_adds


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
