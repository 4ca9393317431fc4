"""Read an audio file in blocks, and refuse one that is not what it seems."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import AudioFileError
from ..sound_files.names import path_for_soundfile
from .truncation import check_whole


class AudioReader:
    """An audio file, open for reading in blocks of any size; a context manager.

    Parameters
    ----------
    path : Path
        A wav, flac, aiff, ogg or mp3 file.

    Attributes
    ----------
    sample_rate : int
        In Hz.
    channels, frames : int
        At least one of each.
    container, subtype : str
        As libsndfile names them: ``"WAV"``, ``"PCM_24"``.
    repaired_samples : int
        How many samples read so far were NaN or infinite and were replaced by 0.

    Raises
    ------
    AudioFileError
        If the file is missing, unreadable, empty, truncated, of no known kind, or has no channels or samples.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise AudioFileError(f"{path} is not a regular file; an audio file is needed")
            check_whole(path)
        except FileNotFoundError as error:
            raise AudioFileError(f"{path} does not exist") from error
        except OSError as error:
            raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            self._file = soundfile.SoundFile(path_for_soundfile(path))
        except soundfile.SoundFileError as error:
            raise AudioFileError(f"{path} {_why_unreadable(path)}") from error
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        self.container: str = self._file.format
        self.subtype: str = self._file.subtype
        self.repaired_samples = 0
        self._position = 0
        if self.frames == 0:
            self.close()
            raise AudioFileError(f"{path} holds no samples; an audio file with sound in it is needed")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    def read(self, length: int) -> NDArray[np.float32]:
        """Read the next samples.

        Parameters
        ----------
        length : int
            How many samples of each channel, at least 1.

        Returns
        -------
        ndarray, (C, T) float32
            Contiguous and finite, full scale at -1 and 1; T is `length`, less at the end, and 0 behind it.

        Raises
        ------
        AudioFileError
            If the file ends before its header said, or its content is damaged.
        """
        try:
            interleaved: NDArray[Any] = self._file.read(length, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise AudioFileError(
                f"{self.path} is damaged or truncated behind {self._position_s():.1f} s"
            ) from error
        self._position += len(interleaved)
        if len(interleaved) < length and self._position < self.frames:
            raise AudioFileError(
                f"{self.path} is truncated: its header promises {self.duration_s:.1f} s of sound"
                f" and it holds {self._position_s():.1f} s; copy or record it again"
            )
        audio = np.ascontiguousarray(interleaved.T, dtype=np.float32)
        # A sum is finite unless a sample is not: one pass instead of one per sample in the usual case.
        if audio.size and not math.isfinite(float(audio.sum(dtype=np.float64))):
            broken = ~np.isfinite(audio)
            self.repaired_samples += int(broken.sum())
            audio[broken] = 0
        return audio

    def blocks(self, block_size: int) -> Iterator[NDArray[np.float32]]:
        """Read on to the end in blocks, each (C, `block_size`) but the last, which is what remains."""
        while (block := self.read(block_size)).shape[1]:
            yield block

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _position_s(self) -> float:
        return self._position / self.sample_rate


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(4) == b"fLaC":
            return "is truncated or damaged; copy or record it again"
    return "is no audio file that can be read; wav, flac, aiff, ogg and mp3 can"
