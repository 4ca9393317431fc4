"""Find the files of a folder that are read, and count what a person might miss among them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import counted
from .names import SOUND_SUFFIXES

FOREIGN_SUFFIXES = frozenset(
    {".aac", ".amr", ".ape", ".au", ".caf", ".dsf", ".m4a", ".m4b", ".mka", ".mp2", ".mp4", ".snd", ".tta"}
    | {".voc", ".w64", ".webm", ".wma", ".wv"}
)
"""Endings of sounds that are not read."""

HIDDEN, LINKED, UNREADABLE = "hidden file", "linked folder", "unreadable folder"
DEAD, SPECIAL, UNREADABLE_FILE = "link to nothing", "pipe or device", "unreadable file"

_PLURALS = {DEAD: "links to nothing", SPECIAL: "pipes or devices"}


@dataclass
class Found:
    """What a folder holds.

    Attributes
    ----------
    files : list of Path
        What is read, sorted by name within each folder: regular files and links to such.
    left_out : Counter
        How many there are of each kind that is passed over: `HIDDEN`, `LINKED`, `UNREADABLE`, `UNREADABLE_FILE`, `DEAD`,
        `SPECIAL`, and endings in `FOREIGN_SUFFIXES`.
    """

    files: list[Path] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def search(folder: Path, endings: Set[str] = SOUND_SUFFIXES, skip: Path | None = None) -> Found:
    """Look through a folder, however deep, but into no hidden or linked one.

    Parameters
    ----------
    folder : Path
    endings : set of str
        Of the files that are read, in small letters.
    skip : Path or None
        A folder below it that is passed over, under whatever name.
    """
    found = Found()

    def note_unreadable(_: OSError) -> None:
        found.left_out[UNREADABLE] += 1

    for place, folders, names in os.walk(folder, onerror=note_unreadable):
        here = Path(place)
        shown = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in shown if (here / name).is_symlink()]
        found.left_out[LINKED] += len(linked)
        folders[:] = [name for name in shown if name not in linked and not _is_same(here / name, skip)]
        paths = [here / name for name in sorted(names)]
        found.files += [path for path in paths if is_read(path, endings)]
        found.left_out.update(kinds_left_out(paths, endings))
    return found


def kinds_left_out(paths: Iterable[Path], endings: Set[str] = SOUND_SUFFIXES) -> Iterator[str]:
    """Give a kind for each file that a person might expect to be read, and that is not."""
    for path in paths:
        ending = path.suffix.lower()
        if path.name.startswith("."):
            if ending in endings:
                yield HIDDEN
        elif ending in endings:
            if not os.path.exists(path):
                yield DEAD if os.path.islink(path) else UNREADABLE_FILE
            elif not os.path.isfile(path) and not os.path.isdir(path):
                yield SPECIAL
        elif ending in FOREIGN_SUFFIXES and endings & SOUND_SUFFIXES:
            yield ending


def is_read(path: Path, endings: Set[str]) -> bool:
    """Tell whether a file is read: a regular one or a link to such, not hidden, with one of these endings."""
    return not path.name.startswith(".") and path.suffix.lower() in endings and os.path.isfile(path)


def describe(left_out: Mapping[str, int]) -> str:
    """Give a text such as ``"2 .m4a files, 1 linked folder"``; empty if nothing was left out."""
    parts = []
    for kind, number in sorted(left_out.items()):
        if number:
            one = f"{kind} file" if kind.startswith(".") else kind
            parts.append(counted(number, one, _PLURALS.get(kind, "")))
    return ", ".join(parts)


def _is_same(first: Path, second: Path | None) -> bool:
    try:
        return second is not None and first.samefile(second)
    except OSError:
        return False
