"""Tables go through spreadsheets of every kind and come back as they were."""

import csv
import io

import pytest

from tools.spreadsheet import as_text, defuse, restored, table_of
from tools.words import Answer, BadMarks, Mark, mark_for, read_marks, write_answers

TEXTS = (
    "plain", "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "'=1", "''", "'", "'tis",
    "", "\N{FULLWIDTH EQUALS SIGN}1", "a;=1", 'a";\'=1', "a\n=1", "a\n- b", "a\n-cmd|x", "a\t@x",
    "1;-2",     "- a\n- b", "00123", "1e5", "1-2", "3/4", "-", "=", "a\n'=1",
)  # fmt: skip
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("write", [defuse, as_text])
def test_no_cell_is_a_formula_and_every_cell_comes_back(text, write):
    cell = write(text)
    assert not cell.lstrip(" ").startswith(FORMULA)
    assert restored(cell) == text


@pytest.mark.parametrize("delimiter", ";\t")
@pytest.mark.parametrize("text", ["a;=1", "a\t=cmd|x", "a;\n+1", "a\n=1", "a;-1+cmd|x", 'a";"=1'])
def test_a_table_that_is_split_elsewhere_has_no_formula_either(text, delimiter):
    file = io.StringIO()
    csv.writer(file).writerow(["Ada", defuse(text)])
    for line in file.getvalue().splitlines():
        for cell in line.split(delimiter):
            assert not cell.strip("\"' ").startswith(("=", "+", "-", "@")) or "'" in cell[:3], line


@pytest.mark.parametrize("name", ["00123", "1e5", "12-3", "3.4", "1/2", "12:30", " 7 "])
def test_a_name_made_of_digits_stays_a_name(name):
    assert as_text(name) == f"'{name}"
    assert restored(as_text(name)) == name


ANSWERS = [
    Answer("00123", "lesson", "why", 2.5, '=Half\n\nof it; "so", \'tis\n- a\n- é'),
    Answer("Müller, B", "lesson", "why", 2.5, "-"),
    Answer("=cmd", "=l", "=g", 2.5, "x" * 40_000),
    Answer("Eve", "lesson", "why", 2.5, "not marked"),
]
GIVEN = {
    ANSWERS[0].key: Mark("why", 1.5, '=Naïve; "no"\n\'tis'),
    ANSWERS[1].key: Mark("why", 0.0, ""),
    ANSWERS[2].key: Mark("=g", 2.5, "-1"),
}


def through(path, *, delimiter=",", encoding="utf-8-sig", decimal=".", mangle=None):
    """Open and save a table as a spreadsheet program does."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    where = [rows[0].index(name) for name in ("points", "max_points")]
    for row in rows[1:]:
        for column in where:
            row[column] = row[column].replace(".", decimal)
        if mangle:
            mangle(rows[0], row)
    with open(path, "w", newline="", encoding=encoding, errors="replace") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_marks_come_back_from_every_program(tmp_path, delimiter, encoding, decimal):
    path = tmp_path / "words.csv"
    write_answers(path, ANSWERS, GIVEN)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    through(path, delimiter=delimiter, encoding=encoding, decimal=decimal)
    assert read_marks(path) == GIVEN


def flattened(header, row):
    """What a person may do to a table: only the key has to stay."""
    row[header.index("answer")] = "(too long to read)"
    row[header.index("student")] = row[header.index("student")].lstrip("'0")


def test_marks_are_found_by_the_key_alone(tmp_path):
    write_answers(tmp_path / "words.csv", ANSWERS, GIVEN)
    through(tmp_path / "words.csv", mangle=flattened)
    assert read_marks(tmp_path / "words.csv") == GIVEN


def test_no_column_holds_a_formula(tmp_path):
    write_answers(tmp_path / "words.csv", ANSWERS, GIVEN)
    with open(tmp_path / "words.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 5
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    assert rows[1][0] == "'00123"
    assert rows[3][4].endswith("x … (cut here)")


def test_a_key_is_short_and_never_a_number_and_says_whose_answer_it_is():
    keys = {
        Answer(student, lesson, exercise, 2, text).key
        for student in "AB" for lesson in "LM" for exercise in "xy" for text in ("a", "b")
    }  # fmt: skip
    assert len(keys) == 16
    assert all(len(key) == 11 and key.startswith("w") for key in keys)
    assert Answer("A", "L", "x", 2, "a  b\n").key == Answer("A", "L", "x", 2, "a b").key


@pytest.mark.parametrize("mark", [Mark("why", 3), Mark("what", 1)])
def test_a_mark_that_does_not_fit_its_answer_is_none(mark):
    answer = ANSWERS[3]
    assert mark_for(answer, {answer.key: mark}) is None
    assert mark_for(answer, {answer.key: Mark("why", 2.5)}) == Mark("why", 2.5)
    assert mark_for(answer, {}) is None


def test_two_marks_for_one_answer_are_refused(tmp_path):
    write_answers(tmp_path / "words.csv", ANSWERS, GIVEN)
    with open(tmp_path / "words.csv", "a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(["x", "x", "why", "2.5", "", "1", "", "", ANSWERS[0].key])
    with pytest.raises(BadMarks, match="row 6: another line gives the same answer other points"):
        read_marks(tmp_path / "words.csv")


def test_a_line_before_the_header_that_names_the_separator_is_no_header():
    assert table_of("sep=;\nA;B\n1;2\n", ["a", "b"]) == [["a", "b"], ["1", "2"]]
    assert table_of("\n\n'A , b\n1,2\n", ["a", "b"])[1] == ["1", "2"]
    assert table_of("", ["a"]) == []


def test_a_workbook_is_no_table_and_is_told_so(tmp_path):
    (tmp_path / "words.csv").write_bytes(b"PK\x03\x04...")
    with pytest.raises(BadMarks, match="is a workbook: save its table as CSV"):
        read_marks(tmp_path / "words.csv")
