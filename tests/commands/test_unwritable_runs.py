"""A run folder that cannot be written: training, going on and export each say it in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command

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
