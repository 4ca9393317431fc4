"""Whatever is wrong with a file, the one sentence about it names it, and names it once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.commands.test_bad_input import BROKEN
from tests.conftest import Command
from tests.support.sound_files import write_sound


def slow_sound(folder: Path) -> Path:
    """Write a sound whose sample rate is too low for any model."""
    return write_sound(folder / "in.wav", np.full((1, 5000), 0.3, np.float32), 500)


def many_channels(folder: Path) -> Path:
    """Write a sound of more channels than any model takes."""
    return write_sound(folder / "in.wav", np.full((65, 5000), 0.3, np.float32))


def short_sound(folder: Path) -> Path:
    """Write a click, too short to hear anything in."""
    return write_sound(folder / "in.wav", np.full((1, 9), 0.3, np.float32))


READ: dict[str, Callable[[Path], Path]] = {
    **{kind: make for kind, (make, _) in BROKEN.items()},
    "500 Hz": slow_sound,
}
BAD = {
    "process": READ | {"65 channels": many_channels},
    "pitch": READ,
    "cross": READ,
    "cross, excitation": READ,
    "infer": READ | {"too short": short_sound},
}


@pytest.mark.parametrize(
    ("command", "kind"), [(command, kind) for command, kinds in BAD.items() for kind in kinds]
)
def test_a_bad_input_is_named_once(
    command: str, kind: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    (tmp_path / "takes").mkdir()
    bad = BAD[command][kind](tmp_path / "takes")
    good = write_sound(tmp_path / "good.wav", np.full((1, 48_000), 0.1, np.float32))
    calls = {
        "process": ("process", bad, "-m", models / "gain.onnx", "-o", tmp_path / "out"),
        "pitch": ("process", bad, "-m", models / "rms.onnx", "-o", tmp_path / "out.csv"),
        "cross": ("cross", bad, good, "-o", tmp_path / "out.wav"),
        "cross, excitation": ("cross", good, bad, "-o", tmp_path / "out.wav"),
        "infer": ("infer", bad, "-m", "fm", "-o", tmp_path / "out.json"),
    }
    ended = brainsynth(*calls[command])
    assert ended.code in (1, 2)
    assert ended.err.startswith("brainsynth: ")
    assert len(ended.err.strip().splitlines()) == 1
    assert ended.err.count(str(bad)) == 1, ended.err
