"""Losses: how far a sound, or a decoder's amplitudes, are from what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ..analysis.loudness import a_weighting_gain

FFT_SIZES = (2048, 1024, 512, 256, 128, 64)
AUDIBLE_NEPERS = -7.0  # -61 dB


@cache
def _hann(n_fft: int, device: torch.device) -> Tensor:
    return torch.hann_window(n_fft, device=device)


def magnitude_spectrogram(x: Tensor, n_fft: int) -> Tensor:
    """Magnitudes (B, bins, frames) of (B, T) with a Hann window of ``n_fft`` and three quarters overlap."""
    spectrum = torch.stft(x, n_fft, n_fft // 4, window=_hann(n_fft, x.device), return_complex=True)
    # The gradient of a magnitude is not finite at zero.
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-10).sqrt()


def multi_scale_spectral_loss(x: Tensor, y: Tensor, sizes: Sequence[int] = FFT_SIZES) -> Tensor:
    """Mean absolute difference of magnitudes plus that of their logarithms, over several FFT sizes.

    Engel et al. 2020, section 3.5; Wang, Takaki and Yamagishi 2019.

    Parameters
    ----------
    x, y : (B, T)
        The sound made and the sound wanted.
    sizes : FFT sizes in samples.
    """
    total = x.new_zeros(())
    for n_fft in sizes:
        made, wanted = magnitude_spectrogram(x, n_fft), magnitude_spectrogram(y, n_fft)
        total = total + (made - wanted).abs().mean() + (_level(made) - _level(wanted)).abs().mean()
    return total / len(sizes)


def _level(magnitude: Tensor) -> Tensor:
    # What lies 100 dB below a full-scale bin is silence, whatever its ratio.
    return (magnitude + 1e-4).log()


def loudness_nepers(x: Tensor, sample_rate: int, n_fft: int = 1024) -> Tensor:
    """A-weighted level of (B, T) in windows of ``n_fft``, a quarter apart: (B, frames) nepers, at least -11.5 (-100 dB)."""
    power = magnitude_spectrogram(x, n_fft).square()
    weight = _a_weighting(n_fft, sample_rate, x.device)
    return 0.5 * (torch.einsum("bkn,k->bn", power, weight) + 1e-10).log()


@cache
def _a_weighting(n_fft: int, sample_rate: int, device: torch.device) -> Tensor:
    gain = a_weighting_gain(np.fft.rfftfreq(n_fft, 1 / sample_rate))
    # Both sides of the spectrum, and the window's own energy.
    scale = 2.0 / (n_fft * float(_hann(n_fft, torch.device("cpu")).square().sum()))
    return torch.from_numpy(gain**2 * scale).float().to(device)


def loudness_loss(made: Tensor, wanted: Tensor, change: Tensor, sample_rate: int) -> Tensor:
    """Mean absolute difference in nepers of the loudness of ``made`` from that of ``wanted`` plus a change.

    Parameters
    ----------
    made, wanted : (B, T)
    change : (B, 1) nepers
    """
    level = loudness_nepers(wanted, sample_rate)
    audible = (level > AUDIBLE_NEPERS).float()
    difference = (loudness_nepers(made, sample_rate) - level - change).abs()
    return (difference * audible).sum() / audible.sum().clamp_min(1.0)


def level_loss(made: Tensor, wanted: Tensor, audible: Tensor, range_nepers: float = 8.0) -> Tensor:
    """Mean absolute difference of log amplitudes, of those within ``range_nepers`` of each frame's strongest.

    Parameters
    ----------
    made, wanted : (B, N, K) nepers
    audible : (B, N, 1) or (B, N, K) weights
    """
    floor = wanted.amax(-1, keepdim=True) - range_nepers
    difference = (torch.maximum(made, floor) - torch.maximum(wanted, floor)).abs()
    return (difference * audible).mean()
