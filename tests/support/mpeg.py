"""Count the frames of an MP3 by a walk from header to header, apart from the reader that is tested."""

import struct

_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8000)}


def mpeg_frames(content: bytes) -> list[tuple[int, int]]:
    """Give the position and the samples of every frame of layer III, from the first byte on."""
    found: list[tuple[int, int]] = []
    position = 0
    while position + 4 <= len(content):
        (head,) = struct.unpack_from(">I", content, position)
        assert head >> 21 == 0x7FF, position
        version = (head >> 19) & 3
        samples = 1152 if version == 3 else 576
        bits = 1000 * _KBITS[version == 3][(head >> 12) & 15]
        found.append((position, samples))
        position += samples // 8 * bits // _RATES[version][(head >> 10) & 3] + ((head >> 9) & 1)
    return found
