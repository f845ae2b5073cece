"""How a check runs: what a learner sees of it, for how long it waits, and whose work it looks at.

`check` decorates every `check_*` function. A check that fails shows its message and nothing of
itself: neither a frame nor a line of source, for those hold the answer.
"""

import contextlib
import functools
import io
import signal
import threading
from _thread import interrupt_main
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from types import FrameType, TracebackType
from weakref import WeakKeyDictionary, WeakSet

from torch.utils.weak import WeakIdKeyDictionary

from helpers.checks.hints import hint
from helpers.checks.own_work import LIBRARIES, borrowed

SECONDS = 30.0
#: The mistakes that are still possible, while a check runs to narrow them down.
SUSPECTS: ContextVar[list[str] | None] = ContextVar("suspects", default=None)


class CheckFailed(AssertionError):
    """The answer is not right yet; the message says what to look at.

    Attributes:
        case: The input in words, that the message begins with.
        fitting: The messages of the mistakes that would answer so.
        otherwise: What to say if none of them is it.
    """

    __module__ = "helpers.checks"  # as a terminal shows it

    def __init__(
        self, message: str, case: str = "", fitting: Sequence[str] = (), otherwise: str = ""
    ) -> None:
        super().__init__(f"{case}: {message}" if case else message)
        self.case, self.fitting, self.otherwise = case, fitting, otherwise

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the message."""
        return [str(self)]


class TookTooLong(KeyboardInterrupt):
    """The answer was stopped; no `except Exception` of a learner holds it up."""


def check(name: str, of: Sequence[Callable] = (), seconds: float = SECONDS) -> Callable:
    """Make a check of a function: silent about itself, patient, and kind to what is borrowed.

    The decorated check prints "NAME: right!" if nothing was wrong. Otherwise it raises
    - `CheckFailed`, shown as one line, where the check found something wrong, where the answer does
      not end within `seconds`, where it is one of `of` or calls one of them, and where it is still
      an untouched stub;
    - the learner's own error, at the learner's own lines alone, where the answer raises one; below
      it the input that caused it, and what such an error most likely means.

    Args:
        name: What the exercise is called, in most cases the learner's function.
        of: The course's own functions that do what the exercise asks for.
        seconds: How long all of the answers together may take, in the main thread.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def checked(*answers: object) -> None:
            __tracebackhide__ = True
            problem = _problem(function, answers, name, of, seconds)
            if problem is not None:
                raise problem
            print(f"{name}: right!")

        checked.exercise, checked.of = name, tuple(of)
        return checked

    return decorate


def _problem(
    function: Callable, answers: tuple, name: str, of: Sequence[Callable], seconds: float
) -> BaseException | None:
    """What is to be raised after a check, if anything, with nothing but the learner's frames."""
    try:
        for answer in answers:
            if course := borrowed(answer, of):
                raise CheckFailed(
                    f"this calls `{course}`, {_whose(course, of)} own function, and that is right,"
                    " of course: write it yourself here, and compare with it afterwards"
                )
        with time_limit(seconds):
            function(*answers)
    except TookTooLong:
        what = (
            f"no answer after {seconds:g} seconds, so it was stopped: is there a loop without end?"
        )
        return CheckFailed(f"{name}: {what}")
    except RecursionError:
        return CheckFailed(f"{name}: your function calls itself without end")
    except CheckFailed as error:
        message = str(_narrowed(error, function, answers, seconds))
        return CheckFailed(message if message.startswith(name) else f"{name}: {message}")
    except NotImplementedError as error:
        # An untouched stub says no word; PyTorch's own errors of this kind do.
        if not error.args:
            return CheckFailed(f"{name}: nothing is written yet")
        return _of_the_learner(error, name, function)
    except (Exception, KeyboardInterrupt) as error:
        return _of_the_learner(error, name, function)
    return None


