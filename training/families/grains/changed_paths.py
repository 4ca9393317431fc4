"""Paths that other sounds might have: between two of a class, longer or shorter, and dying away faster or slower."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...hits.hearing import SILENT_DB
from .paths import Paths

OCTAVES, DECAY_DB_PER_FRAME = 1.0, 0.06
MIXED = 0.5
"""The share of paths that lie between two."""

Series = tuple[Tensor, Tensor, Tensor]
"""Places (B, N, Z), loudness in dB and onset (B, N, 1)."""


def changed_paths(
    paths: Paths, chosen: NDArray[np.int64], partners: NDArray[np.int64], random: np.random.Generator
) -> tuple[Series, Series]:
    """Change the paths of sounds: as one variant of them would be heard, and as the first variant of them.

    Parameters
    ----------
    paths : Paths
    chosen, partners : (B,)
        Sounds, and another of the same class for each.
    random : Generator
    """
    count = len(chosen)
    shares = np.where(random.random(count) < MIXED, random.random(count), 0.0)
    stretch = 2.0 ** random.uniform(-OCTAVES, OCTAVES, count)
    decay = random.uniform(-DECAY_DB_PER_FRAME, DECAY_DB_PER_FRAME, count)
    device = paths.z.device
    share, factor, slope = (
        torch.from_numpy(values).float().to(device)[:, None, None] for values in (shares, stretch, decay)
    )

    def changed(variant: int) -> Series:
        one, other = paths.of(variant, chosen), paths.of(variant, partners)
        z, loudness = (a + share * (b - a) for a, b in zip(one[:2], other[:2], strict=True))
        z, loudness = stretched(torch.cat([z, loudness], -1), factor).split([z.shape[-1], 1], -1)
        age = torch.arange(z.shape[1], device=device)[:, None]
        loudness = loudness - slope * age
        # As loud as the sounds that are learned from: their loudest moment is at one level.
        loudness = loudness + (one[1].amax(1, keepdim=True) - loudness.amax(1, keepdim=True))
        first = (one[2].argmax(1, keepdim=True) * factor).round()
        return z, loudness.clamp_min(SILENT_DB), (age == first).to(z.dtype)

    return changed(int(random.integers(paths.variants))), changed(0)


def stretched(values: Tensor, factor: Tensor) -> Tensor:
    """Let rows (B, N, C) run slower by a factor (B, 1, 1), in a line between two; what lies beyond the end is as the end."""
    last = values.shape[1] - 1
    place = (torch.arange(last + 1, device=values.device)[:, None] / factor).clamp_max(last)
    low = place.floor().long()
    wide = (-1, -1, values.shape[2])
    below, above = (values.gather(1, rows.expand(*wide)) for rows in (low, (low + 1).clamp_max(last)))
    return below + (place - low) * (above - below)
