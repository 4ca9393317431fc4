"""The tracker without weights: the contract, and known pitches."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.pitch.autocorrelation import (
    AutocorrelationAnalyzer,
    NormalisedAutocorrelation,
    PeriodPicker,
    highpass_response,
    interpolation,
)
from tests.contract import check_block, check_model

HOP, RATE = 128, 48000


def tone(f0_hz: float, frames: int, harmonics: int = 6) -> Tensor:
    time = torch.arange(frames * HOP).double() / RATE
    sound = sum(torch.sin(2 * math.pi * k * f0_hz * time + k) / k for k in range(1, harmonics + 1))
    return 0.1 * torch.as_tensor(sound).float()[None, None]


@torch.no_grad()
def analyze(audio: Tensor) -> dict[str, np.ndarray]:
    analyzer = AutocorrelationAnalyzer().eval()
    values, _ = analyzer({"audio": audio}, analyzer.initial_state(1))
    return {name.removeprefix("control."): value[0].numpy() for name, value in values.items()}


@pytest.mark.slow
def test_it_keeps_the_contract(tmp_path: Path) -> None:
    torch.manual_seed(3)
    check_block(NormalisedAutocorrelation(32), torch.randn(2, 40, 32), 1e-5)
    check_model(AutocorrelationAnalyzer(), tmp_path, frames=60, engines=1e-4)


@pytest.mark.parametrize("f0_hz", [55.0, 110.0, 196.0, 440.0, 987.8, 1760.0, 2637.0])
def test_a_known_pitch_is_found(f0_hz: float) -> None:
    found = analyze(tone(f0_hz, 100))
    cents = 1200 * np.log2(found["f0_hz"][50:] / f0_hz)
    assert np.abs(cents).max() < 8
    assert found["voicing"][50:].min() > 0.9


def test_noise_and_silence_have_no_pitch() -> None:
    torch.manual_seed(4)
    found = analyze(torch.cat([0.1 * torch.randn(1, 1, 200 * HOP), torch.zeros(1, 1, 60 * HOP)], 2))
    assert (found["voicing"][20:200] < 0.5).mean() > 0.9
    assert found["voicing"][230:].max() < 0.5


def test_autocorrelation_is_the_definition() -> None:
    torch.manual_seed(5)
    x = torch.randn(1, 30, 32)
    block = NormalisedAutocorrelation(32)
    y, _ = block(x, block.initial_state(1))
    samples = x.flatten().double().numpy()
    for lag, length in ((0, 192), (5, 192), (100, 192), (224, 224)):
        now, earlier = samples[-length:], samples[len(samples) - length - lag : len(samples) - lag]
        expected = 2 * now @ earlier / (now @ now + earlier @ earlier)
        assert y[0, -1, lag].item() == pytest.approx(expected, abs=1e-5)


def test_the_first_of_equal_peaks_is_the_period() -> None:
    lags = torch.arange(293).double()
    heights = 0.95 * torch.cos(2 * math.pi * lags / 37.3).float()[None, None]
    period, height = PeriodPicker()(heights)
    assert period.item() == pytest.approx(37.3, abs=0.05)
    assert height.item() == pytest.approx(0.95, abs=1e-3)


def test_interpolation_of_an_even_function() -> None:
    positions = torch.arange(3.5, 12, 0.25)
    matrix = interpolation(positions, 8)
    values = torch.cos(0.9 * torch.arange(len(matrix)))
    torch.testing.assert_close(values @ matrix, torch.cos(0.9 * positions), atol=0.01, rtol=0)


def test_highpass_response() -> None:
    gain = np.abs(np.fft.rfft(highpass_response(120.0, RATE, RATE // 10), RATE))
    for frequency in (30, 120, 1000):
        expected = 1 / math.sqrt(1 + (120 / frequency) ** 4)
        assert gain[frequency] == pytest.approx(expected, abs=0.001)
