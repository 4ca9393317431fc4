"""Compile a .csd with Csound and play its score into memory: no sound card, no file, no output on the screen."""

from __future__ import annotations

import ctypes
import re
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..csound.load_csound import load_csound
from ..errors import SynthError
from ..files.atomic_file import output_error
from .cabbage_opcodes import in_csounds_words
from .csd_options import remove_options
from .declarations import Channel
from .deferred_signals import deferred_signals
from .played_note import find_play, midi_file

_IS_INPUT = 16
_KIND_MASK = 15
_CONTROL = 1
_CHANNEL_HINT = "; a default lies between minimum and maximum, and a range of type 3 above 0"
_CABBAGE_HINT = (
    "; of Cabbage's own opcodes, only cabbageGetValue and cabbageSetValue are known, with one value"
)

# "dac" with audio implemented by the host is a buffer in memory; with -n there would be none.
_OPTIONS = ("-+rtaudio=null", "-+rtmidi=null", "-odac", "-d", "-m0")
_NOTE_NAME = "note.mid"
_SEARCH_PATHS = ("INCDIR", "SSDIR", "SADIR", "SFDIR", "MFDIR")


class CsoundScore:
    """A compiled .csd, at the beginning of its score.

    Parameters
    ----------
    path : Path
        The .csd. One that waits for MIDI gets a note; see `plugin_host.synths.played_note`.
    frames : int
        How many samples per channel `perform` gives; 0 if it will not be called.

    Attributes
    ----------
    sample_rate, ksmps, channels : int
        The orchestra's ``sr`` (Hz), ``ksmps`` and ``nchnls``.
    missed_options : tuple of str
        Options of the .csd without which the sound may be another; of its options, only those count by which it gets
        the key and velocity of a note.
    play : Play or None
        How it is played, where its score does not say it.

    Raises
    ------
    MissingPackageError
        If Csound is not installed.
    SynthError
        If the .csd does not compile; the message is Csound's own.
    """

    def __init__(self, path: Path, frames: int = 0) -> None:
        module: Any = load_csound()
        _hold_plugins()
        self._path = path
        csd = path.read_bytes()
        self.play = find_play(csd)
        self._note = _write_note() if self.play is not None and self.play.note else None
        self._library = module.libcsound
        with deferred_signals():
            # One that is not made whole cannot be freed, and one without a buffer writes on the screen as it ends.
            self._csound: Any = module.Csound()
            self._csound.createMessageBuffer(False)
        if frames:
            # One buffer for the whole sound: a Python call per k-cycle would cost more than many a synth.
            self._csound.setHostImplementedAudioIO(1, frames)
            options = (*_OPTIONS, f"-b{frames}")
        else:
            self._csound.setHostImplementedAudioIO(1, 0)
            options = _OPTIONS
        csd, self.missed_options = remove_options(in_csounds_words(csd))
        if self.play is not None and self._note is not None:
            options = (*options, f"-F{Path(self._note.name) / _NOTE_NAME}", *self.play.options)
        failed = self._compile(csd, options)
        messages = self._drain_messages()
        if failed:
            self.close()
            hint = _CHANNEL_HINT if "invalid channel parameters" in messages else ""
            if re.search(r"\bcabbage[A-Z]\w", _find_error(messages)):
                hint += _CABBAGE_HINT
            if self.missed_options:
                hint += f"; its options {', '.join(self.missed_options)} are not used"
            raise SynthError(f"{path} does not compile; Csound says: {_find_error(messages)}{hint}")
        self.sample_rate = round(self._csound.sr())
        self.ksmps = int(self._csound.ksmps())
        self.channels = int(self._csound.nchnls())
        self._full_scale = float(self._csound.get0dBFS())
        self._cells: dict[str, NDArray[np.float64]] = {}
        if frames:
            self._sound = self._csound.outputBuffer().reshape(-1, self.channels)

    def list_channels(self) -> list[Channel]:
        """List the input channels that the orchestra's header declares, by name."""
        listed, _ = self._csound.listChannels()
        channels: list[Channel] = []
        for info in listed or ():
            if info.type & _KIND_MASK == _CONTROL and info.type & _IS_INPUT:
                hints = info.hints
                attributes = (hints.attributes or b"").decode("utf-8", "replace")
                name = info.name.decode("utf-8", "replace")
                channels.append(Channel(name, hints.behav, hints.dflt, hints.min, hints.max, attributes))
        if listed:
            self._csound.deleteChannelList(listed)
        return channels

    def set(self, names: tuple[str, ...], values: NDArray[np.float64]) -> None:
        """Set channels; the values hold from the next k-cycle on."""
        if not self._cells:
            kind = _CONTROL | _IS_INPUT
            self._cells = {name: self._csound.channelPtr(name, kind)[0] for name in names}
        for name, value in zip(names, values.tolist(), strict=True):
            self._cells[name][0] = value

    def measure(self, longest_s: float) -> int | None:
        """Play the score to its end and give its length in samples; None if it is longer than `longest_s`.

        Raises SynthError if a note fails.
        """
        limit = longest_s * self.sample_rate / self.ksmps
        cycles = 0
        while self._csound.performKsmps() == 0:
            cycles += 1
            if cycles > limit:
                return None
        self._check()
        return cycles * self.ksmps

    def perform(self) -> tuple[NDArray[np.float32], bool]:
        """Play the score once from its beginning, and rewind it.

        Returns
        -------
        sound : ndarray, (C, T) float32
            Full scale is 1, whatever the orchestra's ``0dbfs`` is. Ends in silence if the score ended early.
        whole : bool
            False if the score ended early. Then this object cannot be used again.

        Raises
        ------
        SynthError
            If a note fails. Then this object cannot be used again.
        """
        self._sound[:] = 0
        ended = self._csound.performBuffer()
        with np.errstate(over="ignore"):
            sound = np.ascontiguousarray(self._sound.T, dtype=np.float32)
        self._check()
        if not ended:
            self._csound.rewindScore()
            self._drain_messages()
        return sound, not ended

    def close(self) -> None:
        """Free Csound. Calling twice is harmless."""
        if self._csound is not None:
            with deferred_signals():
                self._csound.cleanup()
                self._csound.destroyMessageBuffer()
                self._csound = None
        if self._note is not None:
            self._note.cleanup()

    def _compile(self, csd: bytes, options: Iterable[str]) -> bool:
        """Compile a .csd from memory; say whether it failed.

        By its path, Csound would read more options from .csound6rc, here or in the home folder, and find by itself
        what lies beside it.
        """
        folder = self._path.absolute().parent
        for option in (*options, *(f"--env:{name}+={folder}" for name in _SEARCH_PATHS)):
            self._csound.setOption(option)
        # Not through ctcsound, which takes UTF-8 alone.
        return bool(self._library.csoundCompileCsdText(self._csound.csound(), csd) or self._csound.start())

    def _check(self) -> None:
        messages = self._drain_messages()
        errors = self._library.csoundErrCnt(ctypes.cast(self._csound.csound(), ctypes.c_void_p))
        if errors:
            raise SynthError(f"{self._path} cannot be rendered; Csound says: {_find_error(messages)}")

    def _drain_messages(self) -> str:
        """Take the messages that Csound has written since the last call; they would pile up otherwise."""
        csound, found = self._csound, []
        while csound.messageCnt():
            # As bytes: a line of the .csd is quoted as it stands there, in any encoding.
            found.append(self._library.csoundGetFirstMessage(csound.csound()))
            csound.popFirstMessage()
        return b"".join(found).decode("utf-8", "replace")


def _write_note() -> tempfile.TemporaryDirectory[str]:
    """Write the note for instruments that wait for one; Csound reads the file again whenever it is rewound."""
    folder = tempfile.TemporaryDirectory(prefix="brainsynth-")
    note = Path(folder.name) / _NOTE_NAME
    try:
        note.write_bytes(midi_file())
    except OSError as error:
        raise output_error(note, error) from error
    return folder


@cache
def _hold_plugins() -> Any:
    """Keep an idle Csound, and with it Csound's plug-ins, in memory until the process ends.

    The last Csound to end unloads them. Among them is JACK's library, which takes three of the 1024 keys for
    thread-local storage whenever it is loaded, gives none back, and crashes when there are none left. Loading them
    also takes longer than compiling most synths.
    """
    # Made without ctcsound's wrapper, which would end it when Python ends, with a report on the screen.
    return load_csound().libcsound.csoundCreate(ctypes.py_object(None))


def _find_error(messages: str) -> str:
    """Give the line of Csound's messages that reports an error and the two after it."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    first = next((index for index, line in enumerate(lines) if "error" in line.lower()), 0)
    return "; ".join(lines[first : first + 3]) or "nothing"
