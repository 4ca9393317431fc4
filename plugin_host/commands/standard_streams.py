"""Give a program its standard streams where whoever started it has closed them."""

from __future__ import annotations

import os
import sys


def open_closed_streams() -> None:
    """Lead the standard streams that are closed to nowhere.

    Python has None for a closed one (``brainsynth ... >&-``), which cannot be written to. The next file to be opened
    would take its number, and what a library prints would stand in that file.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is not None:
            continue
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        os.set_inheritable(number, True)
        setattr(sys, name, os.fdopen(number, mode, closefd=False))
