"""Parts of sounds to learn grains from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...hits.partial_tracks import Targets, stack
from ...hits.pitch import stack_pitches
from ...hits.sounds import Sound, cut
from ...hits.voice import HOP_LENGTH

CONTEXT_FRAMES = 33
"""Heard before an excerpt, as long as the longest window."""

LONGEST_REST_FRAMES = 12
GAINS_DB = (-24.0, 6.0)


@dataclass(frozen=True)
class Excerpts:
    """A part of each of some sounds, with what came before it.

    Attributes
    ----------
    sound : (B, (CONTEXT_FRAMES + N) * HOP_LENGTH)
    begins : (B, CONTEXT_FRAMES + N, 1), one where a sound begins with a frame; all zeros where none is known to.
    targets : Targets
        Tones and noise of the part, (B, N, ...).
    midi : (B, CONTEXT_FRAMES + N, 1), optional
        Pitch of notes.
    """

    sound: Tensor
    begins: Tensor
    targets: Targets
    midi: Tensor | None


def draw_excerpts(sounds: Sequence[Sound], frames: int, random: np.random.Generator) -> Excerpts:
    """Draw a part of each sound at a gain of its own, half of them around onsets, most of which begin with a frame.

    Waveforms of transients are learned where an onset is at one place in its frame, as it is where a trigger plays.
    """
    length = (CONTEXT_FRAMES + frames) * HOP_LENGTH
    parts: list[NDArray[np.float32]] = []
    starts: list[int] = []
    gains: list[float] = []
    begins = np.zeros((len(sounds), CONTEXT_FRAMES + frames, 1), np.float32)
    for number, sound in enumerate(sounds):
        rest = int(random.integers(LONGEST_REST_FRAMES * HOP_LENGTH))
        if number % 8 in (0, 2, 4):
            lead = CONTEXT_FRAMES + rest // HOP_LENGTH
            start = -lead * HOP_LENGTH
            begins[number, lead] = 1.0
        elif number % 8 == 6:
            start = -CONTEXT_FRAMES * HOP_LENGTH - rest
        else:
            start = int(random.integers(max(len(sound.samples) - length // 2, 1)))
        starts.append(start)
        gains.append(10 ** (random.uniform(*GAINS_DB) / 20))
        parts.append(cut(sound.samples, start, length) * np.float32(gains[-1]))
    rows = np.array(starts)[:, None] // HOP_LENGTH + np.arange(CONTEXT_FRAMES + frames)
    targets = stack([sound.tracks for sound in sounds], rows[:, CONTEXT_FRAMES:], np.array(gains))
    sound, begun = torch.from_numpy(np.stack(parts)), torch.from_numpy(begins)
    return Excerpts(sound, begun, targets, stack_pitches(sounds, rows))
