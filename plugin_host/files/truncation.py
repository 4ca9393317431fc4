"""Tell whether an audio file is whole, by comparing what its header promises with what the file holds.

Decoders do not: libsndfile silently shortens a WAV, AIFF or Ogg file that was cut off, and others fill it
with zeros. A FLAC file needs no look here, since libsndfile refuses to open one that is cut.

References
----------
Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991 (RIFF); EBU Tech 3306 (RF64);
Apple, "Audio Interchange File Format 1.3", 1989; RFC 3533 (Ogg); G. Bouvigne, "MP3 Info Tag revision 1".
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioFileError

_LENGTH_UNKNOWN = frozenset({0xFFFFFFFF, 0x7FFFF000})
"""Sizes that programs write when they stream a WAV into a pipe and cannot say how long it became."""

_LARGEST_OGG_PAGE = 65_307


def check_whole(path: Path) -> None:
    """Compare an audio file's header with its size.

    Parameters
    ----------
    path : Path
        A file of any kind; of a kind that is not known here, nothing is said.

    Raises
    ------
    AudioFileError
        If the file is empty, declares no channels, or holds less than its header promises.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise AudioFileError(f"{path} is empty (0 bytes); an audio file is needed")
        head = file.read(12)
        if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
            _check_wav(path, file, size)
        elif head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
            _check_aiff(path, file, size)
        elif head[:4] == b"OggS":
            _check_ogg(path, file, size)
        elif head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
            _check_mp3(path, file, size)


def _cut(path: Path, held: float, promised: float, unit: str = "bytes of sound") -> AudioFileError:
    return AudioFileError(
        f"{path} is truncated: its header promises {promised:,.0f} {unit} and it holds {held:,.0f};"
        " copy or record it again"
    )


def _headless(path: Path) -> AudioFileError:
    return AudioFileError(f"{path} is truncated: it ends before its sound begins; copy or record it again")


def _read_parts(file: BinaryIO, size: int, byte_order: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, promised size and position of every part of a RIFF or AIFF file."""
    position = 12
    while position + 8 <= size:
        file.seek(position)
        name, promised = struct.unpack(f"{byte_order}4sI", file.read(8))
        yield name, promised, position + 8
        position += 8 + promised + promised % 2


def _check_wav(path: Path, file: BinaryIO, size: int) -> None:
    long_size: int | None = None
    for name, promised, position in _read_parts(file, size, "<"):
        file.seek(position)
        if name == b"ds64" and promised >= 16:
            long_size = struct.unpack("<8xQ", file.read(16))[0]
        elif name == b"fmt " and promised >= 4:
            _check_channels(path, struct.unpack("<2xH", file.read(4))[0])
        elif name == b"data":
            if promised == 0xFFFFFFFF and long_size is not None:
                promised = long_size
            elif promised in _LENGTH_UNKNOWN:
                return
            if promised > size - position:
                raise _cut(path, size - position, promised)
            return
    raise _headless(path)


def _check_aiff(path: Path, file: BinaryIO, size: int) -> None:
    frames: int | None = None
    for name, promised, position in _read_parts(file, size, ">"):
        if name == b"COMM" and position + 6 <= size:
            file.seek(position)
            channels, frames = struct.unpack(">HI", file.read(6))
            _check_channels(path, channels)
        elif name == b"SSND":
            if promised > size - position:
                raise _cut(path, size - position, promised)
            return
    if frames != 0:
        raise _headless(path)


def _check_channels(path: Path, channels: int) -> None:
    if channels == 0:
        raise AudioFileError(f"{path} has zero channels; at least one is needed")


def _check_ogg(path: Path, file: BinaryIO, size: int) -> None:
    """Look at the last page: it must be whole, and marked as the last one (RFC 3533, section 6)."""
    file.seek(max(0, size - 2 * _LARGEST_OGG_PAGE))
    end = file.read()
    page = end[end.rfind(b"OggS\0") :]
    if len(page) >= 27 and len(page) >= 27 + page[26]:
        length = 27 + page[26] + sum(page[27 : 27 + page[26]])
        if page[5] & 0x04 and len(page) >= length:
            return
    raise AudioFileError(
        f"{path} is truncated: its last page is not the end of the sound; copy or record it again"
    )


def _check_mp3(path: Path, file: BinaryIO, size: int) -> None:
    """Compare the byte count of a Xing or Info tag in the first frame with the file's size.

    What is short by less than one in a hundred is left to the decoder, which counts the samples.
    """
    start = _skip_id3(file)
    file.seek(start)
    frame = file.read(200)
    position = max(frame.find(b"Xing"), frame.find(b"Info"))
    if position < 0 or len(frame) < position + 16:
        return
    flags = struct.unpack_from(">I", frame, position + 4)[0]
    if flags & 0x02:
        promised = struct.unpack_from(">I", frame, position + 8 + (4 if flags & 0x01 else 0))[0]
        if size - start < 0.99 * promised:
            raise _cut(path, size - start, promised)


def _skip_id3(file: BinaryIO) -> int:
    """Give the position of the first byte behind a leading ID3v2 tag, whose size is four times seven bits."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
