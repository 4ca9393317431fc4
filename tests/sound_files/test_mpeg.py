"""MPEG audio as thirty years of programs have left it: what stands around its frames, what headers say, and which lie."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from plugin_host.errors import AudioFileError
from tests.sound_files.test_reading import RATE, encode, patch, read_bytes
from tests.support.mpeg import mpeg_frames

ID3V1 = b"TAG" + bytes(125)
NOISE = np.random.default_rng(1).bytes(300_000)


def id3v2(content: bytes, padding: int) -> bytes:
    size = len(content) + padding
    return b"ID3\4\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + content + bytes(padding)


def apev2() -> bytes:
    item = struct.pack("<II", 5, 0) + b"Title\0hello"
    ends = [
        struct.pack("<8sIIII8x", b"APETAGEX", 2000, len(item) + 32, 1, flags) for flags in (5 << 29, 1 << 31)
    ]
    return ends[0] + item + ends[1]


COVER = id3v2(NOISE, 4096)


def split(mp3: bytes) -> tuple[bytes, bytes, int]:
    """Give the frame of the tag, those of the sound, and the samples that these hold."""
    frames = mpeg_frames(mp3)
    second = frames[1][0]
    return mp3[:second], mp3[second:], sum(count for _, count in frames[1:])


def with_vbri(mp3: bytes, frames: int) -> bytes:
    """Let the first frame hold the tag of Fraunhofer's encoders."""
    tag, sound, _ = split(mp3)
    vbri = struct.pack(">4sHHHIIHHHH", b"VBRI", 1, 0, 75, len(mp3), frames, 0, 1, 2, 1)
    return patch(tag[:4] + bytes(len(tag) - 4), 36, vbri) + sound


def with_xing(mp3: bytes, frames: int) -> bytes:
    return patch(mp3, mp3.index(b"Xing") + 8, struct.pack(">I", frames))


