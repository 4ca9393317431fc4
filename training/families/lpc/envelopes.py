"""How far an all-pole envelope is from the true one, and from a spectrum whose true envelope nobody knows."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...dsp.levinson import StepUp

DB_A_NEPER = 10 / math.log(10)  # of power


def envelope_db(a: Tensor, bins: int) -> Tensor:
    """Level of 1 / A, from 0 Hz to the Nyquist frequency.

    Shapes: (..., P + 1) float64 -> (..., bins) dB.
    """
    spectrum = torch.view_as_real(torch.fft.rfft(a, 2 * (bins - 1)))
    return (spectrum.square().sum(-1) + 1e-20).log() * -DB_A_NEPER


def reflections_db(reflections: Tensor, bins: int) -> Tensor:
    """Level of the all-pole filter of reflection coefficients (..., P): (..., bins) dB."""
    return envelope_db(StepUp(reflections.shape[-1]).to(reflections.device)(reflections.double()), bins)


def log_spectral_distance(x: Tensor, y: Tensor) -> Tensor:
    """Root of the mean square difference over frequency (Gray and Markel 1976): (..., bins) dB twice -> (...,) dB."""
    # The gradient of a root is not finite at zero.
    return ((x - y).square().mean(-1) + 1e-4).sqrt()


def itakura_saito(power: Tensor, envelope: Tensor) -> Tensor:
    """Divergence of a power spectrum from an envelope (Itakura and Saito 1968): (..., bins) twice -> (...,) nepers of power.

    Up to a constant, minus the logarithm of the likelihood that Gaussian noise of this envelope had this spectrum; what
    linear prediction minimises over all envelopes of its order.
    """
    ratio = power / envelope
    return (ratio - ratio.clamp_min(1e-12).log() - 1.0).mean(-1)
