"""Find the streams that are chained in an Ogg file, and see whether each has its end.

References
----------
S. Pfeiffer, "The Ogg Encapsulation Format Version 0", RFC 3533, 2003, sections 4 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .sound_stream import SoundStream

_WINDOW = 65_536
_FIRST, _LAST = 0x02, 0x04
_ENDLESS = "is truncated: its last page is not the end of the sound; copy or record it again"


@dataclass
class _Link:
    """The pages of one stream, or of several that are interleaved and begin together."""

    start: int
    end: int
    serial: bytes
    has_begun: bool = False
    has_ended: bool = False


def find_ogg_streams(file: BinaryIO, start: int, end: int) -> list[SoundStream]:
    """Find the chained streams of an Ogg file between two positions, one behind the other."""
    links: list[_Link] = []
    for position, page_end, flags, serial in _find_pages(file, start, end):
        if not links or (flags & _FIRST and links[-1].has_begun):
            links.append(_Link(position, page_end, serial))
        link = links[-1]
        link.has_begun = link.has_begun or not flags & _FIRST
        if page_end > end:
            break
        link.end = page_end
        link.has_ended = link.has_ended or (serial == link.serial and bool(flags & _LAST))
    return [
        SoundStream(((link.start, min(link.end, end)),), shortfall="" if link.has_ended else _ENDLESS)
        for link in links
    ]


def _find_pages(file: BinaryIO, position: int, end: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield the start, end, flags and serial number of each page; the last may end behind the file."""
    while position < end:
        file.seek(position)
        head = file.read(27 + 255)
        if head[:5] == b"OggS\0" and len(head) >= 27 and len(head) >= 27 + head[26]:
            size = 27 + head[26] + sum(head[27 : 27 + head[26]])
            yield position, position + size, head[5], head[14:18]
            position += size
        else:
            position = _find_page(file, position + 1, end)


def _find_page(file: BinaryIO, position: int, end: int) -> int:
    """Find where the next page may begin, `end` if nowhere."""
    while position < end:
        file.seek(position)
        window = file.read(_WINDOW)
        found = window.find(b"OggS\0")
        if found >= 0:
            return position + found
        if len(window) < _WINDOW:
            break
        position += len(window) - 4
    return end
