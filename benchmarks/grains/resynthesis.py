"""How well a model of grains makes hits again that it has not learned from, beside what would be trivial.

python -m benchmarks.grains.resynthesis --model drums --train DRUMS [--unseen KIT ...] [--numbers]

DRUMS is the folder that the model was trained on, whose split is found by the same rule. A KIT is a folder of hits by
class from drums that were not trained on. Each hit is heard by the encoder and played from its place alone, by the events,
without a class.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.bootstrap import interval
from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.measures import SAMPLE_RATE, Reference, attack_s, pre_echo_db
from brainsynth import Grains
from training.data.recordings import classes_of, read_mono
from training.families.grains.data import HELD_OUT_SHARE, trim
from training.families.grains.series import hold_out_series, series_of

LONGEST_S = 1.5
NAMES = ("lsd_db", "mel_db", "attack_ms", "pre_echo_db")
WAYS = ("model", "nearest", "nearest_of_class", "class_mean")
LEADS_MS = (12.0, 20.0)


@dataclass(frozen=True)
class Hit:
    """A recorded hit: from its onset on, at the level that the model learned at."""

    path: Path
    label: str
    sound: np.ndarray
    reference: Reference


def read_hits(folder: Path) -> list[Hit]:
    """Read all hits of a folder, whose sub-folders are classes."""
    hits: list[Hit] = []
    for label, paths in classes_of(folder).items():
        for path in paths:
            sound = trim(read_mono(path, SAMPLE_RATE), path)[0][: round(LONGEST_S * SAMPLE_RATE)]
            hits.append(Hit(path, label, sound, Reference.of(sound)))
    return hits


def split(hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """Divide hits as a training does: learned from, and kept aside."""
    apart = hold_out_series([(hit.label, series_of(hit.path)) for hit in hits], HELD_OUT_SHARE)
    return [h for h, a in zip(hits, apart, strict=True) if not a], [
        h for h, a in zip(hits, apart, strict=True) if a
    ]


def made_again(grains: Grains, hit: Hit, without: int | None = None) -> np.ndarray:
    """Play a hit from the place at which it is heard: (T,), at the same level."""
    place = grains.place_of(grains.hear(hit.sound[None], SAMPLE_RATE)).copy()
    if without is not None:
        place[without] = 0.0
    return trim(grains.play_event(place), hit.path)[0]


def measure(made: np.ndarray, hit: Hit, random: np.random.Generator) -> tuple[float, ...]:
    """Give LSD, log-mel L1, attack error and pre-echo of a made hit."""
    error_ms = abs(attack_s(made) - attack_s(hit.sound)) * 1000
    lead = round(random.uniform(*LEADS_MS) * SAMPLE_RATE / 1000)
    return (*hit.reference.distances(made[: len(hit.sound)]), error_ms, pre_echo_db(np.pad(made, (lead, 0))))


def nearest(hit: Hit, others: Sequence[Hit], random: np.random.Generator) -> tuple[float, ...]:
    """The same of the hit among others whose log-mel spectrogram is nearest."""
    found = min(others, key=lambda other: hit.reference.distances(other.sound[: len(hit.sound)])[1])
    return measure(found.sound, hit, random)


def class_mean(hit: Hit, others: Sequence[Hit]) -> tuple[float, ...]:
    """LSD and log-mel L1 of the mean of a class's spectrograms in dB; it is no sound, and has no attack."""
    frames = len(hit.reference.audible)
    means = []
    for name in ("level_db", "mel_db"):
        wanted = getattr(hit.reference, name)
        floor = wanted.max() - 80.0
        rows = np.full((len(others), frames, wanted.shape[1]), floor)
        for row, other in zip(rows, others, strict=True):
            part = getattr(other.reference, name)[:frames]
            row[: len(part)] = part
        means.append(np.maximum(rows.mean(0), floor))
    return (*hit.reference.distances_of(*means), np.nan, np.nan)


def compare(grains: Grains, hits: Sequence[Hit], known: Sequence[Hit], what: str) -> dict[str, object]:
    """Measure all ways on some hits: medians with intervals of means, and medians by class."""
    random = np.random.default_rng(0)
    by_class = defaultdict(list)
    for other in known:
        by_class[other.label].append(other)
    rows = {way: np.full((len(hits), len(NAMES)), np.nan) for way in WAYS}
    for index, hit in enumerate(track(hits, what)):
        same = by_class[hit.label]
        rows["model"][index] = measure(made_again(grains, hit), hit, random)
        rows["nearest"][index] = nearest(hit, known, random)
        rows["nearest_of_class"][index] = nearest(hit, same, random)
        rows["class_mean"][index] = class_mean(hit, same)
    labels = np.array([hit.label for hit in hits])
    return {way: _summary(values, labels) for way, values in rows.items()}


def _summary(values: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, column in zip(NAMES, values.T, strict=True):
        if np.isfinite(column).all():
            medians = {str(label): float(np.median(column[labels == label])) for label in np.unique(labels)}
            found[name] = {"median": float(np.median(column)), **interval(column), "by_class": medians}
    return found


def cost_of_each_number(grains: Grains, hits: Sequence[Hit]) -> list[float]:
    """Give by how many dB the mean LSD grows where each number of a place is set to zero."""

    def lsd(without: int | None) -> float:
        found = [h.reference.distances(made_again(grains, h, without)[: len(h.sound)])[0] for h in hits]
        return float(np.mean(found))

    whole = lsd(None)
    return [lsd(i) - whole for i in track(range(len(grains.points[0].value)), "numbers of a place")]


def show(figures: dict[str, object], what: str, count: int) -> None:
    """Print a table of medians."""
    table = Table(
        *("", "LSD dB", "log-mel dB", "attack error ms", "pre-echo dB"),
        title=f"{what}, {count} hits, medians",
    )
    for way in WAYS:
        values = figures[way]
        assert isinstance(values, dict)
        medians = [values[name]["median"] if name in values else None for name in NAMES]
        table.add_row(way.replace("_", " "), *("" if m is None else f"{m:.2f}" for m in medians))
    wide_console().print(table)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="drums")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--unseen", type=Path, action="append", default=[])
    parser.add_argument("--numbers", action="store_true", help="also what each number of a place is worth")
    arguments = parser.parse_args()
    grains = Grains(arguments.model)
    known, apart = split(read_hits(arguments.train))
    figures: dict[str, object] = {}
    for name, hits in (("kept aside", apart), *((kit.name, read_hits(kit)) for kit in arguments.unseen)):
        found = compare(grains, hits, known, name)
        show(found, name, len(hits))
        figures[name] = {"hits": len(hits), **found}
        if arguments.numbers and name != "kept aside":
            costs = cost_of_each_number(grains, hits)
            used = sum(cost > 0.05 for cost in costs)
            rounded = np.round(costs, 2).tolist()
            wide_console().print(f"{name}: {used} of {len(costs)} numbers cost more than .05 dB: {rounded}")
            figures[f"{name}, numbers"] = costs
    write_results("grains_resynthesis", {"model": grains.name, "known": len(known)}, figures)


if __name__ == "__main__":
    main()
