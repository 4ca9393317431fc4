"""Find the files of a folder that are read, and count what a person might miss among them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from .names import SOUND_SUFFIXES

FOREIGN_SUFFIXES = frozenset(
    {".aac", ".amr", ".ape", ".au", ".caf", ".dsf", ".m4a", ".m4b", ".mka", ".mp2", ".mp4", ".snd", ".tta"}
    | {".voc", ".w64", ".webm", ".wma", ".wv"}
)
"""Endings of sounds that are not read."""

HIDDEN, LINKED = "hidden file", "linked folder"


@dataclass
class Found:
    """What a folder holds.

    Attributes
    ----------
    files : list of Path
        What is read, sorted by name within each folder. Links that lead nowhere are among them.
    left_out : Counter
        How many there are of each kind that is passed over: `HIDDEN`, `LINKED`, and endings in `FOREIGN_SUFFIXES`.
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
    for place, folders, names in os.walk(folder):
        here = Path(place)
        shown = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in shown if (here / name).is_symlink()]
        found.left_out[LINKED] += len(linked)
        folders[:] = [name for name in shown if name not in linked and not _is_same(here / name, skip)]
        found.files += [here / name for name in sorted(names) if _is_read(name, endings)]
        found.left_out.update(kinds_left_out(names, endings))
    return found


def kinds_left_out(names: Iterable[str], endings: Set[str] = SOUND_SUFFIXES) -> Iterator[str]:
    """Give a kind for each name that a person might expect to be read, and that is not."""
    for name in names:
        ending = Path(name).suffix.lower()
        if name.startswith("."):
            if ending in endings:
                yield HIDDEN
        elif ending in FOREIGN_SUFFIXES - endings and endings & SOUND_SUFFIXES:
            yield ending


def describe(left_out: Mapping[str, int]) -> str:
    """Give a text such as ``"2 .m4a files, 1 linked folder"``; empty if nothing was left out."""
    parts = []
    for kind, number in sorted(left_out.items()):
        if number:
            what = f"{kind} file" if kind.startswith(".") else kind
            parts.append(f"{number} {what}{'s' if number > 1 else ''}")
    return ", ".join(parts)


def _is_read(name: str, endings: Set[str]) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in endings


def _is_same(first: Path, second: Path | None) -> bool:
    try:
        return second is not None and first.samefile(second)
    except OSError:
        return False
