"""How well a model of grains makes hits again that it has not learned from, beside what would be trivial.

python -m benchmarks.grains.resynthesis --model drums --train DRUMS [--unseen KIT ...] [--twin FILE] [--numbers]

DRUMS is the folder that the model was trained on, whose split is found by the same rule. A KIT is a folder of hits by
class from drums that were not trained on. Each hit is heard by the encoder and played from its place alone, by the events,
without a class.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.bootstrap import interval
from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.hits import Hit, read_hits, split
from benchmarks.grains.measures import SAMPLE_RATE, attack_s, pre_echo_db
from benchmarks.grains.paper_twin import Twin, load
from brainsynth import Grains
from training.hits.sounds import trim

NAMES = ("lsd_db", "mel_db", "attack_ms", "pre_echo_db")
WAYS = ("model", "twin", "nearest", "nearest_of_class", "class_mean")
LEADS_MS = (12.0, 20.0)


def made_again(grains: Grains, hit: Hit, without: int | None = None) -> np.ndarray:
    """Play a hit from the place at which it is heard: (T,), from the trigger on."""
    heard = grains.hear(hit.sound[None], SAMPLE_RATE)
    place = grains.place_of(heard).copy()
    if without is not None:
        place[without] = 0.0
    return grains.play_event(place, note=grains.note_of(heard))


def measure(made: np.ndarray, hit: Hit, random: np.random.Generator) -> tuple[float, ...]:
    """Give LSD, log-mel L1, attack error and pre-echo of a made hit (T,), brought to the level and onset of hits."""
    aligned = trim(made, hit.path)[0]
    error_ms = abs(attack_s(aligned) - attack_s(hit.sound)) * 1000
    echo_db = pre_echo_db(np.pad(made, (_lead(random), 0)))
    return (*hit.reference.distances(aligned[: len(hit.sound)]), error_ms, echo_db)


def measure_twin(twin: Twin, hit: Hit, random: np.random.Generator) -> tuple[float, ...]:
    """The same of the twin, which keeps time and level by itself: a hit begins anywhere in a grain.

    Its pre-echo is what comes before the recorded attack, as its own may be late.
    """
    lead = _lead(random)
    whole = twin.made_again(np.pad(hit.sound, (lead, 0)), hit.label)
    made = whole[lead:]
    error_ms = abs(attack_s(whole) - lead / SAMPLE_RATE - attack_s(hit.sound)) * 1000
    return (
        *hit.reference.distances(made),
        error_ms,
        pre_echo_db(whole, lead / SAMPLE_RATE + attack_s(hit.sound)),
    )


def _lead(random: np.random.Generator) -> int:
    return round(random.uniform(*LEADS_MS) * SAMPLE_RATE / 1000)


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


def compare(
    grains: Grains, twin: Twin | None, hits: Sequence[Hit], known: Sequence[Hit], what: str
) -> dict[str, object]:
    """Measure all ways on some hits: medians with intervals of means, and medians by class."""
    random = np.random.default_rng(0)
    by_class = defaultdict(list)
    for other in known:
        by_class[other.label].append(other)
    rows = {way: np.full((len(hits), len(NAMES)), np.nan) for way in WAYS}
    for index, hit in enumerate(track(hits, what)):
        same = by_class[hit.label]
        rows["model"][index] = measure(made_again(grains, hit), hit, random)
        if twin is not None:
            rows["twin"][index] = measure_twin(twin, hit, random)
        rows["nearest"][index] = nearest(hit, known, random)
        rows["nearest_of_class"][index] = nearest(hit, same, random)
        rows["class_mean"][index] = class_mean(hit, same)
    labels = np.array([hit.label for hit in hits])
    return {way: summary(values, labels) for way, values in rows.items()}


def summary(values: np.ndarray, labels: np.ndarray) -> dict[str, object]:
    """Give of each measure of hits (N, 4) the median, the mean with its interval, and medians by class (N,)."""
    found: dict[str, object] = {}
    for name, column in zip(NAMES, values.T, strict=True):
        if np.isfinite(column).all():
            medians = {str(label): float(np.median(column[labels == label])) for label in np.unique(labels)}
            found[name] = {"median": float(np.median(column)), **interval(column), "by_class": medians}
    return found


def cost_of_each_number(grains: Grains, hits: Sequence[Hit]) -> list[float]:
    """Give by how many dB the mean LSD grows where each number of a place is set to zero."""

    def lsd(without: int | None) -> float:
        made = [trim(made_again(grains, hit, without), hit.path)[0] for hit in hits]
        found = [h.reference.distances(one[: len(h.sound)])[0] for h, one in zip(hits, made, strict=True)]
        return float(np.mean(found))

    whole = lsd(None)
    return [lsd(i) - whole for i in track(range(len(grains.points[0].value)), "numbers of a place")]


def show(figures: dict[str, object], what: str, count: int) -> None:
    """Print a table of the medians of ways."""
    table = Table(
        *("", "LSD dB", "log-mel dB", "attack error ms", "pre-echo dB"),
        title=f"{what}, {count} hits, medians",
    )
    for way, values in figures.items():
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
    parser.add_argument("--twin", type=Path, help="what benchmarks.grains.paper_twin wrote")
    arguments = parser.parse_args()
    twin, origin = load(arguments.twin) if arguments.twin else (None, {})
    grains = Grains(arguments.model)
    known, apart = split(read_hits(arguments.train))
    figures: dict[str, object] = (
        {"twin": {name: origin[name] for name in ("minutes", "threads")}} if twin else {}
    )
    for name, hits in (("kept aside", apart), *((kit.name, read_hits(kit)) for kit in arguments.unseen)):
        found = compare(grains, twin, hits, known, name)
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
