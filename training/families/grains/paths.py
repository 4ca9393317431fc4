"""The series of grains that sounds are heard as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...hits.pitch import stack_pitches
from ...hits.sounds import Sound
from ...hits.voice import HOP_LENGTH
from .grains import Grains

OFFSETS = (0, 32, 64, 96)
AT_ONCE = 32
UNIT_SEMITONES = 0.5
"""Of pitch beside the note, so that it counts as much as another number of a grain's place."""


@dataclass(frozen=True)
class Paths:
    """Whole sounds as series of places; each several times, begun at different samples of a frame.

    Attributes
    ----------
    z : (V, S, N, Z)
        Of notes with one number more: how far the pitch lies above the note, in units of `UNIT_SEMITONES`.
    loudness_db, onset : (V, S, N, 1), one onset each.
    """

    z: Tensor
    loudness_db: Tensor
    onset: Tensor

    @property
    def variants(self) -> int:
        """V."""
        return len(self.z)

    def of(self, variant: int, chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Places (B, N, Z), loudness and onset (B, N, 1) of some sounds, in one variant."""
        return self.z[variant, chosen], self.loudness_db[variant, chosen], self.onset[variant, chosen]

    def of_first(self, count: int) -> Paths:
        """Those of the first sounds alone."""
        return Paths(self.z[:, :count], self.loudness_db[:, :count], self.onset[:, :count])


@torch.no_grad()
def paths_of(grains: Grains, sounds: Sequence[Sound], frames: int, device: torch.device) -> Paths:
    """Hear sounds, each for so many frames."""
    variants: list[tuple[Tensor, Tensor, Tensor]] = []
    for offset in OFFSETS:
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        for first in range(0, len(sounds), AT_ONCE):
            group = sounds[first : first + AT_ONCE]
            batch = np.zeros((len(group), frames * HOP_LENGTH), np.float32)
            for row, sound in zip(batch, group, strict=True):
                part = sound.samples[: len(row) - offset]
                row[offset : offset + len(part)] = part
            hops = torch.from_numpy(batch).to(device).unflatten(1, (-1, HOP_LENGTH))
            (mean, _, loudness, onset), _ = grains.encoder(hops, grains.encoder.initial_state(len(hops)))
            begins = (torch.cumsum(onset, 1) == 1).float() * onset
            midi = stack_pitches(group, np.arange(frames)[None].repeat(len(group), 0))
            if midi is not None:
                notes = torch.tensor([sound.note for sound in group])[:, None, None]
                mean = torch.cat([mean, ((midi - notes) / UNIT_SEMITONES).to(device)], -1)
            parts.append((mean, loudness, begins))
        variants.append(tuple(torch.cat(one) for one in zip(*parts, strict=True)))  # type: ignore[arg-type]
    z, loudness, onset = (torch.stack(one) for one in zip(*variants, strict=True))
    return Paths(z, loudness, onset)
