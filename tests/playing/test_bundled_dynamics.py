"""The instruments at levels that nobody played: a tone is as bright as the softest or the loudest that was recorded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from brainsynth import Model

TONES = [
    ("cello", 150.0),
    ("cello", 400.0),
    ("clarinet", 300.0),
    ("flute", 400.0),
    ("flute", 1200.0),
    ("french-horn", 200.0),
    ("oboe", 500.0),
    ("saxophone", 250.0),
    ("trombone", 150.0),
]
SOFTEST_DB, SOFT_DB, LOUD_DB, LOUDEST_DB = -54.0, -48.0, -18.0, -12.0


@pytest.mark.parametrize(("instrument", "f0_hz"), TONES)
def test_beyond_what_was_played_a_tone_keeps_its_timbre(instrument: str, f0_hz: float) -> None:
    model = Model(f"{instrument}.decoder")
    softest, soft, loud, loudest = (
        _brightness_db(_tone(model, f0_hz, level)) for level in (SOFTEST_DB, SOFT_DB, LOUD_DB, LOUDEST_DB)
    )
    assert softest == pytest.approx(soft, abs=2.0)
    assert loudest == pytest.approx(loud, abs=2.0)


@pytest.mark.parametrize("instrument", ["cello", "clarinet", "french-horn", "saxophone", "trombone"])
def test_soft_tones_are_darker(instrument: str) -> None:
    model = Model(f"{instrument}.decoder")
    f0_hz = dict(TONES[:1] + TONES[2:])[instrument]
    soft, loud = (_brightness_db(_tone(model, f0_hz, level)) for level in (SOFT_DB, LOUD_DB))
    assert soft < loud - 6.0


def _tone(model: Model, f0_hz: float, loudness_db: float) -> NDArray[np.floating]:
    stream = model.stream(48000)
    return stream.generate(72_000, f0_hz=f0_hz, loudness_db=loudness_db, voicing=1.0, life=0.0)[0, 24_000:]


def _brightness_db(sound: NDArray[np.floating]) -> float:
    """Give the energy from 1.4 to 11 kHz beside that below."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / 48000)
    high, low = power[(hz > 1400) & (hz < 11000)].sum(), power[(hz > 50) & (hz < 1400)].sum()
    return float(10 * np.log10(high / low))
