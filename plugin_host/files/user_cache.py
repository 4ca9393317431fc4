"""Arrays that took a while to compute, kept in the user's cache; where nothing can be kept, they are computed each time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import HostError
from .atomic_file import PartialFile


def remembered(
    folder: str,
    depends_on: str,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    compute: Callable[[], NDArray[np.generic]],
) -> NDArray[np.generic]:
    """Give an array, computed if it is not in the cache.

    Parameters
    ----------
    folder : str
        Within ``$XDG_CACHE_HOME/brainsynth``, or ``~/.cache/brainsynth``.
    depends_on : str
        All that the array depends on; if any of it is another, so is the array.
    shape, dtype
        Of the array. What is kept and has others is computed anew.
    compute : callable
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = caches / "brainsynth" / folder / f"{hashlib.sha256(depends_on.encode()).hexdigest()}.npy"
    try:
        found = np.load(path, allow_pickle=False)
        if found.shape == shape and found.dtype == dtype:
            return found
    except (OSError, ValueError, EOFError):
        pass
    found = compute()
    try:
        with PartialFile(path) as partial:
            with partial.path.open("wb") as file:
                np.save(file, found)
            partial.commit()
    except (OSError, HostError):
        pass
    return found
