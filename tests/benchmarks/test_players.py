"""Baselines of the benchmarks, and how they time and judge, on synthetic sounds."""

import numpy as np
import pytest

from benchmarks.common.loudness import a_weighted_loudness_db
from benchmarks.common.report import plain
from benchmarks.pitch.octave_steps import OctaveStep, synthetic_steps
from benchmarks.pitch.pitch_latency import settling_time_s
from benchmarks.pitch.tracking import PitchTrack
from benchmarks.timbre.classifier import RANGE_DB, as_shown, features
from benchmarks.timbre.full_strength import full_strength
from benchmarks.timbre.mean_spectrum import N_BANDS, N_HARMONICS, MeanSpectrum, play_recording
from brainsynth import Model, calibrate
from plugin_host.effects.calibration import listen

RATE = 48000


class Follower:
    """Says the old pitch until some time after the step, then the new one, with a relapse if wanted."""

    name = "follower"
    identity = None
    look_ahead_s = 0.01

    def __init__(self, step: OctaveStep, after_s: float, relapse_s: float = 9.0) -> None:
        self._step, self._after_s, self._relapse_s = step, after_s, relapse_s

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        times_s = np.arange(0.0, audio.size / RATE, 0.001)
        late_s = times_s - self._step.step_s
        right = (late_s >= self._after_s) & (np.abs(late_s - self._relapse_s) > 0.002)
        return PitchTrack(times_s, self._step.f0_hz * np.where(right, 1.0, 2.0), np.ones_like(times_s))


@pytest.fixture
def step() -> OctaveStep:
    return next(synthetic_steps(1, seed=3))


def test_a_step_is_an_octave_at_the_given_time() -> None:
    for found in synthetic_steps(8):
        middle = round(found.step_s * RATE)
        before, after = found.audio[middle - 9600 : middle], found.audio[middle : middle + 9600]
        periods = [_period_hz(part, found.f0_hz) for part in (before, after)]
        assert periods[1] == pytest.approx(found.f0_hz, rel=0.02)
        assert abs(np.log2(periods[0] / periods[1])) == pytest.approx(1.0, abs=0.03)


def _period_hz(part: np.ndarray, near_hz: float) -> float:
    correlation = np.fft.irfft(np.abs(np.fft.rfft(part, 2 * part.size)) ** 2)[: part.size]
    lags = np.arange(int(RATE / near_hz / 2.3), int(RATE / near_hz * 2.3))
    # The shortest lag that is nearly as good as the best, for two periods fit as well as one.
    good = lags[correlation[lags] > 0.9 * correlation[lags].max()]
    peak = good[: np.flatnonzero(np.diff(good) > 1)[0] + 1] if np.any(np.diff(good) > 1) else good
    return RATE / peak[np.argmax(correlation[peak])]


def test_settling_time_includes_the_look_ahead(step: OctaveStep) -> None:
    assert settling_time_s(Follower(step, 0.02), step) == pytest.approx(0.03, abs=0.002)


def test_settling_waits_for_the_last_relapse(step: OctaveStep) -> None:
    assert settling_time_s(Follower(step, 0.02, relapse_s=0.1), step) == pytest.approx(0.113, abs=0.002)
    assert settling_time_s(Follower(step, 1.0), step) == np.inf


def test_the_baseline_follows_pitch_and_loudness() -> None:
    harmonics = np.zeros(N_HARMONICS)
    harmonics[:3] = (0.8, 0.5, 0.3)
    spectrum = MeanSpectrum(harmonics, np.full(N_BANDS, 1e-9))
    time_s = np.arange(RATE // 2) / RATE
    sound = np.sin(2 * np.pi * 900.0 * time_s) * np.linspace(0.02, 0.2, time_s.size)
    pitch = PitchTrack(np.array([0.0, 0.5]), np.array([300.0, 300.0]), np.ones(2))
    played = play_recording(spectrum, sound, pitch, gain_db=6.0)
    wanted, has = (a_weighted_loudness_db(audio, RATE, 480, 2048)[5:-5] for audio in (sound, played))
    assert has - wanted == pytest.approx(6.0, abs=0.5)
    level = np.abs(np.fft.rfft(played * np.hanning(played.size)))
    assert np.argmax(level) * RATE / played.size == pytest.approx(300.0, abs=2.0)


def test_the_classifier_sees_no_level_and_no_rumble() -> None:
    time_s = np.arange(RATE // 2) / RATE
    note = np.sum([np.sin(2 * np.pi * 440.0 * k * time_s) / k for k in range(1, 8)], axis=0)
    rumble = 0.3 * np.sin(2 * np.pi * 40.0 * time_s)
    shown = as_shown(features(0.1 * note, RATE)[None])
    assert shown.max() == 1.0
    assert shown.min() == 0.0
    assert np.allclose(shown, as_shown(features(0.001 * note, RATE)[None]), atol=1e-4)
    difference = np.abs(shown - as_shown(features(0.1 * (note + rumble), RATE)[None]))[:, :, 5:-5]
    assert difference.max() * RANGE_DB < 1.0


def test_nan_and_infinity_become_null() -> None:
    assert plain({"a": [np.float32(0.5), float("nan"), np.inf], "b": "c"}) == {
        "a": [0.5, None, None],
        "b": "c",
    }


@pytest.mark.parametrize(("level", "is_steady"), [(0.01, True), (0.1, True), (0.1, False)])
def test_instruments_are_judged_in_their_register_and_at_full_strength(level: float, is_steady: bool) -> None:
    model, analyzer = Model("cello"), Model("pitch")
    phase = 2 * np.pi * 880 * np.arange(2 * RATE) / RATE
    swell = 1.0 if is_steady else np.repeat([0.1, 1.0], [int(1.6 * RATE), int(0.4 * RATE)])
    note = (level * swell * (np.sin(phase) + 0.5 * np.sin(2 * phase))).astype(np.float32)
    assert calibrate(model, note, RATE, analyzer)["octave"] == 0
    settings = full_strength(model, note, analyzer)
    heard_db = listen(analyzer, note, RATE).loudness_db + settings["loudness_gain"]
    high = model.document.trained["loudness_db"].high
    assert settings["octave"] == -3
    assert settings["noise_gate"] == calibrate(model, note, RATE, analyzer)["noise_gate"]
    if is_steady:
        assert np.median(heard_db) == pytest.approx(high, abs=0.1)
    else:
        assert np.percentile(heard_db, 95) == pytest.approx(high + 3, abs=0.1)
