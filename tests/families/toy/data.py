"""What the toy learns from: pairs of hops that follow each other."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from training.data.recordings import content_hash, find_recordings, read_mono
from training.data.source import Source
from training.errors import RecordingsError
from training.loop.report import Reporter

from .settings import ToySettings, ToySize


@dataclass(frozen=True)
class ToyData:
    """Pairs of hops (N, 2 * hop_length)."""

    pairs: np.ndarray
    metadata: dict[str, Any] = field(default_factory=dict)


def identify(source: Source) -> dict[str, Any]:
    if source.recordings is None:
        raise RecordingsError("the toy learns from recordings; give a folder of them.")
    found = find_recordings(source.recordings)
    return {"recordings": str(source.recordings.resolve()), "recordings_sha256": content_hash(found)}


def prepare(source: Source, settings: ToySettings, size: ToySize, report: Reporter) -> ToyData:
    assert source.recordings is not None
    sound = np.concatenate([read_mono(path, 48000) for path in find_recordings(source.recordings)])
    length = 2 * size.hop_length
    pairs = sound[: len(sound) // length * length].reshape(-1, length)
    return ToyData(pairs, {"seconds": len(sound) / 48000})
