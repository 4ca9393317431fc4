"""Training data of the classifier: crops of real notes, varied in everything that must not decide."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import scipy.signal
import soxr
import torch
from rich.progress import track

from benchmarks.common.recordings import SAMPLE_RATE as RECORDED_RATE
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
from benchmarks.timbre.soundfont_notes import SoundfontNote

LIBRARY, OF_LIBRARY = "library", 0.5
"""Whose the recordings are, and which share of the crops is of them."""
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
    audio: np.ndarray, rng: np.random.Generator, own: Gesture | None = None, others: Sequence[Gesture] = ()
) -> list[np.ndarray]:
    """Compute the features of a recording as it is, at other speeds, in a room and with others' gestures.

    Parameters
    ----------
    audio : ndarray
        (T,) at 24 kHz.
    rng : Generator
        Draws the room and the gestures.
    own : Gesture, optional
        Of this recording.
    others : sequence of Gesture
        Some of them replace it, if it is given.

    Returns
    -------
    list of ndarray
        (80, N) uint8 each: 0..255 for -75..0 dB.
    """
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


def _drawn_by(name: str) -> np.random.Generator:
    """Give the same random numbers to the same recording, whatever else is learned from."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def _gestures(recordings: Sequence[Recording]) -> dict[Path, Gesture]:
    tracker = ModelTracker("pitch", WINDOW_DELAY_S)
    found = {}
    for recording in track(recordings, description="gestures"):
        pitch = track_pitch(tracker, read_audio(recording.path))
        found[recording.path] = gesture_of(read_audio(recording.path, SAMPLE_RATE), SAMPLE_RATE, pitch)
    return found


class Crops:
    """Draws training crops: every stretch of three semitones, and in it every instrument, is equally likely.

    If crops were drawn in proportion to the files, pitch alone would indicate the instrument. Half of the crops are of other
    makers' notes, each maker's equally many: a judge of one library's notes knows its players and its rooms.

    Parameters
    ----------
    recordings : sequence of Recording
        The training part.
    instruments : sequence of str
        In the order of the labels.
    rng : Generator
        Draws crops and changes.
    makers : mapping of str to sequence of SoundfontNote
        Notes of other makers, by the makers' names.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        instruments: Sequence[str],
        rng: np.random.Generator,
        makers: Mapping[str, Sequence[SoundfontNote]],
    ) -> None:
        gestures = _gestures([recording for recording in recordings if recording.is_single_note])
        others = list(gestures.values())
        self._variants = [
            variants(
                read_audio(recording.path, SAMPLE_RATE),
                _drawn_by(recording.path.name),
                gestures.get(recording.path),
                others,
            )
            for recording in track(recordings, description="features")
        ]
        played = [(maker, note) for maker, notes in makers.items() for note in notes]
        self._variants += [
            variants(
                soxr.resample(note.audio, RECORDED_RATE, SAMPLE_RATE),
                _drawn_by(f"{maker} {note.instrument} {note.midi} {note.velocity}"),
            )
            for maker, note in track(played, description="features of other makers")
        ]
        named = [recording.instrument for recording in recordings] + [note.instrument for _, note in played]
        self._labels = np.array([instruments.index(name) for name in named])
        self._rng = rng
        self._f0_hz = np.array([note.note_hz for note in (*recordings, *(note for _, note in played))])
        strata = [(LIBRARY, recording.midi // 3, recording.instrument) for recording in recordings]
        strata += [(maker, note.midi // 3, note.instrument) for maker, note in played]
        self._weights = _weights(strata, makers)

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


def _weights(strata: Sequence[tuple[str, int, str]], makers: Collection[str]) -> np.ndarray:
    """How often each note is drawn, by whose it is, its stretch of semitones, and its instrument; the sum is 1."""
    members = Counter(strata)
    weights = np.array([1.0 / members[stratum] for stratum in strata])
    owners = np.array([owner for owner, _, _ in strata])
    for owner in (LIBRARY, *makers):
        share = 1.0 if not makers else OF_LIBRARY if owner == LIBRARY else (1.0 - OF_LIBRARY) / len(makers)
        weights[owners == owner] *= share / weights[owners == owner].sum()
    return weights
