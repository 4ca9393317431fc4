"""Write a file that appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import DiskFullError, OutputError

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed anyway
    fcntl = None

_SUFFIX = ".brainsynth-partial"
_PROBE = 65_536
_LONGEST_PART = 80


class PartialFile:
    """A file under a temporary name in the folder of its target; `commit` gives it its own name, in one step.

    As a context manager it removes what was never committed. While it is open it holds a lock, by which
    `remove_leftovers` tells a file that is being written from one that a killed program left behind.

    Parameters
    ----------
    target : Path
        The name the file gets. Its folder is made where it does not exist.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = partial_path(target)
        # A signal may end the program before this object is entered: then the file goes when the object does.
        self._remove = weakref.finalize(self, self.path.unlink, missing_ok=True)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._handle: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:
            self._remove.detach()
            raise output_error(target, error) from error
        with contextlib.suppress(OSError):
            lock(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._remove()

    def commit(self) -> None:
        """Bring the content to the disk and give the file its name, in the place of any file that had it.

        Raises
        ------
        OutputError
            If the disk is full or the name cannot be taken; then nothing has changed.
        """
        try:
            if self._handle is not None:
                os.fsync(self._handle)
            if fcntl is None:
                self._close()
            os.replace(self.path, self.target)
            _sync_folder(self.target.parent)
        except OSError as error:
            raise output_error(self.target, error) from error

    def find_obstacle(self) -> OutputError | None:
        """Ask the system whether it takes more: libraries that write may lose the error of a full disk.

        What failed a moment ago for want of room fails again. What is appended here is taken away again.
        """
        if self._handle is None:
            return None
        try:
            size = os.lseek(self._handle, 0, os.SEEK_END)
            # A file system's block, so that room left in the last one does not let it pass.
            os.write(self._handle, bytes(_PROBE))
            os.ftruncate(self._handle, size)
        except OSError as error:
            return output_error(self.target, error)
        return None

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def write_whole(target: Path, content: str) -> None:
    """Write a text file that appears only when it is whole, in the place of any file of that name.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with PartialFile(target) as partial:
        try:
            partial.path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise output_error(target, error) from error
        partial.commit()


def partial_path(target: Path) -> Path:
    """Give a new temporary name beside a file or folder that is to be written, by which `remove_leftovers` knows it."""
    return target.with_name(f".{_shortened(target.name)}.{secrets.token_hex(6)}{_SUFFIX}")


def remove_leftovers(folder: Path) -> int:
    """Remove what killed programs left in a folder, not what is being written, and give how many went."""
    removed = 0
    for path in folder.glob(f".*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            is_folder = path.is_dir()
            handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
            try:
                lock(handle)
                if is_folder:
                    shutil.rmtree(path)
                else:
                    path.unlink()
                removed += 1
            finally:
                os.close(handle)
    return removed


def lock(handle: int) -> None:
    """Hold an open file or folder until it is closed, or the program ends in whatever way.

    Raises
    ------
    OSError
        If another holds it.
    """
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def output_error(target: Path, error: OSError) -> OutputError:
    """Give the exception that says in one sentence why a file could not be written and what to do."""
    why = f"{target} cannot be written ({error.strerror or error})"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"{why}; make room there, or choose another disk")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return OutputError(f"{why}; a file and a folder of one name are in each other's way, choose another")
    return OutputError(f"{why}; choose a folder that can be written")


def _shortened(name: str) -> str:
    """Give the beginning of a name: systems count its bytes, of which a character may have four."""
    return os.fsencode(name)[:_LONGEST_PART].decode(sys.getfilesystemencoding(), "ignore")


def _sync_folder(folder: Path) -> None:
    """Bring a renamed entry to the disk, where the system lets a folder be opened."""
    with contextlib.suppress(PermissionError, IsADirectoryError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
