"""What one-shots are learned from: their notes, from names or measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.support.trainings import Recorder
from training.data.source import Source
from training.families.oneshots.data import OneshotsData, prepare
from training.families.oneshots.settings import OneshotsSettings, OneshotsSize
from training.hits.notes import measured_note, named_note
from training.hits.voice import SAMPLE_RATE

SIZE = OneshotsSize(partials=6, event_s=0.4)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("stab-A2", 45),
        ("cello_As3_15_forte", 58),
        ("Pad C#4 soft", 61),
        ("bell-eb5", 75),
        ("subtractive-aab-midi57", 57),
        ("kick_note36", 36),
        ("kick", 0),
        ("tabla_ghe6", 0),
        ("snare-a12", 0),
        ("midi200", 0),
        ("bass_drop_c", 0),
    ],
)
def test_names_tell_notes(name: str, note: int) -> None:
    assert named_note(name) == note


def tone(f_hz: NDArray[np.float64] | float, length_s: float = 0.4) -> NDArray[np.float32]:
    """A decaying tone of some harmonics, at a frequency that may move."""
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f_hz, time.shape)) / SAMPLE_RATE
    wave = sum(np.sin(k * phase) / k for k in range(1, 6))
    return (0.2 * np.exp(-4 * time) * wave).astype(np.float32)


@pytest.mark.parametrize("note", [40, 57, 72])
def test_a_steady_tone_is_measured(note: int) -> None:
    assert measured_note(tone(440 * 2 ** ((note - 69) / 12))) == pytest.approx(note, abs=0.3)


def test_what_glides_or_hisses_has_no_note() -> None:
    assert measured_note(tone(np.geomspace(400, 100, round(0.4 * SAMPLE_RATE)))) == 0
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE // 2)
    assert measured_note(noise.astype(np.float32)) == 0
    assert measured_note(tone(440.0, 0.05)) == 0


def read(folder: Path, size: OneshotsSize = SIZE) -> OneshotsData:
    return prepare(Source(folder), OneshotsSettings(variants=2), size, Recorder())


def test_variants_are_told_the_note_that_they_have(tmp_path: Path) -> None:
    for name in ("one-midi57", "two-midi60"):
        soundfile.write(tmp_path / f"{name}.wav", tone(220.0), SAMPLE_RATE)
    data = read(tmp_path)
    assert data.pitched
    (plain,) = data.train
    assert plain.note == 57 + 3 * (plain.name == "two-midi60")
    assert data.metadata["notes"] == [plain.note] * 3
    for changed in data.changed:
        strongest = np.abs(np.fft.rfft(changed.samples, 1 << 16)).argmax() * SAMPLE_RATE / (1 << 16)
        assert changed.note - plain.note == pytest.approx(12 * np.log2(strongest / 220), abs=0.1)
        assert changed.note != plain.note


def test_a_model_of_few_notes_or_no_harmonics_has_none(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (20, SAMPLE_RATE // 10))
    for number, sound in enumerate(noise):
        soundfile.write(tmp_path / f"{chr(97 + number) * 3}.wav", sound, SAMPLE_RATE)
    soundfile.write(tmp_path / "tone-midi57.wav", tone(220.0), SAMPLE_RATE)
    assert not read(tmp_path).pitched
    for path in tmp_path.glob("[a-r]*.wav"):
        path.unlink()
    assert read(tmp_path).pitched
    assert not read(tmp_path, OneshotsSize(partials=6, event_s=0.4, harmonics=0)).pitched
