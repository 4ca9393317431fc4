"""A note with another note's gesture."""

import numpy as np
import pytest

from benchmarks.pitch.tracking import PitchTrack
from benchmarks.timbre.gestures import Gesture, gesture_of, with_gesture

RATE = 24000
FRAME = 120
HZ = 440.0


def note(level_db: np.ndarray, cents: np.ndarray | float = 0.0) -> tuple[np.ndarray, Gesture]:
    """A sine whose level, and cents above 440 Hz, are given every 5 ms; and its gesture."""
    frames = np.arange(level_db.size)
    bend = np.broadcast_to(cents, level_db.shape)
    time = np.arange(level_db.size * FRAME) / FRAME
    hz = HZ * 2.0 ** (np.interp(time, frames, bend) / 1200.0)
    level = np.interp(time, frames, level_db)
    audio = (0.5 * np.sin(2 * np.pi * np.cumsum(hz) / RATE) * 10.0 ** (level / 20.0)).astype(np.float32)
    times_s = (frames + 0.5) * FRAME / RATE
    pitch = PitchTrack(times_s, HZ * 2.0 ** (bend / 1200.0), np.ones(frames.size))
    return audio, gesture_of(audio, RATE, pitch)


def pitch_over_time(audio: np.ndarray, frames: int) -> np.ndarray:
    """Cents above 440 Hz, from rising zero crossings."""
    rising = np.flatnonzero((audio[:-1] < 0) & (audio[1:] >= 0))
    exact = rising - audio[rising] / (audio[rising + 1] - audio[rising])
    cents = 1200.0 * np.log2(RATE / np.diff(exact) / HZ)
    return np.interp(np.arange(frames) * FRAME, exact[1:], cents)


def test_a_note_takes_the_other_notes_levels() -> None:
    audio, own = note(np.zeros(300))
    _, other = note(np.linspace(0.0, -30.0, 300))
    changed = with_gesture(audio, RATE, own, other)
    _, wanted = note(np.linspace(0.0, -30.0, 300))
    got = gesture_of(changed, RATE, PitchTrack(np.zeros(1), np.full(1, HZ), np.ones(1)))
    np.testing.assert_allclose(got.level_db[5:-5], wanted.level_db[5:-5], atol=0.5)


def test_a_note_takes_the_other_notes_vibrato() -> None:
    vibrato = 40.0 * np.sin(2 * np.pi * 5.0 * np.arange(300) * 0.005)
    audio, own = note(np.zeros(300))
    _, other = note(np.zeros(300), vibrato)
    cents = pitch_over_time(with_gesture(audio, RATE, own, other), 300)
    np.testing.assert_allclose(cents[20:-20], other.cents[20:-20], atol=6.0)
    assert np.ptp(cents[20:-20]) > 60.0


def test_a_note_loses_its_own_vibrato() -> None:
    vibrato = 40.0 * np.sin(2 * np.pi * 5.0 * np.arange(300) * 0.005)
    audio, own = note(np.zeros(300), vibrato)
    _, other = note(np.zeros(300))
    cents = pitch_over_time(with_gesture(audio, RATE, own, other), 300)
    assert np.ptp(cents[20:-20]) < 15.0


def test_a_note_with_its_own_gesture_stays_as_it_is() -> None:
    level_db = np.concatenate([np.linspace(-30.0, 0.0, 40), np.zeros(100), np.linspace(0.0, -35.0, 60)])
    audio, own = note(level_db)
    np.testing.assert_allclose(with_gesture(audio, RATE, own, own), audio, atol=1e-5)


@pytest.mark.parametrize(("own_frames", "other_frames"), [(40, 400), (400, 40), (5, 7)])
def test_lengths_need_not_agree(own_frames: int, other_frames: int) -> None:
    audio, own = note(np.zeros(own_frames))
    _, other = note(np.linspace(0.0, -20.0, other_frames))
    changed = with_gesture(audio, RATE, own, other)
    assert changed.size == own.level_db.size * FRAME
    assert np.isfinite(changed).all()


def test_faint_parts_are_raised_by_twenty_decibels_at_most() -> None:
    audio, own = note(np.linspace(0.0, -38.0, 300))
    _, other = note(np.zeros(300))
    raised = with_gesture(audio, RATE, own, other)
    gain = np.abs(raised[-1200:-600]).max() / np.abs(audio[-1200:-600]).max()
    assert gain == pytest.approx(10.0, rel=0.1)
