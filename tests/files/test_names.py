"""Names as file systems allow them: any bytes but a slash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import Command
from tests.support.sound_files import write_sound

NAMES = (b"caf\xe9.wav", b"two\nlines.wav", b"\x1b[31mred.wav", "弓.wav".encode())


@pytest.fixture
def takes(tmp_path: Path, noise: NDArray[np.float32]) -> Path:
    """Give a folder with a sound under each name, and one damaged file."""
    for name in NAMES:
        plain = write_sound(tmp_path / "in" / "plain.wav", noise[:, :1000])
        plain.rename(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name))
    (tmp_path / "in" / os.fsdecode(b"bad\xff\x1b[0m.wav")).write_bytes(b"RIFF")
    return tmp_path / "in"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_of_any_names_is_processed_and_resumed(
    workers: int, takes: Path, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    report = tmp_path / "report.json"
    call = ("process", takes, "-m", models / "gain.onnx", "-o", tmp_path / "out", "-j", workers)
    ended = brainsynth(*call, "--report", report)
    assert (ended.code, ended.out.split(", ")[:2]) == (1, ["4 made", "1 failed"])
    assert r"bad\udcff\x1b[0m.wav" in ended.err
    assert ended.err.replace("\n", "").isprintable()
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted([*NAMES, b".brainsynth.jsonl"])
    sources = {Path(entry["source"]).name for entry in json.loads(report.read_text())["files"]}
    assert sources >= {os.fsdecode(name) for name in NAMES}
    assert brainsynth(*call).out == "4 kept, 1 failed\n"


def test_names_are_what_they_are_in_a_locale_of_ascii(takes: Path, models: Path, tmp_path: Path) -> None:
    (takes / os.fsdecode(b"bad\xff\x1b[0m.wav")).unlink()
    command = (sys.executable, "-m", "plugin_host.commands", "process", takes, "-m", models / "gain.onnx")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [*command, "-o", tmp_path / "out"],
        env={**os.environ, **ascii_only},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted([*NAMES, b".brainsynth.jsonl"])


def test_a_table_of_any_name_is_written_and_played(
    takes: Path, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = takes / os.fsdecode(NAMES[0])
    assert brainsynth("process", source, "-m", models / "rms.onnx", "-o", tmp_path / "tables").code == 0
    table = (tmp_path / "tables" / source.name).with_suffix(".csv")
    table.write_text("time_s,f0_hz\n0,220\n0.1,220\n")
    ended = brainsynth("process", tmp_path / "tables", "-m", models / "sine.onnx", "-o", tmp_path / "sounds")
    assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / "sounds" / source.name).is_file()