def _whose(name: str, of: Sequence[Callable]) -> str:
    """The course's, or a library's that a lesson asks to do without."""
    modules = [str(one.__module__) for one in of if one.__name__ == name]
    return "the course's" if modules[0].startswith("helpers") else "PyTorch's"


def _narrowed(
    error: CheckFailed, function: Callable, answers: tuple, seconds: float
) -> CheckFailed:
    """The failure with those of its mistakes that explain the answers in all of the check's cases.

    One case may look the same after two mistakes; the check runs once more, and another case may
    tell them apart. If none explains them all, the failure says what was expected.
    """
    if len(error.fitting) < 2:
        return error
    left = list(error.fitting)
    quiet = contextlib.redirect_stdout(io.StringIO())
    problems = contextlib.suppress(Exception, KeyboardInterrupt)
    with problems, time_limit(seconds), quiet, suspecting(left):
        function(*answers)
    return CheckFailed("; or: ".join(left) or error.otherwise, error.case, left)


def _of_the_learner(error: BaseException, name: str, function: Callable) -> BaseException:
    """The error with the learner's frames alone; a `CheckFailed` if there is none of them."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = _learners_frames(seen.__traceback__, function)
        seen = seen.__cause__ or seen.__context__
    meaning = hint(error)
    if error.__traceback__ is not None:
        if meaning:
            error.add_note(f"most likely: {meaning}")
        return error
    if isinstance(error, KeyboardInterrupt):
        return CheckFailed(f"{name}: stopped")
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", []))
    what = f"{type(error).__name__}: {error}{notes}"
    if "positional argument" in str(error):  # not one line of the learner's has run
        return CheckFailed(f"{name}: {meaning}: {what}")
    return CheckFailed(f"{name}: the check cannot make sense of your answer: {what}")


def _chain(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _learners_frames(tb: TracebackType | None, function: Callable) -> TracebackType | None:
    """A traceback without the check's own frames, and those of libraries above and below it."""
    kept = None
    for one in reversed(list(_chain(tb))):
        code = one.tb_frame.f_code
        if code is not function.__code__ and not code.co_filename.startswith(LIBRARIES):
            kept = TracebackType(kept, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return kept


@contextlib.contextmanager
def suspecting(messages: list[str]) -> Iterator[None]:
    """While this lasts, `explain` fails nothing: it takes out of the list what an answer clears."""
    token = SUSPECTS.set(messages)
    try:
        yield
    finally:
        SUSPECTS.reset(token)


def _must_wait(frame: FrameType | None) -> bool:
    """Whether an interruption would do harm now.

    While the limit is being lifted, that would be in force for ever. While a weak reference is
    cleared, Python would print the interruption, and go on.
    """
    codes = [one.f_code for one in _callers(frame)]
    return any(code in LEAVING or code.co_filename in CLEARING for code in codes)


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TookTooLong` in the main thread, in place of what it does, after so many seconds.

    It works in a notebook and on Windows, where there is no SIGALRM. In another thread there is no
    limit: nobody can interrupt one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    late = False

    def ring() -> None:
        # More than once: a bare `except:` of the learner may have swallowed the first.
        nonlocal late
        wait = seconds
        while not over.wait(wait):
            late, wait = True, 0.5
            interrupt_main()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        if not late:
            raise KeyboardInterrupt
        if not over.is_set() and not _must_wait(frame):
            raise TookTooLong

    before = signal.signal(signal.SIGINT, stop)
    clock = threading.Thread(target=ring, daemon=True)
    clock.start()
    try:
        yield
        if late:  # and a bare `except:` went on as if nothing had been
            raise TookTooLong
    finally:
        over.set()
        clock.join()
        signal.signal(signal.SIGINT, before)


CLEARING = {
    kind.__init__.__code__.co_filename for kind in (WeakKeyDictionary, WeakSet, WeakIdKeyDictionary)
}
LEAVING = (time_limit.__wrapped__.__code__, contextlib._GeneratorContextManager.__exit__.__code__)
