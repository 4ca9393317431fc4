"""What the LPC models are trained on: Csound sounds whose filters are known, and recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.recordings import content_hash, find_recordings
from ...data.source import EndlessSounds, Source
from ...data.split import split_recordings
from ...errors import RecordingsError, SoundsError
from ...loop.report import Reporter
from .excerpts import read_recordings
from .settings import LpcSettings, LpcSize
from .sounds import AllPoleSounds
from .tracker import SAMPLE_RATE

HELD_OUT_SHARE = 10  # one sound in so many


@dataclass(frozen=True)
class LpcData:
    """Sounds with known filters, and recordings (T,), which may be none."""

    sounds: AllPoleSounds
    recordings: list[np.ndarray]

    @property
    def train(self) -> Sequence[int]:
        """Which sounds are trained on."""
        return [i for i in range(len(self.sounds)) if i % HELD_OUT_SHARE]

    @property
    def held_out(self) -> Sequence[int]:
        """Which sounds are kept aside."""
        return range(0, len(self.sounds), HELD_OUT_SHARE)

    @property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "sounds": len(self.train),
            "recordings": len(self.recordings),
            "recorded_s": sum(len(r) for r in self.recordings) / SAMPLE_RATE,
        }


def identify(source: Source) -> dict[str, Any]:
    """Name the synth, how many sounds there are, and the recordings.

    Raises
    ------
    SoundsError, RecordingsError
        If there are no sounds, or a folder holds no recordings.
    """
    if source.sounds is None or isinstance(source.sounds, EndlessSounds):
        raise SoundsError("filters are learned from a data set: brainsynth generate allpole -o DATA")
    identity = {"synth": source.sounds.synth, "synth_sha256": source.sounds.synth_sha256}
    identity |= {"sounds": len(source.sounds), "recordings": None}
    if source.recordings is not None:
        identity["recordings"] = str(source.recordings.resolve())
        identity["recordings_sha256"] = content_hash(find_recordings(source.recordings))
    return identity


def prepare(source: Source, settings: LpcSettings, size: LpcSize, report: Reporter) -> LpcData:
    """Read sounds and recordings; recordings that cannot be used are named and left out.

    Raises
    ------
    SoundsError
        If the sounds are of another synth, or too few.
    RecordingsError
        If no recording sounds.
    """
    assert source.sounds is not None
    assert not isinstance(source.sounds, EndlessSounds)
    known = AllPoleSounds(source.sounds, SAMPLE_RATE)
    if source.recordings is None:
        return LpcData(known, [])
    paths, _ = split_recordings(find_recordings(source.recordings))

    def on_reading(name: str, done: int, total: int) -> None:
        report.prepare(f"reading {name}", done, total)

    read, left_out = read_recordings(paths, settings.recorded_s, on_reading)
    for sentence in left_out:
        report.warn(sentence)
    if not read:
        raise RecordingsError(
            f"{source.recordings} holds no recording that sounds: {'; '.join(left_out[:3])}"
        )
    return LpcData(known, read)
