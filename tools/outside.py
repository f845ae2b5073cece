"""The hidden part of a test, run in the grader: an answer sees what it is asked, and no more.

Whatever runs in the kernel of a submission can be read there: the test in the frames above an
answer, in IPython's history, in memory. So the hidden part of a test never goes there. Its calls of
the student's functions do, one by one, with plain values (`tools.exchange`), and plain values come
back; what is expected is computed and compared here.

What hands over something that has no plain form (a network, a function, a widget) stands in a
function whose name begins with `beside_`: that function runs where the answer is, together with
those of the test that it calls, and must hold nothing of what is expected. A test that hands such a
thing over itself cannot be run here.
"""

import ast
import builtins
import contextlib
import io
import linecache
import traceback
from collections.abc import Callable, Iterable

from nbformat import NotebookNode
from nbformat.v4 import new_output

from tools import exchange
from tools.exercises import MARKER_LINE
from tools.needed import names_defined, names_used

NAME = "<hidden test>"
BESIDE = "beside_"


class Asked(Exception):
    """An error in the student's kernel; `output` is what it said."""

    def __init__(self, output: NotebookNode) -> None:
        super().__init__(output.evalue)
        self.output = output

    @classmethod
    def of(cls, output: NotebookNode) -> "Asked":
        """The error, also of Python's kind of that name, since a test may expect it."""
        kind = getattr(builtins, output.ename, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            with contextlib.suppress(TypeError):
                return type(output.ename, (cls, kind), {})(output)
        return cls(output)


def parts(source: str) -> tuple[str, str]:
    """A test's visible and hidden lines, each with the other's left empty."""
    visible, hidden, inside = [], [], False
    for line in source.split("\n"):
        if mark := MARKER_LINE.fullmatch(line):
            inside = mark[2] == "BEGIN"
            line = ""
        visible.append("" if inside else line)
        hidden.append(line if inside else "")
    return "\n".join(visible), "\n".join(hidden)


def set_apart(hidden: str) -> tuple[str, dict[str, str]]:
    """A hidden part without the functions that run beside the answer; and their code, by name."""
    functions = {
        one.name: one for one in ast.parse(hidden).body if isinstance(one, ast.FunctionDef)
    }
    lines, beside = hidden.split("\n"), {}
    codes = {}
    for name, one in functions.items():
        first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
        codes[name] = "\n".join(lines[first - 1 : one.end_lineno])
    for name, one in functions.items():
        if name.startswith(BESIDE):
            needed, waiting = {}, [name]
            while waiting:
                each = waiting.pop()
                needed[each] = codes[each]
                waiting += (names_used(codes[each]) & codes.keys()) - needed.keys()
            beside[name] = "\n\n".join(needed.values())
            first = one.end_lineno - codes[name].count("\n")
            lines[first - 1 : one.end_lineno] = [""] * (one.end_lineno - first + 1)
    return "\n".join(lines), beside


def is_magic(code: str) -> bool:
    """Is it more than Python, so that only IPython can run it?"""
    try:
        ast.parse(code)
    except SyntaxError:
        return True
    return False


def imports_for(hidden: str, imports: str, answers: Iterable[str]) -> str | None:
    """The imports that a hidden part needs; None if it needs more than those and the answers."""
    here, beside = set_apart(hidden)
    wanted = names_used(here) - names_defined(here) - set(answers) - beside.keys()
    needed = [ast.unparse(one) for one in ast.parse(imports).body]
    needed = [one for one in needed if names_defined(one) & wanted]
    known = set().union(*map(names_defined, needed))
    return "\n".join(needed) if wanted <= known else None


class Answer:
    """A student's function, as a test sees it."""

    def __init__(self, name: str, ask: Callable[[str, bytes], bytes], where: str = "") -> None:
        self.__name__, self._ask, self._where = name, ask, where or name

    def __call__(self, *arguments: object, **named: object) -> object:
        """Call it where it is, with copies of the arguments."""
        __tracebackhide__ = True
        given = exchange.pack((arguments, named), strict=True)
        reply = self._ask(f"answer({self._where}, {{path}})", given)
        end = 8 + int.from_bytes(reply[:8], "little")
        if reply[end:]:
            exchange.put_back((arguments, named), exchange.unpack(reply[end:]))
        return exchange.unpack(reply[8:end])


def look_up(name: str, ask: Callable[[str, bytes], bytes]) -> object:
    """What a student's name stands for: a function to be asked, or a value."""
    is_function, value = exchange.unpack(ask(f"look_up({name}, {{path}})", b""))
    return Answer(name, ask) if is_function else value


def run(
    hidden: str, imports: str, names: Iterable[str], ask: Callable[[str, bytes], bytes]
) -> NotebookNode | None:
    """Run the hidden part of a test.

    Args:
        hidden: Its code.
        imports: What it needs of the lesson's imports.
        names: The student's names that it uses.
        ask: Runs a call in the student's kernel, with a file; returns the file that it left.

    Returns:
        The error that it ends with, as an output of its cell; None if it passes.

    Raises:
        exchange.Unsendable: It has to be run beside the answer.
        RuntimeError: The lesson's own imports cannot be run here.
    """
    space: dict[str, object] = {"__name__": NAME}
    hidden, beside = set_apart(hidden)
    linecache.cache[NAME] = (len(hidden), None, hidden.splitlines(True), NAME)
    try:
        exec(imports, space)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise RuntimeError(f"the course's own imports fail: {why}") from error
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            space |= {name: look_up(name, ask) for name in names if name in names_used(hidden)}
            for name, code in beside.items():
                escaped = repr(code).replace("{", "{{").replace("}", "}}")
                space[name] = Answer(name, ask, f"{{guard}}.beside({name!r}, {escaped}, globals())")
            exec(compile(hidden, NAME, "exec"), space)
    except Asked as error:
        error.output.traceback = [*_lines(error), *error.output.traceback]
        return error.output
    except exchange.Unsendable:
        raise
    except Exception as error:
        return _output(error)
    return None


def _output(error: Exception) -> NotebookNode:
    """An error as IPython would show it, but for the frames of the grader."""
    name, what = type(error).__name__, str(error)[:1000]
    lines = [*_lines(error), f"{name}: {what}"]
    return new_output("error", ename=name, evalue=what, traceback=lines)


def _lines(error: Exception) -> list[str]:
    """The lines of the test that an error went through."""
    steps = traceback.extract_tb(error.__traceback__)
    return [f"----> {step.lineno} {step.line}" for step in steps if step.filename == NAME]
