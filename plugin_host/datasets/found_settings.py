"""Make a data set of recordings: each as an analyzer hears it, and the settings with which a synth comes near it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import (
    AudioFileError,
    DataSetError,
    InferenceError,
    StreamError,
    SynthError,
    UsageError,
    naming,
)
from ..files.atomic_file import write_whole
from ..files.processes import count_workers
from ..matching.onset_reading import read_from_onset
from ..matching.target_sound import FLOOR_S
from ..matching.unaided_search import UnaidedSearch
from ..sound_files.names import SOUND_SUFFIXES
from ..sound_files.search import describe, search
from ..synths.renderer import Renderer
from ..synths.synth import Synth, describe_missed_options
from .crew import make_sounds
from .dataset_folder import open_folder
from .dataset_info import DataSetInfo
from .maker import Maker, Tally
from .manifest import (
    ManifestEntry,
    drop_broken_lines,
    find_files,
    peak_db,
    read_manifest,
    sound_name,
)
from .sound_maker import check_channels, write_sound

LIKE, RENDERS = "like", 60
LIST_NAME = "recordings.json"
_NEARLY_DONE = 0.99
_REFUSED = (AudioFileError, InferenceError, StreamError, SynthError)


def generate_like(
    synth: Synth | str | PathLike[str],
    recordings: str | PathLike[str],
    out: str | PathLike[str],
    renders: int = RENDERS,
    *,
    workers: int = 0,
    on_preparation: Callable[[int, int], None] = lambda *_: None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
    on_problem: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Make a data set whose sounds are recordings, or go on where an earlier call stopped.

    Each sound is what `infer` would hear of a recording. Its parameters are what a search finds that renders: nobody knows
    with which settings the synth would make it, so sounds are compared, and the distance that was reached is in the
    manifest, with the recording's path. What is found does not depend on the number of processes.

    Parameters
    ----------
    synth : Synth, str or path
        A bundled synth's name, a .csd or a .vst3.
    recordings : str or path
        A folder, however deep, or one recording. Those that an earlier call did not meet are added to the data set.
    out : str or path
        The data set's folder: new, empty, or one that the same call has begun. `DataSet` reads it.
    renders : int
        How many sounds are rendered for each recording, 2 or more.
    workers : int
        Processes, each of which searches for a recording; 0 for one per core, 1 for this one.
    on_preparation : callable
        Called with how many of the synth's own sounds are rendered, once, and of how many.
    on_progress : callable
        Called with the number of recordings that are done, and of all.
    on_problem : callable
        Called with a sentence for each recording that cannot be used, and if the synth gives another sound each time.

    Returns
    -------
    Tally
        What this call has made; `Tally.failed` counts recordings that cannot be read, are silent or too short, or for which
        the synth could not be searched. They are tried again by the next call.

    Raises
    ------
    UsageError
        If there are no recordings, or fewer than 2 renders.
    MissingPackageError
        If Csound or cma is not installed.
    SynthError
        If the synth cannot be used.
    DataSetError
        If the folder holds something else, or is being written by another process.
    OutputError
        If the disk is full. What was written is whole; the same call goes on when there is room.
    """
    synth = synth if isinstance(synth, Synth) else Synth(synth)
    source, folder = Path(recordings), Path(out)
    names = _find(source, folder)
    processes = count_workers(workers)
    check_channels(synth)
    if synth.missed_options:
        on_problem(describe_missed_options(synth))
    with Renderer(synth) as renderer:
        if not renderer.deterministic:
            on_problem(
                f"{synth.path} gives another sound each time, so what is found cannot be found again:"
                f" {synth.kind.steadying}"
            )
        finder = UnaidedSearch(renderer, renders, workers, on_preparation)
    info = DataSetInfo.of(synth, {"sampling": LIKE, "renders": renders}, renderer.rewinds)
    with open_folder(folder, info, synth):
        if read_manifest(folder, synth.parameters).broken:
            drop_broken_lines(folder, synth.parameters)
        listed = _number(folder, source, names)
        manifest = read_manifest(folder, synth.parameters)
        known = set(manifest.indices[find_files(folder, manifest.indices)].tolist())
        there = set(names)
        todo = [index for index, name in enumerate(listed) if index not in known and name in there]
        maker = FoundSettingsMaker(synth, finder, source, listed, folder, renderer.rewinds)
        done, total = len(known), len(known) + len(todo)
        on_progress(done, total)
        tally = make_sounds(maker, todo, processes, lambda made: on_progress(done + made, total), in_a_job=1)
        failed = read_manifest(folder, synth.parameters).failed
        for index in sorted(failed.keys() & set(todo)):
            on_problem(failed[index])
    return tally


