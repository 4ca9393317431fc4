"""Whether hits that a model of grains draws are of their class, as different as real ones, and no copies.

python -m benchmarks.grains.drawn --model drums --train DRUMS --unseen KIT [--kits FOLDER] [--count 500]

DRUMS is what the model was trained on. A judge of classes is trained on what the model learned from, and on the hits of
FOLDER, other kits by class. The KIT, which nothing was trained on, says whether it may judge. Hits are drawn with the shares
that classes have among the learned ones, at a temperature of 1.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.common.report import wide_console, write_results
from benchmarks.grains.drawn_measures import kernel_distances, nearest_ratios, spread_ratios
from benchmarks.grains.hits import Hit, read_hits, split
from benchmarks.grains.judge import Judge, features_of, train_judge
from benchmarks.grains.measures import SAMPLE_RATE, Reference, Sound
from benchmarks.grains.resynthesis import made_again
from brainsynth import Grains
from training.hits.sounds import trim

Seen = tuple[np.ndarray, np.ndarray]
"""What is seen of hits (N, 80, 128), and the classes (N,) of str."""


def seen(hits: Sequence[Hit]) -> Seen:
    """Give what is seen of recorded hits, and their classes."""
    return np.stack([features_of(hit.reference) for hit in hits]), np.array([hit.label for hit in hits])


def seen_of_sounds(sounds: Sequence[Sound], labels: Sequence[str]) -> Seen:
    """Give the same of made sounds."""
    return np.stack([features_of(Reference.of(sound)) for sound in sounds]), np.array(labels)


def draw(grains: Grains, labels: Sequence[str]) -> list[Sound]:
    """Draw a hit of each class that is named, each with a seed of its own."""
    middle = np.zeros(len(grains.points[0].value), np.float32)
    return [
        trim(grains.play_event(middle, grains.weights_of(label), temperature=1.0, seed=seed), Path(label))[0]
        for seed, label in enumerate(track(labels, "drawn"))
    ]


def shares(labels: Sequence[str], count: int) -> list[str]:
    """Name so many classes with the shares that they have among labels, each at least twice."""
    counts = Counter(labels)
    return [
        name for name, of in sorted(counts.items()) for _ in range(max(2, round(count * of / len(labels))))
    ]


def accuracies(judge: Judge, groups: dict[str, Seen]) -> dict[str, object]:
    """Give how often the judge is right in each group, for all and by class, and what it names each class most often."""
    figures: dict[str, object] = {}
    for name, (shown, labels) in groups.items():
        named = judge.named(shown)
        right = named == labels
        by_class = {str(label): float(right[labels == label].mean()) for label in np.unique(labels)}
        most = {
            str(label): Counter(named[labels == label].tolist()).most_common(1)[0][0]
            for label in np.unique(labels)
        }
        figures[name] = {
            "hits": len(labels),
            "right": float(right.mean()),
            "by_class": by_class,
            "named": most,
        }
    return figures


def kernel_figures(judge: Judge, known: Seen, apart: Seen, drawn: Seen) -> dict[str, object]:
    """Compare drawn and kept-aside hits with learned ones in the judge's embedding, of the same classes and equally many."""
    sides = [Counter(labels.tolist()) for _, labels in (known, apart, drawn)]
    counts = {name: min(side[name] for side in sides) for name in sides[1]}
    learned = judge.embed(known[0])
    figures = {
        name: kernel_distances(learned, known[1], judge.embed(side[0]), side[1], counts)
        for name, side in (("drawn", drawn), ("kept aside", apart))
    }
    return {"hits": sum(counts.values()), **figures}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="drums")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--unseen", type=Path, required=True)
    parser.add_argument("--kits", type=Path, help="other kits, for the judge")
    parser.add_argument("--count", type=int, default=500)
    arguments = parser.parse_args()
    grains = Grains(arguments.model)
    learned, kept = split(read_hits(arguments.train))
    unseen, known, apart = read_hits(arguments.unseen), seen(learned), seen(kept)
    others = [known, *([seen(read_hits(arguments.kits))] if arguments.kits else [])]
    judge = train_judge(
        np.concatenate([shown for shown, _ in others]),
        np.concatenate([labels for _, labels in others]).tolist(),
    )
    labels = shares(known[1].tolist(), arguments.count)
    drawn = seen_of_sounds(draw(grains, labels), labels)
    again = [trim(made_again(grains, hit), hit.path)[0] for hit in track(kept, "made again")]
    groups = {
        "kept aside": apart,
        arguments.unseen.name: seen(unseen),
        "kept aside, made again": seen_of_sounds(again, [hit.label for hit in kept]),
        "drawn": drawn,
    }
    figures: dict[str, object] = {
        "judge": accuracies(judge, groups),
        "kernel distance": kernel_figures(judge, known, apart, drawn),
        "spread": spread_ratios(*drawn, *known),
        "nearest learned": nearest_ratios(drawn, apart, known),
    }
    wide_console().print(figures)
    settings = {
        "model": grains.name,
        "known": len(learned),
        "judged_by": sum(len(names) for _, names in others),
    }
    write_results("grains_drawn", {**settings, "unseen": arguments.unseen.name, "rate": SAMPLE_RATE}, figures)


if __name__ == "__main__":
    main()
