"""Make sounds with several worker processes, which are replaced now and then and when they die."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from ..errors import SynthError
from ..files.processes import WorkerEnded, Workers
from .maker import Maker, Tally

SOUNDS_IN_A_JOB = 50
"""A job loads the synth once, and cannot be shared between processes."""

_JOBS_OF_A_WORKER = 200
"""After so many a process is replaced, with all memory that Csound, an opcode or a plugin has not freed."""

_DEATHS_OF_A_SOUND = 2
_DEATHS_IN_ALL = 20


def make_sounds(
    maker: Maker,
    indices: Sequence[int],
    workers: int,
    on_progress: Callable[[int], None],
    in_a_job: int = SOUNDS_IN_A_JOB,
) -> Tally:
    """Make the sounds with these numbers.

    Parameters
    ----------
    maker : Maker
        Makes them, in each process.
    indices : sequence of int
        Numbers of sounds.
    workers : int
        How many processes; 1 for this one, which is quicker where there is little to do.
    on_progress : callable
        Called with the number of sounds done, ten times a second.
    in_a_job : int
        How many sounds a process makes before it begins afresh.

    Raises
    ------
    HostError
        If no more sounds can be made: the disk is full, or processes die again and again. A sound at which a
        process dies twice is put into the manifest as failed.
    """
    if workers == 1:
        return _make_here(maker, indices, on_progress, in_a_job)
    tally = Tally()
    deaths: Counter[int] = Counter()
    todo = _divide(indices, in_a_job)
    while todo:
        jobs, todo = todo[: _JOBS_OF_A_WORKER * workers], todo[_JOBS_OF_A_WORKER * workers :]
        before = tally.made + tally.failed
        left: list[int] = []
        with Workers(maker, jobs, workers) as crew:
            for item in crew.results():
                if item is not None:
                    number, result = item
                    if isinstance(result, WorkerEnded):
                        made = int(crew.progress[number])
                        tally.made += made
                        left += _after_death(maker, jobs[number][made:], result, deaths, tally)
                    else:
                        tally.add(result)
                    if tally.error is not None:
                        raise tally.error
                on_progress(before + round(sum(crew.progress)))
        todo = _divide(left, in_a_job) + todo
    on_progress(tally.made + tally.failed)
    return tally


def _make_here(
    maker: Maker, indices: Sequence[int], on_progress: Callable[[int], None], in_a_job: int
) -> Tally:
    tally = Tally()
    try:
        for job in _divide(indices, in_a_job):
            tally.add(maker(job, lambda done: None))
            if tally.error is not None:
                raise tally.error
            on_progress(tally.made + tally.failed)
    finally:
        maker.close()
    return tally


def _divide(indices: Sequence[int], in_a_job: int) -> list[Sequence[int]]:
    """Cut sounds into jobs at the same numbers, whatever the first one is and however many processes there are."""
    return [list(job) for _, job in groupby(indices, key=lambda index: index // in_a_job)]


def _after_death(
    maker: Maker, remaining: Sequence[int], ended: WorkerEnded, deaths: Counter[int], tally: Tally
) -> list[int]:
    """Give the sounds to try again; the process died at the first of those that remained."""
    if not remaining:
        return []
    first, *others = remaining
    deaths[first] += 1
    how = f"code {ended.exit_code}" if (ended.exit_code or 0) >= 0 else f"signal {-(ended.exit_code or 0)}"
    if deaths.total() > _DEATHS_IN_ALL:
        raise SynthError(f"the processes that render end again and again ({how}); try --workers 1")
    if deaths[first] < _DEATHS_OF_A_SOUND:
        return [first, *others]
    tally.count(maker.give_up(first, f"the process that rendered it ended ({how})"))
    return others
