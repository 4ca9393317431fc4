"""An analyzer that hears music as codes and chroma, and where it has heard the same in the songs that were learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.model import Control
from ...streaming.operators import take
from ...streaming.scan import Scan
from .bands import HOP_LENGTH, STEPS_PER_S, Bands
from .chroma import CLASSES, Chroma
from .codes import Codes
from .model import MusicModel
from .transposed import TransposedMemory

WINDOW_S = 2.0
LONGEST_RUN = 65535.0
NO_SONG = "none"
TRANSPOSED = (-5.0, 6.0)
"""Semitones, an octave of them."""


class Memory(StreamingModule):
    """Compares a step with all steps of the songs, and with what led there.

    Parameters
    ----------
    songs : sequence of (N,) int64
        The first two codes of each step as one number, each song twice: from its first and from its second spectrum on.

    Attributes
    ----------
    pairs : (T,)
        Of all songs, steps that repeat the one before left out.
    every : (T2,)
        Of all songs, none left out.

    Shapes: int64 (B,) -> (B, 4): the length of the run in steps, the number of its song and its second there, and how much
    of the last seconds is as in the song where that is most.
    """

    pairs: Tensor
    seconds: Tensor
    starts: Tensor
    every: Tensor

    def __init__(self, songs: Sequence[Tensor], codes: int) -> None:
        super().__init__()
        pairs, seconds, starts = [], [], [0]
        for song in songs:
            kept = torch.cat([torch.zeros(1, dtype=torch.int64), 1 + (song[1:] != song[:-1]).nonzero()[:, 0]])
            pairs.append(song[kept])
            seconds.append((kept / STEPS_PER_S).long())
            starts.append(starts[-1] + len(kept))
        # As small as they can be stored.
        kind = torch.uint16 if codes <= 1 << 8 else torch.int32
        self.register_buffer("pairs", torch.cat(pairs).to(kind), persistent=False)
        self.register_buffer("seconds", _narrow(torch.cat(seconds)), persistent=False)
        self.register_buffer("starts", torch.tensor(starts[2:-1:2]), persistent=False)
        self.register_buffer("every", torch.cat(list(songs)).to(kind), persistent=False)
        self.keep = math.exp(-1 / (WINDOW_S * STEPS_PER_S))

    def own_state(self, batch: int) -> State:
        return {
            "last": torch.zeros(batch, 1, dtype=torch.int64),
            "runs": torch.zeros(batch, len(self.pairs)),
            "alike": torch.zeros(batch, len(self.every)),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        now = x[:, None]
        last = state["last"]
        if torch.compiler.is_exporting():
            # The batch is one. A traced loop does not know the size of such small states.
            last = last.reshape(1, 1)
        repeats = (now + 1 == last).float()
        longer = (later(state["runs"]) + 1) * (self.pairs.long() == now).float()
        runs = repeats * state["runs"] + (1 - repeats) * longer
        same = (self.every.long() == now).float()
        alike = self.keep * later(state["alike"]) + (1 - self.keep) * same
        place = runs.argmax(1)
        song = (place[:, None] >= self.starts).sum(1)
        found = [runs.amax(1), song.float(), take(self.seconds, 0, place).float(), alike.amax(1)]
        return torch.stack(found, 1), {"last": now + 1, "runs": runs, "alike": alike}

    def alike_in(self, songs: Sequence[Tensor]) -> list[NDArray[np.float64]]:
        """Give how much is alike in every step of songs (N,), as `forward` does, in a hundredth of the time.

        All places fade together, and so only those are looked at where a step is the same.
        """
        every = self.every.numpy()
        order = np.argsort(every, kind="stable")
        found = []
        for song in songs:
            steps = song.numpy()
            firsts, lasts = (np.searchsorted(every, steps, side, order) for side in ("left", "right"))
            faded = self.keep ** np.arange(len(steps) + 1)
            # By lag, the number of a place less that of the step: how much was alike, and when it was last.
            was = np.zeros(len(every) + len(steps))
            when = np.zeros(len(was), np.int64)
            most, told = 0.0, np.zeros(len(steps))
            for now, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
                lags = order[first:last] - now + len(steps) - 1
                was[lags] = was[lags] * faded[now - when[lags]] + 1 - self.keep
                when[lags] = now
                most = max(self.keep * most, was[lags].max(initial=0.0))
                told[now] = most
            found.append(told)
        return found


def _narrow(x: Tensor) -> Tensor:
    """Whole numbers from 0 in the smallest type that holds them."""
    most = int(x.max())
    return x.to(torch.uint8 if most < 1 << 8 else torch.int16 if most < 1 << 15 else torch.int32)


def later(x: Tensor) -> Tensor:
    """Move rows (B, T) one place on, with a zero before the first."""
    return F.pad(x, (1, 0))[:, :-1]


class Ear(MusicModel):
    """Hears codes, and what is known of them.

    Parameters
    ----------
    codes : Codes
    memory : Memory
    transposed : TransposedMemory
    names : sequence of str
        Of the songs.
    usual, usual_transposed : float
        How much is alike, and how far the likest place in any key stands out, in nineteen windows of twenty, in songs
        that were kept aside.
    """

    role = "analyzer"
    description = "Hears where the same music stands in the songs that were learned from"

    def __init__(
        self,
        codes: Codes,
        memory: Memory,
        transposed: TransposedMemory,
        names: Sequence[str],
        usual: float,
        usual_transposed: float,
    ) -> None:
        super().__init__()
        self.bands, self.codes, self.chroma = Bands(), codes, Chroma()
        self.usual, self.usual_transposed = usual, usual_transposed
        self.scan, self.scan_keys = Scan(memory), Scan(transposed)
        count, most = codes.books.shape[:2]
        self.outputs = (
            Control("codes", "", 0.0, most - 1.0, 0.0, "integer", "the code of each codebook", size=count),
            Control("run", "", 0.0, LONGEST_RUN, 0.0, "integer", "steps in a row as in a song, repetitions not counted"),
            Control("song", "", 0.0, float(len(names)), 0.0, "choice", "in which song", (NO_SONG, *names)),
            Control("at_s", "s", 0.0, 86400.0, 0.0, "integer", "where in it the run has come to"),
            Control("alike", "%", 0.0, 100.0, 0.0, "integer", "how much of the last two seconds is as in a song"),
            Control("copied", "", 0.0, 1.0, 0.0, "integer", "1: more alike than 19 in 20 windows of songs kept aside"),
            Control("alike_transposed", "%", 0.0, 100.0, 0.0, "integer", "how alike to a song in any key eight seconds are"),
            Control("transposed_by", "semitones", *TRANSPOSED, 0.0, "integer", "how much higher than the song that is"),
            Control("copied_transposed", "", 0.0, 1.0, 0.0, "integer", "1: alike in any key, as few windows kept aside are"),
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        hops = audio.reshape(audio.shape[0], -1, HOP_LENGTH)
        codes = self.codes.encode(carry("bands", hops))
        found = carry("scan", codes[..., 0] * self.codes.books.shape[1] + codes[..., 1])
        keys = carry("scan_keys", carry("chroma", hops))
        return {
            "control.codes": codes.transpose(1, 2).float(),
            "control.run": found[..., 0].clamp(max=LONGEST_RUN),
            "control.song": (found[..., 1] + 1) * (found[..., 0] > 0),
            "control.at_s": found[..., 2],
            "control.alike": (100 * found[..., 3]).round(),
            "control.copied": (found[..., 3] > self.usual).float(),
            "control.alike_transposed": (100 * keys[..., 0]).round(),
            "control.transposed_by": (keys[..., 2] - TRANSPOSED[0]) % CLASSES + TRANSPOSED[0],
            "control.copied_transposed": (keys[..., 1] > self.usual_transposed).float(),
        }, carry.next_state


def usually_alike(memory: Memory, songs: Sequence[Tensor], share: float = 0.95) -> float:
    """Give how much is alike in all but the most known windows of songs (N,) of numbers as `Memory` takes them."""
    found = [alike[round(WINDOW_S * STEPS_PER_S) :] for alike in memory.alike_in(songs)]
    together = np.concatenate(found) if found else np.ones(0)
    return float(np.quantile(together, share)) if len(together) else 1.0
