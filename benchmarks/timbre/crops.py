"""Training data of the classifier: crops of real notes, varied in everything that must not decide."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.signal
import soxr
import torch
from rich.progress import track

from benchmarks.common.recordings import Recording, read_audio
from benchmarks.pitch.trackers import ModelTracker
from benchmarks.pitch.tracking import track_pitch
from benchmarks.timbre.classifier import BAND_HZ, CROP_FRAMES, N_BANDS, RANGE_DB, SAMPLE_RATE, crop, features
from benchmarks.timbre.gestures import Gesture, gesture_of, with_gesture

SHIFTS_SEMITONES = (-3.0, -1.5, 0.0, 1.5, 3.0)
WINDOW_DELAY_S = 0.008


def shifted(audio: np.ndarray, sample_rate: int, semitones: float) -> np.ndarray:
    """Play a recording faster or slower, as a tape would.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    semitones : float
        Above 0 is higher and shorter.

    Returns
    -------
    ndarray
        Mono float32, at the same sample rate.
    """
    return soxr.resample(audio, sample_rate * 2.0 ** (semitones / 12.0), sample_rate) if semitones else audio


def in_room(audio: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Add the reverberation of a made-up room.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    rng : Generator
        Draws the room: 0.2 to 1.2 s of decay, 5 to 20 dB below the direct sound.

    Returns
    -------
    ndarray
        (T,) float32.
    """
    decay_s = rng.uniform(0.2, 1.2)
    time_s = np.arange(round(decay_s * sample_rate)) / sample_rate
    room = rng.standard_normal(time_s.size) * 10.0 ** (-3.0 * time_s / decay_s)
    room *= 10.0 ** (-rng.uniform(5.0, 20.0) / 20.0) / np.sqrt(np.sum(room**2))
    room[0] += 1.0
    return scipy.signal.fftconvolve(audio, room)[: audio.size].astype(np.float32)


def variants(
    recording: Recording, own: Gesture | None = None, others: Sequence[Gesture] = ()
) -> list[np.ndarray]:
    """Compute the features of a recording as it is, at other speeds, in a room and with others' gestures.

    Parameters
    ----------
    recording : Recording
        Any.
    own : Gesture, optional
        Of this recording.
    others : sequence of Gesture
        Some of them replace it, if it is given.

    Returns
    -------
    list of ndarray
        (80, N) uint8 each: 0..255 for 0..1.
    """
    audio = read_audio(recording.path, SAMPLE_RATE)
    rng = np.random.default_rng(
        int.from_bytes(hashlib.sha256(recording.path.name.encode()).digest()[:8], "big")
    )
    sounds = [shifted(audio, SAMPLE_RATE, semitones) for semitones in SHIFTS_SEMITONES]
    sounds.append(in_room(audio, SAMPLE_RATE, rng))
    if own is not None:
        for index, semitones in zip(
            rng.choice(len(others), len(SHIFTS_SEMITONES)), SHIFTS_SEMITONES, strict=True
        ):
            sounds.append(
                shifted(with_gesture(audio, SAMPLE_RATE, own, others[index]), SAMPLE_RATE, semitones)
            )
    return [np.round(255.0 * features(sound, SAMPLE_RATE)).astype(np.uint8) for sound in sounds]


def _gestures(recordings: Sequence[Recording]) -> dict[Path, Gesture]:
    tracker = ModelTracker("pitch", WINDOW_DELAY_S)
    found = {}
    for recording in track(recordings, description="gestures"):
        pitch = track_pitch(tracker, read_audio(recording.path))
        found[recording.path] = gesture_of(read_audio(recording.path, SAMPLE_RATE), SAMPLE_RATE, pitch)
    return found


class Crops:
    """Draws training crops: every stretch of three semitones, and in it every instrument, is equally likely.

    If crops were drawn in proportion to the files, pitch alone would indicate the instrument.

    Parameters
    ----------
    recordings : sequence of Recording
        The training part.
    instruments : sequence of str
        In the order of the labels.
    rng : Generator
        Draws crops and changes.
    uses_gestures : bool
        Whether a note's own dynamics and vibrato may indicate its instrument.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        instruments: Sequence[str],
        rng: np.random.Generator,
        uses_gestures: bool,
    ) -> None:
        gestures = {} if uses_gestures else _gestures([r for r in recordings if r.is_single_note])
        others = list(gestures.values())
        self._variants = [
            variants(recording, gestures.get(recording.path), others)
            for recording in track(recordings, description="features")
        ]
        self._labels = np.array([instruments.index(recording.instrument) for recording in recordings])
        self._rng = rng
        self._f0_hz = np.array([recording.note_hz for recording in recordings])
        strata = [(recording.midi // 3, recording.instrument) for recording in recordings]
        members = Counter(strata)
        weights = np.array([1.0 / members[stratum] for stratum in strata])
        self._weights = weights / weights.sum()

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw crops and their labels.

        Parameters
        ----------
        size : int
            B.

        Returns
        -------
        tuple of Tensor
            (B, 80, 100) float32 and (B,) int64.
        """
        chosen = self._rng.choice(self._labels.size, size, p=self._weights)
        crops = np.stack([self._vary(self._crop(index), float(self._f0_hz[index])) for index in chosen])
        return torch.from_numpy(crops), torch.from_numpy(self._labels[chosen])

    def _crop(self, index: int) -> np.ndarray:
        kinds = self._variants[index]
        shown = kinds[self._rng.integers(len(kinds))]
        start = int(self._rng.integers(0, max(1, shown.shape[1] - CROP_FRAMES // 2)))
        # Half of the crops begin with the note, as those of short notes always do.
        return crop(shown, start if self._rng.random() < 0.5 else 0).astype(np.float32) / 255.0

    def _vary(self, shown: np.ndarray, f0_hz: float) -> np.ndarray:
        level_db = (shown - 1.0) * RANGE_DB
        level_db = level_db + np.where(shown > 0.0, self._equalisation_db()[:, None], 0.0)
        level_db = level_db + self._rng.normal(0.0, 1.0, level_db.shape)
        if self._rng.random() < 0.5:
            # Below a note there is only the room; half of the octave is left for names an octave too high.
            cut_hz = self._rng.uniform(0.0, 0.45 * f0_hz)
            level_db[cut_hz > BAND_HZ] = -RANGE_DB
        level_db -= level_db.max()
        if self._rng.random() < 0.4:
            power = 10.0 ** (level_db / 10.0) + 10.0 ** (self._noise_db(level_db) / 10.0)
            level_db = 10.0 * np.log10(power)
        floor_db = -self._rng.uniform(35.0, RANGE_DB)
        return np.clip(1.0 + np.maximum(level_db, floor_db) / RANGE_DB, 0.0, 1.0).astype(np.float32)

    def _equalisation_db(self) -> np.ndarray:
        band = np.linspace(0.0, np.pi, N_BANDS)
        waves = [self._rng.normal(0.0, 2.0 / order) * np.cos(order * band) for order in (1, 2, 3, 4)]
        return np.sum(waves, axis=0)

    def _noise_db(self, level_db: np.ndarray) -> np.ndarray:
        """Make noise of a random level and tilt, steady like a room's or with the note's envelope like breath."""
        tilt_db = self._rng.normal(0.0, 8.0) * np.linspace(-1.0, 1.0, N_BANDS)
        noise_db = self._rng.uniform(-45.0, -27.0) + tilt_db[:, None]
        if self._rng.random() < 0.5:
            noise_db = noise_db + level_db.max(axis=0)
        return noise_db + 10.0 * np.log10(self._rng.gamma(3.0, 1.0 / 3.0, level_db.shape) + 1e-3)
