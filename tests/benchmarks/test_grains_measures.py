"""The measures of hits on sounds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.grains.kits import class_of
from benchmarks.grains.measures import SAMPLE_RATE, Reference, attack_s, pre_echo_db


def burst(at_s: float, length_s: float = 0.5, seed: int = 0) -> np.ndarray:
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(seed).normal(0, 0.2, len(time))
    return np.where(time >= at_s, noise * np.exp(-(time - at_s) * 20), 0.0).astype(np.float32)


def test_a_sound_is_no_way_from_itself_and_a_gain_is_as_far_as_it_is() -> None:
    sound = burst(0.0)
    reference = Reference.of(sound)
    assert reference.distances(sound) == (0.0, 0.0)
    lsd, mel = reference.distances(sound * 2)
    assert lsd == pytest.approx(6.02, abs=0.1)
    assert mel == pytest.approx(6.02, abs=0.1)


def test_two_draws_of_noise_differ_by_what_is_known_of_noise() -> None:
    # The level of a bin of noise in dB has a standard deviation of 5.57; two differ by the root of 2 times that.
    lsd, mel = Reference.of(burst(0.0, 2.0, 1)).distances(burst(0.0, 2.0, 2))
    assert lsd == pytest.approx(7.9, abs=0.4)
    assert mel < lsd


def test_silence_is_compared_down_to_the_floor_alone() -> None:
    lsd, _ = Reference.of(burst(0.0)).distances(np.zeros(100, np.float32))
    assert 20 < lsd < 80


@pytest.mark.parametrize("at_s", [0.02, 0.1])
def test_an_attack_is_found_within_a_millisecond(at_s: float) -> None:
    assert attack_s(burst(at_s)) == pytest.approx(at_s, abs=0.001)


def test_pre_echo_is_what_comes_before() -> None:
    sound = burst(0.05)
    assert pre_echo_db(sound) == -120.0
    hum = 0.01 * np.sin(np.arange(len(sound)) * 0.05)
    level = 10 * np.log10(np.mean(hum**2) / np.mean(sound[round(0.05 * SAMPLE_RATE) :][:353] ** 2))
    assert pre_echo_db(sound + hum.astype(np.float32)) == pytest.approx(level, abs=2.0)
    assert pre_echo_db(sound, 0.056) > -20.0  # the sound has begun already 6 ms before this attack
    with pytest.raises(ValueError, match="needed is silence of 8 ms"):
        pre_echo_db(burst(0.001))


@pytest.mark.parametrize(
    ("name", "label"),
    [("Snare Rimshot", "rimshot"), ("Stick", "sidestick"), ("Pedal HH", "closed-hat"), ("Floor Tom", "tom"),
     ("b3 - bass drum 1", "kick"), ("Hat Semi-Open", "open-hat"), ("Hand Clap", ""), ("Cowbell", ""), ("Bell", "ride")],
)  # fmt: skip
def test_instruments_are_of_the_class_that_their_names_say(name: str, label: str) -> None:
    assert class_of(name) == label
