"""A passage of a recording, from which music goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioFileError, UsageError
from ..sound_files.reader import AudioReader
from ..streaming.rate_conversion import resample

LEVEL_DB = -20.0
"""Songs are learned at this level, see `training.families.music.data`."""

GATE_DB, PART_S, SILENT_DB = 30.0, 0.4, -70.0
_TIME = re.compile(r"(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Passage:
    """Where a passage is.

    Attributes
    ----------
    path : Path
    start_s : float
    """

    path: Path
    start_s: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Passage:
        """Read ``song.mp3`` or ``song.mp3@1:20``, where a file's own name may hold an ``@``.

        Raises
        ------
        UsageError
            If what follows the last ``@`` is no time.
        """
        name, mark, time = text.rpartition("@")
        if not mark or Path(text).is_file():
            return cls(Path(text))
        found = _TIME.fullmatch(time)
        if found is None:
            raise UsageError(f"{text}: {time!r} is no time; write seconds, 1:20 or 1:02:30 after the @")
        parts = [float(part) for part in found.groups() if part is not None]
        return cls(Path(name), sum(part * 60**place for place, part in enumerate(reversed(parts))))

    def read(self, seconds: float, sample_rate: int) -> NDArray[np.float32]:
        """Read it as mono (T,), levelled as songs are when they are learned.

        Raises
        ------
        AudioFileError
            If it cannot be read, is silent, or lies behind the end.
        """
        with AudioReader(self.path, accept_truncated=True) as reader:
            rate = reader.sample_rate
            whole = reader.read_rest().mean(axis=0, dtype=np.float32)
        first = round(self.start_s * rate)
        if first >= len(whole):
            raise AudioFileError(
                f"{self.path} is {len(whole) / rate:.1f} s long, and a passage was asked for at {self.start_s:g} s"
            )
        gain = _gain(whole, rate)
        if gain is None:
            raise AudioFileError(f"{self.path} is silent; needed is a passage that sounds")
        return resample(whole[first : first + round(seconds * rate)] * gain, rate, sample_rate)


def _gain(sound: NDArray[np.float32], rate: int) -> np.float32 | None:
    parts = np.array_split(sound, max(1, round(len(sound) / rate / PART_S)))
    power = np.array([np.mean(np.square(part, dtype=np.float64)) for part in parts])
    if power.max() < 10 ** (SILENT_DB / 10):
        return None
    loud = power[power > power.max() * 10 ** (-GATE_DB / 10)].mean()
    return np.float32(10 ** (LEVEL_DB / 20) / np.sqrt(loud))