class FoundSettingsMaker(Maker):
    """Makes sounds of recordings. Each is a job of its own: what is found does not depend on what was searched for before.

    Parameters
    ----------
    synth : Synth
        Rendered.
    finder : UnaidedSearch
        Of that synth.
    source : Path
        The folder of recordings, or the one.
    names : sequence of str
        Their paths in it, by number.
    folder : Path
        The data set.
    rewinds : bool
        Whether one player serves for many sounds.
    """

    def __init__(
        self,
        synth: Synth,
        finder: UnaidedSearch,
        source: Path,
        names: Sequence[str],
        folder: Path,
        rewinds: bool,
    ) -> None:
        super().__init__(synth, folder, rewinds)
        self._finder, self._source, self._names = finder, source, names

    def give_up(self, index: int, why: str) -> ManifestEntry:
        """Put a recording into the manifest as failed."""
        return super().give_up(index, f"{self._path(index)}: {why}")

    def _path(self, index: int) -> Path:
        return self._source if self._source.is_file() else self._source / self._names[index]

    def _failed(self, index: int, why: str) -> ManifestEntry:
        return ManifestEntry(index, {}, failed=why, notes={"recording": self._names[index]})

    def _make(self, index: int, renderer: Renderer, on_share: Callable[[float], None]) -> ManifestEntry:
        synth, path = self._synth, self._path(index)
        try:
            with naming(path):
                audio, sample_rate, _ = read_from_onset(path, synth.duration_s + FLOOR_S)
                target, gain_db = self._finder.target_of(audio, sample_rate)
                found = self._finder.find(
                    target, renderer, lambda done, most, _: on_share(_NEARLY_DONE * done / most)
                )
        except _REFUSED as error:
            return self._failed(index, str(error))
        if found.interrupted:
            # What half a search has found is not kept: the next call would take it for all there is.
            raise KeyboardInterrupt
        notes: dict[str, Any] = {
            "recording": self._names[index],
            "distance_db": round(found.mss_after, 3),
            "renders": found.renders,
            "gain_db": round(gain_db, 2),
            "seconds": round(len(target) / synth.sample_rate, 4),
        }
        sound = np.pad(target, (0, synth.frames - len(target)))[None].repeat(synth.channels, axis=0)
        write_sound(self._folder / sound_name(index), sound, synth.sample_rate)
        return ManifestEntry(index, found.values, peak_db(sound), notes=notes)


def _find(source: Path, out: Path) -> list[str]:
    """Give the paths of recordings within a folder, sorted; the name of a single one."""
    if source.is_file():
        return [source.name]
    if not source.is_dir():
        raise UsageError(f"there is no {source}; give a folder of recordings, or one recording")
    held = search(source, skip=out)
    if not held.files:
        passed_over = describe(held.left_out)
        kinds = ", ".join(sorted(suffix[1:] for suffix in SOUND_SUFFIXES))
        raise UsageError(
            f"{source} holds no recordings{f', only {passed_over}' if passed_over else ''}; give a folder with some"
            f" ({kinds})"
        )
    return sorted(path.relative_to(source).as_posix() for path in held.files)


def _number(folder: Path, source: Path, names: Sequence[str]) -> list[str]:
    """Give all recordings of a data set by number: those of earlier calls keep theirs, others come after them."""
    path = folder / LIST_NAME
    try:
        listed: list[str] = json.loads(path.read_bytes()) if path.exists() else []
        if not (isinstance(listed, list) and all(isinstance(name, str) for name in listed)):
            raise ValueError("it is no list of names")
    except (OSError, ValueError) as error:
        raise DataSetError(
            f"{path} cannot be read ({error}); put it back, or choose another folder"
        ) from error
    known = set(listed)
    if listed and not known.intersection(names):
        raise DataSetError(
            f"{source} holds none of the recordings with which {folder} was begun ({listed[0]}); give the same folder of"
            " recordings again, or choose another --output"
        )
    added = [name for name in names if name not in known]
    if added:
        listed += added
        write_whole(path, json.dumps(listed, indent=0) + "\n")
    return listed
