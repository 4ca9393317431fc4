"""Random numbers for a batch of sounds, and curves from frame to frame."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Draws:
    """Draws random numbers on a device. The order in which they are drawn makes the sounds.

    Parameters
    ----------
    sample_rate : int
        Hz.
    hop_length : int
        Samples of a frame.
    device : torch.device
    seed : int
    """

    def __init__(self, sample_rate: int, hop_length: int, device: torch.device, seed: int) -> None:
        self.sample_rate, self.hop_length, self.device = sample_rate, hop_length, device
        self.random = torch.Generator(self.device).manual_seed(seed)

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Tensor:
        """Draw evenly between two numbers."""
        return torch.rand(shape, generator=self.random, device=self.device) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Draw from a Gaussian of variance 1."""
        return torch.randn(shape, generator=self.random, device=self.device)

    def chance(self, shape: tuple[int, ...], probability: float) -> Tensor:
        """Draw 1 with a probability, else 0."""
        return (self.uniform(shape) < probability).float()

    def smooth(self, x: Tensor, width: Tensor) -> Tensor:
        """Gaussian smoothing along frames, of a width (B, 1) in frames; 0 leaves a row alone."""
        n = x.shape[1]
        padded = torch.cat([x[:, :1].expand(-1, 256), x, x[:, -1:].expand(-1, 256)], 1)
        omega = torch.fft.rfftfreq(padded.shape[1], device=self.device) * 2 * math.pi
        response = torch.exp(-0.5 * (omega * width) ** 2)
        return torch.fft.irfft(torch.fft.rfft(padded) * response, n=padded.shape[1])[:, 256 : 256 + n]

    def to_samples(self, x: Tensor) -> Tensor:
        """Linear interpolation from frames (values at the end of each hop) to samples."""
        before = torch.cat([x[:, :1], x[:, :-1]], 1)[:, :, None]
        ramp = (torch.arange(self.hop_length, device=self.device) + 1) / self.hop_length
        return (before + (x[:, :, None] - before) * ramp).reshape(x.shape[0], -1)
