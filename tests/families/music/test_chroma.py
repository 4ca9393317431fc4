"""Chroma: the pitch classes that sound, whatever the octave, the level and the drums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.contract import check_block
from tests.support.loops import SETTINGS, SIZE, write_songs
from training.data.source import Source
from training.families.music.bands import HOP_LENGTH, SAMPLE_RATE
from training.families.music.chroma import CHROMA_STEPS, CLASSES, LARGEST, Chroma, narrowed
from training.families.music.data import chroma_of, prepare
from training.families.music.train import KEPT_ASIDE_CHROMA, SONGS_CHROMA, make_trainer
from training.loop.report import Silent


def chord(*keys: int, seconds: float = 2.0) -> NDArray[np.float32]:
    """Give notes of five harmonics by their MIDI keys."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    waves = [
        np.sin(2 * np.pi * k * 440 * 2 ** ((key - 69) / 12) * time) / k for key in keys for k in range(1, 6)
    ]
    return (0.05 * np.sum(waves, 0)).astype(np.float32)


def heard(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the last chroma vector of a sound."""
    return chroma_of(sound)[-1].astype(float)


@pytest.mark.parametrize("key", [43, 57, 69, 74, 86])
def test_a_note_is_its_pitch_class(key: int) -> None:
    assert int(heard(chord(key)).argmax()) == key % 12


@pytest.mark.parametrize("semitones", [-4, 3, 7])
def test_what_is_played_in_another_key_is_turned(semitones: int) -> None:
    first = heard(chord(57, 60, 64, 69))
    moved = heard(chord(*(key + semitones for key in (57, 60, 64, 69))))
    likeness = [float(first @ np.roll(moved, -turn)) for turn in range(CLASSES)]
    assert int(np.argmax(likeness)) == semitones % 12
    assert max(likeness) > 0.75
    assert likeness[0] < 0.4


def test_level_and_drums_change_little_and_noise_and_silence_are_near_zero() -> None:
    first = heard(chord(57, 60, 64))
    assert np.abs(heard(0.01 * chord(57, 60, 64)) - first).max() < 0.01
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(time)).astype(np.float32)
    drums = 0.3 * noise * np.exp(-30 * (time % 0.5))
    assert first @ heard((chord(57, 60, 64) + drums).astype(np.float32)) > 0.6
    assert np.linalg.norm(heard(noise)) < 0.4
    assert not heard(0 * noise).any()


def test_chroma_in_blocks_is_that_of_the_whole() -> None:
    sound = np.concatenate([chord(57, 60, seconds=0.5), chord(62, seconds=0.5)])
    check_block(Chroma(), torch.from_numpy(sound[: 46 * HOP_LENGTH]).reshape(1, -1, HOP_LENGTH))


def test_songs_carry_their_chroma_and_checkpoints_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path / "cache"))
    data = prepare(Source(recordings=write_songs(tmp_path / "songs", count=2)), SETTINGS, SIZE, Silent())
    (song,), (aside,) = data.train, data.held_out
    assert song.chroma.shape == (len(song.steps()) // CHROMA_STEPS, CLASSES)
    kept = make_trainer(data, SETTINGS, SIZE).tensors()
    for name, one in ((SONGS_CHROMA, song), (KEPT_ASIDE_CHROMA, aside)):
        assert torch.equal(kept[f"{name}0000"], narrowed(one.chroma))
        assert kept[f"{name}0000"].abs().max() in range(LARGEST // 2, LARGEST + 1)
