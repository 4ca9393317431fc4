"""Compares the harmonics of a pitch that moves with what sounds at their places."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ...dsp.units import midi_to_hz
from ...hits.losses import nepers, surplus_loss, weighted
from ...hits.partial_tracks import AUDIBLE_DB, N_FFT, WINDOW, under_window
from ...hits.voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE, Parts
from .scores import HIGHEST_HARMONIC_HZ

FLAT_DB, TONAL_DB = 3.0, 12.0
"""How far above the noise beside it something is no tone, and from where on it is one."""

LEAST = 1e-12


def harmonic_losses(parts: Parts, sound: Tensor, midi: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compare harmonics by their level where there are tones; say how much more there is elsewhere, and of noise between.

    Spectra are of sounds padded to twice the window: so a bin lies within half a decibel of any frequency.

    Parameters
    ----------
    parts : Parts
        Whose sinusoids are harmonics, (B, N, ...).
    sound : (B, N * HOP_LENGTH)
        What they should sound like.
    midi : (B, N, 1)
        The pitch that was measured.

    Returns
    -------
    tones, surplus, hiss
        In nepers.
    """
    frames = sound.unfold(1, N_FFT, HOP_LENGTH) * torch.from_numpy(WINDOW).to(sound)
    power = torch.fft.rfft(frames, 2 * N_FFT).abs().square()
    rows = slice(frames.shape[1])
    f0_hz = midi_to_hz(midi[:, rows].float())
    orders = torch.arange(1, parts.amplitudes.shape[-1] + 1, device=sound.device)
    between_hz = f0_hz * (orders + 0.5)
    on, between = _at(power, f0_hz * orders), _at(power, between_hz)
    loudest = on.amax((1, 2), keepdim=True).clamp_min(1e-6)
    there = (f0_hz * orders < HIGHEST_HARMONIC_HZ).to(on.dtype)
    audible = (1.0 + _decibels(on, loudest) / AUDIBLE_DB).clamp(0.0, 1.0) * there
    tonal = ((_decibels(on, between) - FLAT_DB) / (TONAL_DB - FLAT_DB)).clamp(0.0, 1.0) * audible
    wanted = on * (4.0 / float(WINDOW.sum()) ** 2)
    made = under_window(parts.amplitudes.square())[:, rows]
    noise = under_window(parts.noise.unflatten(-1, (NOISE_HOPS, BANDS)).square().mean(2))[:, rows]
    place = (between_hz * (2.0 * (BANDS - 1) / SAMPLE_RATE)).clamp(0.0, BANDS - 1.001)
    low = place.floor().long()
    share = place - low
    played = noise.gather(-1, low) * (1.0 - share) + noise.gather(-1, low + 1) * share
    more = (nepers(played) - nepers(between / float(np.square(WINDOW).sum()))).clamp_min(0.0)
    tones = (nepers(made) - nepers(wanted)).abs()
    return weighted(tones, tonal), surplus_loss(made, wanted, tonal), weighted(more, audible)


def _at(power: Tensor, f_hz: Tensor) -> Tensor:
    """Power (B, N, F) at frequencies (B, N, H)."""
    return power.gather(2, (f_hz * (2 * N_FFT / SAMPLE_RATE)).round().long().clamp_max(N_FFT))


def _decibels(power: Tensor, reference: Tensor) -> Tensor:
    return (power.clamp_min(LEAST) / reference.clamp_min(LEAST)).log() * (10.0 / math.log(10.0))
