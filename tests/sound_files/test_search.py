"""What a folder holds and is not read is said, once."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.sound_files.search import describe, search
from tests.conftest import Command
from tests.support.sound_files import write_sound
from training.data.recordings import find_recordings
from training.errors import RecordingsError


@pytest.fixture
def takes(tmp_path: Path, noise: NDArray[np.float32]) -> Path:
    """Give a folder with one sound that is read, and much that is not."""
    folder = tmp_path / "takes"
    write_sound(folder / "a.wav", noise[:, :100])
    for name in ("b.m4a", "deep/c.M4A", "d.caf", ".e.wav", ".DS_Store", "notes.txt", ".git/f.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    write_sound(tmp_path / "elsewhere" / "g.wav", noise[:, :100])
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    return folder


def test_each_kind_is_counted(takes: Path) -> None:
    found = search(takes)
    assert found.files == [takes / "a.wav"]
    assert describe(found.left_out) == "1 .caf file, 2 .m4a files, 1 hidden file, 1 linked folder"


def test_processing_says_it_once(takes: Path, models: Path, tmp_path: Path, brainsynth: Command) -> None:
    ended = brainsynth("process", takes, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert (ended.code, ended.out.startswith("1 made,")) == (0, True)
    (line,) = ended.err.splitlines()
    assert "left out: 1 .caf file, 2 .m4a files, 1 hidden file, 1 linked folder;" in line
    ended = brainsynth("process", takes / "*", "-m", models / "gain.onnx", "-o", tmp_path / "two")
    assert "left out: 1 .caf file, 1 .m4a file;" in ended.err
    (takes / "a.wav").unlink()
    ended = brainsynth("process", takes, "-m", models / "gain.onnx", "-o", tmp_path / "three")
    assert ended.code == 4
    assert "left out 1 .caf file, 2 .m4a files, 1 hidden file, 1 linked folder" in ended.err


def test_training_says_it_too(takes: Path, tmp_path: Path, brainsynth: Command) -> None:
    ended = brainsynth("train", "timbre", takes, "-o", tmp_path / "run", "--steps", 1)
    assert ended.err.splitlines()[0].startswith(
        "brainsynth: left out: 1 .caf file, 2 .m4a files, 1 hidden file, 1 linked folder;"
    )
    (takes / "a.wav").unlink()
    with pytest.raises(RecordingsError, match=r"only 1 \.caf file, 2 \.m4a files"):
        find_recordings(takes)


def test_a_pipe_named_like_a_sound_is_not_waited_for(takes: Path) -> None:
    os.mkfifo(takes / "pipe.wav")
    assert find_recordings(takes) == [takes / "a.wav"]
