"""Have sound files decoded and encoded by small processes that may die of one, and are used for many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..asked_child import AskedChild, ChildEndedError
from ..errors import AudioFileError
from ..idle_children import IdleChildren

_MOST_IDLE = 4


class CodecEndedError(AudioFileError):
    """The process that decodes or encodes ended. Its sentence has no subject, which is what the process was for."""


class CodecProcess(AskedChild):
    """A process that decodes or encodes one file at a time; see `codec_child` for what it can be asked."""

    def __init__(self) -> None:
        super().__init__("plugin_host.sound_files.codec_child")

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
        try:
            answer, content = self.request(words, samples)
        except ChildEndedError as error:
            raise CodecEndedError(
                "was busy without end" if error.was_ended_by("SIGPROF") else str(error)
            ) from error
        if "error" in answer:
            raise AudioFileError(answer["error"])
        return answer, content


_idle = IdleChildren(CodecProcess, _MOST_IDLE)


def borrow_codec() -> CodecProcess:
    """Give a process that waits, or a new one. Each open file has one to itself."""
    try:
        return _idle.borrow()
    except OSError as error:
        raise AudioFileError(f"cannot be opened: no process for it can be started ({error})") from error


def return_codec(codec: CodecProcess) -> None:
    """Take back a process that has no file open, for the next one."""
    _idle.give_back(codec)
