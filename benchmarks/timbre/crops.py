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
from benchmarks.timbre.classifier import (
    CROP_FRAMES,
    KEPT_DB,
    RANGE_DB,
    SAMPLE_RATE,
    as_shown,
    crop,
    features,
)
from benchmarks.timbre.gestures import Gesture, gesture_of, with_gesture
from benchmarks.timbre.recording_chains import through_chains

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
        (80, N) uint8 each: 0..255 for -75..0 dB.
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
    return [
        np.round(255.0 * (1.0 + features(sound, SAMPLE_RATE) / KEPT_DB)).astype(np.uint8) for sound in sounds
    ]


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
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        instruments: Sequence[str],
        rng: np.random.Generator,
    ) -> None:
        gestures = _gestures([recording for recording in recordings if recording.is_single_note])
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
            (B, 80, 100) float32 as the networks see them, and (B,) int64.
        """
        chosen = self._rng.choice(self._labels.size, size, p=self._weights)
        crops = np.stack([self._crop(index) for index in chosen])
        varied = through_chains(crops, self._f0_hz[chosen], self._rng)
        faintest_db = self._rng.uniform(-RANGE_DB, 10.0 - RANGE_DB, (size, 1, 1))
        loudest_db = varied.max(axis=(1, 2), keepdims=True)
        shown = as_shown(np.maximum(varied, loudest_db + faintest_db))
        return torch.from_numpy(shown), torch.from_numpy(self._labels[chosen])

    def _crop(self, index: int) -> np.ndarray:
        kinds = self._variants[index]
        level = kinds[self._rng.integers(len(kinds))]
        start = int(self._rng.integers(0, max(1, level.shape[1] - CROP_FRAMES // 2)))
        # Half of the crops begin with the note, as those of short notes always do.
        window = level[:, start if self._rng.random() < 0.5 else 0 :][:, :CROP_FRAMES]
        return crop((window.astype(np.float32) / 255.0 - 1.0) * KEPT_DB, 0)
