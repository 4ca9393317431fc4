"""Turn what the user names (files, folders, patterns) into a list of inputs with their outputs."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import NoInputError, UsageError
from ..sound_files.names import SOUND_SUFFIXES
from ..sound_files.search import describe, kinds_left_out, search

TABLE_SUFFIXES = frozenset({".csv"})
"""The endings by which a file is taken for a table of controls."""


@dataclass(frozen=True)
class FileKinds:
    """Which files are read and written.

    Parameters
    ----------
    what : str
        How messages name what is read.
    read, written : frozenset of str
        What names end in.
    suffix : str or None
        What an output's name ends in unless somebody chooses; None for the input's own ending.
    """

    what: str
    read: frozenset[str]
    written: frozenset[str]
    suffix: str | None


EFFECT_FILES = FileKinds("audio file", SOUND_SUFFIXES, SOUND_SUFFIXES, None)
ANALYZER_FILES = FileKinds("audio file", SOUND_SUFFIXES, TABLE_SUFFIXES, ".csv")
GENERATOR_FILES = FileKinds("table", TABLE_SUFFIXES, SOUND_SUFFIXES, ".wav")


class IfExists(StrEnum):
    """What to do about an output that is there already.

    `RESUME` and `SKIP` keep one that is whole and was made from the same input in the same way. Of any other,
    `RESUME` makes a failure and `SKIP` a new output.
    """

    RESUME = "resume"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    FAIL = "fail"


class Container(StrEnum):
    """What kind of file an output is."""

    SAME = "same"
    WAV = "wav"
    FLAC = "flac"
    AIFF = "aiff"
    OGG = "ogg"
    MP3 = "mp3"
    CSV = "csv"

    @property
    def suffix(self) -> str | None:
        """What names of such files end in; None for `SAME`, which keeps the input's."""
        return None if self is Container.SAME else f".{self.value}"


@dataclass(frozen=True)
class Job:
    """One file to make.

    Parameters
    ----------
    source : Path or None
        What is read; None where nothing is, as when a generator plays constants.
    target : Path
        What is written.
    name : str
        The target within the output folder, with forward slashes: what reports and records call it.
    """

    source: Path | None
    target: Path
    name: str

    @property
    def input(self) -> Path:
        """What is read; UsageError where nothing is."""
        if self.source is None:
            raise UsageError(f"there is no input to make {self.target} from; name one")
        return self.source


def plan_jobs(
    inputs: Sequence[str],
    output: Path,
    suffix: str | None = None,
    kinds: FileKinds = EFFECT_FILES,
) -> list[Job]:
    """Find the inputs and name their outputs, the tree below each folder or pattern mirrored.

    Parameters
    ----------
    inputs : sequence of str
        Files, which need not exist, folders, and patterns such as ``"takes/**/*.wav"``.
    output : Path
        A folder; for a single file, also the name of a file with one of the endings of what is written.
    suffix : str or None
        What the outputs' names end in, such as ``".wav"``; None for what `kinds` says.
    kinds : FileKinds
        What is read and written.

    Returns
    -------
    list of Job
        In the order of `inputs`, sorted by name within each.

    Raises
    ------
    NoInputError
        If there is no input at all.
    UsageError
        If an output is an input under any name, two inputs would become one output, or an output would end
        in what is not written.
    """
    suffix = suffix or kinds.suffix
    _check_endings(output, suffix, kinds, is_single=len(inputs) == 1 and _is_file(inputs[0]))
    if _is_file_name(output, kinds):
        if len(inputs) != 1 or not _is_file(inputs[0]):
            raise UsageError(f"{output} names one file, and there may be several inputs; name a folder")
        found = [(Path(inputs[0]), Path(output.name))]
        folder = output.parent
    else:
        found = [pair for text in inputs for pair in _find(text, output, kinds.read)]
        folder = output
        if suffix is not None:
            found = [(source, relative.with_suffix(suffix)) for source, relative in found]
    if not found:
        passed_over = left_out(inputs, output, kinds)
        raise NoInputError(
            f"no {kinds.what} found in {', '.join(inputs)}; looked for {', '.join(sorted(kinds.read))}"
            + (f", and left out {passed_over}" if passed_over else "")
        )
    jobs = list(
        dict.fromkeys(Job(source, folder / relative, relative.as_posix()) for source, relative in found)
    )
    _refuse_collisions(jobs)
    refuse_inputs_as_outputs([source for source, _ in found], [job.target for job in jobs])
    return jobs


