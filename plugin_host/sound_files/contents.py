"""Find what a sound file holds, by its bytes and not by its name."""

from __future__ import annotations

from typing import BinaryIO

from ..errors import AudioFileError
from .flac import find_flac_streams
from .mpeg import find_mpeg_streams, mpeg_kind, skip_id3
from .ogg import find_ogg_streams
from .riff import find_aiff_streams, find_wav_streams
from .sound_stream import SoundStream


def find_streams(file: BinaryIO, size: int) -> list[SoundStream]:
    """Find the streams of sound in a file, in the order in which they are played.

    Parameters
    ----------
    file : BinaryIO
        Open for reading.
    size : int
        Its size in bytes.

    Returns
    -------
    list of SoundStream
        At least one. A file of a kind that is not known here is one stream, for the decoder to judge.

    Raises
    ------
    AudioFileError
        If the file cannot be what it says it is. The sentence has no subject yet, which is the file's name.
    """
    if size == 0:
        raise AudioFileError("is empty (0 bytes); an audio file is needed")
    # Programs that tag MP3 files tag others in the same way.
    start = skip_id3(file, 0)
    file.seek(start)
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64", b"RIFX") and head[8:] == b"WAVE":
        return find_wav_streams(file, start, size)
    if head[:4] == b"RIFF" and head[8:] == b"RMP3":
        return find_mpeg_streams(file, start + 12, size) or [SoundStream(((0, size),))]
    if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
        return find_aiff_streams(file, start, size)
    if head[:4] == b"OggS":
        return find_ogg_streams(file, start, size)
    if head[:4] == b"fLaC":
        return find_flac_streams(file, start, size)
    kind = mpeg_kind(head)
    if start or kind:
        return find_mpeg_streams(file, start, size) or [SoundStream(((0, size),), kind=kind)]
    return [SoundStream(((0, size),))]
