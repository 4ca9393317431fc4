"""Decode a sound file from its first stream to its last. Runs in the process that may die of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import AudioFileError, counted
from .assembled_file import AssembledFile
from .contents import find_streams
from .mpeg import find_mpeg_streams
from .sound_stream import SoundStream

_PIECE = 4096
_COUNTLESS = 1 << 62
_ABOUT_OPENING = range(7, 18)


class Shape(NamedTuple):
    """What a stream is: its rate in Hz, and its channels."""

    sample_rate: int
    channels: int


class _Sequential(soundfile.SoundFile):
    """Reads on from where it is: without it, every read would seek to where it has come already."""

    def seekable(self) -> bool:
        return False


class Decoding:
    """A sound file that is being decoded.

    Parameters
    ----------
    path : str
        Of a regular file.
    accept_truncated : bool
        Give what is there of a file that is cut off.

    Attributes
    ----------
    shape : Shape
        Rate and channels, the same in all streams.
    frames : int or None
        Samples per channel that there should be; None where nothing says so before they are read.
    container, subtype : str
        Of the first stream, in libsndfile's words.

    Raises
    ------
    AudioFileError
        If it cannot be decoded. The sentence has no subject yet, which is the file's name.
    OSError
        If it cannot be opened or read.
    """

    def __init__(self, path: str, accept_truncated: bool) -> None:
        self._accept_truncated = accept_truncated
        self._file = open(path, "rb")  # noqa: SIM115, closed by `close`
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._streams, first = self._find()
            self.container, self.subtype = first.format, first.subtype
            self.shape = Shape(first.samplerate, first.channels)
            self._next = 0
            self._given = 0
            self.frames = self._count_all()
            self._follow()
        except BaseException:
            self._file.close()
            raise

    @property
    def share(self) -> float:
        """How much of the file was read, from 0 to 1."""
        return min(1.0, self._source.reached / self._size)

    def describe(self) -> dict[str, Any]:
        """Give what there is to know of it, by the names of `AudioReader`."""
        return {
            "sample_rate": self.shape.sample_rate,
            "channels": self.shape.channels,
            "frames": self.frames,
            "container": self.container,
            "subtype": self.subtype,
        }

    def read(self, length: int) -> NDArray[np.float32]:
        """Decode on.

        Parameters
        ----------
        length : int
            Samples of each channel.

        Returns
        -------
        ndarray, (T, C) float32
            T is `length`, less at the end, and 0 behind it.

        Raises
        ------
        AudioFileError
            If the sound ends before it should, or is damaged.
        """
        out = np.empty((length, self.shape.channels), np.float32)
        filled = 0
        while filled < length:
            piece = out[filled : filled + _PIECE]
            try:
                count = len(self._stream.read(out=piece))
            except soundfile.SoundFileError as error:
                if not self._accept_truncated or not self._given:
                    raise AudioFileError(f"is damaged or truncated behind {self._seconds():.1f} s") from error
                count = 0
            filled += count
            self._given += count
            self._given_of_stream += count
            if count < len(piece):
                self._check_promise()
                if self._next == len(self._streams):
                    break
                self._follow()
        return out[:filled]

    def close(self) -> None:
        """Give the file back."""
        self._stream.close()
        self._file.close()

    def _find(self) -> tuple[list[SoundStream], soundfile.SoundFile]:
        """Find the streams, and open the first of them."""
        streams = find_streams(self._file, self._size)
        self._refuse_cut(streams)
        try:
            return streams, self._open(streams[0])
        except AudioFileError:
            # MPEG audio needs no beginning: there may be anything before its first frame.
            streams = find_mpeg_streams(self._file, 0, self._size)
            if not streams:
                raise
            self._refuse_cut(streams)
            return streams, self._open(streams[0])

    def _refuse_cut(self, streams: Sequence[SoundStream]) -> None:
        cut = [stream.shortfall for stream in streams if stream.shortfall]
        if cut and not self._accept_truncated:
            raise AudioFileError(cut[0])

    def _open(self, stream: SoundStream) -> soundfile.SoundFile:
        self._source = AssembledFile(self._file, stream.parts, stream.seeming_size)
        try:
            return _Sequential(cast(BinaryIO, self._source))
        except soundfile.LibsndfileError as error:
            raise AudioFileError(_why_unreadable(error, stream.kind)) from error

    def _count_all(self) -> int | None:
        """Open every stream, see that all are of one shape, and count their samples."""
        total: int | None = 0
        for stream in self._streams:
            with self._open(stream) as opened:
                shape = Shape(opened.samplerate, opened.channels)
                if shape != self.shape:
                    raise AudioFileError(
                        f"changes from {_say(self.shape)} to {_say(shape)} on its way; split it into files of one kind"
                    )
                frames = _count(stream, opened)
                total = None if total is None or frames is None else total + frames
        return total

    def _follow(self) -> None:
        """Go on to the next stream."""
        stream = self._streams[self._next]
        self._stream = self._open(stream)
        self._next += 1
        self._given_of_stream = 0
        self._promised = _count(stream, self._stream)
        self._kind = stream.kind

    def _check_promise(self) -> None:
        if not self._promised or self._given_of_stream >= self._promised or self._accept_truncated:
            return
        promised = (self._given - self._given_of_stream + self._promised) / self.shape.sample_rate
        if self._kind:
            # All of its frames were found, so nothing is cut off.
            raise AudioFileError(
                f"is damaged {self._kind}: it holds {promised:.1f} s of sound, of which {self._seconds():.1f} s can be"
                " decoded; copy or convert it again"
            )
        raise AudioFileError(
            f"is truncated: its header promises {promised:.1f} s of sound and it holds {self._seconds():.1f} s;"
            " copy or record it again"
        )

    def _seconds(self) -> float:
        return self._given / self.shape.sample_rate


def _count(stream: SoundStream, opened: soundfile.SoundFile) -> int | None:
    frames = opened.frames if stream.frames is None else stream.frames
    return frames if frames < _COUNTLESS else None


def _say(shape: Shape) -> str:
    return f"{counted(shape.channels, 'channel')} at {shape.sample_rate} Hz"


def _why_unreadable(error: soundfile.LibsndfileError, kind: str) -> str:
    if "not recognised" in error.error_string:
        return "is no audio file that can be read; wav, flac, aiff, ogg and mp3 can"
    if kind:
        return f"seems to be {kind}, and the decoder finds no sound in it; convert it again, as to WAV"
    if error.code in _ABOUT_OPENING:
        # The decoder did get the file: these of its sentences are about where files are.
        return "cannot be read as audio: its content is damaged; copy or record it again"
    return f"cannot be read as audio: {error.error_string.strip().rstrip('.')}"
