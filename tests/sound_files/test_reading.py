"""Sound files that other programs play are read whole, and those that are cut off or of no known kind are refused."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plugin_host.errors import AudioFileError
from plugin_host.sound_files.reader import AudioReader
from tests.conftest import Command
from tests.support.mpeg import mpeg_frames
from tests.support.sound_files import tree, write_sound
from training.data.recordings import read_mono

RATE = 44_100
ID3 = b"ID3\x04\0\0\0\0\2\0" + bytes(256)


def encode(kind: str, seconds: float = 1.0, rate: int = RATE, channels: int = 1, **more: Any) -> bytes:
    """Encode noise that becomes quiet, so that frames of variable rate become small."""
    length = int(seconds * rate)
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (length, channels))
    noise[length // 3 :] *= 0.001
    content = io.BytesIO()
    soundfile.write(content, noise, rate, format=kind, **more)
    return content.getvalue()


def read_bytes(content: bytes, folder: Path, **how: bool) -> NDArray[np.float32]:
    path = folder / "in.bin"
    path.write_bytes(content)
    with AudioReader(path, **how) as reader:
        return np.concatenate(list(reader.blocks(10_000)), axis=1)


def patch(content: bytes, position: int, new: bytes) -> bytes:
    return content[:position] + new + content[position + len(new) :]


def with_data_size(kind: str, size: int, riff: int | None = None) -> bytes:
    wav = encode(kind, subtype="PCM_16")
    wav = patch(wav, wav.index(b"data") + 4, struct.pack("<I", size))
    return wav if riff is None else patch(wav, 4, struct.pack("<I", riff))


def rf64_of_unknown_size(sizes: bytes) -> bytes:
    rf64 = encode("RF64", subtype="PCM_16")
    return patch(rf64, rf64.index(b"ds64") + 8, sizes)


def aiff_of_unknown_size(size: int) -> bytes:
    aiff = encode("AIFF", subtype="PCM_16")
    aiff = patch(aiff, aiff.index(b"SSND") + 4, struct.pack(">I", size))
    return patch(aiff, aiff.index(b"COMM") + 10, bytes(4))


def flac_of_unknown_length() -> bytes:
    flac = encode("FLAC", subtype="PCM_16")
    return patch(flac, 21, bytes([flac[21] & 0xF0, 0, 0, 0, 0]))


def wav_with_odd_chunk(padding: bytes) -> bytes:
    wav = encode("WAV", subtype="PCM_16")
    return wav[:12] + b"LIST" + struct.pack("<I", 13) + b"INFOINAM\1\0\0\0a" + padding + wav[12:]


def mp3_in_wav() -> bytes:
    mp3 = encode("MP3")
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 16_000, 1, 0, 12, 1, 2, 417, 1, 1393)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(mp3)) + mp3
    return b"RIFF" + struct.pack("<I", len(body)) + body


UNUSUAL: dict[str, tuple[Callable[[], bytes], int]] = {
    **{
        f"wav of size {size:#x}": (lambda size=size: with_data_size("WAV", size), RATE)
        for size in (0, 0x7FFF_F000, 0x7FFF_FFFF, 0x7FFF_FFDB, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFDB)
    },
    "wav of size 0 in a riff of size 0": (lambda: with_data_size("WAV", 0, 0), RATE),
    "rf64 of size 0": (lambda: rf64_of_unknown_size(bytes(24)), RATE),
    "rf64 of largest size": (lambda: rf64_of_unknown_size(b"\xff" * 24), RATE),
    "aiff of size 0": (lambda: aiff_of_unknown_size(0), RATE),
    "aiff of largest size": (lambda: aiff_of_unknown_size(0xFFFF_FFFF), RATE),
    "flac of unknown length": (flac_of_unknown_length, RATE),
    "chained ogg": (lambda: 2 * encode("OGG", subtype="VORBIS"), 2 * RATE),
    "chained opus": (lambda: 2 * encode("OGG", rate=48_000, subtype="OPUS"), 96_000),
    "two mp3": (lambda: 2 * encode("MP3"), 2 * RATE),
    "two mp3 with tags": (lambda: 2 * (ID3 + encode("MP3") + b"TAG" + bytes(125)), 2 * RATE),
    "zeros before mp3": (lambda: bytes(1000) + encode("MP3"), RATE),
    "mp3 in wav": (mp3_in_wav, RATE),
    "id3 before wav": (lambda: ID3 + encode("WAV", subtype="PCM_16"), RATE),
    "id3 before flac": (lambda: ID3 + encode("FLAC", subtype="PCM_16"), RATE),
    "chunk of odd size": (lambda: wav_with_odd_chunk(b"\0"), RATE),
    "chunk of odd size without its last byte": (lambda: wav_with_odd_chunk(b""), RATE),
    "big-endian wav": (lambda: encode("WAV", subtype="PCM_16", endian="BIG"), RATE),
    "u-law in wav": (lambda: encode("WAV", subtype="ULAW"), RATE),
    "w64": (lambda: encode("W64", subtype="PCM_24"), RATE),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_files_are_read_whole(kind: str, tmp_path: Path) -> None:
    make, frames = UNUSUAL[kind]
    audio = read_bytes(make(), tmp_path)
    assert audio.shape == (1, frames)
    length = frames // (2 if frames > 50_000 else 1)
    for start in range(0, frames, length):
        sound = audio[0, start : start + length]
        assert np.abs(sound[: length // 3]).max() > 0.5
        assert 0 < np.abs(sound[length // 2 :]).max() < 0.1


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (22_050, 1), (8000, 1)])
def test_mp3_without_a_tag_is_read_to_its_last_frame(
    mode: str, rate: int, channels: int, tmp_path: Path
) -> None:
    mp3 = encode("MP3", 5.0, rate, channels, bitrate_mode=mode)
    frames = mpeg_frames(mp3)
    body = mp3[frames[1][0] :]
    samples = sum(count for _, count in frames[1:])
    assert samples >= 5 * rate
    assert read_bytes(body, tmp_path).shape == (channels, samples)
    assert len(read_mono(tmp_path / "in.bin", rate)) == samples
    # The decoder on its own believes what it guesses from the loud beginning.
    if mode == "VARIABLE" and rate == 44_100:
        assert len(soundfile.read(io.BytesIO(body))[0]) < 0.5 * samples


def test_a_tag_that_promises_too_little_or_nothing_does_not_shorten(tmp_path: Path) -> None:
    mp3 = encode("MP3")
    frames = mpeg_frames(mp3)
    tag = mp3.index(b"Xing")
    samples = sum(count for _, count in frames[1:])
    assert read_bytes(patch(mp3, tag + 8, struct.pack(">I", 9)), tmp_path).shape == (1, samples)
    assert read_bytes(mp3 + mp3[frames[1][0] :], tmp_path).shape == (1, 2 * samples)


def test_any_unit_of_reading_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "in.mp3"
    path.write_bytes(encode("MP3", 4.0) + encode("MP3", 0.3))
    with AudioReader(path) as reader:
        whole = reader.read_rest()
        assert (reader.frames, reader.frames_read, reader.share_read) == (whole.shape[1], whole.shape[1], 1.0)
    with AudioReader(path) as reader:
        blocks = [reader.read(length) for length in (1, 70_000, 777, 200_000)]
        assert not reader.read(1).size
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)


def flac_of_32_bits() -> bytes:
    flac = encode("FLAC", subtype="PCM_16")
    return patch(flac, 20, bytes([flac[20] | 1, flac[21] | 0xF0]))


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "32-bit flac": (flac_of_32_bits, "is a FLAC file of 32 bits, and at most 24 can be read"),
    "mp3 of two rates": (
        lambda: encode("MP3") + encode("MP3", rate=22_050),
        "changes from 1 channel at 44100 Hz to 1 channel at 22050 Hz",
    ),
    "ogg of two shapes": (
        lambda: encode("OGG") + encode("OGG", channels=2),
        "changes from 1 channel at 44100 Hz to 2 channels at 44100 Hz",
    ),
    "wav without sound": (lambda: with_data_size("WAV", 0)[:44], "holds no samples"),
    "flac without sound": (lambda: flac_of_unknown_length()[:42], "holds no samples"),
    "noise": (lambda: np.random.default_rng(0).bytes(200_000), "is no audio file that can be read"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    make, words = REFUSED[kind]
    with pytest.raises(AudioFileError) as refusal:
        read_bytes(make(), tmp_path)
    assert str(refusal.value).startswith(str(tmp_path / "in.bin") + " ")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("OGG", "VORBIS"), ("MP3", None), ("FLAC", "PCM_16"), ("WAV", "PCM_16"), ("AIFF", "PCM_16")],
)
def test_what_is_cut_off_is_read_only_where_that_is_accepted(
    kind: str, subtype: str | None, tmp_path: Path
) -> None:
    content = encode(kind, 4.0, subtype=subtype)
    content = content[: int(0.8 * len(content))]
    with pytest.raises(AudioFileError, match=r"in\.bin is (damaged or )?truncated"):
        read_bytes(content, tmp_path)
    audio = read_bytes(content, tmp_path, accept_truncated=True)
    assert RATE < audio.shape[1] < 4 * RATE
    assert np.abs(audio).max() > 0.5


def test_process_takes_what_is_cut_off_where_it_is_told_to(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = tmp_path / "in.ogg"
    whole = encode("OGG", 4.0)
    source.write_bytes(whole[: whole.rindex(b"OggS")])
    call = ("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    refused = brainsynth(*call)
    assert (refused.code, tree(tmp_path / "out")) == (1, [])
    assert "in.ogg is truncated" in refused.err
    assert brainsynth(*call, "--accept-truncated").code == 0
    assert 2 * RATE < soundfile.info(tmp_path / "out" / "in.ogg").frames < 4 * RATE
    generator = brainsynth("process", "-m", models / "sine.onnx", "-o", "a.wav", "--accept-truncated")
    assert (generator.code, "--accept-truncated is for" in generator.err) == (2, True)


def test_a_file_of_unknown_length_is_processed_and_reported(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    (tmp_path / "in.flac").write_bytes(flac_of_unknown_length())
    call = ("process", tmp_path / "in.flac", "-o", tmp_path / "out", "--report", tmp_path / "r.json")
    assert brainsynth(*call, "-m", models / "gain.onnx").code == 0
    assert soundfile.info(tmp_path / "out" / "in.flac").frames == RATE
    assert json.loads((tmp_path / "r.json").read_text())["files"][0]["duration_s"] == 1.0
    assert brainsynth(*call, "-m", models / "rms.onnx").code == 0


@pytest.mark.parametrize("name", ["\u0e01" * 73 + ".wav", "x" * 251 + ".wav", "\U0001f3b5" * 62 + ".wav"])
def test_a_name_may_be_as_long_as_the_system_allows(
    name: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    write_sound(tmp_path / "in" / name, np.full((1, 1000), 0.1))
    call = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert brainsynth(*call).code == 0
    assert tree(tmp_path / "out") == [name]
