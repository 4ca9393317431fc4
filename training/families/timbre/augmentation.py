"""Scores as other players might have given them, so that a tone stays itself under gestures that were not recorded."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

DYNAMICS_DB = 6.0


def as_another_player(score: Tensor, random: np.random.Generator) -> Tensor:
    """Change a score (B, N, 5) as another player's gestures might have.

    Small wiggles of loudness, pitch and voicing give the recorded player away, and so does the course of the dynamics. Only
    the decoder's network is given this score; its levels still follow the true loudness. How loud a note is in all stays as
    it was: soft notes are darker, and the network can learn that only where it is told.
    """
    count, frames = score.shape[:2]
    width = int(random.integers(1, 24))
    midi, loudness, voicing, gains = score.split([1, 1, 1, 2], -1)
    padded = torch.nn.functional.pad(loudness.transpose(1, 2), (width - 1, 0), mode="replicate")
    loudness = torch.nn.functional.avg_pool1d(padded, width, 1).transpose(1, 2)

    def drawn(size: float, *shape: int) -> Tensor:
        return _tensor(random.normal(0.0, size, shape), score.device)

    loudness = loudness + drawn(0.7, count, frames, 1)
    loudness = loudness + _tensor(_dynamics_db(count, frames, random), score.device)
    midi = midi + drawn(0.25, count, 1, 1) + drawn(0.1, count, frames, 1)
    sure = torch.from_numpy(random.random((count, 1, 1)) < 0.5).to(score.device)
    voicing = torch.where(sure, (voicing > 0.5).float(), voicing)
    return torch.cat([midi, loudness, voicing, gains], -1)


def _dynamics_db(count: int, frames: int, random: np.random.Generator) -> np.ndarray:
    """Draw slow changes of loudness in dB (B, N, 1), large for some excerpts and small for others."""
    time = np.arange(frames) / frames
    waves = np.zeros((count, frames))
    for k in range(1, 4):
        phase = random.uniform(0.0, 2 * np.pi, (count, 1))
        waves += random.normal(0.0, 1 / (1 + 0.5 * k), (count, 1)) * np.cos(np.pi * k * time + phase)
    depth = DYNAMICS_DB * (random.random((count, 1)) < 0.6) * random.random((count, 1))
    return (waves * depth)[:, :, None]


def _tensor(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)
