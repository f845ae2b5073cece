"""Answers that know nothing, and look for what is expected of them where they run.

Each begins a cell that goes on with `def ANSWER(x): return found(x, "ANSWER")`; see test_peeking.
"""

#: What all of them use: the number that a test expects, from its text or from its code.
READING = """
import dis, gc, re, sys, types
def in_text(text, x, name):
    hit = re.search(rf"{name}\\({x}\\) == (\\d+)", text)
    return int(hit[1]) if hit else None
def in_code(code, x, name):
    numbers, called = [], False
    for step in dis.get_instructions(code):
        called = called or (step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval == name)
        if called and step.opname.startswith(("LOAD_CONST", "LOAD_SMALL_INT")):
            numbers.append(step.argval)
    return numbers[numbers.index(x) + 1] if x in numbers[:-1] else None
def in_frames(frame, x, name):
    while frame:
        if (n := in_code(frame.f_code, x, name)) is not None: return n
        frame = frame.f_back
"""
PEEKING = {
    "frames": "def found(x, name): return in_frames(sys._getframe(), x, name)",
    "frames by another name": """look = getattr(sys, "_get" + "frame")
def found(x, name): return in_frames(look(), x, name)""",
    "inspect": """import inspect
def found(x, name): return in_frames(inspect.stack()[0].frame, x, name)""",
    "traceback": """def found(x, name):
    try: 1 / 0
    except ZeroDivisionError as error: return in_frames(error.__traceback__.tb_frame, x, name)""",
    "current frames": """def found(x, name):
    return next(filter(None, (in_frames(f, x, name) for f in sys._current_frames().values())))""",
    "a thread": """import threading
def found(x, name):
    seen, frames = [], sys._current_frames
    def look(): seen.extend(in_frames(f, x, name) for f in frames().values())
    thread = threading.Thread(target=look); thread.start(); thread.join()
    return next(filter(None, seen))""",
    "a signal": """import signal, time
def found(x, name):
    seen = []
    before = signal.signal(signal.SIGALRM, lambda _, f: seen.append(in_frames(f, x, name)))
    signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.1)
    signal.signal(signal.SIGALRM, before)
    return seen[0]""",
    "a generator": """def found(x, name):
    def running(): yield in_frames(me[0].gi_frame, x, name)
    me = [running()]
    return next(me[0])""",
    "a finaliser": """def found(x, name):
    seen = []
    class Last:
        def __del__(self): seen.append(in_frames(sys._getframe(), x, name))
    Last()
    return seen[0]""",
    "a task": """import asyncio
def found(x, name):
    coroutines = [task.get_coro() for task in asyncio.all_tasks(asyncio.get_event_loop())]
    while coroutines:
        one = coroutines.pop()
        frame = getattr(one, "cr_frame", None) or getattr(one, "gi_frame", None)
        if frame and (n := in_frames(frame, x, name)) is not None: return n
        if getattr(one, "cr_await", None): coroutines.append(one.cr_await)
    return in_frames(sys._getframe(), x, name)""",
    "tracing": """kept = []
def trace(frame, event, _):
    if "ANSWER" in frame.f_code.co_names: kept.append(frame.f_code)
sys.settrace(trace)
def found(x, name):
    return next(filter(None, (in_code(code, x, name) for code in kept)))""",
    "profiling": """kept = []
def profile(frame, event, _):
    if "ANSWER" in frame.f_code.co_names: kept.append(frame.f_code)
sys.setprofile(profile)
def found(x, name):
    return next(filter(None, (in_code(code, x, name) for code in kept)))""",
    "auditing": """kept = []
def audit(event, arguments):
    if event == "exec" and isinstance(arguments[0], types.CodeType):
        if "ANSWER" in arguments[0].co_names: kept.append(arguments[0])
sys.addaudithook(audit)
def found(x, name):
    return next(filter(None, (in_code(code, x, name) for code in kept)))""",
    "all objects": """def found(x, name):
    texts = (text for one in gc.get_objects() if type(one) is list for text in one
             if type(text) is str)
    return next(filter(None, (in_text(text, x, name) for text in texts)))""",
    "the history": """def found(x, name):
    texts = get_ipython().user_ns["In"][::-1]
    return next(filter(None, (in_text(text, x, name) for text in texts)))""",
    "the history's table": """def found(x, name):
    manager = get_ipython().history_manager
    return in_text("".join(manager.input_hist_raw[-1:]), x, name)""",
    "the message": """def found(x, name):
    return in_text(get_ipython().kernel.get_parent()["content"]["code"], x, name)""",
    "the line cache": """import linecache
def found(x, name):
    texts = ["".join(map(str, one[2])) for one in linecache.cache.values() if len(one) > 2]
    return next(filter(None, (in_text(text, x, name) for text in texts)))""",
    "a transformer": """kept = []
get_ipython().input_transformers_post.append(lambda lines: kept.append("".join(lines)) or lines)
def found(x, name): return next(filter(None, (in_text(text, x, name) for text in kept)))""",
    "an event": """kept = []
get_ipython().events.register("pre_run_cell", lambda info: kept.append(info.raw_cell))
def found(x, name): return next(filter(None, (in_text(text, x, name) for text in kept)))""",
    "memory": """def found(x, name):
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            if "rw-p" not in line: continue
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                memory.seek(start)
                text = memory.read(min(end - start, 2**26)).decode("latin-1")
            except (OSError, ValueError, OverflowError): continue
            if (n := in_text(text, x, name)) is not None: return n""",
}
#: Answers that are equal to whatever is expected.
EQUAL = {
    "equals everything": """class Everything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def found(x, name): return Everything()""",
    "a number that lies": """class Number(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def found(x, name): return Number(4)""",
    "tells by comparing": """class Learns(int):
    def __eq__(self, other): return other == other
def found(x, name): return Learns(4)""",
}
