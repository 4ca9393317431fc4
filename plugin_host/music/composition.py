"""Music that a model goes on with, from a passage, between two, or from nothing, for as long as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelFileError, UsageError
from ..playing.model import Model
from ..streaming.control_values import ControlValue
from .passage import Passage

if TYPE_CHECKING:
    from ..streaming.stream import Stream

PRIME_S = 12.0
LONGEST_PRIME_S, LONGEST_S = 600.0, 86400.0
BLOCK_FRAMES = 16
FADE_S = 0.02


@dataclass(frozen=True)
class Composition:
    """What is to be composed.

    Attributes
    ----------
    model : Model
        An effect with the control ``listen``.
    seconds : float
    first, second : Passage, optional
        What to go on from, and what to blend it with.
    prime_s : float
        How much is heard of each.
    keep_prime : bool
        Whether what is heard stands before what is composed.
    controls : mapping
        Of the model, such as ``temperature``.
    """

    model: Model
    seconds: float
    first: Passage | None = None
    second: Passage | None = None
    prime_s: float = PRIME_S
    keep_prime: bool = False
    controls: Mapping[str, ControlValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "listen" not in self.model.controls:
            raise ModelFileError(
                f"{self.model.source} does not go on with music, as it has no control listen; needed is a model of the"
                " family music"
            )
        if not 0 < self.seconds <= LONGEST_S:
            raise UsageError(
                f"the length is {self.seconds:g} s; needed is a number above 0, up to {LONGEST_S:g}"
            )
        if not 0 < self.prime_s <= LONGEST_PRIME_S:
            raise UsageError(
                f"{self.prime_s:g} s of a passage were asked for; needed is a number above 0, up to {LONGEST_PRIME_S:g}"
            )
        if self.second is not None and self.first is None:
            raise UsageError("a second passage needs a first one: add --prime")
        if self.second is not None and "blend" not in self.model.controls:
            raise UsageError(f"{self.model.source} hears one passage only: leave --prime2 out")

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.model.document.sample_rate

    @property
    def frames(self) -> int:
        """Samples in all, without what is kept of a passage."""
        return round(self.seconds * self.sample_rate)

    @property
    def most_frames(self) -> int:
        """Samples in all, with a passage that is kept, if it is as long as is heard of it."""
        kept = round(self.prime_s * self.sample_rate) if self.keep_prime and self.first is not None else 0
        return self.frames + kept

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Give the music block by block, each (1, T)."""
        hop, rate = self.model.document.hop_length, self.sample_rate
        stream = self.model.stream(rate, 1, hop)
        stream.set(**self.controls)
        late = stream.latency_samples
        if self.second is not None:
            self._hear(stream, self.second, "second")
        heard = np.zeros((1, 0), np.float32)
        if self.first is not None:
            heard = self._hear(stream, self.first, "on")
        listening = heard.shape[1]
        stream.set(listen="off")
        wanted = self.frames + (listening if self.keep_prime else 0)
        skipped = 0 if self.keep_prime else listening
        # What is still to come of the passage when listening ends, or of the silence before the first sound.
        pending = heard
        drop = late + skipped
        silence = np.zeros((1, BLOCK_FRAMES * hop), np.float32)
        given = 0
        while given < wanted:
            block = pending if pending.shape[1] else stream.process(silence)
            pending = np.zeros((1, 0), np.float32)
            dropped = min(drop, block.shape[1])
            drop -= dropped
            block = block[:, dropped : dropped + wanted - given]
            given += block.shape[1]
            if block.shape[1]:
                yield block

    def _hear(self, stream: Stream, passage: Passage, word: str) -> NDArray[np.float32]:
        """Let a stream hear a passage; what sounded meanwhile (1, T), whole hops of it."""
        hop = self.model.document.hop_length
        sound = passage.read(self.prime_s, self.sample_rate)
        count = len(sound) // hop
        if count == 0:
            raise UsageError(
                f"{passage.path}: the passage is {len(sound) / self.sample_rate:.3f} s long; needed is more than"
                f" {hop / self.sample_rate:.3f} s"
            )
        stream.set(listen=word)
        return stream.process(sound[None, : count * hop])
