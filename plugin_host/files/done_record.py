"""Remember what an output was made from, so that a later run may keep it, and prove that it may.

The record is a file of JSON lines in the output folder. One is appended before an output is begun where there is none,
and one after it got its name; the last line about an output counts, and a line that a crash cut short counts as nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .atomic_file import output_error

RECORD_NAME = ".brainsynth.jsonl"
_BEGUN = "begun"


@dataclass(frozen=True)
class Made:
    """How an output came to be.

    Parameters
    ----------
    name : str
        The output within its folder.
    input_sha256, request_sha256, output_sha256 : str
        Of the input's bytes, of all that was asked for (see `hash_request`), and of the output's bytes.
    """

    name: str
    input_sha256: str
    request_sha256: str
    output_sha256: str


class MadeRecord:
    """The record of one output folder.

    Parameters
    ----------
    folder : Path
        The folder, which need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Made] = {}
        self._begun: set[str] = set()
        try:
            lines = (folder / RECORD_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                values = json.loads(line)
                if values.keys() == {_BEGUN}:
                    self._begun.add(values[_BEGUN])
                    continue
                made = Made(**values)
            except (ValueError, TypeError, AttributeError):
                continue
            self._made[made.name] = made
            self._begun.discard(made.name)

    def find(self, name: str) -> Made | None:
        """Give what is known of an output, or None."""
        return self._made.get(name)

    def was_begun(self, name: str) -> bool:
        """Tell whether an output was begun where there was none, and not recorded since."""
        return name in self._begun

    def add(self, made: Made) -> None:
        """Remember an output that has just got its name.

        Raises
        ------
        OutputError
            If the record cannot be written.
        """
        self._made[made.name] = made
        _append(self.folder, asdict(made))


def note_begun(folder: Path, name: str) -> None:
    """Remember that an output is begun where there is none. Several processes may do so at once.

    Raises
    ------
    OutputError
        If the record cannot be written.
    """
    _append(folder, {_BEGUN: name})


def _append(folder: Path, values: Mapping[str, str]) -> None:
    path = folder / RECORD_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            # The line break comes first: after a line cut short by a crash, this one stands on its own.
            file.write(f"\n{json.dumps(values)}")
    except OSError as error:
        raise output_error(path, error) from error


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_request(request: Mapping[str, Any]) -> str:
    """Give the SHA-256 of plain values, the same whatever their order."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
