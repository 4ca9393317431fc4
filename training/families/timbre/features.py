"""What a timbre model is trained on, computed once for each recording and cached.

For each frame of one hop: pitch, voicing and loudness as the exported model will track them, and the levels of harmonics
and noise read off the spectrum, which teach the decoder before any sound is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...analysis.bundled_weights import WEIGHTS
from ...analysis.loudness import FLOOR_DB
from ...analysis.tracker import PitchAnalyzer
from ...data.cache import cache_key, cached_arrays
from ...data.excerpts import rows_around
from ...data.harmonic_analysis import FLOOR_NEPERS, harmonic_levels
from ...data.joined import JoinedArrays
from ...data.recordings import read_mono
from ...errors import RecordingsError

VERSION = "1"
BLOCK_FRAMES = 4096


@dataclass(frozen=True)
class Features:
    """A recording, frame by frame.

    Attributes
    ----------
    audio : (N * hop_length,) float32
    f0_hz, voicing, loudness_db : (N,) float32
    harmonics : (N, K) float16, log amplitude of each harmonic in nepers; -inf never, at least -16.
    bands : (N, M) float16, log magnitude of the noise in each band, in nepers.
    """

    audio: np.ndarray
    f0_hz: np.ndarray
    voicing: np.ndarray
    loudness_db: np.ndarray
    harmonics: np.ndarray
    bands: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """Recordings one after another. What is tracked is in the memory, 12 bytes a frame; the rest stays on the disk.

    Attributes
    ----------
    f0_hz, voicing, loudness_db, harmonics, bands
        As in `Features`, of all recordings.
    audio : (N, hop_length) float32
    lengths : tuple of int
        Frames of each recording, with the silence that was added to it.
    recorded : int
        Frames without that silence.
    """

    f0_hz: np.ndarray
    voicing: np.ndarray
    loudness_db: np.ndarray
    audio: JoinedArrays
    harmonics: JoinedArrays
    bands: JoinedArrays
    lengths: tuple[int, ...]
    recorded: int

    @classmethod
    def of(cls, features: Features, shortest: int = 1) -> Corpus:
        """Take one recording; silence follows it if it has fewer frames than ``shortest``."""
        count = len(features.f0_hz)
        more = max(0, shortest - count)

        def followed(rows: np.ndarray, silence: float) -> JoinedArrays:
            beyond = np.broadcast_to(rows.dtype.type(silence), (more, *rows.shape[1:]))
            return JoinedArrays([rows, beyond])

        return cls(
            np.pad(features.f0_hz, (0, more), "edge"),
            np.pad(features.voicing, (0, more)),
            np.pad(features.loudness_db, (0, more), constant_values=FLOOR_DB),
            followed(features.audio.reshape(count, -1), 0.0),
            followed(features.harmonics, FLOOR_NEPERS),
            followed(features.bands, FLOOR_NEPERS),
            (count + more,),
            count,
        )

    @classmethod
    def join(cls, parts: Sequence[Corpus]) -> Corpus:
        """Put recordings one after another; there must be one or more."""
        return cls(
            np.concatenate([p.f0_hz for p in parts]),
            np.concatenate([p.voicing for p in parts]),
            np.concatenate([p.loudness_db for p in parts]),
            JoinedArrays([p.audio for p in parts]),
            JoinedArrays([p.harmonics for p in parts]),
            JoinedArrays([p.bands for p in parts]),
            sum((p.lengths for p in parts), ()),
            sum(p.recorded for p in parts),
        )

    def excerpts(self, frames: np.ndarray, length: int) -> np.ndarray:
        """Give the frames (B, length) of excerpts around ``frames`` (B,), each within one recording.

        Raises
        ------
        ValueError
            If a recording is shorter.
        """
        return rows_around(frames, self.lengths, length)


def features_of(path: Path, analyzer: PitchAnalyzer, harmonics: int, bands: int) -> Features:
    """Return the features of one recording, from the cache if it holds them.

    The key is the content of the file and of the tracker's weights, so that a changed recording is analysed again.
    """
    key = cache_key(path.read_bytes(), WEIGHTS.read_bytes(), f"{VERSION} {harmonics} {bands}")

    def compute() -> dict[str, np.ndarray]:
        return vars(analyse(read_mono(path, analyzer.sample_rate), analyzer, harmonics, bands))

    return Features(**cached_arrays(key, compute))


@torch.no_grad()
def analyse(audio: np.ndarray, analyzer: PitchAnalyzer, harmonics: int, bands: int) -> Features:
    """Compute the features of mono sound (T,) at the analyzer's rate; T is cut to whole hops."""
    hop = analyzer.hop_length
    frames = len(audio) // hop
    if frames == 0:
        raise RecordingsError(f"A recording of {len(audio)} samples is shorter than one frame of {hop}.")
    audio = np.ascontiguousarray(audio[: frames * hop], np.float32)
    state, blocks = analyzer.initial_state(1), []
    for start in range(0, len(audio), BLOCK_FRAMES * hop):
        block = torch.from_numpy(audio[start : start + BLOCK_FRAMES * hop])
        values, state = analyzer({"audio": block[None, None]}, state)
        blocks.append(torch.stack([values[f"control.{c.name}"][0] for c in analyzer.outputs]))
    f0_hz, voicing, loudness_db = torch.cat(blocks, 1).numpy()
    tones, noise = harmonic_levels(audio, f0_hz, analyzer.sample_rate, hop, harmonics, bands)
    return Features(audio, f0_hz, voicing, loudness_db, tones, noise)
