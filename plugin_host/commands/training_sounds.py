"""The sounds of a synth that a family learns from: of a data set, made for the run, or without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackageError, UsageError, counted

if TYPE_CHECKING:
    from ..datasets.training_feed import DataSetFeed, EndlessFeed
    from .training_report import TrainingReport


def render_sounds(synth: str, count: int, out: Path, report: TrainingReport) -> Path:
    """Render a data set beside a run, or go on with one, and give its folder."""
    from ..datasets.generation import generate

    folder = out.with_name(f"{out.name}-sounds")

    def on_progress(done: int, total: int) -> None:
        report.prepare("rendering", done, total)

    generate(synth, folder, count, on_progress=on_progress)
    return folder


def identify_synth(synth: str | None) -> dict[str, str]:
    """Say what a run's configuration says of a synth, as far as it is known before it plays.

    Raises
    ------
    SynthError
        If there is no such synth.
    """
    from ..synths.kinds import hash_synth
    from ..synths.synth import find_synth, printable_name

    if synth is None:
        return {}
    path = find_synth(synth)
    return {"synth": printable_name(path), "synth_sha256": hash_synth(path)}


@contextmanager
def find_sounds(
    family: str,
    data: Path | None,
    synth: str | None,
    disk_limit_gb: float | None,
    out: Path,
    report: TrainingReport,
) -> Iterator[DataSetFeed | EndlessFeed]:
    """Give the sounds of a data set, or else of a synth without end, for as long as the context lasts.

    Raises
    ------
    UsageError
        If neither is given, or sounds without end may take too little of the disk.
    """
    from ..datasets.dataset import DataSet
    from ..datasets.training_feed import DataSetFeed, EndlessFeed

    if data is not None:
        found = DataSet(data)
        for problem in found.problems:
            report.warn(problem)
        if found.skipped:
            report.warn(
                f"{counted(found.skipped, 'sound')} of {data} cannot be used; training on the other {len(found)}"
            )
        yield DataSetFeed(found, report.warn)
    elif synth is not None:
        folder = out.with_name(f"{out.name}-sounds")
        with EndlessFeed(synth, folder, disk_limit_gb or 1.0, report.warn) as endless:
            yield endless
    else:
        raise UsageError(f"give a data set or --synth, as in: brainsynth train {family} DATA --output RUN")


def resynthesise_with(sounds: DataSetFeed | EndlessFeed, synth: str | None, report: TrainingReport) -> Any:
    """Give a function that renders parameters anew for the logs, or None where that is not possible, and say so.

    Raises
    ------
    SynthMismatchError, SynthError
        If the synth that was given did not make the sounds, or cannot be rendered.
    """
    from ..datasets.training_feed import DataSetFeed, resynthesis_of

    found = sounds if isinstance(sounds, DataSetFeed) else sounds.held_out
    try:
        resynthesise = resynthesis_of(found, synth)
    except MissingPackageError:
        return None
    if resynthesise is None:
        report.warn(
            f"the logs will show no sounds as they were found: {found.synth!r}, which made the data set, is not bundled"
            " or has changed, and the copy in the data set is not run; if you have that synth and trust it, give its"
            " path: --synth FILE.csd or FILE.vst3"
        )
    return resynthesise
