"""Tell the kinds of synths by their names: a .csd of Csound, and a VST3 plugin."""

from __future__ import annotations

from pathlib import Path

from .csd_synth import CsdKind
from .kind import SynthKind
from .plugin_synth import PluginKind

_KINDS: tuple[SynthKind, ...] = (CsdKind(), PluginKind())


def kind_named(name: str) -> SynthKind | None:
    """Give the kind of synth that a file's name says; None if it says none."""
    return next((kind for kind in _KINDS if name.lower().endswith(kind.suffix)), None)


def kind_of(path: Path) -> SynthKind:
    """Give the kind of synth that a file is: a .csd, unless its name says otherwise."""
    return kind_named(path.name) or _KINDS[0]


def hash_synth(path: Path) -> str:
    """Give the SHA-256 of a synth, in hexadecimal: of its file, and of all else that makes its sound.

    Raises
    ------
    SynthError
        If it cannot be read.
    """
    kind = kind_of(path)
    return kind.combine(path, kind.find_files(path))
