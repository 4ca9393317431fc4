"""Find the sound in WAV, RF64 and AIFF files, whose sizes are not always true.

A program that writes into a pipe, or that is ended, cannot say how long the sound became. Then the sound ends
with the file.

References
----------
Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991 (RIFF); EBU Tech 3306 (RF64);
Apple, "Audio Interchange File Format 1.3", 1989.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from ..errors import AudioFileError
from .mpeg import find_mpeg_streams
from .sound_stream import SoundStream, cut_short

WAV_HEADS = (b"RIFF", b"RF64", b"RIFX")
AIFF_HEADS = (b"FORM",)

_UNKNOWN = 0xFFFF_FFFF
_LIMITS = (0x7F00_0000, 0x8000_0000, 0x1_0000_0000, 1 << 63, 1 << 64)
_NEAR_LIMIT = 8192
_MPEG = 0x0055
_HEADLESS = "is truncated: it ends before its sound begins; copy or record it again"


class _Chunk(NamedTuple):
    """A named part: where its content begins, and the size that it claims."""

    name: bytes
    position: int
    size: int


def find_wav_streams(file: BinaryIO, start: int, end: int) -> list[SoundStream]:
    """Find the sound of a WAV file of any kind between two positions.

    Raises
    ------
    AudioFileError
        If it declares no channels, or ends before its sound begins.
    """
    order = ">" if _read(file, start, 4) == b"RIFX" else "<"
    form: _Chunk | None = None
    long_size: int | None = None
    for chunk in find_chunks(file, start + 12, end, order):
        if chunk.name == b"ds64":
            long_size = _number(file, chunk.position + 8, order + "Q")
        elif chunk.name == b"fmt ":
            form = chunk
            _check_channels(_number(file, chunk.position + 2, order + "H"))
        elif chunk.name == b"data" and form is not None:
            size = chunk.size if long_size is None or chunk.size != _UNKNOWN else long_size
            return _wav_streams(file, (start, end), order, form, chunk._replace(size=size))
    raise AudioFileError(_HEADLESS)


def _wav_streams(
    file: BinaryIO, place: tuple[int, int], order: str, form: _Chunk, data: _Chunk
) -> list[SoundStream]:
    start, end = place
    held = end - data.position
    is_open = _is_unknown(data.size) or (data.size == 0 and not _are_chunks(file, data.position, end, order))
    shortfall = "" if is_open or data.size <= held else cut_short(held, data.size)
    if _number(file, form.position, order + "H") == _MPEG:
        found = find_mpeg_streams(
            file, data.position, end if is_open else min(end, data.position + data.size)
        )
        return [replace(stream, shortfall=stream.shortfall or shortfall) for stream in found]
    if not is_open and (data.position - start) % 2 == 0:
        return [SoundStream((place,), shortfall=shortfall)]
    # Decoders take a size of zero at its word, and lose their way behind a chunk of odd size without its last byte.
    size = struct.pack(order + "I", _UNKNOWN if is_open else data.size)
    head = (b"RIFX" if order == ">" else b"RIFF") + struct.pack(order + "I", _UNKNOWN) + b"WAVE"
    parts = (head, (form.position - 8, form.position + form.size), b"data" + size, (data.position, end))
    return [SoundStream(parts, shortfall=shortfall)]


def find_aiff_streams(file: BinaryIO, start: int, end: int) -> list[SoundStream]:
    """Find the sound of an AIFF file between two positions.

    Raises
    ------
    AudioFileError
        If it declares no channels, or ends before its sound begins.
    """
    frames: int | None = None
    for chunk in find_chunks(file, start + 12, end, ">"):
        if chunk.name == b"COMM":
            _check_channels(_number(file, chunk.position, ">H"))
            frames = _number(file, chunk.position + 2, ">I")
        elif chunk.name == b"SSND":
            held = end - chunk.position
            is_whole = chunk.size <= held or _is_unknown(chunk.size)
            return [SoundStream(((start, end),), shortfall="" if is_whole else cut_short(held, chunk.size))]
    if frames == 0:
        raise AudioFileError("holds no samples; an audio file with sound in it is needed")
    raise AudioFileError(_HEADLESS)


def find_chunks(file: BinaryIO, position: int, end: int, order: str) -> Iterator[_Chunk]:
    """Find the parts that lie one behind another from a position on; ``order`` of bytes is ``<`` or ``>``."""
    while position + 8 <= end:
        name, size = struct.unpack(order + "4sI", _read(file, position, 8))
        yield _Chunk(name, position + 8, size)
        position += 8 + size
        # There is a byte behind a chunk of odd size; some programs forget it.
        if size % 2 and not (
            _is_name(_read(file, position, 4)) and not _is_name(_read(file, position + 1, 4))
        ):
            position += 1


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and name.isascii() and name.decode("ascii").isprintable()


def _are_chunks(file: BinaryIO, position: int, end: int, order: str) -> bool:
    """Tell whether there is nothing up to the end but chunks with names that can be read."""
    for chunk in find_chunks(file, position, end, order):
        if not _is_name(chunk.name):
            return False
        position = chunk.position + chunk.size
    return end - position in (0, 1)


def _is_unknown(size: int) -> bool:
    """Tell whether a size is one of those that programs write before they know it: the largest of some kind, or near."""
    return any(limit - _NEAR_LIMIT <= size <= limit for limit in _LIMITS)


def _check_channels(channels: int | None) -> None:
    if channels == 0:
        raise AudioFileError("has zero channels; at least one is needed")


def _number(file: BinaryIO, position: int, form: str) -> int | None:
    data = _read(file, position, struct.calcsize(form))
    return struct.unpack(form, data)[0] if len(data) == struct.calcsize(form) else None


def _read(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
