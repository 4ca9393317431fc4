"""Make a data set: thousands of sounds of a synth and the parameters of each, with several processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from ..errors import UsageError
from ..files.atomic_file import output_error
from ..files.processes import count_workers
from ..synths.preset import find_presets
from ..synths.renderer import Renderer
from ..synths.synth import Synth, describe_missed_options
from .crew import make_sounds
from .dataset_folder import open_folder
from .dataset_info import DataSetInfo
from .maker import Tally
from .manifest import MANIFEST_NAME, drop_broken_lines, find_files, read_manifest
from .sampling import GridSampler, ListSampler, MusicalSampler, RandomSampler, Sampler, Sampling
from .sound_maker import SoundDiffersError, SoundMaker, check_channels

Progress = Callable[[int, int], None]

_MOST_SOUNDS = 10_000_000


def generate(
    synth: Synth | str | PathLike[str],
    out: str | PathLike[str],
    count: int | None = None,
    *,
    seed: int = 0,
    sampling: Sampling | str = Sampling.RANDOM,
    steps: Mapping[str, int] | None = None,
    settings_list: str | PathLike[str] | None = None,
    workers: int = 0,
    redraw_silent: bool = False,
    redraw_clipped: bool = False,
    first: int = 0,
    on_progress: Progress = lambda done, total: None,
    on_problem: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Render sounds into a folder, or go on where an earlier call stopped.

    A sound that is in the manifest and whose file is gone is made again.

    Parameters
    ----------
    synth : Synth, str or path
        A bundled synth's name, a .csd or a .vst3.
    out : str or path
        The data set's folder: new, empty, or one that the same call has begun. `DataSet` reads it.
    count : int, optional
        How many sounds; for a grid or list all that there are, unless given.
    seed : int
        0 or more. Sound number i has the same parameters whatever `count` and `workers` are.
    sampling : {"random", "grid", "musical", "list"}
        Where parameters come from; see `plugin_host.datasets.sampling`.
    steps : mapping of str to int, optional
        For a grid: the number of values of each parameter that moves.
    settings_list : str or path, optional
        For a list: a .csv or .jsonl.
    workers : int
        Processes; 0 for one per core, 1 for this one. Others are replaced after 10,000 sounds.
    redraw_silent, redraw_clipped : bool
        Draw a silent or clipped sound again, up to 20 times.
    first : int
        The number of the first sound.
    on_progress : callable
        Called with the number of sounds that exist and of those wanted, ten times a second, and at last where Ctrl-C
        ends it. It begins again where all sounds are made again.
    on_problem : callable
        Called with a sentence if two renders of the same parameters differ, or if a sound depends on those before
        it. In that case all sounds are made again, each in a player of its own: `DataSetInfo.rewinds` is false.

    Returns
    -------
    Tally
        What this call has made.

    Raises
    ------
    MissingPackageError
        If Csound is not installed.
    SynthError
        If the synth cannot be used.
    UsageError, ControlError, PresetError
        If the parameters cannot be chosen as asked.
    DataSetError
        If the folder holds something else, or is being written by another process.
    OutputError
        If the disk is full. What was written is whole; the same call goes on when there is room.
    """
    synth = synth if isinstance(synth, Synth) else Synth(synth)
    sampler = make_sampler(synth, sampling, seed, steps, settings_list)
    count = _check_count(count, first, sampler)
    processes = count_workers(workers)
    if (redraw_silent or redraw_clipped) and sampler.count is not None:
        raise UsageError("a grid or list has nothing to draw again; ask for no redraws")
    check_channels(synth)
    if synth.missed_options:
        on_problem(describe_missed_options(synth))
    # A synth that cannot be rendered at all is refused once, here, and not once a sound.
    with Renderer(synth) as renderer:
        if not renderer.deterministic:
            on_problem(
                f"{synth.path} gives another sound each time, so these sounds cannot be made again:"
                f" {synth.kind.steadying}"
            )
    folder = Path(out)
    redraws = {"redraw_silent": redraw_silent, "redraw_clipped": redraw_clipped}
    info = DataSetInfo.of(synth, sampler.info | redraws, renderer.rewinds)

    def present() -> set[int]:
        manifest = read_manifest(folder, synth.parameters)
        return {*manifest.indices[find_files(folder, manifest.indices)].tolist(), *manifest.failed}

    def make(indices: Sequence[int], rewinds: bool) -> Tally:
        known = present()
        todo = [index for index in indices if index not in known]
        maker = SoundMaker(synth, sampler, folder, redraw_silent, redraw_clipped, rewinds)
        done, total = len(indices) - len(todo), len(indices)
        on_progress(done, total)
        try:
            return make_sounds(maker, todo, processes, lambda made: on_progress(done + made, total))
        except KeyboardInterrupt:
            # Processes have made more since they were last asked.
            on_progress(len(present().intersection(indices)), total)
            raise

    with open_folder(folder, info, synth):
        if read_manifest(folder, synth.parameters).broken:
            drop_broken_lines(folder, synth.parameters)
        asked = range(first, first + count)
        rewound = DataSetInfo.read(folder).rewinds
        try:
            if rewound and not renderer.rewinds:
                raise SoundDiffersError(f"a sound of {synth.path} changes those after it")
            return make(asked, rewound)
        except SoundDiffersError as error:
            on_problem(
                f"{error}: all sounds are made again, each in a {synth.kind.player_name} of its own, which takes"
                " several times as long"
            )
            known = _begin_anew(folder, info.model_copy(update={"rewinds": False}), synth)
            return make(sorted(known.union(asked)), rewinds=False)


