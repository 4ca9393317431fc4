"""Features of sounds, computed once and kept: of clean sounds, and of copies that are spoilt."""

from __future__ import annotations

import hashlib

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.cache import RowFile
from ...data.source import SoundSet
from ...loop.report import Reporter
from .features import HOP_LENGTH, SAMPLE_RATE, VERSION, ParameterFeatures, frames_of
from .spoiling import VERSION as SPOILING_VERSION
from .spoiling import spoil

SOUNDS_AT_ONCE = 8  # their spectra fit a processor's cache; many at once take longer


class FeatureRows:
    """Features and parameters of sounds, a row each, in half precision.

    Half of the clean sounds begin a part of a hop late, so that an analyzer of live sound, which does not begin on a hop,
    has met that.

    Parameters
    ----------
    sounds : SoundSet
    report : Reporter
        Takes note of ``title`` and how many sounds are done.
    keep : bool
        Keep the rows in a file in the sounds' folder, if they have one.
    copy : int
        0 for clean sounds, else the number of the spoilt copy.

    Attributes
    ----------
    sounding : ndarray, (N,) bool
        Which sounds are no silence, and could be read.
    """

    def __init__(
        self, sounds: SoundSet, report: Reporter, title: str, keep: bool = False, copy: int = 0
    ) -> None:
        frames = frames_of(sounds.duration_s)
        kind = np.dtype(
            [
                ("unit", np.float32, (len(sounds.parameters),)),
                ("checksum", np.uint8, sounds.checksums.shape[1:]),
                ("sounding", np.bool_),
                ("features", np.float16, (frames, ParameterFeatures.size)),
            ]
        )
        self._sounds, self._features, self._copy = sounds, ParameterFeatures(), copy
        path = sounds.cache / rows_name(sounds, frames, copy) if keep and sounds.cache else None

        def on_rows(done: int, total: int) -> None:
            report.prepare(title, done, total)

        self._file = RowFile(path, kind, len(sounds), self._fill, self._valid, on_rows, SOUNDS_AT_ONCE)
        self.sounding = np.array(self._file.rows["sounding"])

    def __getitem__(self, numbers: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Give features (B, N, F) and parameters (B, P) of some sounds."""
        rows = self._file[numbers]
        return torch.from_numpy(rows["features"].astype(np.float32)), torch.from_numpy(rows["unit"].copy())

    def _valid(self, rows: NDArray[np.void]) -> NDArray[np.bool_]:
        """Which rows are those of the sounds."""
        wanted = {"unit": self._sounds.units, "checksum": self._sounds.checksums}
        same = [(rows[name] == values[: len(rows)]).all(1) for name, values in wanted.items()]
        return np.logical_and.reduce(same)

    @torch.no_grad()
    def _fill(self, rows: NDArray[np.void], first: int) -> None:
        frames = rows["features"].shape[1]
        audio, unread = np.zeros((len(rows), frames * HOP_LENGTH), np.float32), []
        for row in range(len(rows)):
            sound = self._sounds[first + row]
            if sound is None:
                unread.append(row)
                continue
            if self._sounds.sample_rate != SAMPLE_RATE:
                sound = soxr.resample(sound, self._sounds.sample_rate, SAMPLE_RATE)
            audio[row] = self._heard(sound, first + row, audio.shape[1])
        x = torch.from_numpy(audio.reshape(len(rows), frames, HOP_LENGTH))
        features = self._features(x, self._features.initial_state(len(rows)))[0].numpy()
        rows["unit"] = self._sounds.units[first : first + len(rows)]
        rows["checksum"] = self._sounds.checksums[first : first + len(rows)]
        rows["features"], rows["sounding"] = features, features[..., -1].any(1)
        # The parameters of no sound: a kept row of it is not wanted, so that the next training reads the sound again.
        rows["unit"][unread] = np.nan

    def _heard(self, sound: NDArray[np.float32], number: int, samples: int) -> NDArray[np.float32]:
        """Give a sound as it is analysed, (``samples``,)."""
        if self._copy:
            # By what the sound is as well, so that the same number of another batch is spoilt in another way.
            drawn_by = [self._copy, number, *self._sounds.checksums[number].tolist()]
            return spoil(sound, samples, np.random.default_rng(drawn_by))
        late = lateness(number)
        sound = sound[: samples - late]
        return np.pad(sound, (late, samples - late - len(sound)))


def lateness(number: int) -> int:
    """By how many samples a sound is moved: every second one by none, the others by a part of a hop."""
    return int(np.random.default_rng([number, 77]).integers(1, HOP_LENGTH)) if number % 2 else 0


def rows_name(sounds: SoundSet, frames: int, copy: int = 0) -> str:
    """Name of the file of a set of sounds, another one if the synthesiser, the features or the spoiling are others."""
    names = ",".join(p.name for p in sounds.parameters)
    identity = f"{VERSION} checksum {sounds.synth_sha256} {frames} {names}"
    if copy:
        identity += f" spoilt {SPOILING_VERSION} {copy}"
    return f"features-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.rows"


def spoilt_rows(
    sounds: SoundSet, report: Reporter, title: str, copies: int, keep: bool = False
) -> list[FeatureRows]:
    """Give the rows of so many spoilt copies of sounds, see `FeatureRows`."""
    return [FeatureRows(sounds, report, title, keep, copy) for copy in range(1, copies + 1)]


def sounding_in_all(rows: FeatureRows, spoilt: list[FeatureRows]) -> NDArray[np.bool_]:
    """Which sounds are no silence, and could be read each time."""
    return np.logical_and.reduce([each.sounding for each in (rows, *spoilt)])
