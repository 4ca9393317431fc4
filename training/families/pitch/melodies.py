"""What is played: notes with glides, vibrato and steps, and how loud they are from moment to moment."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...dsp.units import midi_to_hz
from .draws import Draws


def melody(draws: Draws, size: int, frames: int) -> tuple[Tensor, Tensor]:
    """Pitch (B, N) in MIDI numbers and a note gate (B, N)."""
    seconds = draws.hop_length / draws.sample_rate
    time = torch.arange(frames, device=draws.device) * seconds
    starts = torch.sort(draws.uniform((size, 6), 0, frames * seconds), 1).values
    starts[:, 0] = 0.0
    few = torch.randint(1, 7, (size, 1), generator=draws.random, device=draws.device)
    starts[torch.arange(6, device=draws.device) >= few] = 1e9
    index = (time[None, :, None] >= starts[:, None, :]).sum(2) - 1
    # Low and high registers in equal parts of octaves; neighbours lie within two octaves of the first note.
    base = draws.uniform((size, 1), 30.0, 98.0)
    leap = torch.where(
        draws.chance((size, 6), 0.3) > 0,
        12.0 * torch.sign(draws.normal(size, 6)),
        draws.normal(size, 6) * 5,
    )
    notes = (base + leap).clamp(29.0, 101.0)
    midi = notes.gather(1, index)
    glide = torch.exp(draws.uniform((size, 1), math.log(0.3), math.log(40.0))) * draws.chance((size, 1), 0.5)
    midi = draws.smooth(midi, glide)
    rate, depth = (
        draws.uniform((size, 1), 3.0, 8.0),
        draws.uniform((size, 1), 0, 0.8) * draws.chance((size, 1), 0.5),
    )
    rise = ((time[None] - starts.gather(1, index)) / draws.uniform((size, 1), 0.05, 0.6)).clamp(0, 1)
    midi = midi + depth * rise * torch.sin(2 * math.pi * (rate * time + draws.uniform((size, 1))))
    drift = draws.smooth(draws.normal(size, frames) * 2.0, draws.uniform((size, 1), 20, 80)) * draws.uniform(
        (size, 1), 0, 1
    )
    gap = draws.uniform((size, 6), -0.3, 0.25)
    end = torch.cat([starts[:, 1:], torch.full((size, 1), 1e9, device=draws.device)], 1) - gap.clamp_min(0)
    end = torch.minimum(end, torch.full_like(end, frames * seconds) + draws.uniform((size, 6), -0.4, 1.0))
    gate = (time[None] < end.gather(1, index)).float()
    return (midi + drift).clamp(28.3, 101.7), gate


def phases(draws: Draws, midi: Tensor) -> Tensor:
    """Phase (B, T) in cycles, float64, of a pitch (B, N) that jitters a little."""
    jitter = draws.normal(*midi.shape) * 0.1 * draws.uniform((midi.shape[0], 1)) ** 3
    f0 = draws.to_samples(midi_to_hz(midi + jitter))
    return torch.cumsum(f0.double() / draws.sample_rate, 1)


def envelopes(draws: Draws, gate: Tensor) -> Tensor:
    """Amplitude per frame: attacks of 2 to 150 ms, releases of 10 to 400 ms, swells and decays."""
    size, frames = gate.shape
    hop_s = draws.hop_length / draws.sample_rate
    attack = torch.exp(draws.uniform((size,), math.log(0.002), math.log(0.15)))
    release = torch.exp(draws.uniform((size,), math.log(0.01), math.log(0.4)))
    up, down = 1 - torch.exp(-hop_s / attack), 1 - torch.exp(-hop_s / release)
    level = torch.zeros(size, device=draws.device)
    steps = []
    for n in range(frames):
        target = gate[:, n]
        level = level + (target - level) * torch.where(target > level, up, down)
        steps.append(level)
    swell = draws.smooth(draws.normal(size, frames) * 6, draws.uniform((size, 1), 15, 60)) * draws.uniform(
        (size, 1), 0, 2.5
    )
    return torch.stack(steps, 1) * 10 ** (swell.clamp(-20, 10) / 20)
