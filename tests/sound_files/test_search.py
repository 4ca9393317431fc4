"""What a folder holds and is not read is said, once."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def strange(tmp_path: Path, noise: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder with one sound that is read, and what is called a sound and is none."""
    folder = tmp_path / "strange"
    write_sound(folder / "a.wav", noise[:, :4800])
    os.mkfifo(folder / "pipe.wav")
    (folder / "dead.wav").symlink_to(folder / "nowhere.wav")
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "device.wav").symlink_to("/dev/zero")
    (folder / "round").symlink_to(folder)
    (folder / "good.wav").symlink_to(folder / "a.wav")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(folder)  # a socket's path may be short only
        listening.bind("socket.wav")
        yield folder


LEFT_OUT = "left out: 2 links to nothing, 1 linked folder, 3 pipes or devices;"


def test_what_is_no_file_is_left_out_and_counted(
    strange: Path, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    assert find_recordings(strange) == [strange / "a.wav", strange / "good.wav"]
    ended = brainsynth("process", strange, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert ended.code == 0
    assert ended.err.count(LEFT_OUT) == len(ended.err.splitlines()) == 1
    ended = brainsynth("process", strange / "*.wav", "-m", models / "gain.onnx", "-o", tmp_path / "two")
    assert (ended.code, "left out: 2 links to nothing, 3 pipes or devices;" in ended.err) == (0, True)
    ended = brainsynth("train", "timbre", strange, "-o", tmp_path / "run", "--steps", 1)
    assert LEFT_OUT in ended.err.splitlines()[0]


def test_a_folder_that_cannot_be_read_is_counted(takes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse_deep(path: str) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse_deep)
    assert "1 unreadable folder" in describe(search(takes).left_out)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_counted(takes: Path) -> None:
    (takes / "deep").chmod(0)
    try:
        assert "1 unreadable folder" in describe(search(takes).left_out)
    finally:
        (takes / "deep").chmod(0o700)
