"""The note of a one-shot: from its name where that tells it, else measured."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from ..analysis.bundled_weights import load_analyzer
from ..analysis.tracker import PitchAnalyzer
from .voice import SAMPLE_RATE

SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
NAMED = re.compile(r"(?<![a-z])([a-g])(s|#|b|flat|sharp)?(-?\d)(?!\d|[a-z])", re.IGNORECASE)
NUMBERED = re.compile(r"(?:midi|note)[-_ ]?(\d{1,3})(?!\d)", re.IGNORECASE)
HIGHEST_NOTE = 127
VOICED_SHARE, STEADY_SEMITONES, SHORTEST_S = 0.6, 0.5, 0.08
HEARD_DB = -30.0


def note_of(path: Path, samples: NDArray[np.float32]) -> float:
    """Give the MIDI note number of a recording, by its path and samples (T,); 0 if it has none."""
    return named_note(path.stem) or measured_note(samples)


def named_note(name: str) -> float:
    """Read a note such as A2, c#4 or midi57 from a name; 0 if there is none."""
    if found := NUMBERED.search(name):
        number = int(found[1])
        return float(number) if 0 < number <= HIGHEST_NOTE else 0.0
    if found := NAMED.search(name):
        step = {"s": 1, "#": 1, "sharp": 1, "b": -1, "flat": -1}.get((found[2] or "").lower(), 0)
        number = 12 * (int(found[3]) + 1) + SEMITONES[found[1].lower()] + step
        return float(number) if 0 < number <= HIGHEST_NOTE else 0.0
    return 0.0


def measured_note(samples: NDArray[np.float32]) -> float:
    """Measure the note of a sound (T,) whose pitch is steady; 0 where there is none, or it glides."""
    if len(samples) < SHORTEST_S * SAMPLE_RATE:
        return 0.0
    analyzer = _analyzer()
    sound = soxr.resample(samples, SAMPLE_RATE, analyzer.sample_rate).astype(np.float32)
    whole = torch.from_numpy(np.pad(sound, (0, -len(sound) % analyzer.hop_length)))
    with torch.no_grad():
        values, _ = analyzer({"audio": whole[None, None]}, analyzer.initial_state())
    f0, voicing, loudness = (
        values[f"control.{name}"][0].numpy() for name in ("f0_hz", "voicing", "loudness_db")
    )
    heard = loudness > loudness.max() + HEARD_DB
    voiced = heard & (voicing > 0.5)
    if voiced.sum() < VOICED_SHARE * heard.sum():
        return 0.0
    notes = 69 + 12 * np.log2(f0[voiced] / 440)
    low, middle, high = np.percentile(notes, (20, 50, 80))
    return float(middle) if high - low < STEADY_SEMITONES else 0.0


@cache
def _analyzer() -> PitchAnalyzer:
    return load_analyzer()
