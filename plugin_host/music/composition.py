"""Music that a model goes on with, from a passage, between two, or from nothing, for as long as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelFileError, UsageError
from ..playing.model import Model
from ..streaming.control_values import ControlValue
from .pace import Pace, pace_after, pace_from_nothing
from .passage import Passage

if TYPE_CHECKING:
    from ..streaming.stream import Stream

PRIME_S = 12.0
LONGEST_PRIME_S, LONGEST_S = 600.0, 86400.0
BLOCK_FRAMES = 16
FADE_S = 0.02
TEMPO, LEARNED_TEMPO = "tempo", "tempo_bpm"


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
    tempo_bpm : float, optional
        0: as it comes; None: as the passage has it if that was learned, from nothing one that was learned, by the seed.
    controls : mapping
        Of the model, such as ``temperature``, but for the tempo.
    """

    model: Model
    seconds: float
    first: Passage | None = None
    second: Passage | None = None
    prime_s: float = PRIME_S
    keep_prime: bool = False
    tempo_bpm: float | None = None
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
        if self.tempo_bpm is not None:
            if TEMPO not in self.model.controls:
                raise UsageError(f"{self.model.source} has learned no tempo: leave --tempo out")
            most = self.model.controls[TEMPO].maximum
            if not 0 <= self.tempo_bpm <= most:
                raise UsageError(
                    f"a tempo of {self.tempo_bpm:g} was asked for; needed is 0 to {most:g} beats a minute"
                )

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.model.document.sample_rate

    @cached_property
    def pace(self) -> Pace:
        """At which tempo it goes on, and from when on."""
        learned = self.model.document.trained.get(LEARNED_TEMPO)
        if TEMPO not in self.model.controls or learned is None:
            return Pace(self.tempo_bpm or 0.0)
        if self.first is None:
            return pace_from_nothing(learned, self.tempo_bpm, int(cast(float, self.controls.get("seed", 0))))
        return pace_after(self._first_sound, self.sample_rate, learned, self.tempo_bpm)

    @cached_property
    def _first_sound(self) -> NDArray[np.float32]:
        """What is heard of the first passage (T,)."""
        assert self.first is not None
        return self.first.read(self.prime_s, self.sample_rate)

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
            self._hear(stream, self.second, self.second.read(self.prime_s, self.sample_rate), "second")
        heard = np.zeros((1, 0), np.float32)
        if self.first is not None:
            heard = self._hear(stream, self.first, self._first_sound, "on", self.pace.bar_s)
        listening = heard.shape[1]
        stream.set(listen="off")
        if self.pace.bpm:
            stream.set(**{TEMPO: self.pace.bpm})
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

    def _hear(
        self,
        stream: Stream,
        passage: Passage,
        sound: NDArray[np.float32],
        word: str,
        bar_s: float | None = None,
    ) -> NDArray[np.float32]:
        """Let a stream hear a passage, and from a bar on at which tempo; what sounded meanwhile (1, T), whole hops of it."""
        hop = self.model.document.hop_length
        count = len(sound) // hop
        if count == 0:
            raise UsageError(
                f"{passage.path}: the passage is {len(sound) / self.sample_rate:.3f} s long; needed is more than"
                f" {hop / self.sample_rate:.3f} s"
            )
        untold = count if bar_s is None else min(count, round(bar_s * self.sample_rate / hop))
        stream.set(listen=word)
        sounded = stream.process(sound[None, : untold * hop])
        if untold == count:
            return sounded
        stream.set(**{TEMPO: self.pace.bpm})
        return np.concatenate([sounded, stream.process(sound[None, untold * hop : count * hop])], 1)
