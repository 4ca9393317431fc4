"""What a model of one-shots makes small, beside what all models of hits do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...hits.losses import onset_loss
from ...hits.voice import HIGHEST_HZ, HOP_LENGTH, LOWEST_HZ, TRANSIENT_FRAMES, Parts


def attack_loss(determined: Tensor, wanted: Tensor, begin: Tensor) -> Tensor:
    """How far what is determined is from the sound in the first moments of those excerpts that begin with it.

    Parameters
    ----------
    determined, wanted : (B, T)
    begin : (B,)
        Frames at which excerpts begin; those of 0 count.
    """
    first = begin == 0
    if not bool(first.any()):
        return determined.new_zeros(())
    length = TRANSIENT_FRAMES * HOP_LENGTH
    return onset_loss(determined[first, :length], wanted[first, :length])


def in_bands(parts: Parts, count: int) -> Parts:
    """Give the first ``count`` sinusoids the power of those harmonics, which come after them, that lie in their bands."""
    free, harmonic = parts.amplitudes[..., :count], parts.amplitudes[..., count:]
    spacing = math.log2(HIGHEST_HZ / LOWEST_HZ) / (count - 1)
    f_hz = parts.f_hz.detach()[..., count:].clamp_min(1.0)
    band = ((f_hz / LOWEST_HZ).log2() / spacing).round().long()
    inside = ((band >= 0) & (band < count)).to(free.dtype)
    power = free.square().scatter_add(-1, band.clamp(0, count - 1), harmonic.square() * inside)
    return replace(parts, amplitudes=power.clamp_min(1e-20).sqrt())


def free_share(parts: Parts, count: int, pitched: Sequence[bool]) -> Tensor:
    """Which share of the power of sinusoids is not the harmonics', in sounds that have a note: little, if all is well.

    What the harmonics do moves with the note.
    """
    if not any(pitched) or parts.amplitudes.shape[-1] == count:
        return parts.amplitudes.new_zeros(())
    power = parts.amplitudes[torch.tensor(pitched)].square()
    free, whole = power[..., :count].sum(-1), power.sum(-1)
    return ((free + 1e-10) / (whole + 1e-10)).mean()


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw from normal distributions, so that gradients pass (Kingma and Welling 2014)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
