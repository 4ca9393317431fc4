"""Sounds and gestures to prove a model with: notes, glides, noise and silence."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.streaming.model import Control, StreamingModel

HELD = 8
"""Frames for which a control stays at an end of its range."""

MOST_AT_REST = 3
"""Frames too few for a gesture to touch both ends: a gain of zero would leave nothing to compare."""


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
        inputs["audio"] = _channels(model, frames, random)
    for control in model.controls:
        gesture = _gesture(control, frames, model, random) if moving else control.curve(frames)[0]
        inputs[f"control.{control.name}"] = gesture[None]
    return inputs


def extreme_inputs(model: StreamingModel, frames: int, seed: int = 0) -> dict[str, Tensor]:
    """Return inputs of ``frames`` hops whose controls are at the ends of their ranges, each held for eight frames.

    First all are at their minimum, then all at their maximum, then each at either.
    """
    random = torch.Generator().manual_seed(seed)
    inputs = {} if model.role == "generator" else {"audio": _channels(model, frames, random)}
    for control in model.controls:
        if control.scale in ("trigger", "seed"):
            curve = _gesture(control, frames, model, random)
        else:
            steps = torch.randint(0, 2, (control.size, -(-frames // HELD)), generator=random).float()
            steps[:, :2] = torch.tensor([0.0, 1.0])[: steps.shape[1]]
            held = steps.repeat_interleave(HELD, 1)[:, :frames]
            rows = torch.where(held > 0, control.maximum, control.minimum)
            curve = rows if control.size > 1 else rows[0]
        inputs[f"control.{control.name}"] = curve[None]
    return inputs


def alternating_inputs(model: StreamingModel, seed: int = 0) -> dict[str, Tensor]:
    """Return inputs in which one control after the other is at its minimum and then at its maximum, eight frames each.

    All others rest. What a control does at an end is not hidden by another, such as a gain of zero.
    """
    frames = 2 * HELD * len(model.controls)
    random = torch.Generator().manual_seed(seed)
    inputs = {} if model.role == "generator" else {"audio": _channels(model, frames, random)}
    for place, control in enumerate(model.controls):
        curve = control.curve(frames)[0]
        start = 2 * HELD * place
        curve[..., start : start + HELD] = control.minimum
        # A trigger lasts a frame.
        held = 1 if control.scale == "trigger" else HELD
        curve[..., start + HELD : start + HELD + held] = control.maximum
        inputs[f"control.{control.name}"] = curve[None]
    return inputs


def _channels(model: StreamingModel, frames: int, random: torch.Generator) -> Tensor:
    """A melody of its own for each channel, or one that is swapped for another would not be noticed: (1, C, T)."""
    samples = frames * model.hop_length
    return torch.stack([melody(samples, model.sample_rate, random) for _ in range(model.channels)])[None]


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
    """A slow wave around the default, over a fifth of the range, with a frame at each end of it."""
    time = torch.arange(frames) * model.hop_length / model.sample_rate
    speed, turn = 0.3 + torch.rand(2, generator=random).tolist()[0], torch.rand(1, generator=random).item()
    wave = torch.sin(2 * math.pi * (speed * time + turn))
    low, high = control.minimum, control.maximum
    if control.scale == "log":
        moved = (default * (high / low) ** (0.15 * wave)).clamp(low, high)
    else:
        moved = (default + 0.1 * (high - low) * wave).clamp(low, high)
    if control.scale in ("integer", "choice"):
        moved = moved.round()
    if frames > MOST_AT_REST and model.extreme_tolerance is None:
        moved[torch.randperm(frames, generator=random)[:2]] = torch.tensor([low, high])
    return moved


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
