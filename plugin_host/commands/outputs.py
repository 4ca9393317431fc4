"""Say that a file cannot be written before the work for it has begun."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def refuse_unwritable(path: Path) -> None:
    """Try whether a file can be made, of which nothing is left; its folder is made where it does not exist.

    Raises
    ------
    OutputError
        If it cannot, or the disk is full.
    """
    from ..files.partial_file import PartialFile, output_error

    if path.is_dir():
        raise output_error(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    with PartialFile(path) as partial:
        obstacle = partial.find_obstacle()
    if obstacle is not None:
        raise obstacle
