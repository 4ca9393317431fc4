"""Give a decoder a file that is put together from parts of another one and from bytes made here."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO

_TAG = 128

Part = bytes | tuple[int, int]
"""Bytes as they are, or the first position in the file and the one behind the last."""


class AssembledFile:
    """A file for reading alone, made of parts, with what a decoder asks of one: read, seek and tell.

    Parameters
    ----------
    file : BinaryIO
        Where parts that are positions are found; it can be sought in.
    parts : sequence of Part
        In the order in which they are read.
    seeming_size : int or None
        The size that seeking to the end gives, in bytes, where it is another than that of the parts.

    Attributes
    ----------
    reached : int
        The furthest position in `file` that was read so far.
    """

    def __init__(self, file: BinaryIO, parts: Sequence[Part], seeming_size: int | None = None) -> None:
        self._file = file
        self._parts = [part for part in parts if _size(part)]
        self._ends = list(accumulate(map(_size, self._parts)))
        self._seeming_size = (self._ends[-1] if self._ends else 0) if seeming_size is None else seeming_size
        self._position = 0
        self.reached = 0

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes, fewer only at the end."""
        found: list[bytes] = []
        index = bisect_right(self._ends, self._position)
        while count > 0 and index < len(self._parts):
            part = self._parts[index]
            inside = self._position - self._ends[index] + _size(part)
            if isinstance(part, bytes):
                piece = part[inside : inside + count]
            else:
                self._file.seek(part[0] + inside)
                piece = self._file.read(min(count, part[1] - part[0] - inside))
                self.reached = max(self.reached, part[0] + inside + len(piece))
                if not piece:
                    break
            found.append(piece)
            count -= len(piece)
            self._position += len(piece)
            if self._position >= self._ends[index]:
                index += 1
        if not found and self._seeming_size - self._position in range(1, _TAG + 1):
            # Where decoders look for a tag in a file that seems to be larger, there must be something.
            found.append(bytes(min(count, self._seeming_size - self._position)))
            self._position += len(found[0])
        return b"".join(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position and give it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._seeming_size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Give the position."""
        return self._position


def _size(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else part[1] - part[0]
