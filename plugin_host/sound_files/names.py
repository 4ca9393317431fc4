"""Names of sound files: which are taken for some, and how libraries take them."""

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