def with_junk(mp3: bytes, junk: bytes) -> bytes:
    frames = mpeg_frames(mp3)
    middle = frames[len(frames) // 2][0]
    return mp3[:middle] + junk + mp3[middle:]


def alter(mp3: bytes, place: int, clear: int, new: int = 0) -> bytes:
    """Change bits in a byte of every frame's header."""
    content = bytearray(mp3)
    for start, _ in mpeg_frames(mp3):
        content[start + place] = content[start + place] & ~clear | new
    return bytes(content)


MP3 = encode("MP3")
CONSTANT = encode("MP3", bitrate_mode="CONSTANT", compression_level=0.5)
SOUND, SAMPLES = split(MP3)[1:]
FRAMES = SAMPLES // 1152

WHOLE: dict[str, tuple[Callable[[], bytes], int]] = {
    "cover picture in front": (lambda: COVER + MP3, RATE),
    "tags of all kinds": (lambda: COVER + MP3 + apev2() + ID3V1, RATE),
    "tags of all kinds, no length": (lambda: COVER + SOUND + apev2() + ID3V1, SAMPLES),
    "two with tags of their own": (lambda: 2 * (COVER + MP3 + apev2() + ID3V1), 2 * RATE),
    "size of the tag as a plain number": (
        lambda: patch(COVER, 6, struct.pack(">I", len(COVER) - 10)) + MP3,
        RATE,
    ),
    "size of the tag behind the end": (lambda: patch(COVER, 6, b"\x7f" * 4) + MP3, RATE),
    "VBRI": (lambda: with_vbri(MP3, FRAMES), SAMPLES),
    "VBRI that promises too little": (lambda: with_vbri(MP3, 9), SAMPLES),
    "two with VBRI": (lambda: 2 * (COVER + with_vbri(MP3, FRAMES) + ID3V1), 2 * SAMPLES),
    "Xing that promises nothing": (lambda: with_xing(MP3, 0), SAMPLES),
    "Xing that counts itself": (lambda: with_xing(MP3, FRAMES + 1), SAMPLES),
    "noise between frames": (lambda: with_junk(MP3, NOISE[:5000]), RATE),
    "zeros between frames": (lambda: with_junk(SOUND, bytes(777)), SAMPLES),
    "noise behind": (lambda: MP3 + NOISE[:5000], RATE),
    "free rate of bits": (lambda: alter(CONSTANT, 2, 0xF0), RATE),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_stands_around_the_frames_costs_no_sound(kind: str, tmp_path: Path) -> None:
    make, samples = WHOLE[kind]
    audio = read_bytes(make(), tmp_path)
    assert audio.shape == (1, samples)
    assert np.abs(audio[0, : RATE // 3]).max() > 0.5
    assert np.abs(audio[0, -RATE // 3 :]).max() > 0


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 48_000])
def test_all_rates_of_all_versions_are_read_whole(rate: int, channels: int, tmp_path: Path) -> None:
    mp3 = encode("MP3", rate=rate, channels=channels)
    assert read_bytes(mp3, tmp_path).shape == (channels, rate)
    _, sound, samples = split(mp3)
    assert read_bytes(sound, tmp_path).shape == (channels, samples)


def tone_of_layer_1(frames: int, has_crc: bool) -> bytes:
    """Encode a tone as MPEG-1 layer I, 256 kbit/s, mono, 48 kHz: two bits of one subband, and none of the others."""
    bits = "0000" * 2 + "0001" + "0000" * 29 + "000010" + "1000" * 6
    body = int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    head = bytes((0xFF, 0xFE if has_crc else 0xFF, 0x84, 0xC0))
    crc = _crc(head[2:] + body[:16]).to_bytes(2, "big") if has_crc else b""
    return frames * (head + crc + body).ljust(12 * 256_000 // 48_000 * 4, b"\0")


def silence_of_layer_2(frames: int) -> bytes:
    """Encode frames of MPEG-1 layer II, 128 kbit/s, mono, 48 kHz, in which no subband has bits."""
    return frames * bytes((0xFF, 0xFD, 0x84, 0xC0)).ljust(144 * 128_000 // 48_000, b"\0")


def _crc(content: bytes) -> int:
    crc = 0xFFFF
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x8005 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


@pytest.mark.parametrize("has_crc", [False, True])
def test_layer_1_is_read_with_and_without_a_checksum(has_crc: bool, tmp_path: Path) -> None:
    audio = read_bytes(COVER + tone_of_layer_1(100, has_crc) + ID3V1, tmp_path)
    assert audio.shape == (1, 100 * 384)
    spectrum = np.abs(np.fft.rfft(audio[0, -8192:] * np.hanning(8192)))
    # The third of 32 subbands of 24 kHz.
    assert 2 * 750 <= spectrum.argmax() * 48_000 / 8192 <= 3 * 750


def test_layer_2_is_read(tmp_path: Path) -> None:
    assert read_bytes(silence_of_layer_2(50), tmp_path).shape == (1, 50 * 1152)


LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "VBRI that promises too much": (lambda: with_vbri(MP3, 2 * FRAMES), "is truncated: its header promises"),
    "Xing that promises too much": (lambda: with_xing(MP3, 2 * FRAMES), "is truncated: its header promises"),
    "called layer I": (lambda: alter(SOUND, 1, 6, 6), "seems to be MPEG audio of layer I, and the decoder"),
    "called layer II": (lambda: alter(SOUND, 1, 6, 4), "seems to be MPEG audio of layer II, and the decoder"),
    "called free, and of many sizes": (lambda: alter(SOUND, 2, 0xF0), "is damaged MPEG audio of layer III"),
    "the same with a tag": (lambda: alter(MP3, 2, 0xF0), "is damaged MPEG audio of layer III"),
}


@pytest.mark.parametrize("kind", LIES)
def test_headers_that_lie_are_refused_in_words_that_do_not(kind: str, tmp_path: Path) -> None:
    make, words = LIES[kind]
    with pytest.raises(AudioFileError) as refusal:
        read_bytes(make(), tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path / 'in.bin'} {words}")


def test_no_refusal_of_a_damaged_file_says_that_there_is_none(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    refusals: list[str] = []
    for _ in range(100):
        content = bytearray(SOUND)
        for place in random.integers(0, 40, 6):
            content[place] = random.integers(256)
        try:
            read_bytes(bytes(content[: random.integers(4, 3000)]), tmp_path)
        except AudioFileError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert not [sentence for sentence in refusals if "not exist" in sentence or "pipe" in sentence]
