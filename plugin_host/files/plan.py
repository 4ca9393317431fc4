"""Turn what the user names (files, folders, patterns) into a list of inputs with their outputs."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import NoInputError, UsageError

AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3"}
)
"""The endings by which a file in a folder is taken for audio, and by which an output is written."""


class IfExists(StrEnum):
    """What to do about an output that is there already."""

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

    @property
    def suffix(self) -> str | None:
        """What names of such files end in; None for `SAME`, which keeps the input's."""
        return None if self is Container.SAME else f".{self.value}"


@dataclass(frozen=True)
class Job:
    """One file to make.

    Parameters
    ----------
    source, target : Path
        What is read and what is written.
    name : str
        The target within the output folder, with forward slashes: what reports and records call it.
    """

    source: Path
    target: Path
    name: str


def plan_jobs(inputs: Sequence[str], output: Path, suffix: str | None = None) -> list[Job]:
    """Find the inputs and name their outputs, the tree below each folder or pattern mirrored.

    Parameters
    ----------
    inputs : sequence of str
        Files, which need not exist, folders, and patterns such as ``"takes/**/*.wav"``.
    output : Path
        A folder; for a single file, also the name of a file with the suffix of an audio file.
    suffix : str or None
        What the outputs' names end in, such as ``".wav"``; None keeps the inputs' own.

    Returns
    -------
    list of Job
        In the order of `inputs`, sorted by name within each.

    Raises
    ------
    NoInputError
        If there is no input at all.
    UsageError
        If an output is an input under any name, or two inputs would become one output.
    """
    if _is_file_name(output):
        if len(inputs) != 1 or Path(inputs[0]).is_dir() or _is_pattern(inputs[0]):
            raise UsageError(f"{output} names one file, and there may be several inputs; name a folder")
        found = [(Path(inputs[0]), Path(output.name))]
        folder = output.parent
    else:
        found = [pair for text in inputs for pair in _find(text, output)]
        folder = output
        if suffix is not None:
            found = [(source, relative.with_suffix(suffix)) for source, relative in found]
    if not found:
        raise NoInputError(
            f"no audio file found in {', '.join(inputs)}; looked for {', '.join(sorted(AUDIO_SUFFIXES))}"
        )
    jobs = list(
        dict.fromkeys(Job(source, folder / relative, relative.as_posix()) for source, relative in found)
    )
    _refuse_collisions(jobs)
    refuse_inputs_as_outputs([job.source for job in jobs], [job.target for job in jobs])
    return jobs


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


def _is_file_name(output: Path) -> bool:
    return output.suffix.lower() in AUDIO_SUFFIXES and not output.is_dir()


def _is_pattern(text: str) -> bool:
    return glob.has_magic(text) and not os.path.exists(text)


def _find(text: str, output: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each input with its path below the folder that is mirrored."""
    path = Path(text)
    if path.is_dir():
        for source in _walk(path, output):
            yield source, source.relative_to(path)
    elif _is_pattern(text):
        root = _fixed_part(path)
        for match in sorted(glob.glob(text, recursive=True)):
            source = Path(match)
            if (
                source.is_file()
                and source.suffix.lower() in AUDIO_SUFFIXES
                and not _is_below(source, output, root)
            ):
                yield source, source.relative_to(root)
    else:
        yield path, Path(path.name)


def _walk(folder: Path, output: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        # An output folder inside the input folder: what was made is not made again of itself.
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not _is_same(here / name, output)
        )
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in AUDIO_SUFFIXES:
                yield here / name


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
