"""Write an audio file in blocks, under its name only when it is whole."""

from __future__ import annotations

import math
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import AudioFileError, counted
from ..sound_files.codec_file import CodecFile
from .atomic_file import PartialFile

_CONTAINERS = {
    ".wav": "WAV",
    ".wave": "WAV",
    ".rf64": "RF64",
    ".flac": "FLAC",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".aifc": "AIFF",
    ".ogg": "OGG",
    ".oga": "OGG",
    ".opus": "OGG",
    ".mp3": "MP3",
}
_KIN = {"WAV": ("WAV", "WAVEX", "RF64")}
_BYTES = {"PCM_S8": 1, "PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "DOUBLE": 8, "ULAW": 1, "ALAW": 1}
_LARGEST_WAV = 4_000_000_000
_BLOCK = 65_536


def choose_encoding(suffix: str, container: str, subtype: str) -> tuple[str, str]:
    """Choose how an output is written: as the input was, wherever its container can hold that.

    Parameters
    ----------
    suffix : str
        Of the output's name, such as ``".wav"``.
    container, subtype : str
        Of the input, in libsndfile's words.

    Returns
    -------
    container, subtype : str
        Of the output. Where it cannot hold the input's depth: 24 bit, or else the container's default. Of ``.opus``
        always Opus.

    Raises
    ------
    AudioFileError
        If the suffix names no container that can be written.
    """
    wanted = _CONTAINERS.get(suffix.lower())
    if wanted is None:
        raise AudioFileError(
            f"an output named *{suffix} cannot be written; use one of {', '.join(sorted(_CONTAINERS))}"
        )
    if suffix.lower() == ".opus":
        return wanted, "OPUS"
    if container in _KIN.get(wanted, (wanted,)):
        return container, subtype
    default = soundfile.default_subtype(wanted) or ""
    return wanted, next(kind for kind in (subtype, "PCM_24", default) if _holds(wanted, kind))


def _holds(container: str, subtype: str) -> bool:
    lossy_in_wav = container in ("WAV", "RF64") and not (
        subtype.startswith("PCM_") or subtype in ("FLOAT", "DOUBLE")
    )
    return not lossy_in_wav and soundfile.check_format(container, subtype)


class AudioWriter:
    """An audio file that is being written; a context manager that removes it unless `commit` is called.

    Parameters
    ----------
    target : Path
        The name it gets.
    sample_rate : int
        In Hz.
    channels : int
        How many every block has.
    container, subtype : str
        As `choose_encoding` gives them.
    frames : int
        How long it will be, about; a WAV that would pass four gigabytes is written as RF64.

    Attributes
    ----------
    frames_written : int
        Samples per channel so far.
    clipped_samples : int
        How many samples were beyond full scale, where the encoding cannot hold them.

    Raises
    ------
    OutputError
        If nothing can be written there.
    AudioFileError
        If the container does not take this sample rate or number of channels.
    """

    def __init__(
        self, target: Path, sample_rate: int, channels: int, container: str, subtype: str, frames: int = 0
    ) -> None:
        if container in _KIN["WAV"] and frames * channels * _BYTES.get(subtype, 4) > _LARGEST_WAV:
            container = "RF64"
        self.frames_written = 0
        self.clipped_samples = 0
        self._holds_overs = subtype in ("FLOAT", "DOUBLE", "VORBIS", "OPUS")
        self._bytes_left = _LARGEST_WAV if container in ("WAV", "WAVEX", "AIFF") else math.inf
        self._frame_size = channels * _BYTES.get(subtype, 4)
        self._partial = PartialFile(target)
        self._kind = (
            f"{container} in {subtype} does not take {counted(channels, 'channel')} at {sample_rate} Hz"
        )
        form = {"sample_rate": sample_rate, "channels": channels, "container": container, "subtype": subtype}
        try:
            self._file = CodecFile(target, {"encode": os.path.abspath(self._partial.path), **form})
        except AudioFileError as error:
            reason = self._explain(error)
            self._partial.__exit__(None, None, None)
            raise reason from error

    def write(self, block: NDArray[np.float32]) -> None:
        """Append samples.

        Parameters
        ----------
        block : ndarray, (C, T) float32
            Any number of samples; those beyond full scale are counted, and clipped where they must be.

        Raises
        ------
        OutputError
            If the disk is full.
        AudioFileError
            If the file would be larger than its kind can be, or the encoder does not take it.
        """
        self._bytes_left -= block.shape[1] * self._frame_size
        if self._bytes_left < 0:
            raise AudioFileError(
                f"{self._partial.target} would be larger than 4 GB, which no such file can be; choose flac or rf64"
            )
        if not self._holds_overs:
            self.clipped_samples += int(np.count_nonzero(np.abs(block) > 1))
        try:
            for start in range(0, block.shape[1], _BLOCK):
                samples = np.ascontiguousarray(block[:, start : start + _BLOCK].T, np.float32)
                self._file.ask({"write": True}, samples)
        except AudioFileError as error:
            raise self._explain(error) from error
        self.frames_written += block.shape[1]

    def commit(self) -> None:
        """Finish the file, see that it is whole, and give it its name.

        Raises
        ------
        OutputError
            If the disk is full; then nothing appears.
        AudioFileError
            If the encoder died of it.
        """
        try:
            self._file.close()
        except AudioFileError as error:
            raise self._explain(error) from error
        # Encoders keep back their last bytes until they are closed, and lose the error that these meet.
        if (obstacle := self._partial.find_obstacle()) is not None:
            raise obstacle
        self._partial.commit()

    def _explain(self, error: AudioFileError) -> AudioFileError:
        """Give the reason of a failure, which encoders do not tell: a full disk, or a form that they do not take."""
        obstacle = self._partial.find_obstacle()
        if obstacle is not None or self.frames_written:
            return obstacle or error
        return AudioFileError(f"{self._partial.target} cannot be written: {self._kind}; choose wav")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except AudioFileError:
            # What could not be flushed is thrown away on the next line.
            pass
        finally:
            self._partial.__exit__(kind, error, trace)
