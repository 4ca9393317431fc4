"""Losses on sounds whose distance is known."""

import math

import pytest
import torch

from training.loop.spectral_losses import loudness_loss, loudness_nepers, multi_scale_spectral_loss

RATE = 48000
NEPER_DB = 20 / math.log(10)


def sine(hz: float, amplitude: float, length: int = RATE // 2) -> torch.Tensor:
    return (amplitude * torch.sin(2 * math.pi * hz * torch.arange(length) / RATE))[None]


@pytest.mark.parametrize(("hz", "weighting_db"), [(1000.0, 0.0), (100.0, -19.1), (10000.0, -2.5)])
def test_loudness_is_the_a_weighted_mean_square(hz: float, weighting_db: float) -> None:
    found = loudness_nepers(sine(hz, 0.5), RATE)[0, 10:-10] * NEPER_DB
    # IEC 61672-1 gives the weighting at these frequencies; half of 0.5 squared is -9.03 dB.
    torch.testing.assert_close(found, torch.full_like(found, -9.03 + weighting_db), atol=1.0, rtol=0)


def test_silence_is_a_hundred_decibels_down() -> None:
    found = loudness_nepers(torch.zeros(1, 4096), RATE) * NEPER_DB
    torch.testing.assert_close(found, torch.full_like(found, -100.0), atol=0.1, rtol=0)


def test_the_loudness_asked_for_costs_nothing_and_another_does() -> None:
    wanted, change = sine(440.0, 0.1), torch.full((1, 1), math.log(2.0))
    assert loudness_loss(2 * wanted, wanted, change, RATE) < 1e-4
    assert loudness_loss(wanted, wanted, change, RATE) == pytest.approx(math.log(2.0), rel=1e-3)
    other_timbre = sine(880.0, 0.1)
    weighting = loudness_nepers(other_timbre, RATE) - loudness_nepers(wanted, RATE)
    assert loudness_loss(other_timbre, wanted, weighting[:, 20:21], RATE) < 1e-2


def test_what_is_inaudible_does_not_count() -> None:
    faint = sine(440.0, 1e-5)
    assert loudness_loss(torch.zeros_like(faint), faint, torch.zeros(1, 1), RATE) == 0.0


def test_spectra_alike_cost_nothing_and_noise_costs_more_than_a_small_change() -> None:
    tone, noise = (
        sine(440.0, 0.1),
        0.1 * torch.randn(1, RATE // 2, generator=torch.Generator().manual_seed(1)),
    )
    assert multi_scale_spectral_loss(tone, tone) == 0.0
    assert multi_scale_spectral_loss(0.9 * tone, tone) < 0.2 * multi_scale_spectral_loss(noise, tone)
