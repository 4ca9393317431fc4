"""The pitch of a sound, frame by frame, as the project's tracker hears it at the rate of hits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..analysis.bundled_weights import load_analyzer
from ..analysis.tracker import PitchTracker
from ..dsp.hold import LOWEST_MIDI, PitchHold
from ..streaming.contract import Carry, State, StreamingModule
from .sounds import Sound
from .voice import HOP_LENGTH, SAMPLE_RATE

HEARD_DB = -40.0
FEWEST_FRAMES = 8
REACH = 2.0
"""Semitones from the middle of a note; what seems to lie further away was misheard, mostly by an octave."""


def _tracker() -> tuple[PitchTracker, float]:
    """The trained tracker, and by how many semitones it hears what it is given at our rate too high.

    It knows samples and no seconds: at a lower rate than its own it hears everything higher, and no sound needs another
    rate.
    """
    trained = load_analyzer()
    tracker = PitchTracker(SAMPLE_RATE, HOP_LENGTH)
    tracker.pitch.load_state_dict(trained.tracker.pitch.state_dict())
    return tracker.eval().requires_grad_(False), 12 * math.log2(trained.sample_rate / SAMPLE_RATE)


class PitchHearing(StreamingModule):
    """Hears pitch, held where there is none; until the first it is a note that is given.

    Shapes: (B, N, HOP_LENGTH) -> MIDI note numbers (B, N, 1) float64.
    """

    def __init__(self, note: float) -> None:
        super().__init__()
        self.tracker, self.higher = _tracker()
        self.hold, self.note = PitchHold(), note

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        midi, voicing, _ = carry("tracker", x)
        held = carry("hold", (midi, voicing))
        heard = held > LOWEST_MIDI
        return torch.where(heard, held - self.higher, torch.full_like(held, self.note)), carry.next_state


@torch.no_grad()
def pitch_of(samples: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Measure the pitch of one note (T,): MIDI note numbers (N,), in a line where there is none; None if it has none."""
    tracker, higher = _cached_tracker()
    hops = torch.from_numpy(np.pad(samples, (0, -len(samples) % HOP_LENGTH))).reshape(1, -1, HOP_LENGTH)
    found, _ = tracker(hops, tracker.initial_state())
    midi, voicing, loudness = (each[0, :, 0].numpy() for each in found)
    heard = (voicing > 0.5) & (loudness > loudness.max() + HEARD_DB)
    if heard.sum() < FEWEST_FRAMES:
        return None
    heard &= np.abs(midi - np.median(midi[heard])) < REACH
    frames = np.flatnonzero(heard)
    return (np.interp(np.arange(len(midi)), frames, midi[frames]) - higher).astype(np.float32)


def stack_pitches(sounds: Sequence[Sound], rows: NDArray[np.int64]) -> Tensor | None:
    """Take the pitches of sounds at frames (B, N), held before and after a sound: (B, N, 1); None if they have none."""
    if any(sound.pitch is None for sound in sounds):
        return None
    found = [
        s.pitch[np.clip(r, 0, len(s.pitch) - 1)]
        for s, r in zip(sounds, rows, strict=True)
        if s.pitch is not None
    ]
    return torch.from_numpy(np.stack(found))[..., None]


@cache
def _cached_tracker() -> tuple[PitchTracker, float]:
    return _tracker()
