"""Read a sound file in blocks, and refuse one that is not what it seems."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioFileError
from .codec_file import CodecFile

_BLOCK = 65_536
_BLOCK_VALUES = 1 << 20


class AudioReader:
    """A sound file, open for reading in blocks of any size; a context manager.

    It is decoded in a process of its own, so that a file may be anything.

    Parameters
    ----------
    path : Path
        A wav, flac, aiff, ogg or mp3 file, whatever it is called.
    accept_truncated : bool
        Read what is there of a file that is cut off, which is refused else.

    Attributes
    ----------
    path : Path
    sample_rate : int
        In Hz.
    channels : int
        At least one.
    frames : int or None
        Samples of each channel as the file promises them, at least one; None where only reading tells.
    container, subtype : str
        As libsndfile names them: ``"WAV"``, ``"PCM_24"``.
    frames_read : int
        Samples of each channel that were given so far.
    share_read : float
        How much of the file was read so far, from 0 to 1.
    repaired_samples : int
        How many samples read so far were NaN or infinite and were replaced by 0.

    Raises
    ------
    AudioFileError
        If the file is missing, unreadable, empty, truncated, of no known kind, or has no channels or samples, or if the
        decoder died of it.
    """

    def __init__(self, path: Path, accept_truncated: bool = False) -> None:
        self.path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise AudioFileError(f"{path} is not a regular file; an audio file is needed")
        except FileNotFoundError as error:
            raise AudioFileError(f"{path} does not exist") from error
        except OSError as error:
            raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error
        # The process has a working folder of its own.
        self._file = CodecFile(path, {"decode": os.path.abspath(path), "accept_truncated": accept_truncated})
        found = self._file.answer
        self.sample_rate: int = found["sample_rate"]
        self.channels: int = found["channels"]
        self.frames: int | None = found["frames"]
        self.container: str = found["container"]
        self.subtype: str = found["subtype"]
        self.frames_read = 0
        self.share_read = 0.0
        self.repaired_samples = 0
        self._ahead = np.empty((self.channels, 0), np.float32)
        self._has_ended = False
        if self.frames == 0:
            self.close()
            raise self._emptiness()

    @property
    def duration_s(self) -> float:
        """Length in seconds of what was read so far."""
        return self.frames_read / self.sample_rate

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
        found, missing = [self._ahead], length - self._ahead.shape[1]
        while missing > 0 and not self._has_ended:
            block = self._decode()
            found.append(block)
            missing -= block.shape[1]
        joined = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
        self._ahead = joined[:, length:]
        block = np.ascontiguousarray(joined[:, :length])
        self.frames_read += block.shape[1]
        if not self.frames_read:
            raise self._emptiness()
        return block

    def read_rest(self) -> NDArray[np.float32]:
        """Read (C, T) up to the end, as `read` does."""
        blocks = list(self.blocks(_BLOCK))
        return np.concatenate(blocks, axis=1) if blocks else np.empty((self.channels, 0), np.float32)

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

    def _decode(self) -> NDArray[np.float32]:
        """Give the next block (C, T) of the decoder."""
        length = max(1, min(_BLOCK, _BLOCK_VALUES // self.channels))
        answer, content = self._file.ask({"read": length})
        self.share_read = answer["share"]
        audio = np.ascontiguousarray(np.frombuffer(content, np.float32).reshape(-1, self.channels).T)
        self._has_ended = audio.shape[1] < length
        # A sum is finite unless a sample is not: one pass instead of one per sample in the usual case.
        with np.errstate(invalid="ignore"):
            total = float(audio.sum(dtype=np.float64))
        if not math.isfinite(total):
            broken = ~np.isfinite(audio)
            self.repaired_samples += int(broken.sum())
            audio[broken] = 0
        return audio

    def _emptiness(self) -> AudioFileError:
        return AudioFileError(f"{self.path} holds no samples; an audio file with sound in it is needed")
