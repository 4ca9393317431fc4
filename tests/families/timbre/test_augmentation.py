"""Another player's gestures: courses change, how loud a note is in all does not, and beyond what was played is imagined."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.dsp.units import hz_to_midi
from training.families.timbre import augmentation
from training.families.timbre.augmentation import (
    BEYOND_DB,
    LOWEST_MIDI,
    SHARE_BEYOND,
    AnotherPlayer,
    played_levels,
)
from training.families.timbre.features import Corpus, Features

LOW_HZ, HIGH_HZ = 200.0, 800.0
FRAMES = 300


def recording(f0_hz: float, level_db: float, count: int = 400) -> Corpus:
    one = np.ones(count, np.float32)
    spectra = np.full((count, 4), -16, np.float16)
    return Corpus.of(
        Features(np.zeros(count * 128, np.float32), f0_hz * one, one, level_db * one, spectra, spectra)
    )


@pytest.fixture
def corpus() -> Corpus:
    """Low notes are soft and high ones loud, as on a flute."""
    levels = np.linspace(-8.0, 8.0, 9)
    low, high = (
        [recording(hz, middle + level) for level in levels]
        for hz, middle in ((LOW_HZ, -41.0), (HIGH_HZ, -20.0))
    )
    return Corpus.join(low + high)


def notes(f0_hz: float, level_db: float, count: int = 400) -> torch.Tensor:
    """Score (B, N, 5) of notes that begin and end in silence."""
    midi = float(hz_to_midi(torch.tensor(f0_hz)))
    score = torch.zeros(count, FRAMES, 5)
    score[:, :, 0], score[:, :, 1] = midi, level_db
    score[:, :40, 1], score[:, -40:, 1] = -90.0, -90.0
    score[:, 40:-40, 2] = 1.0
    return score


def heard_db(score: torch.Tensor) -> np.ndarray:
    """How loud each note is said to be in all: (B,)."""
    return score[:, 80:-80, 1].median(1).values.numpy()


def test_what_is_soft_and_loud_depends_on_the_pitch(corpus: Corpus) -> None:
    soft, loud = played_levels(corpus)
    low, high = (round(float(hz_to_midi(torch.tensor(hz)))) - LOWEST_MIDI for hz in (LOW_HZ, HIGH_HZ))
    np.testing.assert_allclose([soft[low], loud[low]], [-45.0, -37.0], atol=0.5)
    np.testing.assert_allclose([soft[high], loud[high]], [-24.0, -16.0], atol=0.5)
    assert (np.diff(loud[low : high + 1]) >= 0).all()  # between the two it goes from one to the other
    assert loud[0] == loud[low]
    assert loud[-1] == loud[high]


@pytest.mark.parametrize(
    ("f0_hz", "level_db", "way"),
    [(LOW_HZ, -34.0, 1), (LOW_HZ, -48.0, -1), (LOW_HZ, -41.0, 0), (HIGH_HZ, -34.0, -1), (HIGH_HZ, -20.0, 0)],
)
def test_what_is_as_loud_as_anything_at_its_pitch_is_said_to_be_louder_still(
    corpus: Corpus, f0_hz: float, level_db: float, way: int
) -> None:
    moved = heard_db(AnotherPlayer(corpus)(notes(f0_hz, level_db), np.random.default_rng(1))) - level_db
    far = np.abs(moved) > 12.0
    assert np.abs(np.median(moved[~far])) < 3.0
    assert moved.max() < BEYOND_DB + 14.0
    if way:
        assert np.mean(far) == pytest.approx(SHARE_BEYOND / 2, abs=0.1)
        assert (np.sign(moved[far]) == way).all()
    else:
        assert np.mean(far) < 0.01


def test_the_course_of_a_note_changes_and_its_level_hardly_does(corpus: Corpus) -> None:
    score = notes(LOW_HZ, -41.0, 200)
    score[:, :, 1] = torch.cat([torch.linspace(-56.0, -41.0, 100), torch.full((200,), -41.0)])
    changed = AnotherPlayer(corpus)(score, np.random.default_rng(2))
    rise = (changed[:, 110:130, 1].mean(1) - changed[:, :20, 1].mean(1)).numpy()
    assert np.percentile(rise, 10) < 8.0
    assert np.percentile(rise, 90) > 18.0
    assert np.median(heard_db(changed)) == pytest.approx(-41.0, abs=1.0)
    wiggles = (changed[:, 120:280, 1] - changed[:, 120:280, 1].mean(1, keepdim=True)).std(1)
    assert wiggles.median() > 1.0


def test_pitch_stays_near_and_the_gains_as_they_are(corpus: Corpus) -> None:
    score = notes(HIGH_HZ, -20.0, 50)
    score[:, :, 3:] = torch.randn(50, 1, 2)
    changed = AnotherPlayer(corpus)(score, np.random.default_rng(3))
    assert torch.equal(changed[:, :, 3:], score[:, :, 3:])
    assert (changed[:, :, 0] - score[:, :, 0]).abs().max() < 1.5
    assert torch.equal(changed[:, :, 2], score[:, :, 2])  # voicing that is sure stays so


def test_the_same_numbers_draw_the_same_gestures_and_silence_draws_some_too(corpus: Corpus) -> None:
    silence = torch.zeros(3, 50, 5)
    silence[:, :, 0], silence[:, :, 1] = 60.0, -100.0
    player = AnotherPlayer(corpus)
    one, again = (player(silence, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(one, again)
    assert torch.isfinite(one).all()


def test_a_pitch_above_or_below_all_that_is_tabled_is_taken_for_the_nearest(corpus: Corpus) -> None:
    assert augmentation.HIGHEST_MIDI > LOWEST_MIDI
    changed = AnotherPlayer(corpus)(notes(12.0, -45.0, 4), np.random.default_rng(5))
    assert torch.isfinite(changed).all()
    assert torch.isfinite(AnotherPlayer(corpus)(notes(15000.0, -45.0, 4), np.random.default_rng(5))).all()
