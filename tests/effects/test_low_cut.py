"""The low cut: rumble goes, notes stay, nothing is late; by hand, and as calibration finds it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from plugin_host.effects.calibration import listen, suited_low_cut_hz
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import StreamError
from plugin_host.playing.model import Model
from tests.conftest import Command
from tests.support import tiny_models
from tests.support.sound_files import read_sound, write_sound
from tests.support.tiny_models import SAMPLE_RATE, load

Audio = NDArray[np.float32]


def noise(length: int, channels: int = 2) -> Audio:
    return np.random.default_rng(0).uniform(-0.3, 0.3, (channels, length)).astype(np.float32)


def tone(f0_hz: float, seconds: float = 1.0) -> Audio:
    phase = 2 * np.pi * f0_hz * np.arange(int(SAMPLE_RATE * seconds)) / SAMPLE_RATE
    partials = np.arange(1, 6)[:, None]
    return (0.1 * np.sum(np.sin(partials * phase) / partials, axis=0, keepdims=True)).astype(np.float32)


def under_db(sound: NDArray[np.floating], f_hz: float) -> float:
    """Give how much lies below a frequency, in dB of the whole."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    below = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE) < f_hz
    return 10 * float(np.log10(power[below].sum() / power.sum()))


@pytest.mark.parametrize("corner_hz", [30, 205.3, 4000])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 192_000])
def test_it_is_a_butterworth_filter_of_the_fourth_order(corner_hz: float, rate: int) -> None:
    model = load(tiny_models.gain_effect())
    effect = NeuralEffect(model, low_cut_hz=corner_hz)
    audio = noise(20_000)
    wet = NeuralEffect(model)(audio, rate)
    expected = sosfilt(butter(4, corner_hz, "highpass", fs=rate, output="sos"), wet)
    np.testing.assert_allclose(effect(audio, rate), expected, atol=1e-5)


@pytest.mark.parametrize("sizes", [[64], [441], [1, 100, 3000]], ids=str)
def test_blocks_equal_the_whole_and_only_the_wet_part_is_cut(sizes: list[int]) -> None:
    model = load(tiny_models.leaky_effect())
    effect = NeuralEffect(model, mix=0.6, low_cut_hz=150)
    audio = noise(6000)
    whole = effect(audio, SAMPLE_RATE)
    assert effect.latency_samples == NeuralEffect(model).latency_samples == 63
    effect.reset()
    parts, start = [], 0
    padded = np.pad(audio, ((0, 0), (0, 63)))
    while start < padded.shape[1]:
        block = padded[:, start : start + sizes[len(parts) % len(sizes)]]
        parts.append(effect.process(block, SAMPLE_RATE, reset=False))
        start += block.shape[1]
    np.testing.assert_allclose(np.concatenate(parts, axis=1)[:, 63:], whole, rtol=0, atol=2e-6)
    wet = NeuralEffect(model, low_cut_hz=150)(audio, SAMPLE_RATE)
    np.testing.assert_allclose(whole, 0.6 * wet + 0.4 * audio, atol=1e-6)


@pytest.mark.parametrize("corner_hz", [-1, 5, 1e5, float("nan"), "low", None, True])
def test_a_corner_that_cannot_be_is_refused(corner_hz: Any) -> None:
    with pytest.raises(StreamError, match="takes a low_cut_hz from 10 to 20000 Hz, or 0 for none"):
        NeuralEffect(load(tiny_models.gain_effect()), low_cut_hz=corner_hz)


def test_a_calibrated_flute_is_cut_below_its_notes_and_these_stay(
    tmp_path: Path, brainsynth: Command
) -> None:
    write_sound(tmp_path / "in.wav", tone(440, 2.0))
    report = tmp_path / "report.json"
    call = ("process", tmp_path / "in.wav", "-m", "flute", "--auto", "-j", 1, "--if-exists", "overwrite")
    sounds, corners = [], []
    for options in (("--low-cut", 0), ()):
        ended = brainsynth(*call, "-o", tmp_path / "out.wav", "--report", report, *options)
        assert ended.code == 0, ended.err
        (entry,) = json.loads(report.read_text())["files"]
        corners.append(entry["low_cut_hz"])
        sounds.append(read_sound(tmp_path / "out.wav")[0][0, 12_000:])
    lowest = Model("flute").document.trained["f0_hz"].low
    assert corners == [0, pytest.approx(lowest / np.sqrt(2), abs=0.1)]
    before, after = (under_db(sound, 120) for sound in sounds)
    assert after <= before
    levels = [np.sqrt(np.mean(np.square(sound))) for sound in sounds]
    assert levels[1] == pytest.approx(levels[0], rel=0.03)


def test_notes_below_what_was_learned_are_not_cut() -> None:
    heard = listen(Model("pitch"), tone(220), SAMPLE_RATE)
    flute = Model("flute")
    assert suited_low_cut_hz(flute, heard, {"octave": -1}) == pytest.approx(110 / np.sqrt(2), rel=0.03)
    shifted = suited_low_cut_hz(flute, heard, {"octave": -1, "pitch_shift": 3})
    assert shifted == pytest.approx(110 * 2 ** (3 / 12) / np.sqrt(2), rel=0.03)
    assert suited_low_cut_hz(flute, heard, {"octave": -4, "pitch_shift": -12}) == 0
