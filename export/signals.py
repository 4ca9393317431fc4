"""Sounds and gestures to prove a model with: notes, glides, noise and silence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.streaming.model import Control, StreamingModel


def proof_inputs(model: StreamingModel, frames: int, seed: int = 0, moving: bool = True) -> dict[str, Tensor]:
    """Return inputs of ``frames`` hops that exercise a model.

    Parameters
    ----------
    frames : int
    seed : int
    moving : bool
        Whether controls move through a part of their ranges, or rest at their defaults.
    """
    random = torch.Generator().manual_seed(seed)
    inputs: dict[str, Tensor] = {}
    if model.role != "generator":
        sound = melody(frames * model.hop_length, model.sample_rate, random)
        inputs["audio"] = sound.expand(model.channels, -1)[None].contiguous()
    for control in model.controls:
        gesture = (
            _gesture(control, frames, model, random) if moving else torch.full((frames,), control.default)
        )
        inputs[f"control.{control.name}"] = gesture[None]
    return inputs


def melody(samples: int, sample_rate: int, random: torch.Generator) -> Tensor:
    """Notes of half a second with harmonics, vibrato and breath, each fourth one silent: (T,)."""
    time = torch.arange(samples).double() / sample_rate
    number = (time * 2).long()
    notes = 52 + 24 * torch.rand(int(number[-1]) + 1, generator=random).double()
    f0 = 440 * 2 ** ((notes[number] + 0.3 * torch.sin(2 * math.pi * 5.5 * time) - 69) / 12)
    phase = torch.cumsum(f0 / sample_rate, 0)
    tone = sum(torch.sin(2 * math.pi * k * phase) / k for k in range(1, 9))
    within = time * 2 - number
    envelope = (within * 20).clamp(0, 1) * (1 - within) ** 0.5 * (number % 4 != 3)
    breath = torch.randn(samples, generator=random)
    return (0.12 * envelope * (torch.as_tensor(tone) + 0.05 * breath)).float()


def _gesture(control: Control, frames: int, model: StreamingModel, random: torch.Generator) -> Tensor:
    """A slow wave around the default, over a fifth of the range; steps for stepped controls."""
    time = torch.arange(frames) * model.hop_length / model.sample_rate
    speed, turn = 0.3 + torch.rand(2, generator=random).tolist()[0], torch.rand(1, generator=random).item()
    wave = torch.sin(2 * math.pi * (speed * time + turn))
    low, high, middle = control.minimum, control.maximum, control.default
    if control.scale == "log":
        return middle * (high / low) ** (0.15 * wave)
    moved = (middle + 0.1 * (high - low) * wave).clamp(low, high)
    return moved.round() if control.scale in ("integer", "choice") else moved
