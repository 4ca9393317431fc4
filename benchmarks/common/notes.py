"""Held-out notes of known pitch: the named note with the player's own tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE, Recording, read_audio
from benchmarks.common.sounding import sounding_times
from benchmarks.pitch.trackers import make_tracker
from benchmarks.pitch.tracking import Tracker, track_pitch

MAX_TUNING_CENTS = 80.0
JUDGES = ("pyin", "yin", "swiftf0")
"""The trackers that find a file's tuning; PESTO's answers cluster in thirds of a semitone."""


@dataclass(frozen=True)
class KnownNote:
    """A note of known pitch.

    Attributes
    ----------
    recording : Recording
        The file, and the note that its name gives.
    audio : ndarray
        (T,) float32 at 48 kHz.
    sounding_s : ndarray
        (M,) the moments at which it sounds, in seconds.
    f0_hz : float
        The named note with the file's own tuning.
    """

    recording: Recording
    audio: np.ndarray
    sounding_s: np.ndarray
    f0_hz: float

    @property
    def name(self) -> str:
        """The file's name."""
        return self.recording.path.name


def find_tuning(recording: Recording, judges: Sequence[Tracker]) -> KnownNote | None:
    """Read a note and find its tuning.

    The tuning is the median over the judges of each one's median over the file, of those that lie within 80
    cents of the name: a judge that is an octave off does not count, and if all are off, the name is wrong.

    Parameters
    ----------
    recording : Recording
        A single note.
    judges : sequence of Tracker
        Trackers of fine resolution.

    Returns
    -------
    KnownNote or None
        None where no judge finds the named note.
    """
    audio = read_audio(recording.path)
    sounding = sounding_times(audio, SAMPLE_RATE)
    if sounding.size == 0:
        return None
    tracks = [track_pitch(judge, audio).at(sounding) for judge in judges]
    offsets = [float(np.median(cents(found.f0_hz, recording.note_hz))) for found in tracks]
    near = [offset for offset in offsets if abs(offset) <= MAX_TUNING_CENTS]
    if not near:
        return None
    return KnownNote(recording, audio, sounding, recording.note_hz * 2.0 ** (float(np.median(near)) / 1200.0))


def find_tunings(recordings: Sequence[Recording]) -> list[KnownNote]:
    """Read notes, find their tuning, and leave out those that are not the notes that their names give.

    Parameters
    ----------
    recordings : sequence of Recording
        Single notes.

    Returns
    -------
    list of KnownNote
        In the same order.
    """
    judges = [make_tracker(name) for name in JUDGES]
    settled = (find_tuning(recording, judges) for recording in recordings)
    return [note for note in settled if note is not None]
