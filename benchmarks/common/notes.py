"""Held-out notes whose pitch is settled: the named note with the player's own tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE, Recording, read_audio
from benchmarks.common.sounding import sounding_times
from benchmarks.pitch.trackers import make_tracker
from benchmarks.pitch.tracking import Tracker, tracked

MAX_TUNING_CENTS = 80.0
JUDGES = ("pyin", "yin", "swiftf0")
"""The trackers that tell a file's tuning; PESTO's answers cluster in thirds of a semitone."""


@dataclass(frozen=True)
class Note:
    """A note of known pitch.

    Attributes
    ----------
    recording : Recording
        What the name says.
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


def settle_note(recording: Recording, judges: Sequence[Tracker]) -> Note | None:
    """Read a note and find its tuning.

    The tuning is the median over the judges of each one's median over the file, of those that lie within 80
    cents of the name: a judge an octave off has no say, and where all are off it is the name that is wrong.

    Parameters
    ----------
    recording : Recording
        A single note.
    judges : sequence of Tracker
        Trackers of fine resolution.

    Returns
    -------
    Note or None
        None where no judge finds the named note.
    """
    audio = read_audio(recording.path)
    sounding = sounding_times(audio, SAMPLE_RATE)
    if sounding.size == 0:
        return None
    tracks = [tracked(judge, audio).at(sounding) for judge in judges]
    offsets = [float(np.median(cents(found.f0_hz, recording.note_hz))) for found in tracks]
    near = [offset for offset in offsets if abs(offset) <= MAX_TUNING_CENTS]
    if not near:
        return None
    return Note(recording, audio, sounding, recording.note_hz * 2.0 ** (float(np.median(near)) / 1200.0))


def settle_notes(recordings: Sequence[Recording]) -> list[Note]:
    """Read notes, find their tuning, and leave out those that are not what their names say.

    Parameters
    ----------
    recordings : sequence of Recording
        Single notes.

    Returns
    -------
    list of Note
        In the same order.
    """
    judges = [make_tracker(name) for name in JUDGES]
    settled = (settle_note(recording, judges) for recording in recordings)
    return [note for note in settled if note is not None]
