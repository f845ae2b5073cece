"""What all tests share: one thread, settled Hypothesis, and a few small fixtures."""

import signal

import pytest
import torch
from hypothesis import settings
from torch import nn

from helpers.datasets.uiuc import has_uiuc, uiuc_parent
from helpers.models import make_classifier, randomise_

torch.set_num_threads(1)

# The same examples each time: a red test means that the code changed, not the dice.
settings.register_profile("course", deadline=None, derandomize=True, database=None)
settings.load_profile("course")


# These go first, the longest of them before all: so at the end no worker is left alone with one.
# Those that grade have processes of their own; between them stand some that have none.
LONGEST = (
    *("test_assignments.py", "test_detector_of_classes.py", "test_examine.py", "test_bench.py"),
    *("test_class.py", "test_devices.py", "test_rehearse.py", "test_zoo.py", "test_book.py"),
    *("test_own.py", "test_renderer.py", "test_dataset.py", "test_ablation.py", "test_heatmap.py"),
    *("test_mutants.py", "test_report.py", "test_checks.py", "test_parallel.py", "test_random.py"),
)
# And these last: while their browser is open, their process can run no other event loop.
LAST = "test_browser.py", "test_site.py"


def pytest_collection_modifyitems(items):
    rank = {name: number for number, name in enumerate(LONGEST)}
    rank |= dict.fromkeys(LAST, len(LONGEST) + 1)
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


def pytest_configure(config):
    config.addinivalue_line(
        "markers",
        "needs_uiuc(part='TrainImages'): skipped where the UIUC photographs are not at hand",
    )


def pytest_runtest_setup(item):
    # Whoever started the tests (a shell, in the background) may have had Ctrl-C ignored; then it
    # would be in all that is started here, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for mark in item.iter_markers("needs_uiuc"):
        part = (*mark.args, "TrainImages")[0]
        if not has_uiuc(part):
            pytest.skip(
                f"needs the UIUC photographs: no {uiuc_parent() / 'CarData' / part}"
                " (fetch them with `make data`, or set UIUC_CARS_DIR)"
            )


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report():
    """Networks that a module makes while it is imported are the same in each process."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def settled_dice():
    """Numbers drawn without a generator are the same in each test, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture
def generator():
    """A fresh source of random numbers, the same in each test."""
    return torch.Generator().manual_seed(0)


@pytest.fixture
def classifier(generator):
    """The course's network, every bias and batch-norm statistic random, in eval mode."""
    return randomise_(make_classifier(seed=0), generator).eval()


@pytest.fixture
def tiny_classifier(generator):
    """The same network for crops of 16×24: quick to convert, save and train."""
    return randomise_(make_classifier((16, 24), seed=0), generator).eval()


@pytest.fixture
def same_weights():
    """A function: are two state dicts equal, bit for bit?"""

    def compare(one, two):
        return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)

    return compare


def pattern():
    """A "car" of 40×100 pixels: a chequer of random squares of 4×4, black and white, symmetric."""
    squares = torch.randint(0, 2, (10, 13), generator=torch.Generator().manual_seed(0)).float()
    squares = torch.cat([squares, squares[:, :-1].flip(1)], dim=1)
    return squares.repeat_interleave(4, 0).repeat_interleave(4, 1)


@pytest.fixture
def pattern_classifier():
    """A classifier made by hand that knows one "car", `pattern()`, wherever it stands.

    margin = 50 · (correlation with the pattern − 0.6), so 20 on the pattern itself, and 10 on a
    paler one of 80 % contrast.
    """
    average = nn.Conv2d(1, 1, 4, stride=4)
    nn.init.constant_(average.weight, 2 / 16)
    nn.init.constant_(average.bias, -1)
    correlate = nn.Linear(250, 2)
    nn.init.zeros_(correlate.weight)
    squares = 2 * pattern()[::4, ::4] - 1
    correlate.weight.data[1] = 50 * squares.flatten() / 250
    correlate.bias.data = torch.tensor([0.0, -30.0])
    return nn.Sequential(average, nn.Flatten(), correlate).eval()


@pytest.fixture
def scene_with():
    """scene_with(height, width, (row, col), …, contrast=1): a grey image with the pattern there.

    A pattern may stand half outside; then only a part of it is seen.
    """

    def draw(height, width, *places, contrast=1.0):
        canvas = torch.full((height + 200, width + 200), 0.5)
        for row, col in places:
            car = 0.5 + contrast * (pattern() - 0.5)
            canvas[row + 100 : row + 140, col + 100 : col + 200] = car
        return canvas[None, 100 : height + 100, 100 : width + 100].contiguous()

    return draw