def left_out(inputs: Sequence[str], output: Path, kinds: FileKinds) -> str:
    """Say how many files of which kinds the inputs hold that a person might expect to be read, and that are not.

    Returns
    -------
    str
        Such as ``"2 .m4a files, 1 linked folder"``; empty if there are none.
    """
    counts: Counter[str] = Counter()
    for text in inputs:
        if Path(text).is_dir():
            counts += search(Path(text), kinds.read, skip=output).left_out
        elif _is_pattern(text):
            counts.update(kinds_left_out(map(Path, glob.glob(text, recursive=True)), kinds.read))
    return describe(counts)


def plan_without_input(output: Path, kinds: FileKinds) -> list[Job]:
    """Give the job of making one file out of nothing but settings.

    Raises
    ------
    UsageError
        If the output is not the name of a file that can be written.
    """
    _check_endings(output, None, kinds, is_single=True)
    if not _is_file_name(output, kinds):
        raise UsageError(
            f"{output} must be the name of a file that ends in {', '.join(sorted(kinds.written))}"
        )
    return [Job(None, output, output.name)]


def _check_endings(output: Path, suffix: str | None, kinds: FileKinds, is_single: bool) -> None:
    """Refuse what nobody means: a folder called ``take.txt`` for a single file, which more likely was to be one."""
    if suffix is not None and suffix not in kinds.written:
        raise UsageError(f"outputs cannot end in {suffix} here; choose {' or '.join(sorted(kinds.written))}")
    ending = output.suffix.lower()
    known = SOUND_SUFFIXES | TABLE_SUFFIXES
    if ending not in kinds.written and (ending in known or (is_single and ending)) and not output.is_dir():
        raise UsageError(
            f"{output} ends in {ending}, and what is written here ends in {', '.join(sorted(kinds.written))}; "
            "name such a file, or a folder (one with a dot in its name must be there already)"
        )


def refuse_inputs_as_outputs(sources: Sequence[Path], targets: Sequence[Path]) -> None:
    """Compare files, not names: through links, relative paths, and file systems that do not tell case.

    Raises
    ------
    UsageError
        If a target is one of the sources.
    """
    known: dict[tuple[int, int], Path] = {}
    for source in sources:
        if (identity := _identify(source)) is not None:
            known[identity] = source
    for target in targets:
        identity = _identify(target)
        if identity is not None and identity in known:
            raise UsageError(
                f"{target} is the input {known[identity]}, and inputs are never overwritten;"
                " choose another output"
            )


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    """Compare names as the least distinguishing file system does: without case, accents composed."""
    taken: dict[str, Job] = {}
    for job in jobs:
        key = unicodedata.normalize("NFC", str(job.target)).casefold()
        if key in taken:
            raise UsageError(
                f"{taken[key].source} and {job.source} would both become {job.target};"
                " process them into different folders"
            )
        taken[key] = job


def _is_file_name(output: Path, kinds: FileKinds) -> bool:
    return output.suffix.lower() in kinds.written and not output.is_dir()


def _is_file(text: str) -> bool:
    """Tell whether an input is one file, which need not exist."""
    return not Path(text).is_dir() and not _is_pattern(text)


def _is_pattern(text: str) -> bool:
    return glob.has_magic(text) and not os.path.exists(text)


def _find(text: str, output: Path, endings: frozenset[str]) -> Iterator[tuple[Path, Path]]:
    """Yield each input with its path below the folder that is mirrored."""
    path = Path(text)
    if path.is_dir():
        for source in search(path, endings, skip=output).files:
            yield source, source.relative_to(path)
    elif _is_pattern(text):
        root = _fixed_part(path)
        for match in sorted(glob.glob(text, recursive=True)):
            source = Path(match)
            if source.is_file() and source.suffix.lower() in endings and not _is_below(source, output, root):
                yield source, source.relative_to(root)
    else:
        yield path, Path(path.name)


def _fixed_part(pattern: Path) -> Path:
    parts = pattern.parts[:-1]
    length = next((index for index, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:length])


def _is_below(source: Path, output: Path, root: Path) -> bool:
    return any(
        _is_same(folder, output)
        for folder in source.parents
        if folder != root and folder.is_relative_to(root)
    )


def _is_same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False
