"""What hostile, careless and unlucky submissions earn, and that nothing of them stays."""

import copy
import os
import socket
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.tools.test_assignments import (
    FULL,
    cell_of,
    command,
    hand_in,
    lesson,
    read_grades,
    with_source,
)
from tools.assignments import main
from tools.examine import DOUBT
from tools.execution import ROOT, write_notebook
from tools.sandbox import NoBox, check_box

RIGHT = "def double(x):\n    return 2 * x\n"
USELESS = "def double(x):\n    return None\ndef halve(x):\n    return None\n"
WARNS = """import sys, warnings, logging
def double(x):
    warnings.warn("a warning"); print("on stderr", file=sys.stderr); logging.warning("logged")
    return 2 * x
sys.displayhook(0)
"""
LATE_RESULT = """
def result(_=None):
    get_ipython().displayhook.write_output_prompt
    get_ipython().display_pub.publish({"text/plain": "5"})
    print("5")
get_ipython().events.register("post_run_cell", result)
"""
NO_RUN = "async def run_code(*a, **k): return False\nget_ipython().run_code = run_code\n"
NO_ASSERT = """import ast
class NoAssert(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(NoAssert())
"""
NO_SOURCE = "get_ipython().input_transformers_post.append(lambda lines: ['pass'])\n"
ALWAYS_OK = """kernel = get_ipython().kernel
run = kernel.do_execute
get_ipython().showtraceback = lambda *a, **k: None
async def do_execute(*a, **k):
    await run(*a, **k)
    return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
kernel.do_execute = do_execute
"""
NO_TRACEBACK = "get_ipython().showtraceback = lambda *a, **k: None\n"
COMPILE = "get_ipython().compile.ast_parse = lambda *a, **k: __import__('ast').parse('pass')\n"
EXCEPTHOOK = "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)\n"
SWALLOW = """import builtins, ast
class Swallow(ast.NodeTransformer):
    def visit_Module(self, node):
        wrapped = ast.parse("try:\\n    pass\\nexcept BaseException:\\n    pass").body[0]
        wrapped.body = node.body or wrapped.body
        return ast.fix_missing_locations(ast.Module([wrapped], []))
get_ipython().ast_transformers.append(Swallow())
"""
SEARCH = """import glob, re
found = glob.glob(PLACE + "/**/*.ipynb", recursive=True)
text = "".join(open(path).read() for path in found)
def double(x): return 2 * x if "2 * x" in text else None
def halve(x): return x / 2 if "x / 2" in text else None
"""
# Each puts its code in the place of the first answer, and leaves the second as it was handed out.
HOSTILE = {
    "run_code replaced": (NO_RUN + USELESS, 0, DOUBT),
    "asserts removed": (NO_ASSERT + USELESS, 0, DOUBT),
    "source replaced": (USELESS + NO_SOURCE, 0, DOUBT),
    "always ok": (ALWAYS_OK + USELESS, 0, DOUBT),
    "errors swallowed": (SWALLOW + USELESS, 0, DOUBT),
    "compiler replaced": (USELESS + COMPILE, 0, DOUBT),
    "no traceback": (NO_TRACEBACK + USELESS, 0, ""),
    "own handler": (EXCEPTHOOK + USELESS, 0, None),
    "a number at the end": (LATE_RESULT + USELESS, 0, ""),
    "looks for solutions": (SEARCH, 0, ""),
    "no memory": ("x = bytearray(40 * 2**30)\n" + RIGHT, 0, ""),
    "kills everything": ("import os\nos.kill(-1, 9)\n" + USELESS, 0, None),
    "kills its parent": ("import os\nos.kill(os.getppid(), 9)\n" + RIGHT, 2, ""),
    "too large a file": ("open('x', 'wb').write(bytes(2**28))\n" + USELESS, 0, None),
    "much text": ("print('x' * 20_000_000)\n" + RIGHT, 2, ""),
    "writes to the course": ("open(HELPERS + '/boxes.py', 'a').write('#')\n" + RIGHT, 0, ""),
    "leaves a process": (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(61.25)'],"
        " start_new_session=True)\n" + RIGHT,
        2,
        "",
    ),
    "uses the network": (
        "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2).send(b'hello')\n" + RIGHT,
        0,
        "",
    ),
}
HONEST = {
    "warns": (WARNS, 2),
    "shadows": ("double = 5\nassert_ = 6\nprint = 7\n" + RIGHT, 2),
    "helper below": (RIGHT.replace("2 * x", "twice(x)") + "def twice(x): return 2 * x\n", 2),
    "broken cell": ("def double(x) return", 0),
    "prints a number": (RIGHT + "5\n", 2),
}


