"""Find the frames of MPEG audio (MP3, and layers I and II), and count them.

Nothing in an MPEG stream says how long it is: a tag in its first frame may, and where there is none, decoders
guess from the size of the file. So the frames are counted here.

References
----------
ISO/IEC 11172-3 and 13818-3, section 2.4.2.3 (header); G. Bouvigne, "MP3 Info Tag revision 1" (Xing, Info);
K. Windszus, "MPEG Audio Frame Header", 2007 (VBRI); M. Nilsson, "ID3 tag version 2.4.0", 2000.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from .sound_stream import SoundStream, cut_short

_KBITS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_HEAD = 60
_IN_STEP = 3
_WINDOW = 65_536
_LONGEST_FREE_FRAME = 8192
_FAR_TOO_LARGE = 64


class _Frame(NamedTuple):
    """What the header of a frame says: its kind, and its size in bytes, 0 where that is free."""

    version: int
    layer: int
    rate: int
    channels: int
    samples: int
    size: int

    @property
    def kind(self) -> tuple[int, int, int, int]:
        return self[:4]


class _Tag(NamedTuple):
    """What a frame without sound says: how many frames follow, and whether decoders find what it says about both ends."""

    frames: int | None
    tells_ends: bool


@dataclass
class _Run:
    """Frames of one kind behind each other, or with rubbish between them."""

    kind: tuple[int, int, int, int]
    samples: int
    spans: list[tuple[int, int]] = field(default_factory=list)
    frames: int = 0
    tag: tuple[int, int] | None = None
    promised: int | None = None
    is_cut: bool = False

    def add(self, start: int, end: int) -> None:
        if self.spans and self.spans[-1][1] == start:
            self.spans[-1] = (self.spans[-1][0], end)
        else:
            self.spans.append((start, end))
        self.frames += 1


def find_mpeg_streams(file: BinaryIO, start: int, end: int) -> list[SoundStream]:
    """Find the streams of MPEG audio in a part of a file.

    Parameters
    ----------
    file : BinaryIO
        Open for reading.
    start, end : int
        The first position, and the one behind the last.

    Returns
    -------
    list of SoundStream
        A new one begins at each tag and where rate, layer or number of channels change; empty if there is no frame.
    """
    end = _end_without_tags(file, start, end)
    return [_as_stream(run) for run in _find_runs(file, start, end) if run.frames]


def skip_id3(file: BinaryIO, position: int) -> int:
    """Give the position behind any ID3v2 tags, whose size is four times seven bits."""
    while True:
        file.seek(position)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return position
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        position += 10 + size + (10 if head[5] & 0x10 else 0)


def mpeg_kind(head: bytes) -> str:
    """Give what bytes are that begin like a frame, such as ``"MPEG audio of layer II"``, and nothing for others."""
    frame = _parse(head[:4])
    return _name(frame.layer) if frame else ""


def _name(layer: int) -> str:
    return f"MPEG audio of layer {'I' * layer}"


def _as_stream(run: _Run) -> SoundStream:
    """Keep the tag, which may say how much the encoder added at both ends, only where decoders find that and it is right."""
    kind = _name(run.kind[1])
    if run.tag is not None and run.promised == run.frames:
        return SoundStream((run.tag, *run.spans), kind=kind)
    shortfall = ""
    # Some encoders count the frame of the tag as well.
    if run.promised is not None and run.promised > run.frames + (0 if run.is_cut else 1):
        shortfall = cut_short(run.frames, run.promised, "frames of sound")
    size = sum(end - start for start, end in run.spans)
    # A decoder guesses a length from the size and stops there: let it guess far too much, and end with the bytes.
    return SoundStream(tuple(run.spans), run.frames * run.samples, _FAR_TOO_LARGE * size, shortfall, kind)


def _find_runs(file: BinaryIO, start: int, end: int) -> Iterator[_Run]:
    run: _Run | None = None
    position = _find_sync(file, start, end)
    while position < end:
        file.seek(position)
        head = file.read(_HEAD)
        frame = _sized(file, position, end, head)
        follows = run is not None and frame is not None and frame.kind == run.kind
        if frame is None or (position + frame.size > end):
            if run is not None and follows:
                run.is_cut = True
            position = _find_sync(file, position + 1, end)
            continue
        if not follows and not _is_in_step(file, position, end):
            position = _find_sync(file, position + 1, end)
            continue
        tag = _read_tag(head, frame)
        if run is None or not follows or tag:
            if run is not None:
                yield run
            run = _Run(frame.kind, frame.samples)
        if tag:
            run.promised = tag.frames
            run.tag = (position, position + frame.size) if tag.tells_ends else None
        else:
            run.add(position, position + frame.size)
        position += frame.size
    if run is not None:
        yield run


def _find_sync(file: BinaryIO, position: int, end: int) -> int:
    """Find the next position at which some frames follow each other, `end` if there is none."""
    while position < end:
        file.seek(position)
        window = file.read(min(_WINDOW, end - position))
        if len(window) < 4:
            break
        found = window.find(b"\xff")
        while 0 <= found <= len(window) - 4:
            if _parse(window[found : found + 4]) and _is_in_step(file, position + found, end):
                return position + found
            found = window.find(b"\xff", found + 1)
        position += len(window) - 3
    return end


def _is_in_step(file: BinaryIO, position: int, end: int) -> bool:
    """Tell whether a frame is followed by others of its kind, or by the end."""
    kind = None
    for _ in range(_IN_STEP):
        file.seek(position)
        frame = _sized(file, position, end, file.read(4))
        if frame is None or kind not in (None, frame.kind):
            return False
        kind = frame.kind
        position += frame.size
        if position >= end:
            return position == end
    return True


def _sized(file: BinaryIO, position: int, end: int, head: bytes) -> _Frame | None:
    """Parse a header; where it leaves the size free, look for the next one of its like."""
    frame = _parse(head[:4])
    if frame is None or frame.size:
        return frame
    file.seek(position)
    window = file.read(min(_LONGEST_FREE_FRAME, end - position))
    found = window.find(window[:2], 4)
    while found >= 0:
        other = _parse(window[found : found + 4])
        if other is not None and other.kind == frame.kind and not other.size:
            return frame._replace(size=found)
        found = window.find(window[:2], found + 1)
    # The last one of a stream.
    return frame._replace(size=len(window)) if len(window) < _LONGEST_FREE_FRAME else None


@lru_cache(maxsize=4096)
def _parse(head: bytes) -> _Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    index, rate, padding = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer == 4 or index == 15 or rate == 3:
        return None
    generation = 1 if version == 3 else 2
    hertz = _RATES[rate] >> (0, 1, 2)[(3, 2, 0).index(version)]
    samples = 384 if layer == 1 else 576 if layer == 3 and generation == 2 else 1152
    bits = _KBITS[generation, layer][index] * 1000
    size = (12 * bits // hertz + padding) * 4 if layer == 1 else samples // 8 * bits // hertz + padding
    return _Frame(version, layer, hertz, 1 if head[3] >> 6 == 3 else 2, samples, size if bits else 0)


def _read_tag(head: bytes, frame: _Frame) -> _Tag | None:
    """Read the tag that a frame may hold in place of sound."""
    if frame.layer != 3:
        return None
    beside = ((32, 17) if frame.version == 3 else (17, 9))[frame.channels == 1]
    tag = head[4 + beside :]
    if tag[:4] in (b"Xing", b"Info") and len(tag) >= 12:
        flags, frames = struct.unpack_from(">II", tag, 4)
        return _Tag(frames if flags & 1 else None, tells_ends=True)
    if head[36:40] == b"VBRI" and len(head) >= 54:
        # Decoders that pass over this one guess the length from the frame that it stands in.
        return _Tag(struct.unpack_from(">I", head, 50)[0], tells_ends=False)
    return None


def _end_without_tags(file: BinaryIO, start: int, end: int) -> int:
    """Give the position behind the last frame: tags (ID3v1, APE) stand behind it."""
    if end - start >= 128:
        file.seek(end - 128)
        if file.read(3) == b"TAG":
            end -= 128
    if end - start >= 32:
        file.seek(end - 32)
        footer = file.read(32)
        if footer[:8] == b"APETAGEX":
            size, flags = struct.unpack_from("<I4xI", footer, 12)
            end = max(start, end - size - (32 if flags & 0x80000000 else 0))
    return end