def _begin_anew(folder: Path, info: DataSetInfo, synth: Synth) -> set[int]:
    """Forget what was made, and give the numbers of those sounds."""
    manifest = read_manifest(folder, synth.parameters)
    path = folder / MANIFEST_NAME
    try:
        # First the manifest: after a kill between the two, the sounds are found to differ once more.
        path.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    info.write(folder, synth)
    return {*manifest.indices.tolist(), *manifest.failed}


def make_sampler(
    synth: Synth,
    sampling: Sampling | str,
    seed: int,
    steps: Mapping[str, int] | None = None,
    settings_list: str | PathLike[str] | None = None,
) -> Sampler:
    """Make the sampler that chooses parameters; see `generate` for the arguments and errors."""
    try:
        sampling = Sampling(sampling)
    except ValueError as error:
        raise UsageError(
            f"there is no sampling {str(sampling)!r}: choose one of {', '.join(Sampling)}"
        ) from error
    if steps and settings_list is not None:
        raise UsageError("steps are for a grid and a list is no grid; give one of the two")
    if seed < 0:
        raise UsageError(f"the seed is {seed}; needed is 0 or more")
    if steps and sampling is not Sampling.GRID:
        raise UsageError(f"steps are for sampling grid, and it is {sampling}: add --sampling grid")
    if settings_list is not None and sampling is not Sampling.LIST:
        raise UsageError(f"a list is for sampling list, and it is {sampling}: add --sampling list")
    if sampling is Sampling.GRID:
        return GridSampler(synth.parameters, steps or {})
    if sampling is Sampling.LIST:
        if settings_list is None:
            raise UsageError("sampling list needs a list: --list FILE.csv or FILE.jsonl")
        return ListSampler(synth, Path(settings_list))
    if sampling is Sampling.MUSICAL:
        return MusicalSampler(synth, find_presets(synth), seed)
    return RandomSampler(synth.parameters, seed)


def _check_count(count: int | None, first: int, sampler: Sampler) -> int:
    most = sampler.count
    if first < 0:
        raise UsageError(f"the first sound is number {first}; needed is 0 or more")
    if count is None:
        if most is None:
            raise UsageError("how many sounds are wanted is not given: --count 10000")
        count = max(most - first, 0)
        if count <= _MOST_SOUNDS:
            return count
    if count > _MOST_SOUNDS:
        raise UsageError(
            f"{count:,} sounds were asked for, and a data set holds at most {_MOST_SOUNDS:,}; ask for fewer"
        )
    if count < 1:
        raise UsageError(f"--count is {count}; needed is 1 or more")
    if most is not None and first + count > most:
        raise UsageError(f"--count {count} is more than the grid or list has, which is {most - first}")
    return count
