"""A folder of files that appear together, when all of them are whole."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import UsageError
from ..files.atomic_file import lock, output_error, partial_path, remove_leftovers
from ..files.plan import refuse_inputs_as_outputs


class NewFolder:
    """Files under a temporary name beside their folder; `commit` brings all of them there.

    As a context manager it removes what was never committed. The target may be there already, with other files. While it
    is open it holds a lock; what a killed program left in the same place is removed first.

    Parameters
    ----------
    target : Path
        The folder.
    overwrite : bool
        Whether files of the same names are replaced.
    inputs : sequence of Path
        Files that are never replaced.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """

    def __init__(self, target: Path, overwrite: bool = False, inputs: Sequence[Path] = ()) -> None:
        self._target, self._overwrite, self._inputs = target, overwrite, inputs
        self._names: list[str] = []
        if target.exists() and not target.is_dir():
            raise UsageError(f"{target} is a file; needed is a folder")
        # Within a folder that is there: so it is seen whether it can be written, before the work for it.
        beside = partial_path(target.absolute())
        self._path = target / beside.name if target.exists() else beside
        for folder in (target, beside.parent):
            remove_leftovers(folder)
        # A signal may end the program before this object is entered: then the folder goes when the object does.
        self._remove = weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        try:
            self._path.mkdir(parents=True)
        except OSError as error:
            raise output_error(target, error) from error
        self._handle: int | None = None
        with contextlib.suppress(OSError):
            self._handle = os.open(self._path, os.O_RDONLY)
            lock(self._handle)

    def write(self, name: str, content: bytes) -> None:
        """Write a file; ``name`` may lead through folders.

        Raises
        ------
        UsageError
            If there is one of that name that may not be replaced.
        OutputError
            If it cannot be written, the disk is full, or a file and a folder of one name are in each other's way.
        """
        final, path = self._target / name, self._path / name
        if final.is_dir() or (final.parent.exists() and not final.parent.is_dir()):
            # Not at `commit`, where others of the set would have their names already.
            raise output_error(final, FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)))
        if final.exists() and not self._overwrite:
            raise UsageError(f"{final} is there already: choose another --output, or --overwrite")
        refuse_inputs_as_outputs(self._inputs, [final])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise output_error(final, error) from error
        self._names.append(name)

    def commit(self) -> None:
        """Give all files their names, in the order in which they were written.

        Raises
        ------
        OutputError
            If one cannot get its name.
        """
        for name in self._names:
            final = self._target / name
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._path / name, final)
            except OSError as error:
                raise output_error(final, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self._remove()
