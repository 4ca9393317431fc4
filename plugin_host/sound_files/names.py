"""Tell by its name whether a file in a folder is taken for sound."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

SOUND_SUFFIXES = frozenset(
    {".wav", ".wave", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3"}
)
"""The endings by which a file in a folder is taken for sound, and by which one is written."""


def path_for_soundfile(path: PurePath) -> Any:
    """Give a path as soundfile takes it, also where its bytes are not UTF-8: soundfile's types do not name bytes."""
    return path if os.name == "nt" else os.fsencode(path)


def is_hidden(path: PurePath) -> bool:
    """Tell whether a name begins with a dot, as those do that systems and programs keep for themselves.

    Parameters
    ----------
    path : PurePath
        Of a file or folder, relative to the folder that is searched: no part of it may begin with a dot.
    """
    return any(part.startswith(".") for part in path.parts)


def is_sound_file(path: PurePath) -> bool:
    """Tell whether a file in a folder is taken for sound: by its ending, if it is not hidden.

    Parameters
    ----------
    path : PurePath
        Relative to the folder that is searched. A file that somebody names is read whatever it is called.
    """
    return path.suffix.lower() in SOUND_SUFFIXES and not is_hidden(path)
