"""What a parameter analyzer hears in many sounds, computed once and kept in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import RunError
from .features import HOP_LENGTH, VERSION, ParameterFeatures
from .sounds import ParameterSounds

SOUNDS_AT_ONCE = 8  # their spectra fit a processor's cache; many at once take longer


class FeatureRows:
    """Features and parameters of sounds, a row each, in half precision; read from a file as they are needed.

    The file grows row by row and is gone on with where it ends, or where its rows are no longer those of the sounds. Half
    of the sounds begin a part of a hop late, so that an analyzer that listens to a live sound, which does not begin on a
    hop, has met that.

    Parameters
    ----------
    sounds : ParameterSounds
    frames : int
        Hops of each sound.
    path : Path, optional
        The file; features are kept in memory without one.
    on_sound : called with the number of sounds that are done, and how many there are.

    Attributes
    ----------
    heard : ndarray, (N,) bool
        Which sounds are no silence.

    Raises
    ------
    RunError
        If the file cannot be written.
    """

    def __init__(
        self,
        sounds: ParameterSounds,
        frames: int,
        path: Path | None = None,
        on_sound: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self.kind = np.dtype(
            [
                ("unit", np.float32, (len(sounds.parameters),)),
                ("heard", np.bool_),
                ("features", np.float16, (frames, ParameterFeatures.size)),
            ]
        )
        self._sounds, self._listener, self.count = sounds, ParameterFeatures(), len(sounds)
        if path is None:
            self._rows = np.zeros(self.count, self.kind)
            self._fill(self._rows, 0, on_sound)
        else:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._append(path, on_sound)
            except OSError as error:
                raise RunError(f"{path} cannot be written ({error.strerror}); make room there.") from error
            self._rows = np.memmap(path, self.kind, "r", shape=(self.count,))
        self.heard = np.array(self._rows["heard"])

    def __getitem__(self, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """Give features (B, N, F) and parameters (B, P) of some sounds."""
        order = np.argsort(numbers)  # as they lie on the disk
        rows = self._rows[numbers[order]][np.argsort(order)]
        return torch.from_numpy(rows["features"].astype(np.float32)), torch.from_numpy(rows["unit"].copy())

    def _append(self, path: Path, on_sound: Callable[[int, int], None]) -> None:
        with path.open("ab") as file:
            done = self._count_valid(path)
            file.truncate(done * self.kind.itemsize)
            while done < self.count:
                rows = np.zeros(min(SOUNDS_AT_ONCE, self.count - done), self.kind)
                self._fill(rows, done, lambda *_: None)
                rows.tofile(file)
                done += len(rows)
                on_sound(done, self.count)

    def _count_valid(self, path: Path) -> int:
        """How many rows from the first on are those of the sounds."""
        there = min(path.stat().st_size // self.kind.itemsize, self.count)
        if there == 0:
            return 0
        units = np.memmap(path, self.kind, "r", shape=(there,))["unit"]
        same = (units == self._sounds.units[:there]).all(1)
        return there if same.all() else int(same.argmin())

    @torch.no_grad()
    def _fill(self, rows: np.ndarray, first: int, on_sound: Callable[[int, int], None]) -> None:
        frames = rows["features"].shape[1]
        for begin in range(0, len(rows), SOUNDS_AT_ONCE):
            part = rows[begin : begin + SOUNDS_AT_ONCE]
            audio = np.zeros((len(part), frames * HOP_LENGTH), np.float32)
            numbers = range(first + begin, first + begin + len(part))
            for row, number in enumerate(numbers):
                late = lateness(number)
                sound = self._sounds[number][: audio.shape[1] - late]
                audio[row, late : late + len(sound)] = sound
            x = torch.from_numpy(audio.reshape(len(part), frames, HOP_LENGTH))
            features = self._listener(x, self._listener.initial_state(len(part)))[0].numpy()
            part["unit"] = self._sounds.units[numbers.start : numbers.stop]
            part["features"], part["heard"] = features, features[..., -1].any(1)
            on_sound(first + begin + len(part), self.count)


def lateness(number: int) -> int:
    """By how many samples a sound is moved: every second one by none, the others by a part of a hop."""
    return int(np.random.default_rng([number, 77]).integers(1, HOP_LENGTH)) if number % 2 else 0


def rows_name(sounds: ParameterSounds, frames: int) -> str:
    """Name of the file of a set of sounds, another one if the synthesiser or the way of listening is another."""
    names = ",".join(p.name for p in sounds.parameters)
    identity = f"{VERSION} {sounds.synth_sha256} {frames} {names}"
    return f"features-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.rows"
