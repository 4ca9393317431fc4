"""The examples run as a reader would run them, and what they write sounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.tone_grains import save_tone_grains

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def melody(tmp_path: Path) -> Path:
    time = np.arange(44100 * 2) / 44100
    orders = np.arange(1, 6)[:, None]
    sound = np.sum(np.sin(2 * np.pi * 330 * orders * time) / orders, axis=0) * 0.1
    soundfile.write(tmp_path / "in.wav", sound, 44100)
    return tmp_path / "in.wav"


@pytest.mark.csound
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(p.stem for p in EXAMPLES.glob("*.py")))
def test_example(name: str, melody: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    arguments = [str(out)] if name.startswith("play") else [str(melody), str(out)]
    if name.startswith("grains"):
        arguments = [str(save_tone_grains(tmp_path)), *arguments]
    run = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    done = subprocess.run(run, capture_output=True, text=True, cwd=EXAMPLES.parent, check=False)
    assert done.returncode == 0, done.stderr
    sound, _ = soundfile.read(out, always_2d=True)
    assert len(sound) > 44100
    assert sound.std() > 0.003


def test_there_are_examples() -> None:
    assert len(list(EXAMPLES.glob("*.py"))) >= 3
