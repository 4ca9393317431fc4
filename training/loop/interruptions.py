"""Ctrl-C and SIGTERM while a model is trained: they end it where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self

USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interruptions:
    """Ends the program by an exception when it is interrupted, but not in the middle of what is held together.

    Ctrl-C raises KeyboardInterrupt and SIGTERM SystemExit, so that both leave by way of what cleans up. While ``held``
    says so they wait for `raise_arrived`; a second one waits for nothing. A context manager, out of which an error that
    comes after an interruption does not lead: a library that was interrupted may fail in words of its own. In a thread that
    is not the main one, and for signals that the program handles or ignores itself, it changes nothing.

    Attributes
    ----------
    held : callable
        Tells whether something is half done.
    """

    def __init__(self) -> None:
        self.held: Callable[[], bool] = lambda: False
        self._arrived: signal.Signals | None = None
        self._taken: list[signal.Signals] = []

    def raise_arrived(self) -> None:
        """Raise what has waited, or was lost in a place where exceptions are."""
        if self._arrived is signal.SIGINT:
            raise KeyboardInterrupt
        if self._arrived is not None:
            raise SystemExit(128 + self._arrived)

    def _take(self, number: int, _: FrameType | None) -> None:
        is_first, self._arrived = self._arrived is None, signal.Signals(number)
        if not (is_first and self.held()):
            self.raise_arrived()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._taken = [number for number, usual in USUAL.items() if signal.getsignal(number) is usual]
        for number in self._taken:
            signal.signal(number, self._take)
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> None:
        for number in self._taken:
            signal.signal(number, USUAL[number])
        if isinstance(error, Exception):
            self.raise_arrived()
