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
        gesture = _gesture(control, frames, model, random) if moving else control.curve(frames)[0]
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
    """Return a movement of a control: (N,), or (K, N) of a vector, whose elements move each in its own way."""
    if control.scale == "trigger":
        rows = [_strikes(control, frames, random) for _ in range(control.size)]
    elif control.scale == "seed":
        rows = [_draws(control, frames, random)]
    else:
        rows = [_wave(control, default, frames, model, random) for default in control.defaults]
    return torch.stack(rows) if control.size > 1 else rows[0]


def _wave(
    control: Control, default: float, frames: int, model: StreamingModel, random: torch.Generator
) -> Tensor:
    """A slow wave around the default, over a fifth of the range; steps for stepped controls."""
    time = torch.arange(frames) * model.hop_length / model.sample_rate
    speed, turn = 0.3 + torch.rand(2, generator=random).tolist()[0], torch.rand(1, generator=random).item()
    wave = torch.sin(2 * math.pi * (speed * time + turn))
    low, high = control.minimum, control.maximum
    if control.scale == "log":
        return default * (high / low) ** (0.15 * wave)
    moved = (default + 0.1 * (high - low) * wave).clamp(low, high)
    return moved.round() if control.scale in ("integer", "choice") else moved


def _strikes(control: Control, frames: int, random: torch.Generator) -> Tensor:
    """Zeros but for single frames, the first among them, at intervals and of strengths that differ."""
    strikes, frame = torch.zeros(frames), 0
    while frame < frames:
        strikes[frame] = control.maximum * (0.25 + 0.75 * torch.rand(1, generator=random).item())
        frame += int(torch.randint(2, 40, (1,), generator=random))
    return strikes


def _draws(control: Control, frames: int, random: torch.Generator) -> Tensor:
    """Whole numbers from all of the range, each held for some frames."""
    draws, frame = torch.empty(frames), 0
    while frame < frames:
        number = int(torch.randint(int(control.minimum), int(control.maximum) + 1, (1,), generator=random))
        draws[frame:] = number
        frame += int(torch.randint(2, 40, (1,), generator=random))
    return draws
