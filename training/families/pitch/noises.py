"""What is not the tone: breath and bow noise, background noise and bursts, rooms."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .draws import Draws


def coloured(draws: Draws, size: int, samples: int) -> Tensor:
    """Noise of a random slope and a random band, unit power."""
    spectrum = torch.fft.rfft(draws.normal(size, samples))
    f = torch.fft.rfftfreq(samples, 1 / draws.sample_rate, device=draws.device).clamp_min(20)
    slope = draws.uniform((size, 1), -1.0, 0.2)
    shape = (f / 1000) ** slope
    centre, width = draws.uniform((size, 1), 6, 12.4), draws.uniform((size, 1), 0.3, 3)
    band = 10 ** (
        draws.uniform((size, 1), 0, 25) * torch.exp(-0.5 * ((torch.log2(f) - centre) / width) ** 2) / 20
    )
    noise = torch.fft.irfft(spectrum * shape * band, n=samples)
    return noise / noise.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9)


def breath(draws: Draws, envelope: Tensor, phase: Tensor) -> Tensor:
    """Noise (B, T) that follows a tone's envelope, and its periods to some degree."""
    size, samples = envelope.shape
    level = 10 ** (draws.uniform((size, 1), -60, -8) / 20)
    pulse = 1 + draws.uniform((size, 1)) * torch.cos(2 * math.pi * (phase % 1.0).float())
    return coloured(draws, size, samples) * envelope * pulse * level * 0.1


def background(draws: Draws, size: int, frames: int) -> Tensor:
    """Steady noise and now and then bursts that die away: (B, T)."""
    samples = frames * draws.hop_length
    level = 10 ** (-draws.uniform((size, 1), 0, 75) / 20)
    noise = coloured(draws, size, samples) * level * 0.1
    burst = draws.chance((size, frames), 0.004) * draws.chance((size, 1), 0.35)
    decay = torch.exp(-torch.arange(60, device=draws.device) / draws.uniform((size, 1), 2, 30))
    shape = torch.fft.irfft(
        torch.fft.rfft(burst, n=2 * frames) * torch.fft.rfft(decay, n=2 * frames), n=2 * frames
    )
    strength = 10 ** (draws.uniform((size, 1), -30, 3) / 20)
    return (
        noise
        + coloured(draws, size, samples) * draws.to_samples(shape[:, :frames].clamp_min(0)) * strength * 0.2
    )


def in_rooms(draws: Draws, x: Tensor) -> Tensor:
    """Put sounds (B, T) into rooms that die away within 0.05 to 1.2 s; some into none."""
    size, samples = x.shape
    length = draws.sample_rate // 2
    t60 = torch.exp(draws.uniform((size, 1), math.log(0.05), math.log(1.2)))
    time = torch.arange(length, device=draws.device) / draws.sample_rate
    tail = draws.normal(size, length) * torch.exp(-6.9 * time / t60)
    tail = tail / tail.square().sum(1, keepdim=True).sqrt()
    tail = tail * 10 ** (draws.uniform((size, 1), -40, -6) / 20) * draws.chance((size, 1), 0.6)
    tail[:, 0] += 1.0
    n = samples + length
    return torch.fft.irfft(torch.fft.rfft(x, n=n) * torch.fft.rfft(tail, n=n), n=n)[:, :samples]
