"""Measures of onsets, of ten minutes and of speed, where the answer is known."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.host.compute import block_figures, file_speed
from benchmarks.host.ten_minutes import differences, largest_by_minute
from benchmarks.timbre.onset_latency import (
    SILENCE_S,
    after_silence,
    figures,
    onset_latencies_s,
    play_through,
    rise_time_s,
    synthetic_onsets,
)
from brainsynth import Model
from plugin_host.showing.block_timing import bench

RATE = 48000


def tone(duration_s: float = 0.6) -> np.ndarray:
    return np.sin(2 * np.pi * 1000.0 * np.arange(round(duration_s * RATE)) / RATE)


def test_a_rise_is_found_at_its_level() -> None:
    swelling = tone() * np.minimum(1.0, np.arange(round(0.6 * RATE)) / (0.1 * RATE))
    sound = after_silence(swelling)
    # A linear swell over 100 ms is 20 dB below its end after 10 ms, 10 dB below after 31.6; the 2 ms lag by one.
    assert rise_time_s(sound, 20.0) == pytest.approx(0.011, abs=0.001)
    assert rise_time_s(sound, 10.0) == pytest.approx(0.0326, abs=0.001)
    assert rise_time_s(np.zeros_like(sound), 20.0) == float("inf")


def test_a_delay_is_the_latency() -> None:
    source = after_silence(tone())
    played = np.roll(0.3 * source, 480)
    assert onset_latencies_s(source, played) == pytest.approx([0.01, 0.01], abs=1e-4)
    assert onset_latencies_s(source, np.zeros_like(source)) == [float("inf"), float("inf")]
    assert np.isnan(onset_latencies_s(np.zeros_like(source), source)).all()


def test_figures_of_onsets() -> None:
    found = figures([[0.001 * n, 0.002 * n] for n in range(99)] + [[float("inf"), float("nan")]])
    assert found["onsets"] == 100
    assert found["median_ms_20dB"] == pytest.approx(50.0)
    assert found["p95_ms_10dB"] == pytest.approx(188.0)
    assert (found["never_percent_20dB"], found["never_percent_10dB"]) == (1.0, 0.0)


def test_synthetic_onsets_begin_when_they_should() -> None:
    for sound in synthetic_onsets(5, seed=1):
        assert not sound[: round(SILENCE_S * RATE)].any()
        assert 0.0 <= rise_time_s(sound, 20.0) < 0.004
        assert np.isfinite(sound).all()


def test_an_effect_plays_in_blocks() -> None:
    sound = next(synthetic_onsets(1))
    played = play_through(Model("cello"), sound)
    assert played is not None
    assert played.size == sound.size // 128 * 128
    assert np.abs(played[round(SILENCE_S * RATE) :]).max() > 10 * np.abs(played[: round(0.4 * RATE)]).max()
    assert play_through(Model("cello"), np.zeros(RATE, np.float32)) is None


def test_differences_are_sorted_by_minute() -> None:
    wanted = np.full((1, 250), 100.0, np.float32)
    found = wanted.copy()
    found[0, [10, 120, 240]] += [0.5, 1.0, 2.0]
    assert largest_by_minute(differences(found, wanted), 100) == pytest.approx([0.5, 1.0, 2.0])
    assert largest_by_minute(differences(found, wanted, relative=True), 200) == pytest.approx([0.01, 0.02])
    assert differences(np.array([0.5]), np.array([0.25]), relative=True) == 0.25
    assert differences(np.array([np.nan]), np.array([1.0]))[0] == np.inf
    with pytest.raises(ValueError, match="cannot be compared"):
        differences(found, wanted[:, :100])


@pytest.mark.parametrize("name", ["gain", "rms", "sine"])
def test_speed_of_every_role(name: str, models: Path) -> None:
    model = Model(models / f"{name}.onnx")
    assert 0 < file_speed(model, duration_s=0.5, turns=1) < float("inf")
    timing = bench(model, 128, RATE, 0.2)
    found = block_figures(timing)
    assert found["share_percent"] == pytest.approx(found["median_us"] / (128 / RATE * 1e6) * 100)
    assert found["blocks"] == 75
