"""An input while it is worked on: it must stay as it is, and the record knows it by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import AudioFileError
from .done_record import hash_file


class InputFile:
    """The file that a job reads.

    Parameters
    ----------
    path : Path or None
        The file; None for a job that reads nothing.

    Raises
    ------
    OSError
        If it is not there.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp = None if path is None else _stamp(path)

    def finish(self) -> str:
        """Give the SHA-256 of its content, after all of it was read.

        Raises
        ------
        AudioFileError
            If it has changed since it was opened.
        """
        digest = hash_input(self._path)
        if self._path is not None and _stamp(self._path) != self._stamp:
            raise AudioFileError(f"{self._path} changed while it was read; run again when it is finished")
        return digest


def hash_input(path: Path | None) -> str:
    """Give the SHA-256 of a job's input, in hexadecimal; of no input, that of no bytes."""
    return hashlib.sha256(b"").hexdigest() if path is None else hash_file(path)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
