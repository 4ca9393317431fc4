"""How well a model of grains makes notes again that it has not learned from, beside what would be trivial.

python -m benchmarks.grains.tonal --model strings --train NOTES [--twin FILE] [--longest-s 2.5]

NOTES is the folder that the model was trained on, whose split is found by the same rule: no take of a note that is kept
aside was learned from. A note is made twice: from its place, which is 16 numbers for all of it, and from its grains, by the
effect, which are 16 numbers and a loudness for each 2.9 ms. The twin has 32 numbers for each 23 ms.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.bootstrap import interval
from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.hits import Hit, read_hits, split
from benchmarks.grains.measures import SAMPLE_RATE, Reference
from benchmarks.grains.paper_twin import Twin, load
from benchmarks.grains.resynthesis import made_again
from brainsynth import Grains, NeuralEffect
from training.hits.sounds import trim

NAMES = ("LSD dB", "RMSE dB", "log-mel dB")
LONGEST_S = 2.5

Way = Callable[[Hit], np.ndarray | Reference]
"""Makes of a note a sound (T,), or spectrograms that belong to none."""


def figures_of(hit: Hit, made: np.ndarray | Reference) -> tuple[float, float, float]:
    """Give LSD, root mean square error of log magnitudes, and log-mel L1, all in dB."""
    found = made if isinstance(made, Reference) else hit.reference.heard(made)
    lsd, mel = hit.reference.distances_of(found.level_db, found.mel_db)
    error = (found.level_db - hit.reference.level_db)[hit.reference.audible]
    return lsd, float(np.sqrt(np.square(error).mean())), mel


def from_place(grains: Grains, hit: Hit) -> np.ndarray:
    """Play a note from the one place at which it is heard."""
    return trim(made_again(grains, hit), hit.path)[0]


def from_grains(effect: NeuralEffect, hit: Hit) -> np.ndarray:
    """Play a note through the effect."""
    return trim(effect(hit.sound[None], SAMPLE_RATE)[0], hit.path)[0]


def by_twin(twin: Twin, hit: Hit) -> np.ndarray:
    """Play a note from the twin's grains."""
    return trim(twin.made_again(hit.sound, hit.label), hit.path)[0]


def nearest(known: Sequence[Hit], hit: Hit) -> np.ndarray:
    """Give the known note whose log-mel spectrogram is nearest."""
    return min(known, key=lambda other: hit.reference.distances(other.sound)[1]).sound


def class_mean(known: Sequence[Hit], hit: Hit) -> Reference:
    """Give the mean of the spectrograms of a note's class, in dB."""
    same = [other.reference for other in known if other.label == hit.label]
    means: list[np.ndarray] = []
    for name in ("level_db", "mel_db"):
        wanted = getattr(hit.reference, name)
        floor = wanted.max() - 80.0
        total = np.zeros_like(wanted)
        for other in same:
            part = getattr(other, name)[: len(wanted)]
            total[: len(part)] += np.maximum(part, floor)
            total[len(part) :] += floor
        means.append(total / len(same))
    level_db, mel_db = means
    return Reference(level_db, mel_db, hit.reference.audible)


def measure(way: Way, notes: Sequence[Hit], what: str) -> dict[str, object]:
    """Measure one way on all notes: medians with intervals of means, for all and by class."""
    rows = np.array([figures_of(hit, way(hit)) for hit in track(notes, what)])
    labels = np.array([hit.label for hit in notes])
    return {
        name: {
            "median": float(np.median(column)),
            **interval(column),
            "by_class": {str(one): float(np.median(column[labels == one])) for one in np.unique(labels)},
        }
        for name, column in zip(NAMES, rows.T, strict=True)
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="strings")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--twin", type=Path, help="what benchmarks.grains.paper_twin wrote")
    parser.add_argument("--longest-s", type=float, default=LONGEST_S)
    arguments = parser.parse_args()
    grains = Grains(arguments.model)
    known, apart = split(read_hits(arguments.train, arguments.longest_s))
    ways: dict[str, Way] = {
        "from its place": partial(from_place, grains),
        "from its grains": partial(from_grains, NeuralEffect(arguments.model)),
        "nearest note": partial(nearest, known),
        "mean of its class": partial(class_mean, known),
    }
    figures: dict[str, object] = {"notes": len(apart), "known": len(known)}
    if arguments.twin:
        twin, origin = load(arguments.twin)
        ways["twin of the paper"] = partial(by_twin, twin)
        figures["twin"] = {name: origin[name] for name in ("minutes", "threads")}
    table = Table("", *NAMES, title=f"{len(apart)} notes kept aside, medians")
    for what, way in ways.items():
        found = measure(way, apart, what)
        table.add_row(what, *(f"{found[name]['median']:.2f}" for name in NAMES))  # type: ignore[index]
        figures[what] = found
    wide_console().print(table)
    write_results("grains_tonal", {"model": grains.name, "longest_s": arguments.longest_s}, figures)


if __name__ == "__main__":
    main()
