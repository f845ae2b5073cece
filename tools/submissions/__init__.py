"""What students hand in: whatever it is, it has a line, and nothing of it stops the others.

files              entries     in folders and zips, each with a safe way to read it
whose they are     students    plain folders, Moodle's, Canvas'
a notebook         reader      from bytes of any kind: what grading uses of it
which lesson       lessons     by its cells, or its name
its marked cells   mending     made those of the release again
answers in words   written     wherever they stand
which one counts   versions    of several for one lesson
all together       collecting  one notebook to be graded for each student and lesson
"""

from tools.submissions.collecting import HandedIn, collect, write_files
from tools.submissions.mending import mend
from tools.submissions.versions import NOT_GRADED, FileLine, Submission

__all__ = [
    "NOT_GRADED",
    "FileLine",
    "HandedIn",
    "Submission",
    "collect",
    "mend",
    "write_files",
]
