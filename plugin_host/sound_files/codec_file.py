"""A file that is open in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioFileError
from .codec_process import CodecEndedError, CodecProcess, borrow_codec, return_codec


class CodecFile:
    """A sound file that another process decodes or encodes, until `close`.

    Parameters
    ----------
    name : Path
        What messages call it.
    words : dict
        How it is opened: a request to `codec_child`.

    Attributes
    ----------
    answer : dict
        What the process said about it.

    Raises
    ------
    AudioFileError
        If it cannot be opened; with a sentence about `name`, as from every other method.
    CodecEndedError
        If the process died of it.
    """

    def __init__(self, name: Path, words: dict[str, Any]) -> None:
        self._name = name
        self._use, self._user = ("written", "encoder") if "encode" in words else ("read", "decoder")
        self._codec: CodecProcess | None = borrow_codec()
        try:
            self.answer, _ = self.ask(words)
        except AudioFileError:
            self._give_back()
            raise

    def ask(
        self, words: dict[str, Any], samples: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, Any], bytearray]:
        """Ask for something; see `CodecProcess.ask`."""
        if self._codec is None:
            raise AudioFileError(f"{self._name} is closed already")
        codec, self._codec = self._codec, None
        try:
            found = codec.ask(words, samples)
        except CodecEndedError as error:
            raise CodecEndedError(
                f"{self._name} cannot be {self._use}: the {self._user} {error} at this file; leave it out"
            ) from error
        except AudioFileError as error:
            self._codec = codec
            raise AudioFileError(f"{self._name} {error}") from error
        self._codec = codec
        return found

    def close(self) -> None:
        """Close the file; what an encoder still had to write is written."""
        if self._codec is None:
            return
        try:
            self.ask({"close": True})
        finally:
            self._give_back()

    def _give_back(self) -> None:
        """Let others use the process, unless it has ended."""
        if self._codec is not None:
            return_codec(self._codec)
            self._codec = None
