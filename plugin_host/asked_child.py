"""A process that is asked for one thing after another, and may die of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from .child_messages import receive, send
from .child_python import child_command

_FAREWELL_S = 5.0


class ChildEndedError(Exception):
    """The process ended before it answered.

    Attributes
    ----------
    code : int
        Its exit code; negative for the signal that ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ended with {'signal' if code < 0 else 'code'} {abs(code)}")
        self.code = code

    def was_ended_by(self, name: str) -> bool:
        """Return whether it was a signal of this name, which some systems do not have."""
        return self.code == -getattr(signal, name, 0) != 0


class AskedChild:
    """A process that answers one request at a time.

    It ends when this object does, and when the program does, however that ends. It belongs to a session of its
    own, so that Ctrl-C does not reach it.

    Parameters
    ----------
    module : str
        Its function ``serve`` answers in the new process, which reads and writes through `child_messages.take_pipes`.
    *arguments : object
        Of that process.
    environment : mapping of str to str, optional
        This one's, unless given.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self, module: str, *arguments: object, environment: Mapping[str, str] = os.environ) -> None:
        self._process = subprocess.Popen(
            [*child_command(module, "serve"), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},
        )

    @property
    def is_running(self) -> bool:
        """Whether the process can be asked for something."""
        return self._process.poll() is None

    def request(
        self, words: dict[str, Any], samples: NDArray[Any] | None = None
    ) -> tuple[dict[str, Any], bytearray]:
        """Send words and samples, and give the answer's.

        Raises
        ------
        ChildEndedError
            If the process died of it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            send(self._process.stdin, words, samples)
            return receive(self._process.stdout)
        except (OSError, EOFError) as error:
            raise ChildEndedError(self._await_end()) from error
        except BaseException:
            # What is in the pipes is no whole message any more.
            self.end()
            raise

    def kill(self) -> None:
        """Kill the process, also while another thread waits for its answer, which gets a ChildEndedError."""
        self._process.kill()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._await_end()

    def _await_end(self) -> int:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
