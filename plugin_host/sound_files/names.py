"""By which names files are taken for sound."""

from __future__ import annotations

SOUND_SUFFIXES = frozenset(
    {".wav", ".wave", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3"}
)
"""The endings by which a file in a folder is taken for sound, and by which one is written."""
