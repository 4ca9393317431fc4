"""What the LPC models are trained on: Csound sounds whose filters are known, and recordings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.copies import print_of
from ...data.recordings import find_recordings, read_mono, read_usable
from ...data.source import EndlessSounds, Source, identify_audio, identify_sounds
from ...data.split import split_by_name, split_recordings
from ...errors import RecordingsError, SoundsError
from ...loop.report import Reporter
from .settings import LpcSettings, LpcSize
from .sounds import AllPoleSounds
from .tracker import SAMPLE_RATE

HELD_OUT_EVERY = 10
SHORTEST, EDGE, SILENT = 2048, 240, 1e-3  # of a recording: samples, samples, peak


@dataclass(frozen=True)
class LpcData:
    """Sounds with known filters, and recordings (T,), which may be none; ``prepared`` says which they are."""

    sounds: AllPoleSounds
    recordings: list[np.ndarray]
    prepared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def train(self) -> Sequence[int]:
        """Which sounds are trained on."""
        return np.flatnonzero(~self._aside).tolist()

    @property
    def held_out(self) -> Sequence[int]:
        """Which sounds are kept aside."""
        return np.flatnonzero(self._aside).tolist()

    @property
    def _aside(self) -> NDArray[np.bool_]:
        aside = self.sounds.numbers % HELD_OUT_EVERY == 0
        aside[0] |= not aside.any()
        return aside

    @property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "sounds": len(self.train),
            "recordings": len(self.recordings),
            "recorded_s": sum(len(r) for r in self.recordings) / SAMPLE_RATE,
        }


def identify(source: Source) -> dict[str, Any]:
    """Name the synth and its sounds; recordings may be added.

    Raises
    ------
    SoundsError
        If there are no sounds.
    """
    if source.sounds is None or isinstance(source.sounds, EndlessSounds):
        raise SoundsError("filters are learned from a data set: brainsynth generate allpole -o DATA")
    return {**identify_sounds(source.sounds), **identify_audio(source.sounds), "recordings": None}


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
    paths = find_recordings(source.recordings)
    if source.prepared == {}:
        # The run was begun when names decided, before anything was read.
        learned = split_by_name(paths).train
        recordings = read_recordings(source.recordings, learned, settings.recorded_s, report)
        return LpcData(known, list(recordings.values()))
    found = read_recordings(source.recordings, paths, settings.recorded_s, report)
    prints = {path: print_of(audio, SAMPLE_RATE) for path, audio in found.items()}
    split = split_recordings(source.recordings, paths, prints, source.prepared)
    return LpcData(known, [found[path] for path in split.train], split.record(source.recordings))


def read_recordings(
    folder: Path, paths: Sequence[Path], longest_s: float, report: Reporter
) -> dict[Path, np.ndarray]:
    """Read recordings (T,) at the model's rate until there are ``longest_s`` seconds, in an order that their names give.

    Raises
    ------
    RecordingsError
        If no recording sounds.
    """
    ordered = sorted(paths, key=lambda p: hashlib.sha256(os.fsencode(p.name)).hexdigest())

    def enough(found: Mapping[Path, np.ndarray]) -> bool:
        return sum(map(len, found.values())) >= longest_s * SAMPLE_RATE

    return read_usable(folder, ordered, _read, report, enough)


def _read(path: Path) -> np.ndarray:
    audio = read_mono(path, SAMPLE_RATE)
    # Without the ends, where a constant offset that was resampled rings.
    inner = audio[EDGE:-EDGE]
    if len(audio) < SHORTEST or np.abs(inner - inner.mean()).max() < SILENT:
        raise RecordingsError(f"{path} is silent or too short; left out.")
    return audio
