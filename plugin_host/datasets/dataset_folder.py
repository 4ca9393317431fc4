"""The folder of a data set while sounds are written: of one process at a time, and of the same sounds as before."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import DataSetError
from ..files.atomic_file import output_error
from ..synths.synth import Synth
from ..synths.synth_files import describe_changes
from .dataset_info import INFO_NAME, DataSetInfo
from .sound_maker import PARTIAL_SUFFIX

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_LOCK_NAME = ".lock"


@contextlib.contextmanager
def open_folder(folder: Path, info: DataSetInfo, synth: Synth) -> Iterator[None]:
    """Make a folder ready for these sounds, and keep other processes from writing there meanwhile.

    Parameters
    ----------
    folder : Path
        New, empty, or a data set that was begun with the same description.
    info : DataSetInfo
        Of the sounds.
    synth : Synth
        Which `info` describes.

    Raises
    ------
    DataSetError
        If the folder holds something else, or is being written by another process.
    OutputError
        If it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DataSetError(
                    f"another process is writing sounds into {folder}; wait for it, or choose another folder"
                ) from error
        _check_folder(folder, info, synth)
        for leftover in folder.glob(f"sounds/*/.*{PARTIAL_SUFFIX}"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        os.close(lock)


def _check_folder(folder: Path, info: DataSetInfo, synth: Synth) -> None:
    if not (folder / INFO_NAME).exists():
        others = [
            path.name
            for path in folder.iterdir()
            if path.name != synth.kind.copy_name and path.name[0] != "."
        ]
        if others:
            raise DataSetError(
                f"{folder} holds something else ({sorted(others)[0]}); choose a new or empty folder"
            )
        info.write(folder, synth)
        return
    found = DataSetInfo.read(folder)
    changes = describe_changes(info.synth, found.files, info.files)
    if found.synth == info.synth and changes:
        raise DataSetError(f"{changes} the sounds in {folder} were begun; choose another folder")
    if (found.synth_sha256, found.parameters) != (info.synth_sha256, info.parameters):
        raise DataSetError(
            f"the sounds in {folder} were made by another synth, or another version of it ({found.synth});"
            " choose another folder"
        )
    for name, value in info.sampling.items():
        if found.sampling.get(name) != value:
            raise DataSetError(
                f"the sounds in {folder} were begun with {name} {found.sampling.get(name)!r} and now it is"
                f" {value!r}; give the same again, or choose another folder"
            )
