"""What students hand in: every student and every file has a line, and none stops the others."""

import copy
import io
import os
import stat
import zipfile

import nbformat
import pytest

from tests.tools.test_assignments import cell_of, lesson
from tools.execution import clean
from tools.exercises import released_source
from tools.submissions import collect
from tools.submissions.entries import Refused, entry_of_file


def handed_out(notebook):
    notebook = clean(copy.deepcopy(notebook))
    for cell in notebook.cells:
        cell.source = released_source(cell)
    return notebook


def other_lesson():
    notebook = lesson()
    for cell in notebook.cells:
        cell.id = f"o-{cell.id}"[:60]
        cell.source = cell.source.replace("double", "treble").replace("halve", "third")
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "-other"
    return notebook


RELEASED = {"04_fcn": handed_out(lesson()), "05_heatmaps": handed_out(other_lesson())}


def answered(name="04_fcn", body="return 2 * x"):
    notebook = copy.deepcopy(RELEASED[name])
    cell = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution"))
    cell.source = f"def {cell.source.split('(')[0][4:]}(x):\n    {body}"
    return notebook


def text_of(notebook):
    return nbformat.writes(notebook)


def put(place, contents):
    place.parent.mkdir(parents=True, exist_ok=True)
    data = contents if isinstance(contents, bytes) else contents.encode()
    place.write_bytes(data)
    return place


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return memory.getvalue()


@pytest.fixture
def look(tmp_path):
    """A function: what is found after files were put into the folder; it checks every line."""
    folder = tmp_path / "class"
    folder.mkdir()

    def look(files=()):
        for name, contents in dict(files).items():
            put(folder / name, contents)
        into = tmp_path / "into" / str(len(list(tmp_path.iterdir())))
        found = collect(folder, RELEASED, into)
        for one in found.submissions:
            assert (one.path is None) == bool(one.problem)
            if one.path:
                notebook = nbformat.read(one.path, as_version=4)
                nbformat.validate(notebook)
                assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        return found

    look.folder = folder
    return look


def by_student(found):
    return {
        (one.student, one.assignment): one.problem or "; ".join(one.remarks)
        for one in found.submissions
    }


GOOD = text_of(answered())
PLAIN = {"Bob/04_fcn.ipynb": GOOD}
BOB = ("Bob", "04_fcn")


@pytest.mark.parametrize(
    ("name", "student", "remark"),
    [
        ("Ada/04_fcn.ipynb", "Ada", ""),
        ("Ada/04_fcn/04_fcn.ipynb", "Ada", ""),
        ("Ada/a/b/c/d/e/04_fcn.ipynb", "Ada", ""),
        ("Ada/04_fcn (1).ipynb", "Ada", "handed in as 04_fcn (1).ipynb"),
        ("Ada/04_fcn-Copy1.ipynb", "Ada", "handed in as 04_fcn-Copy1.ipynb"),
        ("Ada/04_FCN.ipynb", "Ada", "handed in as 04_FCN.ipynb"),
        ("Ada/04_fcn.IPYNB", "Ada", "handed in as 04_fcn.IPYNB"),
        ("Ada/04_fcn.ipynb.txt", "Ada", "handed in as 04_fcn.ipynb.txt"),
        ("Ada/04_fcn.json", "Ada", "handed in as 04_fcn.json"),
        ("Ada/Untitled.ipynb", "Ada", "handed in as Untitled.ipynb"),
        ("Ada/05_heatmaps.ipynb", "Ada", "named like 05_heatmaps, but its cells are those of 04_"),
        ("Ada/homework.zip", "Ada", ""),
        ("Ada.zip", "Ada", ""),
        ("Lovelace Ada_123456_assignsubmission_file_/04_fcn.ipynb", "Lovelace Ada_123456", ""),
        ("Lovelace Ada_123456_assignsubmission_file/04_fcn.ipynb", "Lovelace Ada_123456", ""),
        ("Lovelace Ada_123456_assignsubmission_file_04_fcn.ipynb", "Lovelace Ada_123456", ""),
        ("lovelaceada_12345_6789_04_fcn.ipynb", "lovelaceada_12345", ""),
        ("lovelaceada_LATE_12345_6789_04_fcn.ipynb", "lovelaceada_12345", "late, by its name"),
        ("lovelaceada_12345_6789_work.zip", "lovelaceada_12345", ""),
        ("Jose\u0301/04_fcn.ipynb", "José", ""),
        ("=1+1\n/04_fcn.ipynb", "=1+1", ""),
    ],
)
def test_a_notebook_is_found_under_whatever_name(look, name, student, remark):
    contents = zipped({"deep/down/04_fcn.ipynb": GOOD}) if name.endswith(".zip") else GOOD
    found = look(PLAIN | {name: contents})
    lines = by_student(found)
    assert set(lines) == {BOB, (student, "04_fcn")}
    assert lines[student, "04_fcn"].startswith(remark)
    assert bool(remark) == bool(lines[student, "04_fcn"])
    assert {line.state for line in found.files} == {"graded"}
    assert found.students == sorted({"Bob", student})


