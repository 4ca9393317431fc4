"""Feed sounds to a trainer, from a data set or without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DataSetError, SynthMismatchError, UsageError
from ..matching.target_sound import from_onset
from ..synths.kinds import hash_synth
from ..synths.renderer import Renderer
from ..synths.synth import Synth, bundled_synth, find_synth
from .dataset import DataSet
from .endless_batches import EndlessBatches, bytes_of_a_sound

_LARGEST_BATCH, _MOST_HELD_OUT, _FEWEST_SOUNDS = 4000, 400, 100


class DataSetFeed:
    """Feeds the sounds of a data set to a training.

    Parameters
    ----------
    data : DataSet
    on_problem : callable
        Called with a sentence for every sound that cannot be read.
    """

    def __init__(self, data: DataSet, on_problem: Callable[[str], None] = lambda _: None) -> None:
        info = data.info
        self.synth = info.synth
        self.synth_sha256 = info.synth_sha256
        self.sample_rate = info.sample_rate
        self.duration_s = info.sound_seconds
        self.parameters = data.parameters
        self.units, self.values, self.numbers = data.unit_values, data.values, data.indices
        self.cache = data.folder
        self._data, self._on_problem = data, on_problem

    @property
    def checksums(self) -> NDArray[np.uint8]:
        """Give a checksum of every sound, (N, 16), as it is when this is first asked for."""
        return self._checksums

    @cached_property
    def _checksums(self) -> NDArray[np.uint8]:
        return self._data.checksums()

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> NDArray[np.float32] | None:
        """Give a sound (T,) from its onset on, empty where it is silent; None where it cannot be read."""
        try:
            return from_onset(self._data[index][0])
        except DataSetError as error:
            self._on_problem(str(error))
            return None

    def whole(self, index: int) -> NDArray[np.float32]:
        """Give a sound (T,) as it was rendered; raises DataSetError where it cannot be read."""
        return self._data[index][0]


class EndlessFeed:
    """Feeds batches of sounds without end to a training; a context manager.

    Parameters
    ----------
    synth : str or path
        A bundled synth's name, a .csd or a .vst3.
    folder : Path
        Where sounds are kept while they are used; nothing else may be in it.
    disk_limit_gb : float
        How much disk space they may take, in GB.
    on_problem : callable
        Called with a sentence for every sound that cannot be read, and if the synth gives another sound each time.

    Raises
    ------
    UsageError
        If that is too little to train on.
    """

    def __init__(
        self,
        synth: str | PathLike[str],
        folder: Path,
        disk_limit_gb: float,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        found = Synth(synth)
        of_a_sound = bytes_of_a_sound(found)
        largest_bytes = round(disk_limit_gb * 1e9)
        room = largest_bytes // of_a_sound
        if room < _FEWEST_SOUNDS:
            needed = _FEWEST_SOUNDS * of_a_sound / 1e9
            raise UsageError(
                f"the sounds of {found.name} may take {disk_limit_gb:.2g} GB on the disk, and {needed:.2g} are"
                f" needed: --disk-limit {needed:.2g}, or better 1"
            )
        self.disk_limit_gb = disk_limit_gb
        held_out = min(_MOST_HELD_OUT, room // 5)
        # One batch is used while the next is rendered.
        self.batch_size = min(_LARGEST_BATCH, (room - held_out) // 2)
        self._endless = EndlessBatches(
            found,
            folder,
            self.batch_size,
            held_out,
            seed=1,
            largest_bytes=largest_bytes,
            on_problem=on_problem,
        )
        self._on_problem = on_problem
        self.held_out = DataSetFeed(self._endless.held_out(), on_problem)

    @contextmanager
    def batch(self, number: int) -> Iterator[DataSetFeed]:
        """Give a batch, which exists until the context ends."""
        with self._endless.batch(number) as data:
            yield DataSetFeed(data, self._on_problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._endless.close()


def resynthesis_of(
    sounds: DataSetFeed, synth: str | PathLike[str] | None = None
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]] | None:
    """Give a function that renders parameters (P,), 0 to 1, with the synth that made a data set, as a sound (T,).

    Parameters
    ----------
    sounds : DataSetFeed
    synth : str or path, optional
        The synth, where it is not the bundled one of the name that the data set gives. A synth is a program, so the
        copy in the data set is never run.

    Returns
    -------
    callable or None
        None if the data set was made by a synth that is not bundled, or has changed since, and none was given.

    Raises
    ------
    SynthMismatchError
        If the synth that was given is not the one that made the data set.
    SynthError
        If it cannot be rendered.
    MissingPackageError
        If Csound is not installed.
    """
    path = bundled_synth(sounds.synth) if synth is None else find_synth(synth)
    if path is None or hash_synth(path) != sounds.synth_sha256:
        if synth is None:
            return None
        raise SynthMismatchError(
            f"{path} is not the synth that made the data set {sounds.cache} ({sounds.synth!r}, or it, or a file that it"
            " uses, has changed since); give that one, or generate the data set anew"
        )
    renderer = Renderer(path)
    return lambda unit: from_onset(renderer.render_unit(unit).mean(axis=0))
