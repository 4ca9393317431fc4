"""Where the songs hold what is heard in this key or another, by chroma.

A code is of a sound, and the same passage in another key has other codes. Its chroma are the same, turned. Chords are shared
by much music, so that a passage is told by how far it is above all other places and keys, over more seconds than with
codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...streaming.contract import State, StreamingModule
from ...streaming.operators import take
from .chroma import CHROMA_PER_S, CHROMA_STEPS, CLASSES, LARGEST

MEMORY_S = 8.0
FAINT = 0.03
"""Likeness that is no more than this everywhere, as a root mean square, is that of noise."""

NEVER = 1e4
"""No place stands out so far."""


class TransposedMemory(StreamingModule):
    """Compares chroma with those of all songs in all keys, and with what led there.

    Parameters
    ----------
    songs : sequence of (L, CLASSES) int8
        As `narrowed` gives them.

    Shapes: of a step, (B, CLASSES) -> (B, 3): how alike the place of the songs is that is most alike, 1 for the same tones;
    how far that stands out of all places and keys, in root mean squares; and how many semitones higher than there it is
    heard, 0 to 11.
    """

    songs: Tensor
    turns: Tensor

    def __init__(self, songs: Sequence[Tensor]) -> None:
        super().__init__()
        self.register_buffer("songs", torch.cat(list(songs)).T.contiguous(), persistent=False)
        classes = torch.arange(CLASSES)
        self.register_buffer("turns", (classes[:, None] + classes) % CLASSES, persistent=False)
        self.keep = math.exp(-1 / (MEMORY_S * CHROMA_PER_S))

    def own_state(self, batch: int) -> State:
        return {
            "step": torch.zeros(batch, 1, dtype=torch.int64),
            "alike": torch.zeros(batch, CLASSES, self.songs.shape[1]),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        step, before = state["step"], state["alike"]
        if torch.compiler.is_exporting():
            # The batch is one. A traced loop does not know the size of such small states.
            step = step.reshape(1, 1)
        turned = take(x * ((1 - self.keep) / LARGEST), 1, self.turns)
        after = self.keep * F.pad(before, (1, 0))[:, :, :-1] + turned @ self.songs.float()
        # Chroma are compared as often as songs have them.
        due = (step == CHROMA_STEPS - 1).float()
        alike = before + due[..., None] * (after - before)
        most = alike.amax(2)
        usual = (alike.square().mean((1, 2)) + FAINT**2).sqrt()
        found = torch.stack([most.amax(1), most.amax(1) / usual, most.argmax(1).float()], 1)
        return found, {"step": (step + 1) % CHROMA_STEPS, "alike": alike}


@torch.no_grad()
def usually_stands_out(memory: TransposedMemory, songs: Sequence[Tensor], share: float = 0.95) -> float:
    """Give how far the likest place stands out in all but the most known moments of other songs (L, CLASSES) int8."""
    found, due = [], torch.full((1, 1), CHROMA_STEPS - 1)
    for song in songs:
        state = memory.initial_state()
        far = []
        for chroma in song.float() / LARGEST:
            y, state = memory(chroma[None], state | {"step": due})
            far.append(float(y[0, 1]))
        found += far[round(MEMORY_S * CHROMA_PER_S) :]
    return float(torch.tensor(found).quantile(share)) if found else NEVER
