"""Run jobs in worker processes, so that a worker that dies takes no more than its own job with it.

Workers are spawned, never forked: a session of ONNX Runtime hangs in a fork of the process that made it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any, Generic, TypeVar

from ..errors import UsageError

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")
Task = Callable[[JobT, Callable[[float], None]], ResultT]
"""What workers do: called with a job and with a function that takes how far it has come, in any unit.

It is pickled into each worker before its first call, so whatever is costly is made by that call and kept.
"""

_MOMENT_S = 0.01
_FAREWELL_S = 5.0
_ALGEBRA = "OPENBLAS_NUM_THREADS"


def count_workers(workers: int) -> int:
    """Give how many workers were asked for, where 0 is one per core; raises UsageError for fewer."""
    if workers < 0:
        raise UsageError(f"{workers} workers were asked for; needed is 1 or more, or 0 for one per core")
    return workers or os.cpu_count() or 1


@dataclass(frozen=True)
class WorkerEnded:
    """In place of a result: the worker is gone, as when the system killed it for want of memory.

    Parameters
    ----------
    exit_code : int or None
        Of the process; negative for the signal that ended it.
    """

    exit_code: int | None


class Workers(Generic[JobT, ResultT]):
    """A few processes that work through a list of jobs; a context manager that leaves no process behind.

    Parameters
    ----------
    task : callable
        See `Task`; it and the jobs and results must pickle.
    jobs : sequence
        What there is to do.
    count : int
        How many processes.
    """

    def __init__(self, task: Task[JobT, ResultT], jobs: Sequence[JobT], count: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._task = task
        self._jobs = list(jobs)
        self._count = min(count, len(self._jobs))
        self.progress = self._context.RawArray("d", len(self._jobs))
        self._workers: dict[Connection, Any] = {}
        self._busy: dict[Connection, int] = {}

    @property
    def in_hand(self) -> list[int]:
        """Positions of the jobs that are being done: only their `progress` changes."""
        return list(self._busy.values())

    def results(self, poll_s: float = 0.1) -> Iterator[tuple[int, ResultT | WorkerEnded] | None]:
        """Yield each job's position and result as it is done, and None after `poll_s` seconds without one.

        `progress` then holds how far each job has come. A worker that ends is replaced.
        """
        waiting = iter(range(len(self._jobs)))
        for _ in range(self._count):
            self._hand_out(None, waiting)
        while self._busy:
            ready = wait(list(self._busy), poll_s)
            if not ready:
                yield None
            for connection in [connection for connection in self._busy if connection in ready]:
                index = self._busy.pop(connection)
                try:
                    result = connection.recv()
                    free = connection
                except (EOFError, OSError):
                    result, free = WorkerEnded(self._bury(connection)), None
                self._hand_out(free, waiting)
                yield index, result

    def _hand_out(self, free: Connection | None, waiting: Iterator[int]) -> None:
        """Give the next job to a worker that is free, or to a new one."""
        index = next(waiting, None)
        if index is None:
            return
        connection = free or self._start()
        with contextlib.suppress(OSError):  # a worker that has just ended is found out when it is waited for
            connection.send((index, self._jobs[index]))
        self._busy[connection] = index

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        worker = self._context.Process(target=_serve, args=(theirs, self.progress, self._task), daemon=True)
        with _interrupts_held_back(), _one_thread_for_algebra():
            worker.start()
            self._workers[ours] = worker  # before an interrupt can come, or nobody would end it
        theirs.close()
        return ours

    def _bury(self, connection: Connection) -> int | None:
        worker = self._workers.pop(connection)
        connection.close()
        worker.join(_FAREWELL_S)
        return worker.exitcode

    def __enter__(self) -> Workers[JobT, ResultT]:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.terminate()
        for connection, worker in self._workers.items():
            worker.join(_FAREWELL_S)
            worker.kill()
            connection.close()
        self._workers.clear()


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Start a process that never sees Ctrl-C, which goes to all of a group: its parent tells it to end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _one_thread_for_algebra() -> Iterator[None]:
    """Start a process whose numpy multiplies in one thread: there is a worker for each core, and threads wait for cores."""
    if _ALGEBRA in os.environ:
        yield
        return
    os.environ[_ALGEBRA] = "1"
    try:
        yield
    finally:
        del os.environ[_ALGEBRA]


def end_on_terminate() -> None:
    """Let SIGTERM end this process by an exception, so that what is half written is removed on the way out."""

    def end(_: int, frame: FrameType | None) -> None:
        while frame is not None and hasattr(signal, "setitimer"):
            if frame.f_code.co_name == "__del__":
                # An exception would be printed and lost there: try again in a moment.
                signal.setitimer(signal.ITIMER_REAL, _MOMENT_S)
                return
            frame = frame.f_back
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, end)


def _serve(connection: Connection, progress: Any, task: Task[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_on_terminate()
    while True:
        try:
            index, job = connection.recv()
        except (EOFError, ConnectionError):
            return

        def note(value: float, index: int = index) -> None:
            progress[index] = value

        result = task(job, note)
        try:
            connection.send(result)
        except ConnectionError:
            # The parent is gone, as after a kill; what was made is whole all the same.
            return
