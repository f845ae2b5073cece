"""What grading does not use costs no points, and nothing that is handed in takes long to read."""

import base64
import copy
import json
import time

import nbformat
import pytest

from tests.tools.submissions.test_collecting import GOOD, RELEASED, answered
from tools.submissions.lessons import Lessons, named_like
from tools.submissions.mending import mend
from tools.submissions.reader import (
    LARGEST_CELL,
    LARGEST_NOTEBOOK,
    LEFT_OUT,
    Damaged,
    looks_like_notebook,
    read_notebook,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()
CLEAN = nbformat.writes(mend(read_notebook(GOOD.encode())[0], RELEASED["04_fcn"])[0])


def plain():
    return json.loads(GOOD)


def changed(change):
    """The notebook as JSON, after `change(notebook, cells)`."""
    notebook = plain()
    change(notebook, notebook["cells"])
    return json.dumps(notebook).encode()


def each(**values):
    def change(_, cells):
        for cell in cells:
            cell.update(copy.deepcopy(values))

    return changed(change)


def code_cells(**values):
    def change(_, cells):
        for cell in cells:
            if cell["cell_type"] == "code":
                cell.update(values)

    return changed(change)


def old_format():
    notebook = plain()
    cells = notebook.pop("cells")
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
            cell["prompt_number"] = 1
    cells[0] = {"cell_type": "heading", "level": 1, "source": ["Two exercises"], "metadata": {}}
    notebook |= {"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    return json.dumps(notebook).encode()


def without_ids(_, cells):
    for cell in cells:
        del cell["id"]


def vs_code_ids(_, cells):
    for number, cell in enumerate(cells):
        cell["id"] = f"#VSC-{number:08x}"


def one_id(_, cells):
    for cell in cells:
        cell["id"] = "the-same"


def one_text_each(_, cells):
    for cell in cells:
        cell["source"] = "".join(cell["source"])


ODD_OUTPUTS = [None, 5, {"output_type": 7}, {"output_type": "stream", "text": {"a": 1}}, "text"]
UNUSED = {
    "byte order mark": GOOD.encode("utf-8-sig"),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16, big end first, no mark": GOOD.encode("utf-16-be"),
    "UTF-32": GOOD.encode("utf-32"),
    "Windows line ends": GOOD.replace("\n", "\r\n").encode(),
    "spaces around": f"\n\n {GOOD}\n\n".encode(),
    "VS Code's ids": changed(vs_code_ids),
    "empty ids": each(id=""),
    "ids of another kind": each(id=[1]),
    "no ids": changed(without_ids),
    "one id for all": changed(one_id),
    "unknown keys": each(unknown={"a": 1}, collapsed=True),
    "unknown metadata": changed(lambda notebook, _: notebook["metadata"].update(x=[1], widgets=3)),
    "metadata of another kind": changed(lambda notebook, _: notebook.update(metadata=[])),
    "keys beside the cells": changed(lambda notebook, _: notebook.update(unknown=1)),
    "attachments in code cells": code_cells(attachments={"a.png": {"image/png": PNG}}),
    "odd outputs": code_cells(outputs=ODD_OUTPUTS),
    "outputs that are no list": code_cells(outputs="none"),
    "no outputs": changed(lambda _, cells: [cell.pop("outputs", 0) for cell in cells]),
    "execution counts": code_cells(execution_count="many"),
    "huge outputs": code_cells(outputs=[{"output_type": "stream", "text": "x" * 10**6}]),
    "not a number in an output": code_cells(outputs=[{"data": {"a": float("nan")}}]),
    "a text, not a list of lines": changed(one_text_each),
    "no minor format": changed(lambda notebook, _: notebook.pop("nbformat_minor")),
    "a format to come": changed(lambda notebook, _: notebook.update(nbformat_minor=9)),
    "format 3": old_format(),
    "no number of a format": changed(lambda notebook, _: notebook.pop("nbformat")),
    "things that are no cells": changed(lambda _, cells: cells.extend([None, 3, "cell", []])),
}
UNUSED |= {
    f"format 4.{minor}": changed(
        lambda notebook, _, minor=minor: notebook.update(nbformat_minor=minor)
    )
    for minor in range(6)
}


@pytest.mark.parametrize("kind", UNUSED)
def test_what_grading_does_not_use_changes_nothing(kind):
    notebook, remarks = read_notebook(UNUSED[kind])
    assert remarks == []
    assert Lessons(RELEASED).of(notebook, "x.ipynb") == ("04_fcn", "")
    mended, amiss = mend(notebook, RELEASED["04_fcn"])
    assert amiss == []
    nbformat.validate(mended)
    expected = nbformat.reads(CLEAN, as_version=4).cells
    assert [(c.cell_type, c.source, c.metadata) for c in mended.cells[: len(expected)]] == [
        (c.cell_type, c.source, c.metadata) for c in expected
    ]
    assert not any(cell.get("outputs") or cell.get("attachments") for cell in mended.cells)


def test_text_that_cannot_be_written_can_be_after_reading():
    source = json.dumps('x = "\ud800"\x00\r\ny = 1\r').replace("\n", "")
    notebook, _ = read_notebook(
        f'{{"cells": [{{"cell_type": "code", "source": {source}}}]}}'.encode()
    )
    assert notebook.cells[0].source == 'x = "?"\N{REPLACEMENT CHARACTER}\ny = 1\n'
    assert nbformat.writes(notebook).encode()


def test_bytes_of_windows_are_read_as_letters():
    data = nbformat.writes(answered(body="return 'é'")).replace("\\u00e9", "é").encode("cp1252")
    assert b"\xe9" in data
    assert any("'é'" in cell.source for cell in read_notebook(data)[0].cells)


@pytest.mark.parametrize(
    ("marks", "kept"),
    [
        ({"grade_id": "double", "points": 99, "x": 1}, {"nbgrader": {"grade_id": "double"}}),
        ({"grade_id": ["double"]}, {}),
        ({"grade_id": "x" * 300}, {}),
        ("double", {}),
        (None, {}),
    ],
)
def test_of_a_cells_metadata_only_its_name_is_read(marks, kept):
    cell = {"cell_type": "code", "source": "", "metadata": {"nbgrader": marks, "tags": ["x"]}}
    data = json.dumps({"cells": [cell, {"cell_type": "code", "metadata": 3}]}).encode()
    assert read_notebook(data)[0].cells[0].metadata == kept


def test_the_longest_texts_are_cut_and_marked_and_short_cells_are_kept():
    def lengthen(_, cells):
        for number in range(20):
            cells.insert(
                0, {"cell_type": "code", "source": "*a" * LARGEST_CELL, "id": f"n{number}"}
            )

    notebook, remarks = read_notebook(changed(lengthen))
    mended, amiss = mend(notebook, RELEASED["04_fcn"])
    assert amiss == []
    assert len(remarks) == 20
    assert (
        remarks[0]
        == "cell 1 has 40,000 characters: cut at 20,000, and what comes after that is not graded"
    )
    assert all(len(cell.source) <= LARGEST_CELL + 30 for cell in mended.cells)
    assert sum(len(cell.source) for cell in mended.cells) <= LARGEST_NOTEBOOK + 20 * 30
    assert [c.source for c in mended.cells if "nbgrader" in c.metadata] == [
        c.source for c in nbformat.reads(CLEAN, as_version=4).cells if "nbgrader" in c.metadata
    ]


def test_six_megabytes_take_a_moment():
    """They took 345 seconds: a page with one long cell takes time that grows with its square."""
    texts = ["*a" * 1_000_000, "[" * 2_000_000, "x = 1\n" * 300_000]
    cells = [{"cell_type": kind, "source": t} for t in texts for kind in ("code", "markdown")]
    data = json.dumps({"cells": plain()["cells"] + cells}).encode()
    started = time.process_time()
    notebook, _ = read_notebook(data)
    mended, _ = mend(notebook, RELEASED["04_fcn"])
    assert time.process_time() - started < 5
    assert len(nbformat.writes(mended)) < 2 * LARGEST_NOTEBOOK


def test_too_many_cells_are_not_read():
    data = json.dumps({"cells": [{"cell_type": "markdown", "source": "a"}] * 3000}).encode()
    notebook, remarks = read_notebook(data)
    assert len(notebook.cells) == 2000
    assert remarks == ["3000 cells: only the first 2000 are read"]


def test_a_picture_written_out_in_a_text_is_kept_as_one():
    text = (
        f'Look: ![image](data:image/png;base64,{PNG}) and <img src="data:image/png;base64,{PNG}">'
    )
    data = json.dumps({"cells": [{"cell_type": "markdown", "source": text}]}).encode()
    [cell] = read_notebook(data)[0].cells
    assert cell.source.count("attachment:in-the-text-") == 2
    assert cell.attachments["in-the-text-1"] == {"image/png": PNG}


@pytest.mark.parametrize(
    ("attachments", "kept"),
    [
        ({"a.png": {"image/png": [PNG]}}, {"a.png": {"image/png": PNG}}),
        ({"a.svg": {"image/svg+xml": "<svg onload=x>"}}, {"a.svg": LEFT_OUT}),
        ({"a": {"text/html": "<script>"}}, None),
        ({"a": PNG}, None),
        ([PNG], None),
        ({"a.png": {"image/png": "A" * 9 * 2**20}}, {"a.png": LEFT_OUT}),
    ],
)
def test_of_attachments_only_pictures_are_kept(attachments, kept):
    cell = {"cell_type": "markdown", "source": "x", "attachments": attachments}
    [cell] = read_notebook(json.dumps({"cells": [cell]}).encode())[0].cells
    assert cell.get("attachments") == kept


def test_ids_are_unique_and_the_same_each_time():
    cells = [{"cell_type": "code", "id": i} for i in ("handed-in-2", "", "a", "a", None)]
    data = json.dumps({"cells": cells}).encode()
    ids = [[cell.id for cell in read_notebook(data)[0].cells] for _ in range(2)]
    assert ids[0] == ids[1]
    assert ids[0] == ["handed-in-2", "handed-in-2-", "a", "handed-in-4", "handed-in-5"]


def test_numbers_too_long_for_python_are_damage():
    with pytest.raises(Damaged):
        read_notebook(b'{"cells": ' + b"1" * 10_000 + b"}")


@pytest.mark.parametrize(
    ("data", "expected"),
    [(GOOD.encode("utf-16"), True), (old_format(), True), (b'{"a": 1}', False), (b"cells", False)],
)
def test_a_notebook_is_seen_by_its_beginning(data, expected):
    assert looks_like_notebook(data) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04_fcn.ipynb", "04_fcn"),
        ("04-FCN - Copy (2).IPYNB", "04_fcn"),
        ("Ada 04 fcn final.ipynb.txt", "04_fcn"),
        ("04_fcn_and_05_heatmaps.ipynb", None),
        ("fcn.ipynb", None),
        ("lesson-more.ipynb", "lesson more"),
        ("work.ipynb", None),
    ],
)
def test_a_lesson_is_known_by_a_name_only_where_it_is_clear(name, expected):
    assert named_like(name, ["04_fcn", "05_heatmaps", "lesson", "lesson more"]) == expected


def test_a_notebook_half_of_one_and_half_of_another_is_unclear_unless_its_name_says():
    lessons = Lessons(RELEASED)
    both = copy.deepcopy(RELEASED["04_fcn"])
    both.cells = both.cells[2:4] + copy.deepcopy(RELEASED["05_heatmaps"].cells[2:4])
    assert lessons.of(both, "mine.ipynb") == (
        None,
        "it has as many cells of 04_fcn as of 05_heatmaps",
    )
    assert lessons.of(both, "05_heatmaps.ipynb") == ("05_heatmaps", "")


@pytest.mark.parametrize("value", [b"[],", b"{},", b"1,"])
def test_a_file_of_too_many_values_is_not_made_into_objects(value):
    data = b'{"cells": [], "x": [' + value * 3_000_001 + b"1]}"
    started = time.process_time()
    with pytest.raises(Damaged, match="more than 3,000,000 values"):
        read_notebook(data)
    assert time.process_time() - started < 1
