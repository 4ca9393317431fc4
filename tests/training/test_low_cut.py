"""Rumble below the lowest note is cut, the note is not, and nothing is moved."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.low_cut import high_passed, lowest_pitch_hz

RATE = 48000


def sine(hertz: float) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE)).astype(np.float32)


def test_it_cuts_what_is_below_and_delays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gain_db(hertz: float) -> float:
        inside = slice(RATE // 2, -RATE // 2)
        return float(20 * np.log10(high_passed(sine(hertz), RATE, 180.0)[inside].std() / sine(hertz).std()))

    assert gain_db(180.0) == pytest.approx(-6.0, abs=0.1)
    assert gain_db(360.0) == pytest.approx(0.0, abs=0.1)
    assert gain_db(90.0) < -45
    assert gain_db(50.0) < -80
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1.0
    made = high_passed(click, RATE, 180.0)
    assert made.argmax() == RATE // 2
    np.testing.assert_allclose(made[RATE // 2 :], made[RATE // 2 :: -1][: RATE // 2], atol=1e-6)
    assert np.abs(high_passed(np.full(RATE, 0.3, np.float32), RATE, 180.0)).max() < 1e-6
    whole = high_passed(sine(300.0), RATE, 180.0)
    monkeypatch.setattr("training.data.low_cut.BLOCK", 1000)
    np.testing.assert_array_equal(high_passed(sine(300.0), RATE, 180.0), whole)


def test_the_lowest_note_is_one_that_lasts_and_is_sure() -> None:
    f0_hz = np.full(4000, 440.0)
    voicing, below = np.ones(4000), np.zeros(4000)
    f0_hz[:20] = 55.0  # a tracker's slip
    f0_hz[100:300], voicing[100:300] = 82.0, 0.6  # in doubt
    f0_hz[300:500], below[300:500] = 98.0, 45.0  # faint
    f0_hz[500:650] = 110.0
    found = lowest_pitch_hz(f0_hz, voicing, below, 375.0)
    assert found == pytest.approx(110.0 * 2 ** (-0.5 / 12))
    assert lowest_pitch_hz(f0_hz, np.zeros(4000), below, 375.0) is None
