"""What a timbre model is trained on, computed once for each recording and cached.

For each frame of one hop: pitch, voicing and loudness as the exported model will hear them, and the levels of harmonics
and noise read off the spectrum, which teach the decoder before any sound is made.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from ...analysis.bundled_weights import WEIGHTS
from ...analysis.tracker import PitchAnalyzer
from ...data.harmonic_analysis import harmonic_levels
from ...data.recordings import read_mono
from ...errors import RecordingsError

VERSION = "1"
BLOCK_FRAMES = 4096


@dataclass(frozen=True)
class Features:
    """One or more recordings, frame by frame.

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

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.f0_hz)

    @staticmethod
    def concatenate(parts: list[Features]) -> Features:
        """Put recordings one after another."""
        return Features(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Features)))


def cache_folder() -> Path:
    """Return where features are kept: ``$BRAINSYNTH_CACHE``, or ``~/.cache/brainsynth``."""
    return Path(os.environ.get("BRAINSYNTH_CACHE", Path.home() / ".cache" / "brainsynth")) / "features"


def features_of(path: Path, analyzer: PitchAnalyzer, harmonics: int, bands: int) -> Features:
    """Return the features of one recording, from the cache if it holds them.

    The key is the content of the file and of the tracker's weights, so that a changed recording is analysed again.
    """
    key = hashlib.sha256(path.read_bytes())
    key.update(WEIGHTS.read_bytes() + f"{VERSION} {harmonics} {bands}".encode())
    cached = cache_folder() / f"{key.hexdigest()[:32]}.npz"
    if cached.is_file():
        try:
            with np.load(cached) as stored:
                return Features(**{f.name: stored[f.name] for f in fields(Features)})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            cached.unlink(missing_ok=True)  # cut short by a crash: do it again
    features = analyse(read_mono(path, analyzer.sample_rate), analyzer, harmonics, bands)
    cached.parent.mkdir(parents=True, exist_ok=True)
    partial = cached.with_suffix(f".{os.getpid()}.tmp")
    with partial.open("wb") as file:
        np.savez(file, **{f.name: getattr(features, f.name) for f in fields(Features)})
    partial.replace(cached)
    return features


@torch.no_grad()
def analyse(audio: np.ndarray, analyzer: PitchAnalyzer, harmonics: int, bands: int) -> Features:
    """Compute the features of mono sound (T,) at the analyzer's rate; T is cut to whole hops."""
    hop = analyzer.hop_length
    frames = len(audio) // hop
    if frames == 0:
        raise RecordingsError(f"A recording of {len(audio)} samples is shorter than one frame of {hop}.")
    audio = np.ascontiguousarray(audio[: frames * hop], np.float32)
    state, heard = analyzer.initial_state(1), []
    for start in range(0, len(audio), BLOCK_FRAMES * hop):
        block = torch.from_numpy(audio[start : start + BLOCK_FRAMES * hop])
        values, state = analyzer({"audio": block[None, None]}, state)
        heard.append(torch.stack([values[f"control.{c.name}"][0] for c in analyzer.outputs]))
    f0_hz, voicing, loudness_db = torch.cat(heard, 1).numpy()
    tones, noise = harmonic_levels(audio, f0_hz, analyzer.sample_rate, hop, harmonics, bands)
    return Features(audio, f0_hz, voicing, loudness_db, tones, noise)
