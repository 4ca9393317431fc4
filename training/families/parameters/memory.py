"""A memory of a sound from its onset on: which values it had, and when.

A recurrent layer would have to learn to count; this layer is given the age of the sound. Each moment of a sound's life has a
slot of its own, filled as the moment passes, and a new onset after a rest clears them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...streaming.contract import State, StreamingModule, recent

REST_FRAMES = 12  # of silence, a quarter of a second: the next sound is a new one


def even_slots(frames: int, count: int) -> Tensor:
    """Slots that are equally long: see `OnsetMemory`."""
    return _triangles(np.linspace(0.0, frames - 1.0, count), frames)


def growing_slots(frames: int, count: int) -> Tensor:
    """Slots that grow with the sound's age, the first ones a frame each: see `OnsetMemory`."""
    count = min(count, frames)
    low, high = 1.0, 4.0
    steps = np.ones(count - 1)
    for _ in range(50):
        growth = (low + high) / 2
        steps = np.maximum(1.0, growth ** (np.arange(count - 1) - count // 4))
        low, high = (growth, high) if steps.sum() < frames - 1 else (low, growth)
    return _triangles(np.concatenate([[0.0], np.cumsum(steps)]), frames)


def waves(frames: int, cycles: np.ndarray) -> Tensor:
    """Cosines and sines of so many cycles a frame, fading in and out: (frames + 1, 2 * rates), see `OnsetMemory`."""
    angle = 2 * np.pi * np.outer(np.arange(frames), cycles)
    fade = np.hanning(frames + 2)[1:-1, None]
    weights = np.concatenate([np.cos(angle), np.sin(angle)], 1) * fade / fade.sum()
    return torch.from_numpy(np.concatenate([weights, np.zeros((1, weights.shape[1]))])).float()


def _triangles(middles: np.ndarray, frames: int) -> Tensor:
    """Share of each frame in each slot (frames + 1, slots): triangles that overlap by half, the last row empty."""
    unit = np.eye(len(middles))
    weights = np.stack([np.interp(np.arange(frames), middles, row) for row in unit], 1)
    weights /= weights.sum(0, keepdims=True)
    return torch.from_numpy(np.concatenate([weights, np.zeros((1, len(middles)))])).float()


class OnsetMemory(StreamingModule):
    """Weighted sums of a sound's values, for each slot of its life.

    A sound begins with the first frame that is no silence after `REST_FRAMES` that were. What comes after its last slot
    changes nothing.

    Parameters
    ----------
    stores : sequence of (tensor, int)
        Of each store the weights (A + 1, P), which say how much of a frame of each age goes to each slot, the last row
        being for all that are older, and how many values a frame has for it.

    Shapes: x (B, N, sum of sizes), sounding (B, N, 1) of zeros and ones -> (B, N, `outputs`). Of each store in turn the
    slots, and of each slot its values and how full it is; see `split`.
    """

    rests: Tensor
    one: Tensor

    def __init__(self, stores: Sequence[tuple[Tensor, int]]) -> None:
        super().__init__()
        self.sizes = [size for _, size in stores]
        self.slots = [weights.shape[1] for weights, _ in stores]
        self.oldest = len(stores[0][0]) - 1
        for i, (weights, _) in enumerate(stores):
            self.register_buffer(f"weights_{i}", weights, persistent=False)
        self.register_buffer("rests", torch.arange(REST_FRAMES + 1), persistent=False)
        self.register_buffer("one", torch.ones(1, 1, 1), persistent=False)

    @property
    def widths(self) -> list[int]:
        """Values out of each store a frame."""
        return [count * (size + 1) for count, size in zip(self.slots, self.sizes, strict=True)]

    @property
    def outputs(self) -> int:
        """Values out a frame."""
        return sum(self.widths)

    def split(self, kept: Tensor) -> list[Tensor]:
        """What each store holds: (B, N, `outputs`) -> (B, N, slots, values + 1) each."""
        parts = kept.split(self.widths, -1)
        return [
            part.reshape(*part.shape[:2], count, size + 1)
            for part, count, size in zip(parts, self.slots, self.sizes, strict=True)
        ]

    def own_state(self, batch: int) -> State:
        # In float64: differences of sums, which in float32 would not be the same in blocks.
        return {
            "sounding": torch.zeros(batch, REST_FRAMES, 1),
            "age": torch.zeros(batch, 1, dtype=torch.int64),
            "memory": torch.zeros(batch, 1, self.outputs, dtype=torch.float64),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        values, sounding = x
        sound, age, next_state = self._ages(sounding, state)
        number = torch.arange(values.shape[1], device=values.device)
        sums = self._sums(values.double(), sound, age, number.expand(values.shape[0], -1))
        memory = sums + (sound == 0)[..., None].double() * state["memory"]
        return memory.float(), next_state | {"memory": memory[:, -1:]}

    def at(self, x: tuple[Tensor, Tensor], frames: Tensor) -> Tensor:
        """What `forward` gives for whole sounds at some frames only: (B, H) numbers -> (B, H, `outputs`)."""
        values, sounding = x
        sound, age, _ = self._ages(sounding, self.initial_state(len(values)))
        return self._sums(values, sound, age, frames)

    def _sums(self, values: Tensor, sound: Tensor, age: Tensor, frames: Tensor) -> Tensor:
        """Sums over each sound up to some frames (B, H), of this call alone: (B, H, `outputs`)."""
        number = torch.arange(values.shape[1], device=values.device)
        same = sound[:, None] == sound.gather(1, frames)[..., None]
        now = ((number <= frames[..., None]) & same).to(values.dtype)
        sums = []
        for share, part in self._shares(values, age):
            mixed = now[:, :, None] * share.transpose(1, 2)[:, None]
            sums.append((mixed.flatten(1, 2) @ part).reshape(*frames.shape, -1))
        return torch.cat(sums, -1)

    def _shares(self, values: Tensor, age: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Of each store how much of each frame goes to each slot, and the frame's values with a one."""
        outside = torch.full_like(age, self.oldest)
        row = torch.where(age < 0, outside, torch.minimum(age, outside))
        ones = self.one.to(values.dtype).expand(values.shape[0], values.shape[1], 1)
        return [
            (self.get_buffer(f"weights_{i}")[row].to(values.dtype), torch.cat([part, ones], -1))
            for i, part in enumerate(values.split(self.sizes, -1))
        ]

    def _ages(self, sounding: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Number of the sound each frame belongs to, its age in frames, and the next state.

        The sound that was there before is number 0; the age is -1 before any sound.
        """
        frames, past = recent(state["sounding"], sounding, self.rests)
        onset = ((frames[..., -1, 0] > 0) & (frames[..., :-1, 0].sum(-1) < 0.5)).long()
        sound = onset.cumsum(1)
        number = torch.arange(sounding.shape[1], device=sounding.device).expand(sounding.shape[0], -1)
        # The first frame of each sound, under the sound's number; frames that begin none all write 0 under 0.
        starts = torch.zeros_like(torch.cat([number, number[:, :1]], 1))
        start = starts.scatter(1, sound * onset, number * onset).gather(1, sound)
        known = state["age"]  # of the sound that was there before: frames so far
        before = torch.where(known > 0, known + number, torch.full_like(number, -1))
        age = torch.where(sound > 0, number - start, before)
        return sound, age, {"sounding": past, "age": (age[:, -1:] + 1).clamp(max=1 << 30)}
