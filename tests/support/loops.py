"""Songs for tests: loops of a few notes whose steps are whole frames, and a small model that has learned one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from training.families.music.bands import HOP_LENGTH, SAMPLE_RATE
from training.families.music.settings import MusicSettings, MusicSize

LOOP_STEPS = 64
SIZE = MusicSize(hidden=48, layers=1, codebooks=2, codes=32, components=16)
SETTINGS = MusicSettings(
    steps=450, batch=8, excerpt_s=2.0, learning_rate=1e-2, blur=0.02, own=0.1, dropout=0.0
)


def loop(notes: list[int], repeats: int = 1) -> NDArray[np.float32]:
    """Give decaying notes that take up LOOP_STEPS in all, over and over: (T,)."""
    each = LOOP_STEPS * HOP_LENGTH // len(notes)
    time = np.arange(each) / SAMPLE_RATE
    sounds = []
    for note in notes:
        f_hz = 440 * 2 ** ((note - 69) / 12)
        wave = sum(np.sin(2 * np.pi * k * f_hz * time) / k for k in range(1, 6))
        sounds.append(0.15 * wave * np.exp(-4 * time) * np.minimum(1, time * 200))
    return np.tile(np.concatenate(sounds), repeats).astype(np.float32)


def write_songs(folder: Path, count: int = 1, repeats: int = 8) -> Path:
    """Write songs of different notes into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        notes = [48 + 3 * number, 55 + number, 60 + 2 * number, 67 - number]
        soundfile.write(folder / f"song {number}.wav", loop(notes, repeats), SAMPLE_RATE)
    return folder
