"""The sounds of a synth that a family learns from: of a data set, made for the run, or without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackageError, SynthMismatchError, UsageError, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    from ..datasets.training_feed import EndlessFeed

    if data is not None:
        yield _feed(data, report)
    elif synth is not None:
        folder = out.with_name(f"{out.name}-sounds")
        with EndlessFeed(synth, folder, disk_limit_gb or 1.0, report.warn) as endless:
            yield endless
    else:
        raise UsageError(f"give a data set or --synth, as in: brainsynth train {family} DATA --output RUN")


def _feed(data: Path, report: TrainingReport) -> DataSetFeed:
    from ..datasets.dataset import DataSet
    from ..datasets.training_feed import DataSetFeed

    found = DataSet(data)
    for problem in found.problems:
        report.warn(problem)
    if found.skipped:
        report.warn(
            f"{counted(found.skipped, 'sound')} of {data} cannot be used; training on the other {len(found)}"
        )
    return DataSetFeed(found, report.warn)


def find_recordings_found(
    found: Path | None, synth: str | None, report: TrainingReport
) -> DataSetFeed | None:
    """Give the recordings of a data set whose parameters were found, None without one.

    Raises
    ------
    DataSetError
        If it is no data set, or holds no sounds.
    SynthMismatchError
        If another synth than the one that was named was searched; else the training finds that out.
    """
    from ..synths.kinds import hash_synth
    from ..synths.synth import find_synth

    if found is None:
        return None
    feed = _feed(found, report)
    if synth is not None and hash_synth(find_synth(synth)) != feed.synth_sha256:
        raise SynthMismatchError(
            f"the parameters in {found} were found for another synth ({feed.synth!r}), or another version of it, than"
            f" {find_synth(synth)}; find them anew: brainsynth generate {synth} --like RECORDINGS"
        )
    return feed


def distance_db(meant: NDArray[np.float32], made: NDArray[np.float32], sample_rate: int) -> float:
    """Give how far a sound (T,) that was made is from a recording (T,), in dB, as a search compares them.

    A recording that is cut off, and filled up with silence, is compared as far as it goes.
    """
    import numpy as np

    from ..matching.sound_distances import mss
    from ..matching.target_sound import sounds_to_the_end

    heard = np.trim_zeros(meant, "b")
    kept = heard if sounds_to_the_end(heard, sample_rate) else meant
    return mss(kept, made[: len(kept)], sample_rate)


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