@pytest.fixture(scope="module")
def listener():
    """A server on this machine that nobody may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def graded(tmp_path_factory, listener):
    """All of them handed in, with a right second answer for the honest, and graded in boxes."""
    try:
        check_box()
    except NoBox as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("hostile")
    write_notebook(lesson(), folder / "notebooks" / "lesson.ipynb")
    course = {"notebooks": folder / "notebooks", "build": folder / "build"}
    assert command("release", **course) == 0
    released = nbformat.read(folder / "build" / "assignments" / "lesson.ipynb", as_version=4)
    known = {
        "PLACE": repr(str(folder)),
        "HELPERS": repr(str(ROOT / "helpers")),
        "PORT": str(listener.getsockname()[1]),
    }
    for student, (source, *_) in (HOSTILE | HONEST).items():
        for name, value in known.items():
            source = source.replace(name, value)
        notebook = with_source("double", source, copy.deepcopy(released))
        hand_in(folder / "class", student, "lesson", notebook)
    before = fingerprint(ROOT / "helpers"), fingerprint(folder / "class")
    assert command("grade", folder / "class", "--timeout", 10, **course) == 0
    assert before == (fingerprint(ROOT / "helpers"), fingerprint(folder / "class"))
    return read_grades(folder / "build")


def fingerprint(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.suffix != ".pyc"
            and path.is_file()}  # fmt: skip


@pytest.mark.parametrize("student", HOSTILE)
def test_hostile_work_earns_only_what_is_right(graded, student):
    _, points, note = HOSTILE[student]
    row = graded[student, "lesson"]
    assert float(row["score"]) == points, row
    assert note is None or row["note"] == note


@pytest.mark.parametrize("student", HONEST)
def test_honest_work_earns_its_points_and_no_note(graded, student):
    row = graded[student, "lesson"]
    assert (float(row["score"]), row["note"]) == (HONEST[student][1], ""), row


def test_nobody_was_reached(graded, listener):
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_no_process_and_no_box_is_left(graded):
    for _ in range(20):  # a killed process may take a moment
        left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"61.25" in read(p)]
        if not left:
            break
        time.sleep(0.1)
    assert not left
    graders = [os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))]
    assert not [box for pid in graders for box in Path("/tmp").glob(f"box-{pid}-*")]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_without_a_box_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert main(["--build", str(tmp_path), "grade", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "bubblewrap is not installed" in err
    assert "--no-box" in err


def test_full_runs_what_no_test_needs(tmp_path):
    notebook = with_source("double", RIGHT)
    between = next(c for c in notebook.cells if c.source.startswith("between"))
    between.source = "open('/tmp/never', 'w')\ncell_of = 1 / 0"
    assert cell_of(notebook, "halve").source
    write_notebook(lesson(), tmp_path / "notebooks" / "lesson.ipynb")
    hand_in(tmp_path / "class", "Ada", "lesson", notebook)
    course = {"notebooks": tmp_path / "notebooks", "build": tmp_path / "build"}
    for option, ran in (([], False), (["--full"], True)):
        arguments = ("grade", tmp_path / "class", *option)
        assert command(*arguments, **course) == 0
        page = (tmp_path / "build/grades/feedback/Ada/lesson.html").read_text()
        assert ("ZeroDivisionError" in page) == ran
        assert float(read_grades(tmp_path / "build")["Ada", "lesson"]["score"]) == FULL