MOODLE = "Lovelace Ada_{}_assignsubmission_{}_/{}"


def test_two_students_of_one_name_stay_two_and_a_typed_text_is_no_third(look):
    files = {MOODLE.format(i, "file", "04_fcn.ipynb"): GOOD for i in (1001, 1002)}
    files |= {MOODLE.format(i, "onlinetext", "onlinetext.html"): "<p>Hello" for i in (1002, 1003)}
    found = look(files)
    assert found.students == [f"Lovelace Ada_{i}" for i in (1001, 1002, 1003)]
    assert [one.student for one in found.submissions] == found.students[:2]
    assert "typed into Moodle" in found.missing("Lovelace Ada_1003")


FROM_MOODLE = [
    "Lovelace Ada_1_assignsubmission_file_/04_fcn.ipynb",
    "Boole George_2_assignsubmission_file_/work.zip",
]
FROM_CANVAS = ["ada_12345_6789_04_fcn.ipynb", "bob_LATE_12346_6790_04_fcn-1.ipynb"]
PLAIN_FOLDERS = ["Ada/04_fcn.ipynb", "Bob/04_fcn.ipynb"]


@pytest.mark.parametrize(
    ("place", "names", "students"),
    [
        ("", FROM_MOODLE, ["Boole George_2", "Lovelace Ada_1"]),
        ("submissions/", FROM_MOODLE, ["Boole George_2", "Lovelace Ada_1"]),
        ("class.zip", FROM_MOODLE, ["Boole George_2", "Lovelace Ada_1"]),
        ("", FROM_CANVAS, ["ada_12345", "bob_12346"]),
        ("submissions/", FROM_CANVAS, ["ada_12345", "bob_12346"]),
        ("class.zip", FROM_CANVAS, ["ada_12345", "bob_12346"]),
        ("", PLAIN_FOLDERS, ["Ada", "Bob"]),
        ("class.zip", PLAIN_FOLDERS, ["Ada", "Bob"]),
        ("download/", PLAIN_FOLDERS, ["Ada", "Bob"]),
        ("Ada/", ["a/04_fcn.ipynb", "b/05_heatmaps.ipynb"], ["Ada"]),
        ("Ada/", ["04_fcn.ipynb", "old/05_heatmaps.ipynb", "new/05_heatmaps.ipynb"], ["Ada"]),
        ("class.zip", [f"class/{name}" for name in PLAIN_FOLDERS], ["Ada", "Bob"]),
    ],
)
def test_the_download_of_a_class_may_be_a_folder_or_a_zip(look, place, names, students):
    contents = {"04_fcn": GOOD, "05_heatmaps": text_of(answered("05_heatmaps"))}
    files = {
        name: zipped({"04_fcn.ipynb": GOOD})
        if name.endswith(".zip")
        else contents["05_heatmaps" if "05" in name else "04_fcn"]
        for name in names
    }
    if place.endswith(".zip"):
        files = {place: zipped(files)}
    else:
        files = {f"{place}{name}": contents for name, contents in files.items()}
    found = look(files)
    assert found.students == students
    assert sorted({one.student for one in found.submissions if one.path}) == students


def test_names_in_a_zip_of_macos_and_of_windows_are_read_as_they_were_written(look):
    data = zipped({"Zo##/04_fcn.ipynb": GOOD, "Andr#/04_fcn.ipynb": GOOD})
    data = data.replace(b"Zo##", "Zoë".encode()).replace(b"Andr#", "André".encode("cp437"))
    assert look({"class.zip": data}).students == ["André", "Zoë"]


