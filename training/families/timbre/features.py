"""What a timbre model is trained on, computed once for each recording and cached.

For each frame of one hop: pitch, voicing and loudness as the exported model will track them, and the levels of harmonics
and noise read off the spectrum, which teach the decoder before any sound is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from ...analysis.bundled_weights import WEIGHTS
from ...analysis.loudness import FLOOR_DB
from ...analysis.tracker import PitchAnalyzer
from ...data.cache import cache_key, cached_arrays
from ...data.copies import SoundPrint, print_of
from ...data.excerpts import rows_around
from ...data.harmonic_analysis import FLOOR_NEPERS, harmonic_levels
from ...data.joined import JoinedArrays
from ...data.low_cut import high_passed
from ...data.recordings import file_hash, read_mono
from ...dsp.hold import PitchHold
from ...dsp.units import hz_to_midi, midi_to_hz
from ...errors import RecordingsError, counted

VERSION = "3"
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
        """Take one recording; silence follows it if it has fewer frames than ``shortest``.

        Its pitch is held where there is none, as the effect does.
        """
        count = len(features.f0_hz)
        more = max(0, shortest - count)

        def followed(rows: np.ndarray, silence: float) -> JoinedArrays:
            beyond = np.broadcast_to(rows.dtype.type(silence), (more, *rows.shape[1:]))
            return JoinedArrays([rows, beyond])

        return cls(
            np.pad(held_pitch(features.f0_hz, features.voicing), (0, more), "edge"),
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


def held_pitch(f0_hz: np.ndarray, voicing: np.ndarray) -> np.ndarray:
    """Keep the last pitch (N,) through frames without one, in Hz; see `training.dsp.hold.PitchHold`."""
    hold = PitchHold()
    midi = hz_to_midi(torch.from_numpy(np.array(f0_hz)).double())[None, :, None]
    voiced = torch.from_numpy(np.array(voicing))[None, :, None]
    held, _ = hold((midi, voiced), hold.initial_state())
    return midi_to_hz(held)[0, :, 0].float().numpy()


@dataclass(frozen=True)
class Heard:
    """What has to be known of all recordings before they are analysed: what is split, and where they are cut.

    Attributes
    ----------
    f0_hz, voicing, loudness_db : (N,) float32
        As tracked, of the recording as it is.
    print : SoundPrint
    """

    f0_hz: np.ndarray
    voicing: np.ndarray
    loudness_db: np.ndarray
    print: SoundPrint


def hear(path: Path, analyzer: PitchAnalyzer) -> Heard:
    """Track one recording and take its print, or read both from the cache.

    Raises
    ------
    RecordingsError
        If it cannot be read, or is shorter than a frame.
    """

    def compute() -> dict[str, np.ndarray]:
        audio = _read(path, analyzer)
        audio = audio - audio.mean()  # an offset alone is silence, and not the step that it begins with
        f0_hz, voicing, loudness_db = track(audio, analyzer)
        taken = print_of(audio, analyzer.sample_rate)
        return {
            "f0_hz": f0_hz,
            "voicing": voicing,
            "loudness_db": loudness_db,
            "content": np.frombuffer(bytes.fromhex(taken.content), np.uint8),
            "picture": taken.picture,
            "duration_s": np.array([taken.duration_s]),
        }

    names = ("f0_hz", "voicing", "loudness_db", "content", "picture", "duration_s")
    mapped = cached_arrays(_key(path, f"heard {VERSION}"), names, compute)
    kept = {name: np.array(array) for name, array in mapped.items()}  # what is mapped holds its file open
    taken = SoundPrint(
        kept["content"].tobytes().hex(), kept["picture"].astype(np.float32), float(kept["duration_s"][0])
    )
    return Heard(kept["f0_hz"], kept["voicing"], kept["loudness_db"], taken)


def features_of(
    path: Path, analyzer: PitchAnalyzer, harmonics: int, bands: int, low_cut_hz: float = 0.0
) -> Features:
    """Return the features of one recording, cut below a corner unless that is 0, from the cache if it holds them.

    Raises
    ------
    RecordingsError
        If it cannot be read, or is shorter than a frame.
    """
    cut = f" above {low_cut_hz}" if low_cut_hz else ""

    def compute() -> dict[str, np.ndarray]:
        audio = _read(path, analyzer)
        if low_cut_hz:
            audio = high_passed(audio, analyzer.sample_rate, low_cut_hz)
        return vars(analyse(audio, analyzer, harmonics, bands))

    names = [field.name for field in fields(Features)]
    return Features(**cached_arrays(_key(path, f"{VERSION} {harmonics} {bands}{cut}"), names, compute))


def _key(path: Path, what: str) -> str:
    """Depend on the content of the file and of the tracker's weights: a changed recording is analysed again."""
    return cache_key(file_hash(path), WEIGHTS.read_bytes(), what)


def _read(path: Path, analyzer: PitchAnalyzer) -> np.ndarray:
    audio = read_mono(path, analyzer.sample_rate)
    if len(audio) < analyzer.hop_length:
        raise RecordingsError(
            f"{path} has {counted(len(audio), 'sample')}, less than one frame of {analyzer.hop_length}; left out."
        )
    return audio


def analyse(audio: np.ndarray, analyzer: PitchAnalyzer, harmonics: int, bands: int) -> Features:
    """Compute the features of mono sound (T,) at the analyzer's rate; T, a frame or more, is cut to whole hops."""
    hop = analyzer.hop_length
    audio = np.ascontiguousarray(audio[: len(audio) // hop * hop], np.float32)
    f0_hz, voicing, loudness_db = track(audio, analyzer)
    tones, noise = harmonic_levels(audio, f0_hz, analyzer.sample_rate, hop, harmonics, bands)
    return Features(audio, f0_hz, voicing, loudness_db, tones, noise)


@torch.no_grad()
def track(audio: np.ndarray, analyzer: PitchAnalyzer) -> np.ndarray:
    """Track pitch, voicing and loudness of mono sound (T,), a frame or more: (3, N) float32."""
    hop = analyzer.hop_length
    audio = np.ascontiguousarray(audio[: len(audio) // hop * hop], np.float32)
    state, blocks = analyzer.initial_state(1), []
    for start in range(0, len(audio), BLOCK_FRAMES * hop):
        block = torch.from_numpy(audio[start : start + BLOCK_FRAMES * hop])
        values, state = analyzer({"audio": block[None, None]}, state)
        blocks.append(torch.stack([values[f"control.{c.name}"][0] for c in analyzer.outputs]))
    return torch.cat(blocks, 1).numpy()
