"""Which of the twelve pitch classes sound, whatever their octave: what is left of music that is played in another key.

Long windows tell semitones in the lower octaves, where those of the bands cannot. What all pitch classes share is left out,
so that noise and drums count for little, and so is the level (Fujishima 1999).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...streaming.contract import State, StreamingModule, recent
from ...streaming.power_spectrum import PowerSpectrum
from .bands import HOP_LENGTH, SAMPLE_RATE, STEPS_PER_S

CLASSES = 12
WINDOW = 4096
CHROMA_STEPS = 8
"""Steps that a chroma vector is of."""

CHROMA_PER_S = STEPS_PER_S / CHROMA_STEPS

LOWEST_HZ, SEMITONES = 440 * 2 ** (-26 / 12), 60
"""Five octaves from G2, 98 Hz."""

FAINT = 1.0
"""A vector is shortened to 0.7 where pitch classes deviate by this, as a norm, in units of their mean."""

SILENT = 2.0**-16
"""How strong pitch classes are at least, in full scale, where a vector is not shortened for being soft."""

LARGEST = 127
"""Of numbers in which vectors are kept."""


def semitone_weights() -> Tensor:
    """Give the weights (WINDOW / 2, SEMITONES) with which bins make up semitones; those of a semitone add up to one."""
    bin_hz = SAMPLE_RATE / WINDOW
    centres = LOWEST_HZ * 2 ** (np.arange(SEMITONES) / CLASSES) / bin_hz
    # Where bins are wider than semitones, a semitone is made of the two bins around it.
    width = np.maximum(1.0, centres * (2 ** (1 / CLASSES) - 1))
    weights = (1 - np.abs(np.arange(WINDOW // 2)[:, None] - centres) / width).clip(0)
    return torch.from_numpy(weights / weights.sum(0)).half().float()


class Chroma(StreamingModule):
    """Chroma vectors of the last CHROMA_STEPS steps.

    Their mean is zero and their norm below one, near it where tones stand out; of silence and of what is flat it is zero.
    The scalar product of two is about their correlation.

    Shapes: (B, N, HOP_LENGTH) samples -> (B, N, CLASSES), from C.
    """

    window: Tensor
    weights: Tensor
    classes: Tensor
    hops: Tensor
    steps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.power = PowerSpectrum(WINDOW)
        hann = torch.hann_window(WINDOW, dtype=torch.float64)
        self.register_buffer("window", (2 * hann / hann.sum()).float(), persistent=False)
        self.register_buffer("weights", semitone_weights(), persistent=False)
        # The lowest semitone is a G.
        classes = torch.eye(CLASSES).roll(7, 1).repeat(SEMITONES // CLASSES, 1)
        self.register_buffer("classes", classes, persistent=False)
        self.register_buffer("hops", torch.arange(WINDOW // HOP_LENGTH), persistent=False)
        self.register_buffer("steps", torch.arange(CHROMA_STEPS), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "past": torch.zeros(batch, WINDOW // HOP_LENGTH - 1, HOP_LENGTH),
            "power": torch.zeros(batch, CHROMA_STEPS - 1, SEMITONES),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x, self.hops)
        power, before = recent(
            state["power"], self.power(frames.flatten(2) * self.window) @ self.weights, self.steps
        )
        strength = power.mean(2).sqrt() @ self.classes
        usual = strength.mean(-1, keepdim=True)
        found = strength - usual
        size = (found.square().sum(-1, keepdim=True) + (FAINT * usual).square()).sqrt()
        return found / size.clamp_min(SILENT), {"past": past, "power": before}


def narrowed(chroma: NDArray[np.floating]) -> Tensor:
    """Give vectors in whole numbers, int8, LARGEST for one."""
    return torch.from_numpy((LARGEST * chroma.astype(np.float32)).round().astype(np.int8))
