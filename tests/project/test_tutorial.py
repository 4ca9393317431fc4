"""The tutorial's notebook runs from top to bottom, and its page is made of it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from docs.tutorial.make_page import HERE, NOTEBOOK, execute, make_page


@pytest.fixture
def notebook() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(autouse=True)
def of_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel, and the commands that it runs, find the packages that are tested here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), *sys.path]))
    monkeypatch.setenv("BRAINSYNTH_TUTORIAL_BUDGET", "small")


PYTHON = {"language_info": {"name": "python"}}


def told(page: str) -> str:
    """Give a text without white space at the ends of its lines."""
    return "\n".join(line.rstrip() for line in page.splitlines())


@pytest.mark.slow
@pytest.mark.csound
def test_it_runs_from_top_to_bottom(notebook: NotebookNode, tmp_path: Path) -> None:
    execute(notebook, tmp_path)
    made = tmp_path / "tutorial"
    assert len(list(made.glob("new/*.wav"))) == 12
    assert len(list(made.glob("set/*.wav"))) == 4
    assert len(list(made.glob("near/*.wav"))) == 4
    assert len(list(made.glob("way/*.wav"))) == 6
    assert list(made.glob("bells/*.sfz"))
    assert (made / "beat.wav").stat().st_size > 100_000
    page, files = make_page(notebook)
    assert page.count("[Hear it](sounds/") == sum(name.startswith("sounds/") for name in files) >= 7
    assert page.count("](pictures/") == sum(name.startswith("pictures/") for name in files) >= 8


@pytest.mark.slow
def test_without_csound_numpy_plays_and_the_last_cells_say_what_is_missing(
    notebook: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "ctcsound.py").write_text("raise ModuleNotFoundError(name='ctcsound')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'none'}{os.pathsep}{os.environ['PYTHONPATH']}")
    headings = [cell.source.split("\n")[0] for cell in notebook.cells]
    learning, csound = (
        next(at for at, line in enumerate(headings) if line.startswith(words))
        for words in ("## 6.", "**In Csound**")
    )
    notebook.cells = notebook.cells[:learning] + notebook.cells[csound:]
    execute(notebook, tmp_path)
    said = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and "ctcsound is not installed: pip install" in output.text
    ]
    assert len(said) == 2
    assert len(list(tmp_path.glob("tutorial/sounds/*/*.wav"))) == 12
    assert not (tmp_path / "tutorial" / "beat.wav").exists()


def test_it_is_kept_without_outputs(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 15
    assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]
    assert not [cell for cell in notebook.cells if cell.metadata]


def test_the_page_is_made_of_this_notebook(notebook: NotebookNode) -> None:
    """Every cell is on the page, word by word and in order; between them is only what came out."""
    page, at = told((HERE / "README.md").read_text()), 0
    for cell in notebook.cells:
        alone, _ = make_page(new_notebook(cells=[cell], metadata=PYTHON))
        text = told(alone).strip()
        found = page.find(text, at)
        assert found >= 0, (
            f"not on the page, or not here: {text[:200]}; run python docs/tutorial/make_page.py"
        )
        between = page[at:found]
        assert at or not between
        assert "\n#" not in between
        assert "```" not in between
        at = found + len(text)
    shown = set(re.findall(r"\]\(((?:pictures|sounds)/[^)]+)\)", page))
    assert shown == {
        path.relative_to(HERE).as_posix()
        for kind in ("pictures", "sounds")
        for path in (HERE / kind).iterdir()
    }


def test_progress_and_players_do_not_get_onto_the_page(tmp_path: Path) -> None:
    cells = [
        new_markdown_cell("# A page"),
        new_code_cell("import sys\nprint('a')\nprint('noise', file=sys.stderr)\nprint('b')"),
        new_code_cell("from IPython.display import Audio\nAudio([0.0, 0.5] * 8000, rate=16000)"),
    ]
    page, files = make_page(execute(new_notebook(cells=cells), tmp_path))
    assert "    a\n    b\n" in page
    assert "noise" not in page.replace("print('noise'", "")
    assert "base64" not in page
    assert "[Hear it](sounds/sound_0.ogg) (1 s)" in page
    assert list(files) == ["sounds/sound_0.ogg"]
    assert files["sounds/sound_0.ogg"].startswith(b"OggS")


def test_a_cell_that_fails_stops_the_page(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="no such sound"):
        execute(new_notebook(cells=[new_code_cell("raise ValueError('no such sound')")]), tmp_path)
