"""Encode a sound file. Runs in the process that may die of it."""

from __future__ import annotations

import os

import numpy as np
import soundfile

from ..errors import AudioFileError


class Encoding:
    """A sound file that is being encoded.

    Parameters
    ----------
    path : str
        Of a file that is there; its content is replaced.
    sample_rate, channels : int
        Rate in Hz, and how many channels each block has.
    container, subtype : str
        In libsndfile's words.

    Raises
    ------
    AudioFileError
        If these do not go together, or nothing can be written there.
    """

    def __init__(self, path: str, sample_rate: int, channels: int, container: str, subtype: str) -> None:
        self._channels = channels
        try:
            # Never made here: whoever asked for it may be dead by now, and nobody would remove it.
            self._handle = os.open(path, os.O_RDWR | os.O_TRUNC | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise AudioFileError(f"cannot be written ({error.strerror or error})") from error
        try:
            self._file = soundfile.SoundFile(
                self._handle, "w", sample_rate, channels, subtype, format=container, closefd=False
            )
        except soundfile.SoundFileError as error:
            os.close(self._handle)
            raise AudioFileError("cannot be written") from error

    def write(self, samples: bytearray) -> None:
        """Append samples: float32, the channels of each moment behind each other.

        Raises
        ------
        AudioFileError
            If not all of them were taken.
        """
        try:
            self._file.write(np.frombuffer(samples, np.float32).reshape(-1, self._channels))
        except (soundfile.SoundFileError, AssertionError) as error:
            # libsndfile says only that fewer samples went out than came in, python-soundfile asserts that.
            raise AudioFileError("cannot be written") from error

    def close(self) -> None:
        """Write what is left.

        Raises
        ------
        AudioFileError
            If it cannot be written.
        """
        try:
            self._file.close()
        except soundfile.SoundFileError as error:
            raise AudioFileError("cannot be written") from error
        finally:
            os.close(self._handle)
