"""How far a pitch network's estimates are off."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ...analysis.pitch_network import CENTS_PER_BIN, LOWEST_MIDI, PITCH_BINS
from .sounds import SyntheticSounds

LABEL_DELAY = 3
"""Hops: the middle of the short window; asking for the very last sample would ask for extrapolation."""

CAUTION = math.e
"""Calling a frame voiced that is not counts so much more: one less on every logit of voicing."""


def pitch_loss(logits: Tensor, truth: SyntheticSounds) -> tuple[Tensor, Tensor]:
    """Cross-entropy against a Gaussian around the true pitch (Kim et al. 2018), and that of voicing.

    Where voicing is in doubt it should say no: a player holds the last pitch then, which is better than a wrong one.

    Parameters
    ----------
    logits : (B, N, PITCH_BINS + 1)
    truth : sounds of N frames.
    """
    midi, voiced, weight = (delayed(x) for x in (truth.midi, truth.voiced, truth.weight))
    position = (midi - LOWEST_MIDI) * (100 / CENTS_PER_BIN)
    bins = torch.arange(PITCH_BINS, device=logits.device)
    target = torch.exp(-0.5 * ((bins - position[:, :, None]) / 0.9) ** 2)
    target = target / target.sum(-1, keepdim=True)
    cross = -(target * logits[:, :, :-1].log_softmax(-1)).sum(-1)
    known = voiced * weight
    pitch = (cross * known).sum() / known.sum().clamp_min(1e-9)
    weight = weight * (voiced + CAUTION * (1 - voiced))
    return pitch, F.binary_cross_entropy_with_logits(logits[:, :, -1], voiced, weight=weight)


def delayed(x: Tensor) -> Tensor:
    """Move (B, N) late by `LABEL_DELAY`, as the network estimates the pitch of the sound before."""
    return torch.cat([x[:, :1].expand(-1, LABEL_DELAY), x[:, :-LABEL_DELAY]], 1)
