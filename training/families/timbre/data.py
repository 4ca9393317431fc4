"""What a timbre model is trained on: the features of recordings, most to learn from and some kept aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...analysis.bundled_weights import load_analyzer
from ...analysis.tracker import PitchAnalyzer
from ...data.low_cut import lowest_pitch_hz
from ...data.recordings import find_recordings, read_usable
from ...data.source import Source
from ...data.split import split_recordings
from ...errors import RecordingsError, counted
from ...loop.report import Reporter
from .excerpts import SILENT_DB
from .features import Corpus, Heard, features_of, hear
from .model import HOP_LENGTH, SAMPLE_RATE
from .settings import TimbreSettings, TimbreSize

SHORTEST_S = 10.0
LEAST_FRAMES = 38  # a tenth of a second
LOW_CUT, LOWEST_CUT_HZ = "low_cut_hz", 10.0


@dataclass(frozen=True)
class TimbreData:
    """Features to train on and features kept aside.

    Attributes
    ----------
    train : Corpus
    held_out : Corpus, optional
        None if there is one sound only.
    low_cut_hz : float
        Below which the recordings were cut; 0 if they were not.
    prepared : mapping
        What the run keeps: which recordings are on which side, and ``low_cut_hz``.
    """

    train: Corpus
    held_out: Corpus | None
    low_cut_hz: float = 0.0
    prepared: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        held_out = self.held_out.recorded if self.held_out else 0
        return {
            "trained": trained_range(self.train),
            "seconds": self.train.recorded * HOP_LENGTH / SAMPLE_RATE,
            "held_out_seconds": held_out * HOP_LENGTH / SAMPLE_RATE,
            "low_cut_hz": self.low_cut_hz,
        }


def prepare(source: Source, settings: TimbreSettings, size: TimbreSize, report: Reporter) -> TimbreData:
    """Analyse recordings; those that cannot be used are named and left out.

    Raises
    ------
    RecordingsError
        If there is less than ten seconds that sounds, in all, or hardly any pitch.
    """
    paths = find_recordings(source.folder)
    analyzer, threads = load_analyzer(), torch.get_num_threads()
    torch.set_num_threads(1)  # small products, one after another: a second thread only waits
    try:
        heard = read_usable(source.folder, paths, lambda path: _hear(path, analyzer), report)
        split = split_recordings(
            source.folder, paths, {path: one.print for path, one in heard.items()}, source.prepared
        )
        if source.prepared is None:
            low_cut_hz = _choose_low_cut(list(heard.values()), settings.low_cut, report)
        else:
            low_cut_hz = source.prepared.get(LOW_CUT, 0.0)
        parts: dict[Path, Corpus] = {}
        used, harmonics = [*split.train, *split.held_out], size.harmonic_rows * size.harmonic_columns
        for path in used:
            report.prepare(f"analysing {path.name}", len(parts), len(used))
            features = features_of(path, analyzer, harmonics, size.bands, low_cut_hz)
            parts[path] = Corpus.of(features, settings.excerpt_frames)
    finally:
        torch.set_num_threads(threads)
    train = Corpus.join([parts[path] for path in split.train])
    _refuse_unusable(train, [parts[path] for path in split.held_out], source.folder)
    if not split.held_out:
        report.warn(
            f"{source.folder} holds one sound, so that none is held out: figures are of what is trained on"
        )
    held_out = Corpus.join([parts[path] for path in split.held_out]) if split.held_out else None
    return TimbreData(train, held_out, low_cut_hz, split.record(source.folder) | {LOW_CUT: low_cut_hz})


def _hear(path: Path, analyzer: PitchAnalyzer) -> Heard:
    heard = hear(path, analyzer)
    # A constant offset that was resampled rings for a moment where it begins and ends.
    if (heard.loudness_db > SILENT_DB).sum() < LEAST_FRAMES:
        raise RecordingsError(f"{path} is silent; left out.")
    return heard


def _choose_low_cut(heard: Sequence[Heard], octaves: float, report: Reporter) -> float:
    """Choose where recordings are cut, in Hz: so far below the lowest note. 0 if they are not."""
    f0_hz, voicing, below = (
        np.concatenate(arrays)
        for arrays in zip(
            *((one.f0_hz, one.voicing, one.loudness_db.max() - one.loudness_db) for one in heard), strict=True
        )
    )
    lowest = lowest_pitch_hz(f0_hz, voicing, below, SAMPLE_RATE / HOP_LENGTH)
    corner = round(lowest / 2**octaves, 1) if octaves and lowest else 0.0
    if corner < LOWEST_CUT_HZ:
        return 0.0
    report.warn(
        f"the recordings are cut below {corner:.0f} Hz, {octaves:g} octaves below their lowest note, so that the model"
        " does not learn rumble; --low-cut 0 leaves them as they are"
    )
    return corner


def _refuse_unusable(train: Corpus, held_out: Sequence[Corpus], recordings: Path) -> None:
    seconds, aside = _sounding_s(train), sum(map(_sounding_s, held_out))
    beside = (
        f", beside {aside:.1f} s in {counted(len(held_out), 'recording')} held out to measure by, with all their copies"
        if held_out
        else ""
    )
    if seconds < SHORTEST_S:
        raise RecordingsError(
            f"{recordings} holds {seconds:.1f} s of sound to learn from{beside}; at least {SHORTEST_S:.0f} s are needed,"
            " and ten minutes or more are good."
        )
    if not (train.voicing > 0.5).mean() > 0.05:
        raise RecordingsError(
            f"{recordings} holds hardly any pitched sound to learn from{beside};"
            " timbre transfer needs a pitched, monophonic instrument."
        )


def _sounding_s(corpus: Corpus) -> float:
    return float((corpus.loudness_db > SILENT_DB).sum()) * HOP_LENGTH / SAMPLE_RATE


def trained_range(corpus: Corpus) -> dict[str, tuple[float, float, float]]:
    """The 5th, 50th and 95th percentile of pitch and loudness where the instrument sounds, at a pitch."""
    pitched = corpus.voicing > 0.5
    # Of the loudest pitched moment: a knock may be louder by far.
    sounding = pitched & (corpus.loudness_db > corpus.loudness_db[pitched].max() - 40.0)
    chosen = {"f0_hz": corpus.f0_hz[sounding], "loudness_db": corpus.loudness_db[sounding]}
    return {
        name: (float(low), float(median), float(high))
        for name, (low, median, high) in ((k, np.percentile(v, [5, 50, 95])) for k, v in chosen.items())
    }
