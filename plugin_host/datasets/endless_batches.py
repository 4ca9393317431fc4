"""Batches of sounds without end: each is rendered, handed over and deleted, while the next is rendered."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import UsageError
from ..files.atomic_file import output_error, write_whole
from ..synths.synth import Synth
from .dataset import DataSet
from .dataset_info import INFO_NAME
from .generation import generate
from .sampling import Sampling

_BYTES_OF_A_SAMPLE = 3
_BATCHES_AT_A_TIME = 2
_BATCH_NAME = "batch-{:06d}"
_BATCH = re.compile(r"batch-\d{6,}")
_ASIDE_NAME = "aside"
_MARK_NAME = "brainsynth-batches.txt"
_MARK = (
    "brainsynth keeps batches of sounds here while they are used, and deletes them: keep nothing else here.\n"
)


def bytes_of_a_sound(synth: Synth) -> int:
    """Give how many bytes a sound of a synth takes on the disk at most."""
    return synth.frames * synth.channels * _BYTES_OF_A_SAMPLE


class EndlessBatches:
    """Batches of sounds by number; the same number gives the same sounds, in every process.

    While one batch is used, the next is rendered. Sounds held out for validation are in no batch.

    Parameters
    ----------
    synth : Synth, str or path
        What is rendered.
    folder : str or path
        Where sounds are kept while they are used: new, empty, or made by an earlier program of this kind.
    batch_size : int
        Sounds in a batch.
    held_out : int
        How many sounds are held out.
    seed : int
        0 or more.
    sampling : {"random", "musical"}
        Where parameters come from.
    workers : int
        Processes; 0 for one per core, 1 for a thread of this one.
    largest_bytes : int
        How much disk space all of this may take.
    on_problem : callable
        Called with a sentence if the synth gives another sound each time.

    Raises
    ------
    UsageError
        If that is too little for two batches and the sounds held out, or the folder holds something else.
    OutputError
        If the folder cannot be written.
    SynthError
        If the synth cannot be used.
    """

    def __init__(
        self,
        synth: Synth | str | PathLike[str],
        folder: str | PathLike[str],
        batch_size: int = 2000,
        held_out: int = 500,
        *,
        seed: int = 0,
        sampling: Sampling | str = Sampling.RANDOM,
        workers: int = 0,
        largest_bytes: int = 4_000_000_000,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.synth = synth if isinstance(synth, Synth) else Synth(synth)
        if batch_size < 1 or held_out < 1:
            raise UsageError(
                f"a batch of {batch_size} sounds and {held_out} held out were asked for; both must be 1 or more"
            )
        of_a_sound = bytes_of_a_sound(self.synth)
        room = largest_bytes // of_a_sound
        if _BATCHES_AT_A_TIME * batch_size + held_out > room:
            raise UsageError(
                f"two batches of {batch_size} sounds and {held_out} held out may take"
                f" {(_BATCHES_AT_A_TIME * batch_size + held_out) * of_a_sound / 1e9:.2g} GB, and allowed are"
                f" {largest_bytes / 1e9:.2g}: make a batch at most {max((room - held_out) // _BATCHES_AT_A_TIME, 1)}"
            )
        self._folder = _own_folder(Path(folder))
        self._batch_size = batch_size
        self._held_out = held_out
        self._seed = seed
        self._sampling = sampling
        self._workers = workers
        self._on_problem = on_problem
        self._next: _PendingBatch | None = None

    def held_out(self) -> DataSet:
        """Give the sounds held out, which are rendered once and stay in the folder."""
        folder = self._folder / _ASIDE_NAME
        self._render(folder, 0, self._held_out, threading.Event(), self._on_problem)
        return DataSet(folder)

    @contextlib.contextmanager
    def batch(self, number: int) -> Iterator[DataSet]:
        """Give a batch, which exists until the context ends, and render the next one meanwhile.

        Raises
        ------
        OutputError
            If the disk is full.
        """
        pending = self._take(number)
        folder = pending.finish()
        try:
            self._next = self._begin(number + 1)
            yield DataSet(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Stop rendering and delete what was begun. The sounds held out stay."""
        if self._next is not None:
            shutil.rmtree(self._next.cancel(), ignore_errors=True)
            self._next = None

    def _take(self, number: int) -> _PendingBatch:
        """Give a pending batch: the one that is being rendered if it has this number, else a new one."""
        if self._next is not None and self._next.number != number:
            self.close()
        if self._next is None:
            # A program that was killed leaves batches behind.
            wanted = _BATCH_NAME.format(number)
            for left in self._folder.iterdir():
                if _BATCH.fullmatch(left.name) and left.name != wanted:
                    shutil.rmtree(left, ignore_errors=True)
        pending, self._next = self._next or self._begin(number), None
        return pending

    def _begin(self, number: int) -> _PendingBatch:
        folder = self._folder / _BATCH_NAME.format(number)
        first = self._held_out + number * self._batch_size
        return _PendingBatch(
            number, folder, lambda cancelled: self._render(folder, first, self._batch_size, cancelled)
        )

    def _render(
        self,
        folder: Path,
        first: int,
        count: int,
        cancelled: threading.Event,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        def check_cancelled(done: int, total: int) -> None:
            if cancelled.is_set():
                raise _CancelledError

        with contextlib.suppress(_CancelledError):
            generate(
                self.synth,
                folder,
                count,
                seed=self._seed,
                sampling=self._sampling,
                workers=self._workers,
                first=first,
                on_progress=check_cancelled,
                on_problem=on_problem,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _own_folder(folder: Path) -> Path:
    """Make a folder for batches and mark it, or give one that was made for them."""
    mark = folder / _MARK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if mark.is_file():
            return folder
        there = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise output_error(folder, error) from error
    # Earlier versions made no mark, and the sounds held out first.
    others = {name for name in there if name != _ASIDE_NAME and not _BATCH.fullmatch(name)}
    if there and (others or not (folder / _ASIDE_NAME / INFO_NAME).is_file()):
        raise UsageError(
            f"{folder} holds other things ({min(others or there)}); batches of sounds are deleted after use, so give a"
            " folder of their own"
        )
    write_whole(mark, _MARK)
    return folder


class _CancelledError(Exception):
    """Ends the rendering of a batch that is no longer wanted."""


class _PendingBatch:
    """A batch that is being rendered in a thread, which does little but wait for processes."""

    def __init__(self, number: int, folder: Path, render: Callable[[threading.Event], None]) -> None:
        self.number = number
        self._folder = folder
        self._render = render
        self._cancelled = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._render(self._cancelled)
        except BaseException as error:
            self._error = error

    def finish(self) -> Path:
        """Wait for it and give its folder; raises what its rendering raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._folder

    def cancel(self) -> Path:
        """Stop rendering it and give its folder, which may be partly filled."""
        self._cancelled.set()
        self._thread.join()
        return self._folder
