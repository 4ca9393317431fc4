"""Measures of the LPC model: known filters, known differences, known errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from benchmarks.lpc.lpc_measures import (
    compare,
    envelope_db,
    largest_radius,
    log_spectral_distance,
    pitch_and_voicing,
    predict_linearly,
    step_up,
)

POLES = 0.95 * np.exp(1j * np.linspace(0.3, 2.8, 8))
FILTER = np.asarray(np.poly(np.concatenate([POLES, POLES.conj()])).real, np.float64)


def test_linear_prediction_finds_the_filter_and_level_of_noise() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(60_000)
    sound = np.asarray(signal.lfilter([1], FILTER, noise))
    a, gain_db = predict_linearly(sound, np.array([30_000, 40_000]), 20_000)
    assert gain_db == pytest.approx([-40, -40], abs=0.3)
    assert log_spectral_distance(envelope_db(a), envelope_db(FILTER)).max() < 0.5
    ahead, _ = predict_linearly(sound, np.array([100]), 2048)
    assert np.isfinite(ahead).all()
    assert predict_linearly(np.zeros(4096), np.array([2000]), 512)[0][0].tolist() == [1.0] + 16 * [0.0]


def test_reflection_coefficients_become_the_polynomial() -> None:
    reflections = np.array([[0.5, -0.3]])
    assert step_up(reflections)[0] == pytest.approx([1.0, 0.5 + 0.5 * -0.3, -0.3])
    assert largest_radius(step_up(np.array([[0.2, 0.9], [0.0, 0.25]]))) == pytest.approx(np.sqrt(0.9))
    assert largest_radius(np.array([[1.0, -1.1]])) == pytest.approx(1.1)


def test_distance_is_a_root_mean_square_in_db() -> None:
    assert log_spectral_distance(np.zeros(257), np.full(257, 3.0)) == pytest.approx(3.0)
    half = np.concatenate([np.zeros(128), np.full(128, 2.0)])
    assert log_spectral_distance(half, np.zeros(256)) == pytest.approx(np.sqrt(2))
    assert envelope_db(np.array([1.0, -0.9]))[[0, -1]] == pytest.approx([20.0, -20 * np.log10(1.9)])


def test_comparison_is_paired() -> None:
    random = np.random.default_rng(0)
    theirs = random.uniform(1, 5, 100)
    better = compare(theirs - 0.1, theirs)
    assert better["difference"] == pytest.approx(-0.1)
    assert better["p"] < 1e-10
    assert better["ours_low"] < better["ours"] < better["ours_high"]
    assert compare(theirs + 0.1, theirs)["p"] > 0.99
    assert compare(random.permutation(theirs), theirs)["p"] > 0.01


def test_pitch_and_voicing_errors_are_counted_where_they_are_defined() -> None:
    share = np.array([[0.9, 0.9, 0.9, 0.9, 0.1, 0.5]])
    true = np.full((1, 6), 200.0)
    found_hz = np.array([[200.0, 201.0, 400.0, 230.0, 700.0, 200.0]])
    found = pitch_and_voicing(
        {"f0_hz": found_hz, "voicing": np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.4]])}, true, share
    )
    assert found["within_50_cents"] == pytest.approx(60)
    assert found["octave_errors"] == pytest.approx(20)
    assert found["voicing_wrong"] == pytest.approx(20)
    assert found["voicing_error"] == pytest.approx(np.mean([0.1, 0.1, 0.1, 0.9, 0.1, 0.1]))
