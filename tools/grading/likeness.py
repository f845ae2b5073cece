"""Which submissions are suspiciously equal: runs of tokens that nobody else has written."""

import io
import keyword
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

RUN = 8  # tokens in a row
# Two notebooks are named if so much of the shorter one is in the other, of so many runs.
SHARE, FEWEST = 0.8, 40
COMMON = 0.1  # what more of the class has written is common, but two always are a pair
SKIPPED = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def alike(answers: Mapping[str, str], known: Iterable[str]) -> list[tuple[str, str, float]]:
    """Pairs of students whose answers are suspiciously equal, and how much of them.

    Args:
        answers: What each student wrote for one lesson, as code.
        known: What does not count: the lesson as handed out, and its solutions.
    """
    given = set().union(*(runs(text) for text in known))
    written = {student: runs(text) - given for student, text in sorted(answers.items())}
    often = Counter(run for found in written.values() for run in found)
    limit = max(2, COMMON * len(written))
    holders = defaultdict(list)
    for student, found in written.items():
        written[student] = {run for run in found if often[run] <= limit}
        for run in written[student]:
            if often[run] > 1:
                holders[run].append(student)
    shared = Counter(pair for found in holders.values() for pair in combinations(found, 2))
    pairs = []
    for (one, other), number in sorted(shared.items()):
        least = min(len(written[one]), len(written[other]))
        if least >= FEWEST and number >= SHARE * least:
            pairs.append((one, other, number / least))
    return pairs


def runs(source: str) -> set[tuple[str, ...]]:
    """All runs of tokens in a source; comments and layout do not count, nor what names are called.

    >>> runs("total = first + second  # sum") == runs("a = b + c")
    True
    """
    found = list(_tokens(source))
    return {tuple(found[k : k + RUN]) for k in range(max(1, len(found) - RUN + 1))} - {()}


def _tokens(source: str) -> Iterable[str]:
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in SKIPPED:
                continue
            is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
            yield "name" if is_name and before != "." else token.string
            before = token.string
    except (tokenize.TokenError, SyntaxError):
        return  # what could be read until here
