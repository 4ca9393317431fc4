"""Notes of the seven instruments from other makers' libraries: real players, but other ones, in other rooms.

The libraries and the programs that play them are Debian's: apt install fluidsynth timidity fluid-soundfont-gm
musescore-general-soundfont timgm6mb-soundfont csound-soundfont freepats. Of their sounds, those of musescore are fluid's
but for the cello, and most of csound's are timgm's. The others have their own: 0.2 s of the same note in two of them
correlate by 0.24 to 0.83, those that two have in common by 0.88 and more.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common.cache import CACHE
from benchmarks.common.recordings import SAMPLE_RATE, read_audio

SOUNDFONTS = {
    "fluid": Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    "musescore": Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3"),
    "timgm": Path("/usr/share/sounds/sf2/TimGM6mb.sf2"),
    "csound": Path("/usr/share/sounds/sf2/sf_GMbank.sf2"),
    "freepats": Path("/etc/timidity/freepats.cfg"),
}
PACKAGES = (
    "fluidsynth timidity fluid-soundfont-gm musescore-general-soundfont timgm6mb-soundfont csound-soundfont"
    " freepats"
)
VELOCITIES = (50, 80, 110)
STEP_SEMITONES = 3
NOTE_MS = 1500
APART_MS = 2500
"""From the beginning of a note to that of the next, so that each has died away."""


@dataclass(frozen=True)
class Part:
    """One sound of General MIDI and the notes that are taken from it.

    Attributes
    ----------
    instrument : str
        As in the names of the recordings.
    program : int
        General MIDI, counted from 0.
    lowest, highest : int
        Usual range of the instrument, as sounding notes (69 is A4).
    """

    instrument: str
    program: int
    lowest: int
    highest: int

    @property
    def notes(self) -> list[tuple[int, int]]:
        """Note and velocity of all that is played, in order."""
        return [
            (midi, velocity)
            for midi in range(self.lowest, self.highest + 1, STEP_SEMITONES)
            for velocity in VELOCITIES
        ]


PARTS = (
    Part("cello", 42, 36, 72),
    Part("clarinet", 71, 50, 86),
    Part("flute", 73, 60, 91),
    Part("french-horn", 60, 41, 72),
    Part("oboe", 68, 58, 88),
    Part("saxophone", 65, 49, 80),
    Part("saxophone", 66, 44, 75),
    Part("trombone", 57, 40, 70),
)


@dataclass(frozen=True)
class SoundfontNote:
    """A note that a soundfont played.

    Attributes
    ----------
    instrument : str
        As in the names of the recordings.
    midi, velocity : int
        What was asked for.
    audio : ndarray
        (T,) mono float32 at 48 kHz.
    """

    instrument: str
    midi: int
    velocity: int
    audio: np.ndarray

    @property
    def note_hz(self) -> float:
        """Frequency of the note in equal temperament."""
        return 440.0 * 2.0 ** ((self.midi - 69) / 12.0)


def midi_file(program: int, notes: Sequence[tuple[int, int]]) -> bytes:
    """Write notes of one sound, one after another, as a standard MIDI file of format 0.

    Parameters
    ----------
    program : int
        0..127.
    notes : sequence of tuple of int
        Note and velocity; each is held for 1.5 s and begins 2.5 s after the one before.

    Returns
    -------
    bytes
        The file; a tick is a millisecond.
    """
    events = [_after(0, 0xFF, 0x51, 3, *(500_000).to_bytes(3, "big")), _after(0, 0xC0, program)]
    for midi, velocity in notes:
        events += [_after(0, 0x90, midi, velocity), _after(NOTE_MS, 0x80, midi, 64)]
        # A controller that means nothing, so that the silence after the last note is rendered too.
        events.append(_after(APART_MS - NOTE_MS, 0xB0, 119, 0))
    track = b"".join([*events, _after(0, 0xFF, 0x2F, 0)])
    head = b"".join(number.to_bytes(2, "big") for number in (0, 1, 500))
    return b"MThd" + len(head).to_bytes(4, "big") + head + b"MTrk" + len(track).to_bytes(4, "big") + track


def _after(delta_ms: int, *event: int) -> bytes:
    """Put the time that passes before an event in front of it: seven bits a byte, at most 14 here."""
    time = (delta_ms,) if delta_ms < 128 else (0x80 | delta_ms >> 7, delta_ms & 127)
    return bytes((*time, *event))


def installed_soundfonts() -> dict[str, Path]:
    """Find the soundfonts and the programs that play them.

    Returns
    -------
    dict of str to Path
        Those of :data:`SOUNDFONTS` that are there, by their short names; one at least.

    Raises
    ------
    FileNotFoundError
        If a program is missing, or every soundfont.
    """
    found = {name: path for name, path in SOUNDFONTS.items() if path.exists()}
    if not found:
        places = " or ".join(map(str, SOUNDFONTS.values()))
        raise FileNotFoundError(
            f"there is no soundfont at {places}, and judges need one: apt install {PACKAGES}"
        )
    for name, path in found.items():
        if shutil.which(_program(path)) is None:
            raise FileNotFoundError(f"{_program(path)} plays {name} and is missing: apt install {PACKAGES}")
    return found


def soundfont_notes(soundfont: Path) -> Iterator[SoundfontNote]:
    """Play the notes of all instruments with a soundfont, or take them from an earlier run.

    Parameters
    ----------
    soundfont : Path
        With the sounds of General MIDI.

    Yields
    ------
    SoundfontNote
        Dry: without the program's own reverberation and chorus. Notes that stay silent are left out.
    """
    for part in PARTS:
        audio = read_audio(_rendered(soundfont, part))
        for index, (midi, velocity) in enumerate(part.notes):
            first = index * APART_MS * SAMPLE_RATE // 1000
            note = audio[first : first + APART_MS * SAMPLE_RATE // 1000]
            if np.abs(note).max(initial=0.0) > 1e-4:
                yield SoundfontNote(part.instrument, midi, velocity, note)


def _rendered(soundfont: Path, part: Part) -> Path:
    score = midi_file(part.program, part.notes)
    name = hashlib.sha256(soundfont.name.encode() + score).hexdigest()[:16]
    path = CACHE / "soundfonts" / f"{soundfont.stem}-{part.program}-{name}.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            midi, partial = Path(folder) / "notes.mid", Path(folder) / "notes.flac"
            midi.write_bytes(score)
            _play(soundfont, midi, partial)
            partial.replace(path)
    return path


def _program(soundfont: Path) -> str:
    """Name what plays a soundfont, or a set of patches for Gravis Ultrasound."""
    return "timidity" if soundfont.suffix == ".cfg" else "fluidsynth"


def _play(soundfont: Path, midi: Path, out: Path) -> None:
    # What timidity writes as FLAC does not say how long it is.
    written = out.with_suffix(".wav")
    if _program(soundfont) == "timidity":
        plain = ["-EFreverb=0", "-EFchorus=0", "-EFdelay=0", "--output-mono"]
        command = ["timidity", "-c", str(soundfont), "-Ow", "-s", str(SAMPLE_RATE), *plain]
        command += ["-o", str(written), str(midi)]
    else:
        settings = ["-r", str(SAMPLE_RATE), "-g", "0.6", "-R", "0", "-C", "0"]
        command = [
            "fluidsynth",
            "-ni",
            "-q",
            *settings,
            "-T",
            "wav",
            "-F",
            str(written),
            str(soundfont),
            str(midi),
        ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not written.exists():
        said = (done.stderr or done.stdout).strip()[-300:]
        raise RuntimeError(f"{command[0]} did not play {soundfont}: {said}")
    audio, rate = soundfile.read(written)
    soundfile.write(out, audio, rate, format="FLAC")
