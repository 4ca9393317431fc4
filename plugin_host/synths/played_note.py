"""Find out whether a .csd waits for MIDI, as Cabbage's instruments do, and give it a note to play.

Such a score goes on until the program ends, and holds no note. Csound then plays a note from a MIDI file, so that the
instrument finds it as it would find one from a keyboard: by ``cpsmidi``, ``massign`` or ``--midi-key-cps``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .csd_text import decode, section, without_comments

KEY, VELOCITY, NOTE_S, SOUND_S = 57, 102, 1.5, 2
"""A3, 220 Hz; 0.8 of full velocity; how long the note is held, and how long the sound is, in seconds."""

_LONGEST_NOTE_S = 60
_TICKS_A_SECOND = 960  # 480 to a quarter, at the 120 quarters a minute of a file that names no tempo

_LISTENS_OPTIONS = re.compile(r"(?:^|\s)(?:-M|-\+rtmidi|--midi-)")
_LISTENS_ORCHESTRA = re.compile(r"^\s*massign\b", re.MULTILINE)
_LISTENS_WIDGETS = re.compile(r"^\s*keyboard\b", re.MULTILINE)
_FIELDS = re.compile(r"--midi-(?:key|key-cps|key-oct|key-pch|velocity|velocity-amp)=\d+")
_STATEMENT = re.compile(r"\s*([ie])\s*(.*)")


@dataclass(frozen=True)
class Play:
    """How a .csd is played whose score does not say it.

    Parameters
    ----------
    note : bool
        Whether it gets a note: `KEY`, at `VELOCITY`, for `NOTE_S`, on channel 1. A drone needs none.
    options : tuple of str
        Csound's, by which the .csd says in which p-fields it wants key and velocity.
    """

    note: bool
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say all of it in a line, which is a part of the synth's hash."""
        note = f"note {KEY} {VELOCITY} {NOTE_S} s {' '.join(self.options)}".rstrip()
        return f"played for {SOUND_S} s" + (f", {note}" if self.note else "")


def find_play(csd: bytes) -> Play | None:
    """Give the play of a .csd of Cabbage or for MIDI whose score has no note that ends; None for any other."""
    text = decode(csd)
    widgets = without_comments(section(text, "Cabbage")[0])
    options = without_comments(section(text, "CsOptions")[0])
    listens = bool(
        _LISTENS_OPTIONS.search(options)
        or _LISTENS_WIDGETS.search(widgets)
        or _LISTENS_ORCHESTRA.search(without_comments(section(text, "CsInstruments")[0]))
    )
    if not (listens or widgets.strip()) or _says_what_is_played(
        without_comments(section(text, "CsScore")[0])
    ):
        return None
    return Play(listens, tuple(_FIELDS.findall(options)) if listens else ())


def midi_file() -> bytes:
    """Give a MIDI file (format 0) of the note."""
    held = round(NOTE_S * _TICKS_A_SECOND)
    track = bytes(
        [0, 0x90, KEY, VELOCITY, 0x80 | held >> 7, held & 0x7F, 0x80, KEY, 0, 0, 0xFF, 0x2F, 0]  # and the end
    )
    header = (
        b"MThd"
        + (6).to_bytes(4, "big")
        + b"".join(n.to_bytes(2, "big") for n in (0, 1, _TICKS_A_SECOND // 2))
    )
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _says_what_is_played(score: str) -> bool:
    """Whether a score has a note that ends, or an end of its own."""
    for line in score.splitlines():
        found = _STATEMENT.match(line)
        if found is None:
            continue
        fields = re.findall(r'"[^"]*"|\[[^\]]*\]|\S+', found[2])
        if fields and (found[1] == "e" or len(fields) < 3 or _ends(fields[2])):
            return True
    return False


def _ends(duration: str) -> bool:
    """Whether a note of a duration, as the score has it, sounds and ends within a minute; what cannot be read does."""
    if duration == "z":
        return False
    try:
        seconds = math.prod(float(factor) for factor in duration.strip("[]").split("*"))
    except ValueError:
        return True
    return 0 < seconds <= _LONGEST_NOTE_S
