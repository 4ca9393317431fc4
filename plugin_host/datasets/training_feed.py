"""Hand sounds to a trainer, of a data set or without end, each from its onset on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DataSetError, SynthError, UsageError
from ..matching.target_sound import from_onset
from ..synths.renderer import Renderer
from ..synths.synth import Synth
from .dataset import DataSet
from .dataset_info import COPY_NAME
from .endless_batches import EndlessSounds, bytes_of_a_sound

_LARGEST_BATCH, _MOST_ASIDE, _FEWEST_SOUNDS = 4000, 400, 100


class LessonSounds:
    """The sounds of a data set as a parameter analyzer is trained on them.

    Parameters
    ----------
    data : DataSet
    on_problem : callable
        Called with a sentence for every sound that cannot be read, which is taken for silence.
    """

    def __init__(self, data: DataSet, on_problem: Callable[[str], None] = lambda _: None) -> None:
        facts = data.facts
        self.synth = facts.synth
        self.synth_sha256 = facts.synth_sha256
        self.sample_rate = facts.sample_rate
        self.duration_s = facts.sound_seconds
        self.parameters = data.parameters
        self.units = data.unit_values
        self.cache = data.folder
        self._data, self._on_problem = data, on_problem

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Give a sound (T,) from its onset on, empty where it is silent or cannot be read."""
        try:
            return from_onset(self._data[index][0])
        except DataSetError as error:
            self._on_problem(str(error))
            return np.zeros(0, np.float32)


class EndlessLessons:
    """Batches of sounds without end as a parameter analyzer is trained on them; a context manager.

    Parameters
    ----------
    synth : str or path
        A bundled synth's name or a .csd.
    folder : Path
        Where sounds are kept meanwhile; nothing else may be in it.
    largest_bytes : int
        What they may take on the disk.
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
        largest_bytes: int,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        found = Synth(synth)
        of_a_sound = bytes_of_a_sound(found)
        room = largest_bytes // of_a_sound
        if room < _FEWEST_SOUNDS:
            needed = _FEWEST_SOUNDS * of_a_sound / 1e9
            raise UsageError(
                f"the sounds of {found.name} may take {largest_bytes / 1e9:.2g} GB on the disk, and {needed:.2g} are"
                f" needed: --disk-limit {needed:.2g}, or better 1"
            )
        aside = min(_MOST_ASIDE, room // 5)
        # One batch is used while the next is rendered.
        self.batch_size = min(_LARGEST_BATCH, (room - aside) // 2)
        self._endless = EndlessSounds(
            found,
            folder,
            self.batch_size,
            aside,
            seed=1,
            largest_bytes=largest_bytes,
            on_problem=on_problem,
        )
        self._on_problem = on_problem
        self.facts = LessonSounds(self._endless.aside(), on_problem)

    @contextmanager
    def batch(self, number: int) -> Iterator[LessonSounds]:
        """Give a batch, which is there until the context ends."""
        with self._endless.batch(number) as data:
            yield LessonSounds(data, self._on_problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._endless.close()


def resynthesis_of(sounds: LessonSounds) -> Callable[[NDArray[np.float32]], NDArray[np.float32]] | None:
    """Give a function that renders parameters (P,), 0 to 1, by the synth that made a data set: a sound (T,).

    None if the data set's copy of the synth cannot be rendered, as one that includes files which lie beside the original.

    Raises
    ------
    MissingPackageError
        If Csound is not installed.
    """
    try:
        renderer = Renderer(Path(sounds.cache) / COPY_NAME)
    except SynthError:
        return None
    return lambda unit: from_onset(renderer.render_unit(unit).mean(axis=0))
