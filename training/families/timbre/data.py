"""What a timbre model is trained on: the features of recordings, most to learn from and some kept aside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...analysis.bundled_weights import load_analyzer
from ...analysis.tracker import PitchAnalyzer
from ...data.recordings import content_hash, find_recordings
from ...data.source import Source
from ...data.split import split_recordings
from ...errors import RecordingsError
from ...loop.report import Reporter
from .features import Features, features_of
from .model import HOP_LENGTH, SAMPLE_RATE
from .settings import TimbreSettings, TimbreSize

SHORTEST_S = 10.0
SILENT_DB = -70.0


@dataclass(frozen=True)
class TimbreData:
    """Features to train on and features kept aside."""

    train: Features
    held_out: Features

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "trained": trained_range(self.train),
            "seconds": self.train.frames * HOP_LENGTH / SAMPLE_RATE,
            "held_out_seconds": self.held_out.frames * HOP_LENGTH / SAMPLE_RATE,
        }


def identify(source: Source) -> dict[str, Any]:
    """Name the recordings, and hash what they hold.

    Raises
    ------
    RecordingsError
        If there are none.
    """
    if source.recordings is None:
        raise RecordingsError("a timbre is learned from recordings; give a folder of them.")
    found = find_recordings(source.recordings)
    return {"recordings": str(source.recordings.resolve()), "recordings_sha256": content_hash(found)}


def prepare(source: Source, settings: TimbreSettings, size: TimbreSize, report: Reporter) -> TimbreData:
    """Analyse recordings; those that cannot be used are named and left out.

    Raises
    ------
    RecordingsError
        If there is less than ten seconds that sounds, in all, or hardly any pitch.
    """
    assert source.recordings is not None
    train, held_out = split_recordings(find_recordings(source.recordings))
    paths, features, left_out = train + held_out, list[Features | None](), list[str]()
    analyzer, threads = load_analyzer(), torch.get_num_threads()
    torch.set_num_threads(1)  # small products, one after another: a second thread only waits
    try:
        for number, path in enumerate(paths):
            report.prepare(f"reading {path.name}", number, len(paths))
            features.append(_analyse(path, analyzer, size, left_out))
    finally:
        torch.set_num_threads(threads)
    for sentence in left_out:
        report.warn(sentence)
    learned = [part for part in features[: len(train)] if part is not None]
    aside = [part for part in features[len(train) :] if part is not None]
    if not learned:
        raise RecordingsError(
            f"{source.recordings} holds no recording that sounds: {'; '.join(left_out[:3])}"
        )
    whole = Features.concatenate(learned)
    _refuse_unusable(whole, source.recordings)
    return TimbreData(whole, Features.concatenate(aside or learned[-1:]))


def _analyse(path: Path, analyzer: PitchAnalyzer, size: TimbreSize, left_out: list[str]) -> Features | None:
    """Analyse a recording, or say why it is left out."""
    try:
        features = features_of(path, analyzer, size.harmonic_rows * size.harmonic_columns, size.bands)
    except RecordingsError as error:
        left_out.append(str(error))
        return None
    if features.loudness_db.max() < SILENT_DB:
        left_out.append(f"{path} is silent; left out.")
        return None
    return features


def _refuse_unusable(features: Features, recordings: Path) -> None:
    seconds = float((features.loudness_db > SILENT_DB).sum()) * HOP_LENGTH / SAMPLE_RATE
    if seconds < SHORTEST_S:
        raise RecordingsError(
            f"{recordings} holds {seconds:.1f} s of sound; at least {SHORTEST_S:.0f} s are needed,"
            " and ten minutes or more are good."
        )
    if not (features.voicing > 0.5).mean() > 0.05:
        raise RecordingsError(
            f"{recordings} holds hardly any pitched sound; timbre transfer needs a pitched, monophonic instrument."
        )


def trained_range(features: Features) -> dict[str, tuple[float, float, float]]:
    """The 5th, 50th and 95th percentile of pitch and loudness where the instrument sounds."""
    sounding = (features.voicing > 0.5) & (features.loudness_db > features.loudness_db.max() - 40.0)
    chosen = {"f0_hz": features.f0_hz[sounding], "loudness_db": features.loudness_db[sounding]}
    return {
        name: (float(low), float(median), float(high))
        for name, (low, median, high) in ((k, np.percentile(v, [5, 50, 95])) for k, v in chosen.items())
    }