def test_many_versions_may_be_many_students_and_that_is_asked(look):
    found = look({f"group 1/s{i}/04_fcn.ipynb": GOOD + " " * i for i in range(6)} | PLAIN)
    assert found.students == ["Bob", "group 1"]
    lines = by_student(found)
    assert lines["group 1", "04_fcn"] == "6 versions: is this the folder of several students?"
    assert lines[BOB] == ""


def test_what_programs_leave_behind_is_no_work_and_who_left_only_that_has_a_line(look):
    (look.folder / "Eve").mkdir()
    leftovers = (
        ".DS_Store",
        "Thumbs.db",
        ".ipynb_checkpoints/04_fcn.ipynb",
        "__MACOSX/04_fcn.ipynb",
    )
    found = look(PLAIN | {f"Cleo/{name}": GOOD for name in leftovers} | {".git/04_fcn.ipynb": GOOD})
    assert found.students == ["Bob", "Cleo", "Eve"]
    assert list(by_student(found)) == [BOB]
    assert found.missing("Cleo") == found.missing("Eve") == "handed in nothing"
    assert found.missing("Bob") == "not handed in"
    assert [line.file for line in found.files] == ["Bob/04_fcn.ipynb"]


@pytest.mark.parametrize(
    ("name", "contents", "reason"),
    [
        ("essay.docx", b"PK\x03\x04", "a text document, not a notebook"),
        ("04_fcn.pdf", b"%PDF", "a PDF, not a notebook"),
        ("04_fcn.py", "def double(x): ...", "a Python file, not a notebook"),
        ("04_fcn.html", "<html>", "a web page, not a notebook"),
        ("work.rar", b"Rar!", "an archive that is no zip, not a notebook"),
        ("notes", "{}", "not a notebook"),
        ("data.json", '{"a": 1}', "not a notebook"),
        ("Untitled.ipynb", '{"cells": []}', "the course has no such notebook, but 04_fcn, 05_heat"),
        ("other.ipynb", "{", "damaged notebook: not JSON (cut off?)"),
        ("work.zip", b"PK\x03\x04 and no more", "a damaged zip"),
        ("work.zip", b"", "a damaged zip: it is empty"),
        ("work.zip", zipped({}), "a zip without files"),
        ("work.zip", zipped({"__MACOSX/04_fcn.ipynb": GOOD}), "a zip without files"),
    ],
)
def test_what_is_no_notebook_of_the_course_has_a_line_with_the_reason(look, name, contents, reason):
    found = look(PLAIN | {f"Ada/{name}": contents})
    [line] = [line for line in found.files if line.student == "Ada"]
    assert line.reason.startswith(reason)
    assert line.file == f"Ada/{name}"
    assert list(by_student(found)) == [BOB]
    assert found.missing("Ada").startswith(f"handed in no notebook (Ada/{name}: {reason}")


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ("", "damaged notebook: empty file"),
        ("[]", "damaged notebook: no notebook: it has no cells"),
        ('{"cells": [', "damaged notebook: not JSON (cut off?)"),
        ('{"cells": 5}', "damaged notebook: no notebook: it has no cells"),
        ("[" * 100_000, "damaged notebook: lists in lists, too deep"),
        ("%PDF-1.4", "damaged notebook: a PDF, not a notebook"),
        ("<<<<<<< HEAD\n{\n>>>>>>> x", "damaged notebook: a web page, not a notebook|conflict"),
        (b"PK\x03\x04....", "damaged notebook: a zip or an Office file"),
        (b"\xff\xfe\x00", "damaged notebook: "),
        (bytes(range(256)), "damaged notebook: not JSON"),
    ],
)
def test_a_damaged_notebook_has_its_line_among_the_grades(look, contents, reason):
    found = look(PLAIN | {"Ada/04_fcn.ipynb": contents})
    [one] = [one for one in found.submissions if one.student == "Ada"]
    assert one.path is None
    assert any(one.problem.startswith(r) or r in one.problem for r in reason.split("|"))
    assert by_student(found)[BOB] == ""


def a_link(path):
    path.symlink_to("/etc/passwd")


