"""What a class's results say about the exercises: how hard, how telling, which mistakes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, median

from tools.grading.results import NO_ANSWER
from tools.grading.table import Graded

BINS = 10
MOST_FREQUENT = 3


@dataclass(frozen=True)
class Item:
    """One exercise over a class.

    `mean`: the mean share of its points, from 0 (hard) to 1 (easy). `discrimination`: the
    correlation of its points with the rest of the notebook's, None where nothing varies. Answers
    that nobody has read yet are left out.
    """

    assignment: str
    grade_id: str
    title: str
    max_points: float
    answers: int
    right: int
    unanswered: int
    mean: float | None
    discrimination: float | None
    seconds: float
    messages: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson over a class: `counts` of notebooks for each tenth of its points."""

    assignment: str
    handed_in: int
    max_score: float
    mean: float | None
    counts: tuple[int, ...]
    items: tuple[Item, ...]


def lessons(graded: Sequence[Graded]) -> list[Lesson]:
    """What was handed in, lesson by lesson; notebooks that could not be graded are left out."""
    names = sorted({one.handed.assignment for one in graded})
    return [
        _lesson(name, [g for g in graded if g.handed.assignment == name and not g.problem])
        for name in names
    ]


def _lesson(name: str, graded: list[Graded]) -> Lesson:
    most = graded[0].result.max_score if graded else 0.0
    counts = [0] * BINS
    for one in graded:
        counts[tenth(one.score, most)] += 1
    items = [_item(name, k, graded) for k in range(len(graded[0].exercises) if graded else 0)]
    average = mean(one.score for one in graded) if graded else None
    return Lesson(name, len(graded), most, average, tuple(counts), tuple(items))


def tenth(score: float, most: float) -> int:
    """Which tenth of the points a score lies in, from 0; all the points are in the last.

    >>> tenth(0, 5), tenth(4.9, 5), tenth(5, 5)
    (0, 9, 9)
    """
    return min(BINS - 1, int(BINS * score / most)) if most else 0


def _item(name: str, number: int, graded: list[Graded]) -> Item:
    rows = [(one, *one.exercises[number][:2]) for one in graded]
    first = rows[0][1]
    read = [(one, points) for one, _, points in rows if points is not None]
    shares = [points / first.max_points for _, points in read]
    rest = [one.score - points for one, points in read]
    messages = Counter(
        _short(exercise.message)
        for _, exercise, points in rows
        if exercise.message and exercise.outcome != NO_ANSWER and not points
    )
    return Item(
        assignment=name,
        grade_id=first.grade_id,
        title=first.title,
        max_points=first.max_points,
        answers=len(rows),
        right=sum(share == 1 for share in shares),
        unanswered=sum(exercise.outcome == NO_ANSWER for _, exercise, _ in rows),
        mean=mean(shares) if shares else None,
        discrimination=correlation(shares, rest),
        seconds=median(exercise.seconds for _, exercise, _ in rows),
        messages=tuple(sorted(messages.items(), key=lambda pair: (-pair[1], pair[0])))[
            :MOST_FREQUENT
        ],
    )


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's correlation; None where it has no value, since something does not vary.

    >>> correlation([0, 1, 1], [2, 4, 4]), correlation([1, 1], [2, 3])
    (1.0, None)
    """
    if len(xs) < 2:
        return None
    x0, y0 = mean(xs), mean(ys)
    spread = sqrt(sum((x - x0) ** 2 for x in xs) * sum((y - y0) ** 2 for y in ys))
    if spread < 1e-12:
        return None
    return round(sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / spread, 9)


def item_rows(all_lessons: Sequence[Lesson]) -> tuple[list[str], list[list[object]]]:
    """The exercises as a table, its columns and rows; without times, so that it stays the same."""
    columns = "assignment exercise title max_points answers right unanswered mean discrimination"
    rows = [
        [
            *(i.assignment, i.grade_id, i.title, f"{i.max_points:g}"),
            *(i.answers, i.right, i.unanswered, _number(i.mean), _number(i.discrimination)),
            "; ".join(f"{count}× {message}" for message, count in i.messages),
        ]
        for lesson in all_lessons
        for i in lesson.items
    ]
    return [*columns.split(), "messages"], rows


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _short(message: str) -> str:
    line = next((line for line in message.splitlines() if line.strip()), "")
    return line if len(line) <= 160 else f"{line[:160]} …"
