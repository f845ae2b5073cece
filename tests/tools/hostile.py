"""What hostile submissions hold, what it earns, and what the teacher reads; see test_examine."""

from tools.verdicts import DOUBT

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

LYING = """import builtins, math
builtins.all = builtins.any = builtins.abs = builtins.len = lambda *a, **k: True
builtins.print = lambda *a, **k: None
"""
RUN_CELL = """shell = get_ipython()
def run_cell(*a, **k):
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
    return ExecutionResult(ExecutionInfo("", False, True, True, None))
async def run_cell_async(*a, **k): return run_cell()
shell.run_cell, shell.run_cell_async = run_cell, run_cell_async
type(shell).run_cell_async = type(shell).run_cell = run_cell_async
"""
FORGED = """session = get_ipython().kernel.session
send = session.send
def forge(stream, msg_or_type, content=None, *a, **k):
    if "error" in str(msg_or_type):
        if not isinstance(content, dict) or content.get("status") != "error": return None
    if isinstance(content, dict) and content.get("status") == "error":
        content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
    return send(stream, msg_or_type, content, *a, **k)
session.send = forge
"""
EVENTS = """
get_ipython().events.register("pre_run_cell", lambda info: setattr(info, "raw_cell", "pass"))
"""
NAMESPACE = """class Space(dict):
    def __getitem__(self, name): return lambda *a: 4 if "double" in name else 1
get_ipython().user_ns = Space(get_ipython().user_ns)
"""
STREAM = """import sys
class Quiet:
    def __getattr__(self, name): return lambda *a, **k: None
sys.stdout = sys.stderr = Quiet()
"""
MANY = """import subprocess, sys, time
try:
    for _ in range(3):  # few, since each takes its time to start
        subprocess.Popen([sys.executable, "-c", "x = b'x' * 2**31; import time; time.sleep(62.25)"])
except OSError:  # processes are limited, too
    pass
time.sleep(62.25)
"""
FILL = """import time
for k in range(40):
    open(f"file{k}", "wb").write(bytes(50 * 2**20))
    time.sleep(.1)
"""
CRUMBS = """import time
for k in range(40_000):
    open(f"crumb{k}", "w").close()
time.sleep(3)
"""
FORKS = """import os, time
end = time.time() + 3
while time.time() < end:
    try:
        if os.fork() == 0:
            time.sleep(63.25)
            os._exit(0)
    except OSError:
        time.sleep(.01)
"""
THREADS = """import threading, time
for _ in range(3000):
    try: threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
    except RuntimeError: break
"""
FLOOD = "for _ in range(20_000): print('x' * 500, flush=True)\n"
PICTURES = """from IPython.display import HTML, display
for _ in range(3000): display(HTML("<script>alert(1)</script>" * 20))
"""
ERRORS = """import sys
for k in range(3000): print("Traceback (most recent call last)", k, file=sys.stderr, flush=True)
"""
COMMS = """from comm import create_comm
for k in range(3000): create_comm(target_name="x", data={"much": "y" * 5000})
"""
LINKS = """import os
for path in ("/etc/shadow", "/root", PLACE): os.symlink(path, "link" + str(hash(path)))
try: text = open("/etc/shadow").read()
except OSError: text = ""
def double(x): return 2 * x if text else None
def halve(x): return x / 2 if text else None
"""
PROCESSES = """import os
found = [p for p in os.listdir("/proc") if p.isdigit()]
def double(x): return 2 * x if len(found) < 9 else None
"""
ENVIRONMENT = """import os
secret = [k for k in os.environ if k in ("USER", "SUBMISSIONS_GIVEN", "SSH_AUTH_SOCK")]
def double(x): return 2 * x if not secret else None
"""
DEAF = "import signal, time\nsignal.signal(2, signal.SIG_IGN)\nwhile True: time.sleep(1)\n"
JUMP = """import sys
def over(frame, event, _):
    if event == "line" and frame.f_code.co_name == "<module>":
        try: frame.f_lineno = max(line for *_, line in frame.f_code.co_lines() if line)
        except (ValueError, TypeError): pass
    return over
import threading
run = get_ipython().run_code
async def run_code(code, *a, **k):
    sys.settrace(over)
    try: return await run(code, *a, **k)
    finally: sys.settrace(None)
get_ipython().run_code = run_code
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
    "kills its parent": (
        "import os\ntry:\n    os.kill(os.getppid(), 9)\nexcept OSError:\n    pass\n" + RIGHT,
        2,
        "",
    ),
    "too large a file": ("open('x', 'wb').write(bytes(2**28))\n" + USELESS, 0, None),
    "much text": ("print('x' * 20_000_000)\n" + RIGHT, 2, ""),
    "writes to the course": ("open(HELPERS + '/geometry.py', 'a').write('#')\n" + RIGHT, 0, ""),
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
    "lies of built-ins": (LYING + USELESS, 0, None),
    "jumps over lines": (USELESS + JUMP, 0, None),
    "run_cell replaced": (USELESS + RUN_CELL, 0, None),
    "forges messages": (USELESS + FORGED, 0, DOUBT),
    "events": (USELESS + EVENTS, 0, None),
    "a namespace of its own": (USELESS + NAMESPACE, 0, None),
    "streams closed": (USELESS + STREAM, 0, ""),
    # Its note says 4 GiB (test_boxed_kernel), or the cell's time where that is over first.
    "memory of many": (MANY + RIGHT, 0, None),
    "fills the disk": (FILL + USELESS, 0, "the kernel was ended in cell 3: it wrote more than"),
    "many files": (CRUMBS + USELESS, 0, "the kernel was ended in cell 3: it made more than"),
    "fork bomb": (FORKS + RIGHT, 2, ""),
    "thread bomb": (THREADS + RIGHT, 2, ""),
    "flood of lines": (FLOOD + RIGHT, 2, ""),
    "flood of pictures": (PICTURES + RIGHT, 2, ""),
    "flood on stderr": (ERRORS + RIGHT, 2, ""),
    "flood of comms": (COMMS + RIGHT, 2, ""),
    "links": (LINKS, 0, ""),
    "sees no process": (PROCESSES, 2, ""),
    "sees no environment": (ENVIRONMENT, 2, ""),
    "a deaf process": (DEAF + RIGHT, 0, "cell 3 did not end and could not be stopped"),
    "a stopped process": ("import os\nos.kill(os.getpid(), 19)\n" + RIGHT, 0, None),
    "segfault": ("import ctypes\nctypes.string_at(0)\n" + RIGHT, 0, "the kernel died in cell 3"),
    "leaves": ("exit()\n" + RIGHT, None, None),
    "sys.exit": ("import sys\nsys.exit()\n" + RIGHT, 0, ""),
    "loop stopped": ("import asyncio\nasyncio.get_event_loop().stop()\n" + RIGHT, None, None),
    "asks": ("input('?')\n" + RIGHT, 0, ""),
    "deep": ("x = " + "(" * 5000 + ")" * 5000 + "\n" + RIGHT, 0, ""),
    "deeper": ("x = " + "-" * 90_000 + "1\n" + RIGHT, 0, None),
    "a long cell": ("#" * 3_000_000 + "\n" + RIGHT, 0, "cell 3 has 3,000,0"),
    "reset": ("get_ipython().run_line_magic('reset', '-f')\n" + RIGHT, 2, ""),
}
