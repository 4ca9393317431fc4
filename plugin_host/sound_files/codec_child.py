"""Decode and encode sound files for another process, which lives on if a file kills this one.

One file is open at a time. Each request has an answer, and ``{"error": ...}`` holds a sentence that lacks its
subject, which is the file's name.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..child_messages import receive, send, take_pipes
from ..errors import AudioFileError
from .decoding import Decoding
from .encoding import Encoding

try:
    import resource
except ImportError:  # Windows, which has no such limits
    resource = None

MEMORY_LIMIT = 2 << 30
"""Bytes of addresses that the process may have: a file may ask for any number."""

TIME_LIMIT_S = 60.0
"""Of the processor, for one request: a file may keep a decoder busy for ever."""


def serve() -> None:
    """Answer requests until the other process closes its end, or is gone."""
    requests, answers = take_pipes()
    _limit_resources()
    opened: Decoding | Encoding | None = None
    while True:
        try:
            words, samples = receive(requests)
        except EOFError:
            return
        _limit_time(TIME_LIMIT_S)
        answer: dict[str, Any] = {}
        block: NDArray[np.float32] | None = None
        try:
            match words, opened:
                case {"decode": path, "accept_truncated": accept}, _:
                    opened = Decoding(path, accept)
                    answer = opened.describe()
                case {"encode": path, **form}, _:
                    opened = Encoding(path, **form)
                case {"read": length}, Decoding():
                    block = opened.read(length)
                    answer = {"share": opened.share}
                case {"write": _}, Encoding():
                    opened.write(samples)
                case {"close": _}, Decoding() | Encoding():
                    opened, closing = None, opened
                    closing.close()
                case _:
                    raise ValueError(f"{words} cannot be asked for now")
        except AudioFileError as error:
            answer = {"error": str(error)}
        except OSError as error:
            answer = {"error": f"cannot be read: {error.strerror or error}"}
        except MemoryError:
            answer = {"error": f"needs more memory than a sound file may have ({MEMORY_LIMIT >> 30} GiB)"}
        _limit_time(0.0)
        send(answers, answer, block)


def _limit_resources() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux" and (most == resource.RLIM_INFINITY or most > MEMORY_LIMIT):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, most))


def _limit_time(seconds: float) -> None:
    """Let the system end this process when it has worked for so long; 0 takes the limit away."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
