"""Pass messages through a pipe: a few words as JSON, and samples as they are."""

from __future__ import annotations

import json
import os
import struct
from typing import IO, Any, BinaryIO

from numpy.typing import NDArray

_SIZES = struct.Struct("<IQ")


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Give this process's standard input and output for messages alone: libraries print what they like."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return os.fdopen(requests, "rb", buffering=0), os.fdopen(answers, "wb", buffering=0)


def send(pipe: IO[bytes], words: dict[str, Any], samples: NDArray[Any] | None = None) -> None:
    """Send a message, and wait until the pipe has taken it.

    Raises
    ------
    OSError
        If nobody reads at the other end.
    """
    head = json.dumps(words).encode()
    content = memoryview(b"") if samples is None or not samples.size else samples.data.cast("B")
    _write(pipe, _SIZES.pack(len(head), len(content)) + head)
    _write(pipe, content)


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytearray]:
    """Wait for a message, and give its words and the bytes of its samples.

    Raises
    ------
    EOFError
        If the other end is closed.
    """
    head_size, size = _SIZES.unpack(_read(pipe, _SIZES.size))
    words = json.loads(_read(pipe, head_size))
    return words, _read(pipe, size)


def _write(pipe: IO[bytes], content: bytes | memoryview) -> None:
    left = memoryview(content)
    while left:
        left = left[pipe.write(left) :]


def _read(pipe: IO[bytes], count: int) -> bytearray:
    content = bytearray(count)
    left = memoryview(content)
    while left:
        got = pipe.readinto(left)  # pyright: ignore[reportAttributeAccessIssue]
        if not got:
            raise EOFError
        left = left[got:]
    return content
