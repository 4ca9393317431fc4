"""Measure what fills a sampler: time of a set, share of draws that are fit, distances, and kits after different sounds."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from plugin_host.sampler.character import Characters
from plugin_host.sampler.filling import fill
from plugin_host.sampler.finishing import fault_of, finished
from plugin_host.sampler.kits import kit
from plugin_host.sampler.likeness import Known, known_of, picture, training_sounds
from plugin_host.sampler.places import class_of
from plugin_host.sampler.recipe import Recipe
from plugin_host.sampler.sets import write_set
from plugin_host.sampler.shot import Versions
from plugin_host.sampler.source import OneShots, open_one_shots

RUNS = 3
DRAWS = 200
GIVEN = 6
"""Sounds of each class that kits are made after."""


def measure_time(model: str, count: int) -> dict[str, float]:
    """Give seconds of a core for a set of WAV files, from opening the model on: a model's first, and the next ones."""
    with _empty_cache():
        first = _core_seconds(lambda folder: _write(model, count, folder))
        later = [_core_seconds(lambda folder: _write(model, count, folder)) for _ in range(RUNS)]
    return {"first_set_s": first, "set_s": statistics.median(later)}


def measure_draws(source: OneShots, draws: int) -> dict[str, Any]:
    """Look what is wrong with random draws, as the model plays them and when they are finished."""
    filling, rate = fill(source, draws), source.sample_rate
    labels = filling.labels
    recipes = [filling.drawn(labels[number % len(labels)], number) for number in range(draws)]
    played = [recipe.play(source) for recipe in recipes]
    raw = Counter(fault_of(sound, rate) for sound in played)
    done = Counter(fault_of(finished(sound, rate), rate) for sound in played)
    return {
        "draws": draws,
        "fit_as_played": raw[""] / draws,
        "fit_when_finished": done[""] / draws,
        "faults_as_played": {fault: number for fault, number in raw.items() if fault},
        "faults_when_finished": {fault: number for fault, number in done.items() if fault},
    }


def measure_distances(source: OneShots, count: int, unique: float) -> dict[str, float]:
    """Give distances within a set, and from it to the training sounds, in typical distances of those."""
    trained = training_sounds(source)
    filling = fill(source, count, unique=unique)
    shots = list(filling)
    made = known_of([shot.sound for shot in shots], source.sample_rate)
    labels = np.array([point.label.split("/")[0] for point in source.points])
    own = [
        labels[trained.distances(seen).argmin()] == shot.recipe.label
        for seen, shot in zip(made.pictures, shots, strict=True)
    ]
    return {
        "unique": unique,
        "found": filling.found,
        "drawn_again": filling.too_near + filling.faulty,
        "typical_db": trained.typical(),
        "least_to_training": min(map(trained.nearest, made.pictures)) / trained.typical(),
        "median_to_training": statistics.median(map(trained.nearest, made.pictures)) / trained.typical(),
        "median_in_set": made.typical() / trained.typical(),
        "nearest_training_sound_is_of_its_class": float(np.mean(own)),
    }


def measure_kits(source: OneShots, given: int) -> dict[str, float]:
    """Give how far kits after different sounds of a class are apart, in typical distances, and whether they match them.

    They match if the other classes of a kit are brighter where its sound is, and longer where it is.
    """
    typical = training_sounds(source).typical()
    characters = Characters(source, training_sounds(source))
    apart: list[float] = []
    heard: list[bool] = []
    characters_given, characters_made = [], []
    for label in source.classes:
        # The sounds are heard, as sounds of people's own are: their recipes are not used.
        kits: list[dict[str, Known]] = []
        for shot in fill(source, given, label=label, seed=1):
            place = source.hear(shot.sound[None], source.sample_rate)
            heard.append(class_of(source, place) == label)
            recipe = Recipe(model=source.name, sha256="", label=label, place=tuple(map(float, place)))
            others = [one for one in kit(source, recipe, versions=Versions()) if one.recipe.label != label]
            kits.append({one.recipe.label: known_of([one.sound], source.sample_rate) for one in others})
            characters_given.append(characters.away(label, picture(shot.sound, source.sample_rate)))
            characters_made.append(
                np.mean([characters.away(name, seen.pictures[0]) for name, seen in kits[-1].items()], axis=0)
            )
        for one, other in combinations(kits, 2):
            apart += [one[name].nearest(other[name].pictures[0]) for name in one]
    given_away, made_away = np.array(characters_given), np.array(characters_made)
    return {
        "kits": given * len(source.classes),
        "class_heard": float(np.mean(heard)),
        "median_apart": statistics.median(apart) / typical,
        "share_alike": float(np.mean(np.array(apart) < 0.1 * typical)),
        "rank_correlation_brightness": rank_correlation(given_away[:, 0], made_away[:, 0]),
        "rank_correlation_length": rank_correlation(given_away[:, 1], made_away[:, 1]),
    }


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Give Spearman's rank correlation of values (N,) and (N,) without ties."""
    return float(np.corrcoef(first.argsort().argsort(), second.argsort().argsort())[0, 1])


def _write(model: str, count: int, folder: Path) -> None:
    source = open_one_shots(model)
    write_set(folder / "set", fill(source, count), source.sample_rate)


def _core_seconds(work: Callable[[Path], object]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        work(Path(folder))
        return time.process_time() - begun


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            os.environ.pop("XDG_CACHE_HOME")
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before


def main() -> None:
    """Print and write down the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="drums", help="(default: %(default)s)")
    parser.add_argument("--count", type=int, default=200, help="sounds of a set (default: %(default)s)")
    arguments = parser.parse_args()
    model, count = arguments.model, arguments.count
    source = open_one_shots(model)
    figures: dict[str, Any] = {"time": measure_time(model, count), "draws": measure_draws(source, DRAWS)}
    for unique in (0.0, 0.5, 1.0):
        figures[f"set, unique {unique:g}"] = measure_distances(source, count, unique)
    if source.classes:
        figures["kits"] = measure_kits(source, GIVEN)
    table = Table(title=f"{count} sounds of {model}")
    for column in ("", "figure", "value"):
        table.add_column(column)
    for group, values in figures.items():
        for name, value in values.items():
            table.add_row(group, name, f"{value:.3g}" if isinstance(value, float) else str(value))
    wide_console().print(table)
    print(write_results("sampler_sets", {"model": model, "count": count}, figures))


if __name__ == "__main__":
    main()