def a_pipe(path):
    os.mkfifo(path)


def a_device(path):
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero


def too_large(path):
    with open(path, "wb") as file:
        file.write(b"{")
        file.truncate(60 * 2**20)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (a_link, "a symbolic link: not followed"),
        (a_pipe, "a pipe (FIFO): not opened"),
        (a_device, "a device: not opened"),
        (too_large, "larger than 50 MiB"),
    ],
)
@pytest.mark.parametrize("name", ["04_fcn.ipynb", "essay.docx", "work.zip"])
def test_links_pipes_devices_and_giants_are_never_opened(look, make, reason, name, monkeypatch):
    (look.folder / "Ada").mkdir()
    path = look.folder / "Ada" / name
    try:
        make(path)
    except (PermissionError, AttributeError):
        pytest.skip("it cannot be made here")
    opened, os_open = [], os.open
    monkeypatch.setattr(os, "open", lambda p, *a, **k: opened.append(str(p)) or os_open(p, *a, **k))
    found = look(PLAIN)
    [line] = [line for line in found.files if line.student == "Ada"]
    if make is too_large and name != "04_fcn.ipynb":
        assert line.reason.startswith(("a text document", "a damaged zip"))
        return
    assert line.reason == reason
    assert str(path) not in opened
    assert str(look.folder / "Bob/04_fcn.ipynb") in opened
    assert ("Ada" in dict(by_student(found))) == (name == "Ada")
    assert by_student(found).get(("Ada", "04_fcn")) == (reason if "ipynb" in name else None)


@pytest.mark.parametrize(("make", "reason"), [(a_link, "cannot be read"), (a_pipe, "no ordinary")])
def test_what_changes_after_it_was_looked_at_is_not_opened_either(tmp_path, make, reason):
    path = put(tmp_path / "04_fcn.ipynb", GOOD)
    entry = entry_of_file(path, ("04_fcn.ipynb",))
    path.unlink()
    make(path)
    with pytest.raises(Refused, match=reason):
        entry.read()


def test_a_linked_folder_is_a_student_whose_work_is_not_followed(look, tmp_path):
    put(tmp_path / "elsewhere" / "04_fcn.ipynb", GOOD)
    (look.folder / "Ada").symlink_to(tmp_path / "elsewhere")
    (look.folder / "Cleo").mkdir()
    (look.folder / "Cleo" / "work").symlink_to(tmp_path / "elsewhere")
    (look.folder / "Cleo" / "loop").symlink_to(look.folder)
    found = look(PLAIN)
    assert found.students == ["Ada", "Bob", "Cleo"]
    assert list(by_student(found)) == [BOB]
    assert "Ada: a symbolic link: not followed" in found.missing("Ada")
    assert found.missing("Cleo").count("a symbolic link: not followed") == 2


