"""A sound is heard from where it leaves a floor of noise, and as long as it is there."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.matching.noise_floor import out_of_floor
from plugin_host.matching.target_sound import as_target, sounds_to_the_end

RATE, FRAMES, HOP = 48_000, 96_000, 1024
Sound = NDArray[np.float32]


def tone(seconds: float = 1.5, attack_s: float = 0.005) -> Sound:
    """A tone that dies away and ends in silence."""
    time = np.arange(round(seconds * RATE)) / RATE
    shape = np.minimum(1, time / attack_s) * np.exp(-2 * time) * np.minimum(1, (seconds - time) / 0.1)
    return (0.5 * shape * np.sin(2 * np.pi * 330 * time)).astype(np.float32)


def late(sound: Sound, seconds: float) -> Sound:
    return np.concatenate([np.zeros(round(seconds * RATE), np.float32), sound])


def hiss(length: int, db: float) -> Sound:
    return (10 ** (db / 20) * np.random.default_rng(3).standard_normal(length)).astype(np.float32)


def hum(length: int, db: float) -> Sound:
    time = np.arange(length) / RATE
    mains = np.sin(2 * np.pi * 50 * time) + 0.5 * np.sin(2 * np.pi * 150 * time)
    return (10 ** (db / 20) * mains).astype(np.float32)


@pytest.mark.parametrize("floor", [hiss, hum])
@pytest.mark.parametrize("before_s", [0.12, 0.5, 5.0])
def test_a_sound_begins_where_it_leaves_the_floor(
    floor: Callable[[int, float], Sound], before_s: float
) -> None:
    sound = late(tone(), before_s)
    noisy = sound + floor(len(sound), -46)
    target = as_target(noisy, RATE, RATE, FRAMES, HOP)
    expected = noisy[round(before_s * RATE) :]
    at = int(np.argmax(np.correlate(target[:9000], expected[:6000], "valid")))
    assert 0 <= at < 0.006 * RATE


def test_a_sound_without_a_floor_begins_as_it_did() -> None:
    for attack_s in (0.002, 0.05, 0.5):
        assert out_of_floor(tone(attack_s=attack_s)[1:], RATE) == 0
    swelling = tone() * np.linspace(0, 1, len(tone()), dtype=np.float32) ** 3
    assert out_of_floor(swelling, RATE) == 0
    # Noise alone, and a sound that is not far above what comes before it.
    assert out_of_floor(hiss(RATE, -40), RATE) == 0
    assert out_of_floor(late(tone(), 0.5) + hiss(len(tone()) + RATE // 2, -20), RATE) == 0
    assert out_of_floor(hiss(100, -40), RATE) == 0


def test_what_is_cut_off_is_not_taken_to_end_in_silence() -> None:
    whole = as_target(tone(), RATE, RATE, FRAMES, HOP)
    assert len(whole) == FRAMES
    for fade in (0, 240):
        cut = tone()[:30_000].copy()
        cut[len(cut) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        target = as_target(cut, RATE, RATE, FRAMES, HOP)
        assert len(target) == 28 * HOP
        np.testing.assert_array_equal(target, whole[: 28 * HOP])
    long = np.tile(tone()[2000:4000], 60)
    assert len(as_target(long, RATE, RATE, FRAMES, HOP)) == FRAMES


def test_what_ends_is() -> None:
    ended = tone(0.5)
    assert not sounds_to_the_end(ended, RATE)
    target = as_target(ended, RATE, RATE, FRAMES, HOP)
    assert len(target) == FRAMES
    assert not target[len(ended) :].any()
    assert not sounds_to_the_end(np.concatenate([tone()[:9000], np.zeros(3000, np.float32)]), RATE)
    assert not sounds_to_the_end(np.zeros(0, np.float32), RATE)


def test_only_the_beginning_of_a_long_recording_is_touched() -> None:
    whole = np.zeros((2, 3600 * RATE), np.float32)  # pages that nobody touches take no memory
    whole[:, 70 * RATE : 70 * RATE + 6 * RATE] = np.tile(tone(), 4)
    tracemalloc.start()
    target = as_target(whole, RATE, RATE, FRAMES, HOP)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100e6, "and not the gigabytes of its copies"
    assert np.array_equal(target, as_target(np.tile(tone(), 4), RATE, RATE, FRAMES, HOP))


def test_a_floor_may_last_for_ten_seconds() -> None:
    for before_s, found in ((9.0, True), (14.0, False)):
        sound = late(tone(), before_s)
        target = as_target(sound + hiss(len(sound), -46), RATE, RATE, FRAMES, HOP)
        assert (np.abs(target[:5000]).max() > 0.2) == found
