"""Links for the README: they lead to lessons that are there."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.execution import ROOT, find_notebooks
from tools.upkeep.links import main


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_every_lesson_has_a_link_to_a_file_that_is_there(capsys, ending):
    assert main([f"https://github.com/someone/a.course{ending}", "--branch", "v1"]) == 0
    links = re.findall(r"\]\((\S+)\)", capsys.readouterr().out)
    [binder] = [urlsplit(link) for link in links if "mybinder" in link]
    assert binder.path == "/v2/gh/someone/a.course/v1"
    [opened] = parse_qs(binder.query)["urlpath"]
    assert (ROOT / opened.removeprefix("lab/tree/")).is_file()
    prefix = "https://colab.research.google.com/github/someone/a.course/blob/v1/"
    files = {ROOT / link.removeprefix(prefix) for link in links if "colab" in link}
    assert files == set(find_notebooks())


@pytest.mark.parametrize("address", ["", "someone/course", "https://example.org/a/b"])
def test_what_is_no_repository_is_refused(address, capsys):
    with pytest.raises(SystemExit):
        main([address])
    assert "https://github.com/OWNER/NAME" in capsys.readouterr().err
