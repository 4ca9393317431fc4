"""Have sound files decoded and encoded by small processes that may die of one, and are used for many."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..child_python import child_command
from ..errors import AudioFileError
from .messages import receive, send

_MOST_IDLE = 4
_FAREWELL_S = 5.0


class CodecEndedError(AudioFileError):
    """The process that decodes or encodes ended. Its sentence has no subject, which is what the process was for."""


class CodecProcess:
    """A process that decodes or encodes one file at a time; see `codec_child` for what it can be asked.

    It ends when this object does, and when the program does, however that ends. It belongs to a session of its
    own, so that Ctrl-C does not reach it.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            child_command("plugin_host.sound_files.codec_child", "serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    @property
    def is_running(self) -> bool:
        """Whether the process can be asked for something."""
        return self._process.poll() is None

    def ask(
        self, words: dict[str, Any], samples: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, Any], bytearray]:
        """Ask for something, and give the answer.

        Raises
        ------
        AudioFileError
            If it cannot be done. The sentence lacks its subject, which is the file's name.
        CodecEndedError
            If the process died of it, with a sentence that lacks its subject too.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            send(self._process.stdin, words, samples)
            answer, content = receive(self._process.stdout)
        except (OSError, EOFError) as error:
            raise CodecEndedError(_say_end(self._await_end())) from error
        except BaseException:
            # What is in the pipes is no whole message any more.
            self.end()
            raise
        if "error" in answer:
            raise AudioFileError(answer["error"])
        return answer, content

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


_idle: list[CodecProcess] = []


def borrow_codec() -> CodecProcess:
    """Give a process that waits, or a new one. Each open file has one to itself, so threads need no lock."""
    while _idle:
        try:
            codec = _idle.pop()
        except IndexError:  # another thread was quicker
            break
        if codec.is_running:
            return codec
    try:
        return CodecProcess()
    except OSError as error:
        raise AudioFileError(f"cannot be opened: no process for it can be started ({error})") from error


def return_codec(codec: CodecProcess) -> None:
    """Take back a process that has no file open, for the next one."""
    if len(_idle) < _MOST_IDLE and codec.is_running:
        _idle.append(codec)
    else:
        codec.end()


def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


def _say_end(code: int) -> str:
    if hasattr(signal, "SIGPROF") and code == -signal.SIGPROF:
        return "was busy without end"
    return f"ended with signal {-code}" if code < 0 else f"ended with code {code}"


atexit.register(_end_idle)
if hasattr(os, "register_at_fork"):
    # Two processes cannot share one.
    os.register_at_fork(after_in_child=_idle.clear)
