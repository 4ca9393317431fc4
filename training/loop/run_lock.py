"""One training at a time in a run's folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import RunError, UnwritableError

try:
    import fcntl
except ImportError:  # Windows, where a folder cannot be opened
    fcntl = None


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Make a run's folder if need be, and keep other trainings out of it; an empty one is removed at the end.

    The lock is the system's, on the folder itself: it ends with the process, however that ends.

    Raises
    ------
    RunError
        If another training goes on there, or it is no folder.
    UnwritableError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise RunError(
            f"{folder} exists and is not a training run; choose another folder for --output."
        ) from error
    except OSError as error:
        raise UnwritableError(
            f"{folder} cannot be written ({error.strerror}); choose another folder for --output."
        ) from error
    handle = os.open(folder, os.O_RDONLY) if fcntl is not None else None
    try:
        if fcntl is not None and handle is not None:
            _lock(handle, folder)
        yield
    finally:
        if handle is not None:
            os.close(handle)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _lock(handle: int, folder: Path) -> None:
    assert fcntl is not None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunError(
            f"another training goes on in {folder}; wait for its end, or choose another --output."
        ) from error
    except OSError:
        return  # a file system without locks
