"""Find the notes of an instrument library by the names of its files."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

SAMPLE_RATE = 48000

_NAME = re.compile(
    r"(?P<instrument>[^_]+)_(?P<letter>[A-G])(?P<sharp>s?)(?P<octave>\d)"
    r"_(?P<length>[^_]+)_(?P<dynamic>[^_]+)_(?P<articulation>[^_]+)"
)
_SEMITONE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Recording:
    """One file of the library and what its name gives.

    Attributes
    ----------
    path : Path
        The file; ``INSTRUMENT_NOTE_LENGTH_DYNAMIC_ARTICULATION.mp3``.
    instrument : str
        As in the name: ``cello``, ``french-horn``.
    midi : int
        The sounding note (69 is A4).
    length : str
        ``05``, ``1``, ``15`` (quarter seconds, roughly), ``long``, ``very-long`` or ``phrase``.
    dynamic : str
        ``pianissimo`` to ``fortissimo``, or a change such as ``cresc-decresc``.
    articulation : str
        ``normal``, ``arco-normal``, ``nonlegato`` ...
    """

    path: Path
    instrument: str
    midi: int
    length: str
    dynamic: str
    articulation: str

    @property
    def note_hz(self) -> float:
        """Frequency of the named note in equal temperament, A4 = 440 Hz."""
        return 440.0 * 2.0 ** ((self.midi - 69) / 12.0)

    @property
    def is_single_note(self) -> bool:
        """Whether one pitch is held throughout: no phrase, and one plain stroke or breath."""
        return self.length != "phrase" and self.articulation in ("normal", "arco-normal")

    @property
    def is_held_out(self) -> bool:
        """Whether the file is kept for measuring: one in ten, by a hash of its name."""
        return self._tenth == 0

    @property
    def is_for_choosing(self) -> bool:
        """Whether the file serves to choose between settings: another tenth, so that what is reported stays unseen."""
        return self._tenth == 1

    @property
    def _tenth(self) -> int:
        return int(hashlib.sha256(self.path.name.encode()).hexdigest(), 16) % 10


def parse_name(path: Path) -> Recording | None:
    """Read a file's name.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    Recording or None
        None where the name does not follow the library's scheme.
    """
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    part = match.groupdict()
    midi = 12 * (int(part["octave"]) + 1) + _SEMITONE[part["letter"]] + len(part["sharp"])
    return Recording(path, part["instrument"], midi, part["length"], part["dynamic"], part["articulation"])


def find_recordings(folder: Path) -> list[Recording]:
    """List the recordings under a folder, in order of their paths; empty files are left out.

    Parameters
    ----------
    folder : Path
        Searched with everything beneath it.

    Returns
    -------
    list of Recording
        At least one.

    Raises
    ------
    FileNotFoundError
        If no file there has a name that follows the library's scheme.
    """
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size > 0)
    found = [recording for path in paths if (recording := parse_name(path)) is not None]
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no recordings named like cello_A2_15_forte_arco-normal.mp3; "
            "give the folder that holds the instruments"
        )
    return found


def held_out_notes(recordings: Sequence[Recording], limit: int | None = None) -> list[Recording]:
    """Keep the held-out single notes, shuffled by name so that a limit takes some of each instrument.

    Parameters
    ----------
    recordings : sequence of Recording
        The library.
    limit : int, optional
        Keep at most this many, in turn from each instrument.

    Returns
    -------
    list of Recording
        Instruments in turn.
    """
    kept = [recording for recording in recordings if recording.is_held_out and recording.is_single_note]
    return list(_in_turn(kept))[:limit]


def notes_for_choosing(recordings: Sequence[Recording]) -> list[Recording]:
    """Keep the single notes by which settings are chosen; models may have been trained on them.

    Parameters
    ----------
    recordings : sequence of Recording
        The library.

    Returns
    -------
    list of Recording
        Instruments in turn.
    """
    return list(_in_turn([r for r in recordings if r.is_for_choosing and r.is_single_note]))


def _in_turn(recordings: Sequence[Recording]) -> Iterator[Recording]:
    by_instrument: dict[str, list[Recording]] = {}
    for recording in sorted(recordings, key=lambda r: hashlib.sha256(r.path.name.encode()).digest()):
        by_instrument.setdefault(recording.instrument, []).append(recording)
    queues = [by_instrument[name] for name in sorted(by_instrument)]
    while queues:
        for queue in queues:
            yield queue.pop()
        queues = [queue for queue in queues if queue]


def read_audio(path: Path, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Decode a file, mix it to mono and convert its sample rate.

    Parameters
    ----------
    path : Path
        Anything libsndfile reads.
    sample_rate : int
        Hz, of the result.

    Returns
    -------
    ndarray
        (T,) float32, nominally within -1..1.
    """
    audio, file_rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1, dtype=np.float32)
    return soxr.resample(mono, file_rate, sample_rate) if file_rate != sample_rate else mono
