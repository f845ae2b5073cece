"""What `make` calls: run the course, test it, hand it out and grade it. Run from the root."""

import sys

# Here, because a Python as old as this cannot even read the module that says so to newer ones.
if sys.version_info < (3, 7):  # noqa: UP036
    sys.exit("The course needs Python 3.11 or newer: name one, say: make run PYTHON=python3.13")

# Or jsonschema, and with it nbformat, reads the grammar of addresses in all alphabets when it is
# imported: two seconds in each process, for a check that nothing here asks for.
sys.modules.setdefault("rfc3987_syntax", None)
