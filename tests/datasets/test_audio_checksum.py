"""A sound is told from another by what its file says of its samples, or by all that it holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.datasets.audio_checksum import audio_checksum
from plugin_host.datasets.sound_maker import write_sound

SOUND = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4000)).astype(np.float32)


def samples_md5(path: Path) -> bytes:
    """Hash what is decoded, as the format says: 24 bits, channels in turn."""
    words = soundfile.read(path, dtype="int32", always_2d=True)[0].astype("<i4") >> 8
    return hashlib.md5(words.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()).digest()


def test_it_is_the_hash_of_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    write_sound(path, SOUND, 48_000)
    assert audio_checksum(path) == samples_md5(path)
    other = tmp_path / "b.flac"
    write_sound(other, SOUND[::-1], 48_000)
    assert audio_checksum(other) == samples_md5(other) != audio_checksum(path)


@pytest.mark.parametrize("kind", ["no MD5", "WAV", "no sound", "empty", "a head alone"])
def test_of_a_file_without_it_all_bytes_count(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    write_sound(path, SOUND, 48_000)
    content = path.read_bytes()
    if kind == "no MD5":
        path.write_bytes(content[:26] + bytes(16) + content[42:])
    elif kind == "WAV":
        soundfile.write(path, SOUND.T, 48_000, format="WAV")
    else:
        path.write_bytes({"no sound": b"none " * 20, "empty": b"", "a head alone": content[:30]}[kind])
    before = path.read_bytes()
    assert audio_checksum(path) == hashlib.sha256(before).digest()[:16]
    path.write_bytes(before + b"x")
    assert audio_checksum(path) != hashlib.sha256(before).digest()[:16]


def test_a_file_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert audio_checksum(tmp_path / "gone.flac") == bytes(16)
