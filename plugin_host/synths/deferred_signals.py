"""Defer signals where an exception from a handler would be lost or end the process: in callbacks from C, in ``__del__``.

What a library of C++ calls while it is loaded is such a callback.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def deferred_signals() -> Iterator[None]:
    """Defer Ctrl-C and SIGTERM until the context ends; only the main thread ever sees them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: arrived.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that Python does not know, as of a program that embeds it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in arrived:
            signal.raise_signal(number)
