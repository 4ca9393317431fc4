"""Perform in a process of its own, which an orchestra may crash."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from ..child_python import child_command
from ..errors import HostError
from .run_csd import ECHO_S, STOPPING, find_folder


def run_csound_apart(arguments: Sequence[str], child: str) -> int:
    """Have a process of its own perform what a command line of Csound asks for, and give its exit code.

    Signals are passed on to it, and it gets the standard streams and the terminal of this one.

    Parameters
    ----------
    arguments : sequence of str
        What would follow ``csound``.
    child : str
        The module whose ``main`` performs them in the new process.

    Raises
    ------
    UsageError
        If a file is not there, or none is named and the flags ask for nothing that needs none.
    HostError
        If the process dies of something else than a signal that was passed on.
    """
    find_folder(arguments)
    # In the group of this one, so that score lines can be typed: Ctrl-C reaches both, and is taken once.
    return _run(child, arguments, "; what was rendered until then has been written")


def run_apart(arguments: Sequence[str], child: str) -> int:
    """Have a process of its own do what compiles somebody's orchestra; as `run_csound_apart`, but without the terminal.

    It has a group of its own, so that each signal reaches it once.
    """
    return _run(child, arguments, "", process_group=0)


def _run(child: str, arguments: Sequence[str], left: str, **options: Any) -> int:
    if os.name != "posix":
        options.clear()
    process: subprocess.Popen[Any] = subprocess.Popen([*child_command(child, "main"), *arguments], **options)
    with _passed_on(process) as killed:
        code = process.wait()
    if killed:
        return 128 + killed[0]
    if code >= 0:
        return code
    if -code in STOPPING:
        return 128 - code
    raise HostError(
        f"Csound crashed ({signal.strsignal(-code)}): something in the orchestra asks for what its opcode cannot do, "
        f"such as a table number of 1/0{left}"
    )


@contextmanager
def _passed_on(process: subprocess.Popen[Any]) -> Generator[list[int]]:
    """Pass on what would end this process alone; it ends when the other does.

    Python there does not notice a signal while Csound is busy within a k-cycle, which may have no end. So what comes after
    the first, and is no echo of it, ends the other from here.

    Yields
    ------
    list of int
        The signal by which that was done.
    """
    killed: list[int] = []
    first_at = math.inf
    usual = {
        number: handler for number in STOPPING if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def pass_on(number: int, _: object) -> None:
        nonlocal first_at
        now = time.monotonic()
        first_at = min(first_at, now)
        if now > first_at + ECHO_S:
            killed.append(number)
            process.kill()
        # Windows sends Ctrl-C to both, and knows no signals.
        elif os.name == "posix":
            process.send_signal(number)

    for number in usual:
        signal.signal(number, pass_on)
    try:
        yield killed
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def end_with_parent() -> None:
    """Let this process be told to end when the one that started it is gone, where the system offers that."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1