def test_a_zip_cannot_lead_outside_or_fill_the_memory(look, tmp_path, monkeypatch):
    link = zipfile.ZipInfo("link/04_fcn.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../04_fcn.ipynb", GOOD)
        archive.writestr("a/../../04_fcn.ipynb", GOOD)
        archive.writestr("/tmp/04_fcn.ipynb", GOOD)
        archive.writestr("C:\\04_fcn.ipynb", GOOD)
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb/04_fcn.ipynb", b"{" + b" " * (51 * 2**20))
        archive.writestr("fine/04_fcn.ipynb", GOOD)
        inner = zipped(
            {"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"04_fcn.ipynb": GOOD})})})}
        )
        archive.writestr("deep.zip", inner)
    found = look(PLAIN | {"Ada/work.zip": memory.getvalue()})
    lines = {line.file.removeprefix("Ada/work.zip/"): line.reason for line in found.files}
    leads = "its path leads out of the zip: not read"
    assert sorted(name for name, reason in lines.items() if reason == leads) == [
        "C_/04_fcn.ipynb",
        "_/_/04_fcn.ipynb",
        "a/_/_/04_fcn.ipynb",
        "tmp/04_fcn.ipynb",
    ]
    assert lines["link/04_fcn.ipynb"] == "a symbolic link: not followed"
    assert lines["bomb/04_fcn.ipynb"] == "larger than 50 MiB"
    assert lines["deep.zip/a.zip/b.zip"].startswith("zips in zips, more than 3 deep")
    [one] = [one for one in found.submissions if one.student == "Ada"]
    assert one.path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class", "into"]


def test_a_zip_whose_list_lies_about_a_size_is_not_believed(look):
    data = bytearray(zipped({"04_fcn.ipynb": b"{" + b" " * 200_000}))
    for place in (data.find(b"PK\x01\x02") + 24, 22):  # the uncompressed size, in both places
        data[place : place + 4] = (10).to_bytes(4, "little")
    found = look(PLAIN | {"Ada/work.zip": bytes(data)})
    [one] = [one for one in found.submissions if one.student == "Ada"]
    assert one.path is None
    assert one.problem


def locked():
    """A zip that says of its only file that it has a password."""
    data = bytearray(zipped({"04_fcn.ipynb": GOOD}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("files", "limit", "reason"),
    [
        ({"Ada/work.zip": locked()}, {}, "locked with a password"),
        ({"Ada/" + "a/" * 40 + "04_fcn.ipynb": GOOD}, {}, "more than 30 folders deep"),
        ({"Ada/work.zip": zipped({"a/" * 40 + "04_fcn.ipynb": GOOD})}, {}, "more than 30 folders"),
        (
            {"Ada/work.zip": zipped({"a.ipynb": GOOD, "b.ipynb": GOOD})},
            {"LARGEST_LISTING": 80},
            "a zip of too many files: not opened",
        ),
        (
            {"Ada/work.zip": zipped({"a.zip": zipped({"04_fcn.ipynb": GOOD})})},
            {"LARGEST_NESTED": 80},
            "zips in zips, more than 0 MiB: not opened",
        ),
    ],
)
def test_what_is_too_deep_or_too_large_or_locked_is_not_opened(
    look, monkeypatch, files, limit, reason
):
    for name, value in limit.items():
        monkeypatch.setattr(f"tools.submissions.entries.{name}", value)
    [line] = [line for line in look(PLAIN | files).files if line.student == "Ada"]
    assert line.reason.startswith(reason)


def test_names_that_become_equal_stay_two_students(look):
    found = look({f"{name}/04_fcn.ipynb": GOOD for name in ("A\\B", "A_B", "A_B_")})
    assert len(found.students) == len(found.submissions) == 3
    assert not any(set(name) & set("/\\") for name in found.students)


def test_only_so_much_of_one_student_is_read(look, monkeypatch):
    monkeypatch.setattr("tools.submissions.students.MOST_FILES", 5)
    found = look(PLAIN | {f"Ada/{number}.png": "" for number in range(9)})
    ada = [line for line in found.files if line.student == "Ada"]
    assert len(ada) == 6
    assert "more than 5 files" in ada[-1].reason
    monkeypatch.setattr("tools.submissions.students.LARGEST_STUDENT", 2.5 * len(GOOD))
    for number in range(3):
        put(look.folder / "Cleo" / str(number) / "04_fcn.ipynb", GOOD + " " * number)
    cleo = {line.file: line.reason for line in look().files if line.student == "Cleo"}
    assert [name for name, reason in cleo.items() if reason.startswith("more than")] == [
        "Cleo/2/04_fcn.ipynb"
    ]


OLD, NEW = 1_600_000_000, 1_700_000_000


@pytest.mark.parametrize(
    ("versions", "counts", "why"),
    [
        (
            {"04_fcn.ipynb": OLD, "04_fcn (1).ipynb": NEW},
            "04_fcn (1).ipynb",
            "which was changed last",
        ),
        ({"04_fcn.ipynb": NEW, "04_fcn (1).ipynb": OLD}, "04_fcn.ipynb", "which was changed last"),
        ({"04_fcn.ipynb": NEW, "04_fcn (1).ipynb": NEW + 1}, "04_fcn.ipynb", "the plainer name"),
        ({"04_fcn.ipynb": OLD, "untouched.ipynb": NEW}, "04_fcn.ipynb", "the other has no answers"),
        ({"04_fcn.ipynb": OLD, "damaged_04_fcn.ipynb": NEW}, "04_fcn.ipynb", "damaged notebook"),
        ({"04_fcn.ipynb": OLD, "x/04_fcn.ipynb": NEW}, "x/04_fcn.ipynb", "which was changed last"),
    ],
)
def test_of_several_versions_one_counts_and_it_is_said_why(look, versions, counts, why):
    for number, (name, changed) in enumerate(versions.items()):
        contents = text_of(answered(body=f"return {number}"))
        contents = text_of(RELEASED["04_fcn"]) if "untouched" in name else contents
        path = put(look.folder / "Ada" / name, "{" if "damaged" in name else contents)
        os.utime(path, (changed, changed))
    found = look(PLAIN)
    assert why in by_student(found)["Ada", "04_fcn"]
    states = {
        line.file.removeprefix("Ada/"): line.state for line in found.files if line.student == "Ada"
    }
    assert states == {name: "graded" if name == counts else "not graded" for name in versions}
    [one] = [one for one in found.submissions if one.student == "Ada"]
    number = list(versions).index(counts)
    assert f"return {number}" in cell_of(nbformat.read(one.path, 4), "double").source


def test_canvas_says_which_version_is_the_latest_and_equal_ones_need_no_word(look):
    files = {
        "ada_11_900_04_fcn.ipynb": text_of(answered(body="return 0")),
        "ada_11_1000_04_fcn-1.ipynb": text_of(answered(body="return 1")),
        "bob_12_901_04_fcn.ipynb": GOOD,
        "bob_12_902_04_fcn.ipynb": GOOD,
    }
    found = look(files)
    one, two = found.submissions
    assert "return 1" in cell_of(nbformat.read(one.path, 4), "double").source
    assert "as the latest" in "; ".join(one.remarks)
    assert two.remarks == ()
    assert next(line.reason for line in found.files if line.student == two.student).startswith(
        "the same"
    )


@pytest.mark.parametrize(
    ("contents", "reason"), [(zipped({}), "a zip without files"), (b"PK", "a damaged zip")]
)
def test_a_zip_at_the_top_that_holds_nothing_is_a_student_who_is_told(look, contents, reason):
    found = look(PLAIN | {"Ada.zip": contents})
    assert found.students == ["Ada", "Bob"]
    assert found.missing("Ada").startswith(f"handed in no notebook (Ada.zip: {reason}")


def test_a_notebook_at_the_top_is_nobodys(look):
    found = look(PLAIN | {"04_fcn.ipynb": GOOD, "list.csv": "Ada,1"})
    lines = {line.file: line for line in found.files if not line.student}
    assert "whose is it?" in lines["04_fcn.ipynb"].reason
    assert set(lines) == {
        "04_fcn.ipynb",
        "list.csv",
    }
    assert found.students == ["Bob"]


def test_no_error_of_one_student_stops_the_others(look, monkeypatch):
    def fail(notebook, release):
        raise MemoryError("bad luck")

    monkeypatch.setattr("tools.submissions.versions.mend", fail)
    found = look(PLAIN | {"Ada/04_fcn.ipynb": GOOD})
    assert set(by_student(found).values()) == {"damaged notebook: MemoryError: bad luck"}


def test_the_same_work_gives_the_same_bytes_whatever_surrounds_it(look):
    noisy = copy.deepcopy(answered())
    noisy.metadata = {"kernelspec": {"name": "x", "display_name": "X"}, "widgets": {"a": 1}}
    for number, cell in enumerate(noisy.cells):
        cell.metadata["vscode"] = {"number": number}
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text="x" * 100_000)]
    found = look(PLAIN | {"Ada/04_fcn.ipynb": text_of(noisy)})
    ada, bob = found.submissions
    assert ada.path.read_bytes() == bob.path.read_bytes()
    assert ada.remarks == ()


def test_a_note_is_short_and_cannot_steer_a_terminal(look):
    strange = copy.deepcopy(answered())
    cells = [copy.deepcopy(strange.cells[2]) for _ in range(30)]
    for number, cell in enumerate(cells):
        cell.id = f"n{number}"
        cell.metadata.nbgrader.grade_id = f"\x1b[2J{number}\n"
    strange.cells += cells
    found = look({"Ada/04_fcn.ipynb": text_of(strange)})
    [one] = found.submissions
    assert len(one.remarks) == 9
    assert one.remarks[-1] == "and 22 more remarks"
    assert "; ".join(one.remarks).isprintable()
