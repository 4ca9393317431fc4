"""What a training is given to learn from, as the command line collects it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingsError
from .recordings import content_hash, find_recordings

Resynthesis = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From parameters (P,), 0 to 1, to a sound (T,)."""

SoundDistance = Callable[[NDArray[np.float32], NDArray[np.float32], int], float]
"""From a sound that was meant, one that was made, both (T,), and their rate in Hz, to how far they are apart in dB."""


@runtime_checkable
class SoundSet(Protocol):
    """Sounds of a synthesiser by number, always the same under the same number."""

    synth: str
    """File name of the synthesiser."""
    synth_sha256: str
    """Hash of that file."""
    sample_rate: int
    duration_s: float
    """Every sound is that long."""
    units: NDArray[np.float32]
    """Parameters of every sound, (N, P), from 0 to 1."""
    numbers: NDArray[np.int64]
    """The number of every sound, (N,), rising; it is the same if others are missing."""

    @property
    def checksums(self) -> NDArray[np.uint8]:
        """A checksum of every sound, (N, 16), which is another one if another sound has taken its place."""
        ...

    @property
    def parameters(self) -> Sequence[Any]:
        """In the order of the units: name, unit, range, default, scale, choices, and which voices are alike."""
        ...

    @property
    def values(self) -> NDArray[np.float64]:
        """Parameters of every sound in their units, (N, P)."""
        ...

    @property
    def cache(self) -> Path | None:
        """A folder in which what is computed from these sounds may be kept."""
        ...

    def __len__(self) -> int:
        """How many sounds there are."""
        ...

    def __getitem__(self, index: int, /) -> NDArray[np.float32] | None:
        """Give a sound (T,) from its onset on; silence is empty. None if it cannot be read now."""
        ...

    def whole(self, index: int, /) -> NDArray[np.float32]:
        """Give a sound (T,) as it was rendered."""
        ...


@runtime_checkable
class EndlessSounds(Protocol):
    """Batches of sounds without end, rendered as they are asked for and deleted afterwards."""

    batch_size: int
    disk_limit_gb: float
    """How much room batches may take, from which their size follows."""

    @property
    def held_out(self) -> SoundSet:
        """The sounds held out for measuring; all but its sounds holds for every batch as well."""
        ...

    def batch(self, number: int) -> AbstractContextManager[SoundSet]:
        """Render a batch, which is there until the context ends. The same number gives the same sounds."""
        ...


def identify_sounds(sounds: SoundSet) -> dict[str, Any]:
    """Name a synth, and hash it and the parameters of its sounds, which say how it plays them."""
    units = np.ascontiguousarray(sounds.units, np.float32)
    return {
        "synth": sounds.synth,
        "synth_sha256": sounds.synth_sha256,
        "sounds": len(sounds),
        "sounds_sha256": hashlib.sha256(units.tobytes()).hexdigest(),
    }


def identify_audio(sounds: SoundSet) -> dict[str, str]:
    """Hash what a data set's sounds are, which another may have taken the place of under the same parameters."""
    checksums = np.ascontiguousarray(sounds.checksums, np.uint8)
    return {"audio_sha256": hashlib.sha256(checksums.tobytes()).hexdigest()}


def identify_found(found: SoundSet | None) -> dict[str, Any]:
    """Say how many recordings with found parameters take part, and hash these and the recordings."""
    if found is None:
        return {"found": 0}
    sounds = identify_sounds(found) | identify_audio(found)
    kept = {"sounds": "found", "sounds_sha256": "found_sha256", "audio_sha256": "found_audio_sha256"}
    return {name: sounds[key] for key, name in kept.items()}


@dataclass(frozen=True)
class Source:
    """What there is to learn from; a family says which of it it takes.

    Attributes
    ----------
    recordings : Path, optional
        A folder of recordings, or one recording.
    sounds : SoundSet or EndlessSounds, optional
        Of a synthesiser.
    resynthesise : callable, optional
        Renders parameters anew, so that logs can show sounds beside those that were meant.
    found : SoundSet, optional
        Recordings, and the parameters with which a search has found that the synthesiser comes near them.
    distance : callable, optional
        Compares such a recording with what is made of it.
    prepared : mapping, optional
        What was decided of the data when the run began, such as which recordings are held out; empty if the run was begun
        before such things were kept, None if it begins now.
    """

    recordings: Path | None = None
    sounds: SoundSet | EndlessSounds | None = None
    resynthesise: Resynthesis | None = None
    prepared: Mapping[str, Any] | None = None
    found: SoundSet | None = None
    distance: SoundDistance | None = None

    @property
    def folder(self) -> Path:
        """The folder of recordings, or the one recording.

        Raises
        ------
        RecordingsError
            If none is given.
        """
        if self.recordings is None:
            raise RecordingsError("there is nothing to learn from; give a folder of recordings.")
        return self.recordings

    def identify_recordings(self) -> dict[str, Any]:
        """Name the recordings, and hash what they hold.

        Raises
        ------
        RecordingsError
            If there are none.
        """
        found = find_recordings(self.folder)
        return {"recordings": str(self.folder.resolve()), "recordings_sha256": content_hash(found)}
