"""What a synth needs of the program that plays it, whichever that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .parameters import SynthParameter

LONGEST_S = 60
"""The longest sound that is rendered in one piece, in seconds."""


@dataclass(frozen=True, kw_only=True)
class SynthContent(ABC):
    """What a file says of the synth that it holds, and how it is played. It can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    parameters : tuple of SynthParameter
        Sorted by name.
    sample_rate, channels, frames : int
        The rate in Hz, and channels and samples per channel of a sound.
    missed_options : tuple of str
        What the file asks for that changes its sound, and does not get.
    """

    path: Path
    parameters: tuple[SynthParameter, ...]
    sample_rate: int
    channels: int
    frames: int
    missed_options: tuple[str, ...] = ()

    @abstractmethod
    def open(self) -> Player:
        """Give a fresh player; raises SynthError."""

    def show(self, values: NDArray[np.float64]) -> dict[str, str]:
        """Give values (P,) by the parameters' names as the synth itself shows them, where it shows any."""
        return {}


class Player(Protocol):
    """A program that has a synth loaded."""

    def perform(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float32], bool]:
        """Play a sound from its beginning.

        Parameters
        ----------
        values : ndarray, (P,)
            Of the parameters, in their units.

        Returns
        -------
        sound : ndarray, (C, T) float32
            Full scale is 1.
        reusable : bool
            Whether the player can play another.

        Raises
        ------
        SynthError
            If it fails. Then the player cannot be used again.
        """
        ...

    def stop(self) -> None:
        """End a sound that another thread has it play, where that can be done at once."""
        ...

    def close(self) -> None:
        """Free it. Calling twice is harmless."""
        ...


class SynthKind(Protocol):
    """A kind of file that can be a synth. It keeps nothing, and can be pickled."""

    @property
    def suffix(self) -> str:
        """What names of such files end in."""
        ...

    @property
    def player_name(self) -> str:
        """What messages call a player."""
        ...

    @property
    def copy_name(self) -> str:
        """The name of the copy in a data set's folder; empty where there is none."""
        ...

    @property
    def steadying(self) -> str:
        """What to do, in a message, if it gives another sound each time."""
        ...

    @property
    def loads_anew(self) -> bool:
        """Whether a player loads it anew for each sound, so that few trials tell whether it is always the same."""
        ...

    @property
    def shows_values(self) -> bool:
        """Whether it has texts for its values; see `SynthContent.show`."""
        ...

    def find_files(self, path: Path) -> dict[str, str]:
        """Give the SHA-256 of all other files that make its sound, by their names; raises SynthError."""
        ...

    def combine(self, path: Path, files: dict[str, str]) -> str:
        """Give the hash of a synth with these files; raises SynthError."""
        ...

    def read(self, path: Path) -> SynthContent:
        """Read a synth; raises SynthError if it cannot be used."""
        ...
