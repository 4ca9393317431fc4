"""Find the files that a .csd names, and hash it with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import SynthError
from ..files.done_record import hash_file
from .csd_text import decode, quoted_strings, section, without_comments
from .played_note import find_play

_INCLUDED = re.compile(r'#include(?:str)?\s*"([^"\n]+)"')


def combine(path: Path, files: Mapping[str, str]) -> str:
    """Give the SHA-256 of a .csd, in hexadecimal, and of all else that makes its sound.

    It is that of the .csd's bytes where there is nothing else. Else it is that of lines which say this hash, the note
    that the score does not have, and each file that the .csd names, with its hash.

    Raises
    ------
    SynthError
        If the .csd cannot be read.
    """
    csd = _read(path)
    own = hashlib.sha256(csd).hexdigest()
    play = find_play(csd)
    lines = [*([str(play)] if play else []), *(f"{files[name]} {name}" for name in sorted(files))]
    return hashlib.sha256("\n".join([own, *lines]).encode()).hexdigest() if lines else own


def find_files(path: Path) -> dict[str, str]:
    """Find the files that a .csd names: those that it includes, and the sounds and tables that it plays.

    A file counts if its name stands between quotes in the orchestra, in the score or in a file that either
    includes, and it lies beside the .csd or in a folder there. Names that the orchestra puts together are not seen.

    Returns
    -------
    dict of str to str
        The SHA-256 of each by its name as it is written, sorted.

    Raises
    ------
    SynthError
        If one cannot be read.
    """
    text = decode(_read(path))
    texts = [section(text, tag)[0] for tag in ("CsInstruments", "CsScore")]
    found: dict[str, str] = {}
    while texts:
        part = texts.pop()
        included = set(_INCLUDED.findall(without_comments(part)))
        for name in quoted_strings(part):
            if name in found or not _lies_beside(path, name):
                continue
            try:
                found[name] = hash_file(path.parent / name)
                if name in included:
                    texts.append(decode((path.parent / name).read_bytes()))
            except OSError as error:
                raise SynthError(f"{path} names {name}, which cannot be read ({error.strerror})") from error
    return dict(sorted(found.items()))


def describe_changes(synth: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which files of a synth are no longer what they were; empty if all are."""
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name, "") != now.get(name, ""))
    return f"{synth} uses {', '.join(changed)}, which changed since" if changed else ""


def _lies_beside(path: Path, name: str) -> bool:
    if not name or name.startswith("/") or "\0" in name:
        return False
    try:
        return (path.parent / name).is_file()
    except OSError:  # a text that is too long to be a name
        return False


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SynthError(
            f"the synth {path} cannot be read ({error.strerror}); give the path of a .csd"
        ) from error
