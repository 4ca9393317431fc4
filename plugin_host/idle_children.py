"""Processes that wait to be asked for something, so that not every use starts one."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import Generic, TypeVar

from .asked_child import AskedChild

Child = TypeVar("Child", bound=AskedChild)


class IdleChildren(Generic[Child]):
    """Keeps a few processes of one kind, and ends them when the program ends.

    Who borrows one has it alone, so that threads need no lock.

    Parameters
    ----------
    start : callable
        Starts one; may raise OSError.
    most : int
        How many are kept.
    """

    def __init__(self, start: Callable[[], Child], most: int) -> None:
        self._start, self._most = start, most
        self._waiting: list[Child] = []
        atexit.register(self._end_all)
        if hasattr(os, "register_at_fork"):
            # Two processes cannot share one.
            os.register_at_fork(after_in_child=self._waiting.clear)

    def borrow(self) -> Child:
        """Give a process that waits, or a new one; raises OSError if none can be started."""
        while self._waiting:
            try:
                child = self._waiting.pop()
            except IndexError:  # another thread was quicker
                break
            if child.is_running:
                return child
        return self._start()

    def give_back(self, child: Child) -> None:
        """Take back a process that nothing is asked of, for the next use."""
        if len(self._waiting) < self._most and child.is_running:
            self._waiting.append(child)
        else:
            child.end()

    def _end_all(self) -> None:
        while self._waiting:
            self._waiting.pop().end()
