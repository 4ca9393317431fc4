"""What a listener says of a one-shot, as numbers measured from its sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .voice import SAMPLE_RATE

N_FFT, HOP_LENGTH = 1024, 256
FALL_DB = 20.0
LOW_HZ, HIGH_HZ = 150.0, 2000.0
CLICK_S = 0.008
FLATNESS_HZ = (200.0, 16000.0)
SILENT = 1e-12


def _spectrum(sound: Tensor) -> Tensor:
    """Power (B, bins, frames) of sounds (B, T)."""
    window = torch.hann_window(N_FFT, device=sound.device)
    return torch.stft(sound, N_FFT, HOP_LENGTH, window=window, return_complex=True).abs().square()


def _f_hz() -> Tensor:
    return torch.arange(N_FFT // 2 + 1) * (SAMPLE_RATE / N_FFT)


def _db(share: Tensor) -> Tensor:
    return 10.0 * share.clamp_min(SILENT).log10()


def decay(sound: Tensor) -> Tensor:
    """Time in octaves of a second until all but a hundredth of the energy is over (Schroeder 1965)."""
    energy = sound.square().cumsum(1)
    left = 1.0 - energy / energy[:, -1:].clamp_min(SILENT)
    return ((left > 10 ** (-FALL_DB / 10)).sum(1) / SAMPLE_RATE).clamp_min(1e-4).log2()


def brightness(sound: Tensor) -> Tensor:
    """Middle of the spectrum in octaves above 1 Hz, by power."""
    power = _spectrum(sound).sum(2)
    return ((power * _f_hz()).sum(1) / power.sum(1).clamp_min(SILENT)).clamp_min(1.0).log2()


def low_end(sound: Tensor) -> Tensor:
    """Power below 150 Hz as a share of all, in dB."""
    power = _spectrum(sound).sum(2)
    return _db(power[:, _f_hz() < LOW_HZ].sum(1) / power.sum(1).clamp_min(SILENT))


def click(sound: Tensor) -> Tensor:
    """Power above 2 kHz in the first 8 ms beside the whole sound's, in dB."""
    first = sound[:, : round(CLICK_S * SAMPLE_RATE)]
    spectrum = torch.fft.rfft(first).abs().square()
    f_hz = torch.arange(spectrum.shape[1]) * (SAMPLE_RATE / first.shape[1])
    high = spectrum[:, f_hz > HIGH_HZ].sum(1) * 2.0 / first.shape[1]
    return _db(high / sound.square().sum(1).clamp_min(SILENT))


def noise(sound: Tensor) -> Tensor:
    """Flatness of the spectrum from 200 Hz to 16 kHz in dB, of moments by their power: 0 is white noise."""
    inside = (_f_hz() >= FLATNESS_HZ[0]) & (_f_hz() < FLATNESS_HZ[1])
    power = _spectrum(sound)[:, inside].clamp_min(SILENT)
    flat = power.log().mean(1) - power.mean(1).log()
    share = power.sum(1)
    return (10.0 / 2.302585) * (flat * share).sum(1) / share.sum(1)


DESCRIPTORS: Mapping[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "decay": (decay, "rings longer"),
    "brightness": (brightness, "brighter"),
    "low_end": (low_end, "more below 150 Hz"),
    "click": (click, "more of a click at the beginning"),
    "noise": (noise, "noisier"),
}
"""Each measure of sounds (B, T), and what more of it is called."""
