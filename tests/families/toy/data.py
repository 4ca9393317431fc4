"""What the toy learns from: pairs of hops that follow each other."""

import numpy as np

from training.data.recordings import find_recordings, read_mono
from training.data.source import Source
from training.loop.report import Reporter

from .settings import ToySettings, ToySize


def prepare(source: Source, settings: ToySettings, size: ToySize, report: Reporter) -> np.ndarray:
    """Cut recordings into pairs (N, 2 * hop_length), each of one recording."""
    length = 2 * size.hop_length
    sounds = [read_mono(path, 48000) for path in find_recordings(source.folder)]
    return np.concatenate([sound[: len(sound) // length * length].reshape(-1, length) for sound in sounds])
