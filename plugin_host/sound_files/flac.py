"""Read what the first block of a FLAC file says.

References
----------
M. van Beurden, A. Weaver, "Free Lossless Audio Codec", RFC 9639, 2024, section 8.2 (stream information).
"""

from __future__ import annotations

from typing import BinaryIO

from ..errors import AudioFileError
from .sound_stream import SoundStream

_DEEPEST_BITS = 24


def find_flac_streams(file: BinaryIO, start: int, end: int) -> list[SoundStream]:
    """Find the one stream of a FLAC file between two positions.

    Raises
    ------
    AudioFileError
        If it has more bits than the decoder takes.
    """
    file.seek(start)
    head = file.read(26)
    if len(head) == 26:
        bits = ((head[20] & 1) << 4 | head[21] >> 4) + 1
        if bits > _DEEPEST_BITS:
            raise AudioFileError(
                f"is a FLAC file of {bits} bits, and at most {_DEEPEST_BITS} can be read; convert it, as to WAV"
            )
    return [SoundStream(((start, end),))]
