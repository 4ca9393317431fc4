"""What models of hits make small."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..loop.spectral_losses import magnitude_spectrogram
from .partial_tracks import Targets, under_window
from .voice import BANDS, NOISE_HOPS, Parts

FFT_SIZES = (4096, 2048, 1024, 512, 256, 128)
FLOOR = 5e-5
"""Of a sine at full scale, -86 dB: what is quieter than that is silence."""

MAGNITUDE_SHARE = 4.0
ATTACK_SAMPLES, ATTACK_STEP = 1024, 64
LEAD = 512


def hit_loss(made: Tensor, wanted: Tensor, sizes: Sequence[int] = FFT_SIZES) -> Tensor:
    """Compare sounds (B, T) by log magnitudes, and by magnitudes relative to the wanted sound's, at several FFT sizes."""
    total = made.new_zeros(())
    for n_fft in sizes:
        x, y = magnitude_spectrogram(made, n_fft), magnitude_spectrogram(wanted, n_fft)
        floor = FLOOR * n_fft / 4
        total = total + ((x + floor).log() - (y + floor).log()).abs().mean()
        # By the excerpt's own energy: a quiet one counts as a loud one.
        norm = y.square().mean((1, 2), keepdim=True).sqrt() + floor
        total = total + ((x - y).abs() / norm).mean() / MAGNITUDE_SHARE
    return total / len(sizes)


def onset_loss(determined: Tensor, wanted: Tensor) -> Tensor:
    """Compare waveforms (B, T) sample by sample, as a share of the wanted one's power, at most 1 where nothing fits."""
    power = wanted.square().sum(-1)
    error = (determined - wanted).square().sum(-1)
    return (error / (power + 1e-4)).clamp_max(4.0).mean()


def attack_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Compare how sounds (B, T) rise after their onset, at their beginning: levels of 1.5 ms for 23 ms, in nepers.

    A spectral loss of a whole excerpt hears little of an attack, which is one frame of many.
    """
    x, y = (s[:, :ATTACK_SAMPLES].unflatten(1, (-1, ATTACK_STEP)).square().mean(2) for s in (made, wanted))
    floor = y.amax(1, keepdim=True) * 1e-5 + FLOOR**2
    return 0.5 * ((x + floor).log() - (y + floor).log()).abs().mean()


def divergence(
    mean: Tensor, log_variance: Tensor, centre: Tensor | None = None, spread: Tensor | None = None
) -> Tensor:
    """Kullback-Leibler divergence in nats (..., Z) of normal distributions from a prior, a standard one if none is given."""
    if centre is None or spread is None:
        return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
    log_spread = spread.log()
    distance = ((mean - centre) / spread).square()
    return 0.5 * (distance + (log_variance - 2 * log_spread).exp() - 1.0 - log_variance + 2 * log_spread)


def frequency_loss(made_hz: Tensor, wanted_hz: Tensor, weights: Tensor) -> Tensor:
    """Mean distance in octaves of sinusoids (B, N, K) from the frequencies measured in their bands, by weights."""
    distance = (made_hz.log2() - wanted_hz.log2()).abs()
    return weighted(distance, weights)


def tone_losses(parts: Parts, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """Compare steady tones by their level, and say how much more is played than is right where there are none, and of noise.

    A spectral loss hears little of whether a low band is a tone or noise of the same power, and takes noise where the
    phase of a tone is uncertain. None of these hangs on the noise that is drawn.

    Returns
    -------
    tones, surplus, hiss
        In nepers.
    """
    made = under_window(parts.amplitudes.square())
    rows = made.shape[1]
    wanted, steady = targets.amplitudes[:, :rows], targets.steady[:, :rows]
    tones = (nepers(made) - nepers(wanted.square())).abs()
    power = parts.noise.unflatten(-1, (NOISE_HOPS, BANDS))[..., : targets.hiss.shape[-1]].square().mean(2)
    hiss = (nepers(under_window(power)) - nepers(targets.hiss[:, :rows].square())).clamp_min(0.0)
    surplus = surplus_loss(made, wanted.square(), steady)
    return weighted(tones, steady), surplus, weighted(hiss, targets.audible[:, :rows])


def with_silence(sound: Tensor, early: Tensor) -> Tensor:
    """Put silence before those sounds (B, T) that begin with an onset, by ``early`` (B,), and let their ends go.

    A spectrum reflects what stands at its edge, and would not hear how an onset rises from silence.
    """
    return torch.where(early[:, None], F.pad(sound, (LEAD, 0))[:, : sound.shape[1]], sound)


def surplus_loss(power: Tensor, wanted: Tensor, tonal: Tensor) -> Tensor:
    """Say how much louder sinusoids are than is right where there is no tone, in nepers.

    Such ones are told by nothing else: their levels are compared only where there are tones, and a spectral loss hears a
    little too much of many soft ones in every bin.

    Parameters
    ----------
    power, wanted : (B, N, K)
        What is made and what is there, as a window hears it; of the latter what is below -86 dB counts as silence.
    tonal : (B, N, K) from 0 to 1
        How far there is a tone.
    """
    return ((nepers(power) - nepers(wanted.clamp_min(FLOOR**2))).clamp_min(0.0) * (1.0 - tonal)).mean()


def nepers(power: Tensor) -> Tensor:
    """Levels of powers, at least -11.5 (-100 dB)."""
    return 0.5 * power.clamp_min(1e-10).log()


def weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of values by weights; nothing where all weights are zero."""
    return (values * weights).sum() / (weights.sum() + 1e-6)
