"""A run folder that cannot be written: training, going on and export each say it in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.support.small_disk import can_mount, run_read_only

TINY = ("--batch", 1, "--excerpt-frames", 8, "--size-width", 8, "--size-hidden", 8)


@pytest.mark.parametrize("within", ["run", "deep/run"])
def test_a_run_below_a_file_is_refused(within: str, tmp_path: Path, brainsynth: Command) -> None:
    (tmp_path / "file").write_text("no folder")
    ended = brainsynth("train", "pitch", "-o", tmp_path / "file" / within, "--steps", 1, *TINY)
    (sentence,) = ended.err.strip().splitlines()
    assert (ended.code, str(tmp_path / "file") in sentence) == (5, True)
    assert (tmp_path / "file").read_text() == "no folder"


def test_an_export_below_a_file_is_refused(tmp_path: Path, brainsynth: Command) -> None:
    (tmp_path / "file").write_text("no folder")
    run = tmp_path / "run"
    assert brainsynth("train", "pitch", "-o", run, "--steps", 1, *TINY).code == 0
    ended = brainsynth("export", run, "-o", tmp_path / "file" / "mine.onnx")
    (sentence,) = ended.err.strip().splitlines()
    assert (ended.code, "mine.onnx" in sentence) == (5, True)


Program = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = (sys.executable, "-m", "plugin_host.commands")


@pytest.fixture
def learned(tmp_path: Path, brainsynth: Command) -> Path:
    assert brainsynth("train", "pitch", "-o", tmp_path / "run", "--steps", 1, *TINY).code == 0
    return tmp_path / "run"


@pytest.fixture(params=["mounted so", "by its mode"])
def read_only(request: pytest.FixtureRequest, learned: Path) -> Iterator[Program]:
    """Give what runs a command for which the folder of the run cannot be written."""
    if request.param == "mounted so":
        if not can_mount(learned):
            pytest.skip("no file system of our own can be mounted here")
        yield lambda *words: run_read_only(learned, [*COMMAND, *words])
        return
    if os.geteuid() == 0:
        pytest.skip("root may write whatever the mode says")
    folders = [learned, *(path for path in learned.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield lambda *words: subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, check=False
    )
    for folder in folders:
        folder.chmod(0o755)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_run_that_cannot_be_written_does_not_go_on_and_says_why(read_only: Program, learned: Path) -> None:
    before = contents(learned)
    ended = read_only("train", "pitch", "-o", learned, "--steps", 2, *TINY)
    (sentence,) = ended.stderr.strip().splitlines()
    assert (ended.returncode, str(learned) in sentence) == (5, True)
    assert "cannot be written" in sentence
    assert contents(learned) == before


@pytest.mark.slow
def test_a_run_that_cannot_be_written_is_exported_elsewhere_and_only_there(
    read_only: Program, learned: Path, tmp_path: Path
) -> None:
    assert read_only("export", learned, "-o", tmp_path / "mine.onnx").returncode == 0
    assert (tmp_path / "mine.onnx").is_file()
    ended = read_only("export", learned, "-o", learned / "mine.onnx")
    (sentence,) = ended.stderr.strip().splitlines()
    assert (ended.returncode, f"{learned / 'mine.onnx'} cannot be written" in sentence) == (5, True)
