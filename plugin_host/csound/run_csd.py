"""Perform a .csd from its beginning to its end, with the opcodes present."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .load_csound import load_csound
from .opcodes import register_opcodes
from .orchestra import Orchestra

_HIGHEST_CODE = 255


def run_csound(arguments: Sequence[str]) -> int:
    """Render or play what a command line of Csound asks for, as ``csound`` itself does.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``csound``: a .csd and flags. Models named by relative paths are looked for beside
        the .csd.

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
        If no .csd is named, or it is not there.
    KeyboardInterrupt
        After Ctrl-C; what was rendered until then has been written.
    """
    module: Any = load_csound()
    score = _find_score(arguments)
    csound = module.Csound()
    orchestra = register_opcodes(csound, score.parent)
    with _marking_ctrl_c(orchestra):
        try:
            # Buffer by buffer, so that Ctrl-C works where no opcode of ours plays.
            result = csound.compile_("csound", *arguments)
            playing = result == 0
            while playing and not orchestra.interrupted:
                playing = csound.performBuffer() == 0
            errors = module.libcsound.csoundErrCnt(ctypes.c_void_p(orchestra.engine.address))
        finally:
            # Writes the end of the file, whatever has happened.
            csound.cleanup()
    if orchestra.interrupted:
        raise KeyboardInterrupt
    return min(errors, _HIGHEST_CODE) if result >= 0 else 1


@contextmanager
def _marking_ctrl_c(orchestra: Orchestra) -> Generator[None]:
    """Let the first Ctrl-C mark the orchestra as interrupted; a second one raises as ever.

    One that comes while Csound itself is at work would be raised as the next opcode is entered, before
    anything there can catch it, and ctypes prints and forgets what leaves a callback.
    """
    usual = signal.default_int_handler
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return

    def mark(*_: object) -> None:
        signal.signal(signal.SIGINT, usual)
        orchestra.interrupted = True

    signal.signal(signal.SIGINT, mark)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _find_score(arguments: Sequence[str]) -> Path:
    named = [Path(text) for text in arguments if not text.startswith("-") and text.lower().endswith(".csd")]
    if not named:
        raise UsageError("csound needs a .csd to play: brainsynth csound FILE.csd [csound flags]")
    if not named[0].is_file():
        raise UsageError(f"there is no file {named[0]}: give the path of a .csd")
    return named[0]
