"""Perform what a command line of Csound asks for, with the opcodes present."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .load_csound import load_csound
from .opcodes import register_opcodes
from .orchestra import Orchestra

_HIGHEST_CODE = 255
# An orchestra can crash Csound, and this process with it.
_KEEPING_THE_HEADER = b"-R"
ECHO_S = 0.5
"""Signals that come so soon after the first are the same wish."""

_SCORES = (".csd", ".orc", ".sco")
_NEEDING_NO_FILE = (
    "-h",
    "-z",
    "--version",
    "-U",
    "--utility=",
    "--devices",
    "--midi-devices",
    "--list-",
    "--get-system-sr",
    "-@",
)
STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
"""The signals by which a user or a system ends a performance."""


def run_csound(arguments: Sequence[str]) -> int:
    """Render or play what a command line of Csound asks for, as ``csound`` itself does.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``csound``: a .csd, or an .orc and a .sco, and flags. Models named by relative paths are
        looked for beside the first of these files.

    Returns
    -------
    int
        Csound's exit code: 0 if it had nothing to object, 1 if it could not begin, else the number of errors
        in the performance, at most 255.

    Raises
    ------
    MissingPackageError
        If Csound is not installed, or is not one that the opcodes are made for.
    UsageError
        If a file is not there, or none is named and the flags ask for nothing that needs none.
    KeyboardInterrupt
        After Ctrl-C; what was rendered until then has been written.
    SystemExit
        Likewise after SIGTERM, SIGHUP or SIGQUIT, with 128 and the signal's number, unless the program handles
        them itself.
    """
    module: Any = load_csound()
    folder = find_folder(arguments)
    # Csound does not wait for the threads of its flag -j when it is destroyed, and they run on in memory that is gone:
    # so it is ctcsound's to destroy only if ctcsound has created it.
    csound = module.Csound(pointer_=module.libcsound.csoundCreate(None))
    orchestra = register_opcodes(csound, folder)
    # Names of files need not be UTF-8, which ctcsound's own call takes them for.
    given = [b"csound", _KEEPING_THE_HEADER, *map(os.fsencode, arguments)]
    words = (ctypes.c_char_p * len(given))(*given)
    address = ctypes.c_void_p(orchestra.engine.address)
    with _stopped_by_signals(orchestra) as arrived:
        try:
            # Buffer by buffer, so that signals count where no opcode of ours plays.
            result = module.libcsound.csoundCompile(address, len(words), words)
            playing = result == 0
            while playing and not orchestra.interrupted:
                playing = csound.performBuffer() == 0
            errors = module.libcsound.csoundErrCnt(address)
        finally:
            # Writes the end of the file, whatever has happened.
            csound.cleanup()
    if arrived and arrived[0] != signal.SIGINT:
        raise SystemExit(128 + arrived[0])
    if orchestra.interrupted:
        raise KeyboardInterrupt
    return min(errors, _HIGHEST_CODE) if result >= 0 else 1


@contextmanager
def _stopped_by_signals(orchestra: Orchestra) -> Generator[list[int]]:
    """Let a signal that would end this process stop the performance; one that comes later acts as ever.

    What comes at once after the first is the same wish: `timeout` sends its signal to the process and to the group,
    and a parent may pass on a Ctrl-C that has come here too.

    A Ctrl-C that comes while Csound itself is at work would be raised as the next opcode is entered, before
    anything there can catch it, and ctypes prints and forgets what leaves a callback. The other signals would leave
    an output file without the end of its header.

    Yields
    ------
    list of int
        The signals that have arrived.
    """
    arrived: list[int] = []
    stopped_at = 0.0
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    usual = {
        number: handler
        for number in STOPPING
        if (handler := signal.getsignal(number)) in (signal.SIG_DFL, signal.default_int_handler)
    }

    def stop(number: int, _: object) -> None:
        nonlocal stopped_at
        if not arrived:
            stopped_at = time.monotonic()
        arrived.append(number)
        orchestra.interrupted = True
        if time.monotonic() > stopped_at + ECHO_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in usual:
        signal.signal(number, stop)
    try:
        yield arrived
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def find_folder(arguments: Sequence[str]) -> Path:
    """Give the folder of the score or orchestra; the current one where none is needed."""
    named = [Path(text) for text in arguments if not text.startswith("-") and text.lower().endswith(_SCORES)]
    if not named and not any(text.startswith(_NEEDING_NO_FILE) for text in arguments):
        raise UsageError(
            "csound needs a .csd, or an .orc and a .sco, to play: brainsynth csound FILE.csd [csound flags]"
        )
    for path in named:
        if not path.exists():
            raise UsageError(f"there is no file {path}: give the path of a .csd, or of an .orc and a .sco")
    return named[0].parent if named else Path()
