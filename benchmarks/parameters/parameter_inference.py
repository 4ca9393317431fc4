"""How well a model hears a synth's parameters, on sounds that it was not trained on.

python -m benchmarks.parameters.parameter_inference --model fm [--synth FILE.csd] [--sounds 200] [--refined 50] [--limit N]
"""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common import bootstrap
from benchmarks.common.report import wide_console, write_results
from benchmarks.parameters.parameter_sounds import (
    KnownSound,
    Neighbours,
    change_db,
    identifiable,
    known_sounds,
    matched,
    play,
)
from plugin_host.matching.inference import ParameterModel
from plugin_host.matching.refinement import refine
from plugin_host.matching.sound_distances import distances
from plugin_host.model_file.controls import Scale
from plugin_host.synths.parameters import to_unit
from plugin_host.synths.renderer import Renderer

AUDIBLE_DB = 0.5
MOMENTS_S = (0.1, 0.25, 0.5, 1.0)
RENDERS = 50
Figure = dict[str, float]


def interval(values: Sequence[float] | np.ndarray) -> Figure:
    """Give the mean of those values that are numbers, with its interval; no number if there are none."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return {"mean": float("nan"), "low": float("nan"), "high": float("nan")}
    return bootstrap.interval(values)


def interval_of_sounds(errors: np.ndarray, counted: np.ndarray) -> Figure:
    """Give the mean of errors (N, P) where they count, resampling whole sounds, whose errors hang together."""
    random = np.random.default_rng(0)
    sums, counts = (errors * counted).sum(axis=1), counted.sum(axis=1)
    rows = random.integers(0, len(errors), (bootstrap.RESAMPLES, len(errors)))
    means = sums[rows].sum(axis=1) / np.maximum(counts[rows].sum(axis=1), 1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {"mean": float(sums.sum() / max(counts.sum(), 1)), "low": float(low), "high": float(high)}


class Hearing:
    """A model under test and its synth.

    Parameters
    ----------
    model : ParameterModel
        Of the synth that the renderer plays.
    renderer : Renderer
        Of its synth.
    """

    def __init__(self, model: ParameterModel, renderer: Renderer) -> None:
        self.model, self.renderer = model, renderer
        self.parameters = renderer.synth.parameters
        self.stepped = np.array([p.scale in (Scale.CHOICE, Scale.INTEGER) for p in self.parameters])
        self.choices = np.array([p.scale is Scale.CHOICE for p in self.parameters])

    def unit(self, audio: np.ndarray) -> np.ndarray:
        """What is heard in a sound, (P,) from 0 to 1."""
        synth = self.renderer.synth
        target, _ = self.model.target_of(audio, synth.sample_rate)
        return synth.to_unit(self.model.estimate(target))

    def errors(self, found: np.ndarray, true: np.ndarray) -> np.ndarray:
        """Absolute errors (P,) as parts of the ranges, of a choice 0 or 1; equal voices matched."""
        error = np.abs(found - matched(self.parameters, found, true))
        return np.where(self.choices, (error > 1e-6).astype(float), error)

    def course(self, sound: KnownSound) -> list[float]:
        """Mean error at some moments of a sound, as a live listener has it."""
        synth, document = self.renderer.synth, self.model.model.document
        target, _ = self.model.target_of(sound.audio, synth.sample_rate)
        heard = self.model.model.stream().analyze(target[None])
        values = np.stack([heard[p.name][0] for p in self.parameters], axis=1)
        values = np.clip(values, [p.minimum for p in self.parameters], [p.maximum for p in self.parameters])
        units = to_unit(self.parameters, values)
        hops = [int(moment * synth.sample_rate / document.hop_length) - 1 for moment in MOMENTS_S]
        return [float(self.errors(units[hop], sound.unit).mean()) for hop in hops]

    def seconds(self, audio: np.ndarray, runs: int = 30) -> float:
        """Median time from a sound to its parameters."""
        taken = []
        for _ in range(runs):
            started = time.perf_counter()
            target, _ = self.model.target_of(audio, self.renderer.synth.sample_rate)
            self.model.estimate(target)
            taken.append(time.perf_counter() - started)
        return float(np.median(taken))


def measure_parameters(
    hearing: Hearing, sounds: Sequence[KnownSound], found: np.ndarray
) -> tuple[dict[str, Any], np.ndarray]:
    """Measure errors of parameters, all and those that can be told.

    Parameters
    ----------
    hearing : Hearing
        What is measured.
    sounds : sequence of KnownSound
        N of them.
    found : ndarray
        (N, P) what was heard, from 0 to 1.

    Returns
    -------
    figures : dict
        By group of parameters.
    told : ndarray
        (N, P) which parameters can be told in which sound.
    """
    errors = np.stack([hearing.errors(f, s.unit) for f, s in zip(found, sounds, strict=True)])
    pairs = [identifiable(hearing.renderer, sound) for sound in track(sounds, "telling", transient=True)]
    changes = np.stack([changes for changes, _ in pairs])
    told = changes > np.array([[floor] for _, floor in pairs])
    heard = changes > AUDIBLE_DB
    numbers, choices = ~hearing.choices[None], hearing.choices[None]
    everything = np.ones_like(told)
    figures: dict[str, Any] = {
        "noise_floor_db": float(np.median([floor for _, floor in pairs])),
        "identifiable": interval_of_sounds(errors, told & numbers),
        "audible": interval_of_sounds(errors, heard & numbers),
        "all": interval_of_sounds(errors, everything & numbers),
        "share_identifiable": float(told.mean()),
        "share_audible": float(heard.mean()),
    }
    if hearing.choices.any():
        figures |= {
            "choices_right_identifiable": interval_of_sounds(1 - errors, told & choices),
            "choices_right_audible": interval_of_sounds(1 - errors, heard & choices),
            "choices_right_all": interval_of_sounds(1 - errors, everything & choices),
        }
    figures["parameters"] = {
        p.name: {
            "identifiable": interval(errors[told[:, i], i]),
            "audible": interval(errors[heard[:, i], i]),
            "all": interval(errors[:, i]),
            "share_identifiable": float(told[:, i].mean()),
            "share_audible": float(heard[:, i].mean()),
            "median": float(np.median(errors[:, i])),
        }
        for i, p in enumerate(hearing.parameters)
    }
    return figures, errors


def measure_sounds(
    hearing: Hearing, sounds: Sequence[KnownSound], units: Callable[[int], np.ndarray]
) -> dict[str, Any]:
    """Play parameters and measure how far that is from the sounds.

    Parameters
    ----------
    hearing : Hearing
        Whose synth plays.
    sounds : sequence of KnownSound
        What it is meant to sound like.
    units : callable
        Gives the parameters (P,) for a sound by its number.

    Returns
    -------
    dict
        Of each distance its mean and interval, and the mean error of all parameters.
    """
    rate = hearing.renderer.synth.sample_rate
    rows: dict[str, list[float]] = {"parameter_error": []}
    for number, sound in enumerate(track(sounds, "playing", transient=True)):
        unit = units(number)
        rows["parameter_error"].append(float(hearing.errors(unit, sound.unit).mean()))
        for name, value in distances(sound.audio, play(hearing.renderer, unit), rate).items():
            rows.setdefault(name, []).append(value)
    return {name: interval(values) for name, values in rows.items()} | {
        "mss_median": float(np.median(rows["mss"]))
    }


def measure_refinement(hearing: Hearing, sounds: Sequence[KnownSound], found: np.ndarray) -> dict[str, Any]:
    """Refine guesses by 50 renders each and measure how often and by how much that helps."""
    before, after, taken, errors = [], [], [], []
    synth = hearing.renderer.synth
    for sound, unit in zip(track(sounds, "refining", transient=True), found, strict=True):
        target, _ = hearing.model.target_of(sound.audio, synth.sample_rate)
        started = time.perf_counter()
        refined = refine(
            target, hearing.renderer, synth.from_unit(unit), RENDERS, spread=hearing.model.spread
        )
        taken.append(time.perf_counter() - started)
        before.append(refined.mss_before)
        after.append(refined.mss_after)
        errors.append(float(hearing.errors(synth.to_unit(refined.values), sound.unit).mean()))
    ratios = np.array(after) / np.maximum(before, 1e-9)
    return {
        "sounds": len(before),
        "share_improved": interval((np.array(after) < np.array(before) - 1e-6).astype(float)),
        "mss_before": interval(before),
        "mss_after": interval(after),
        "median_ratio": float(np.median(ratios)),
        "parameter_error": interval(errors),
        "seconds": float(np.median(taken)),
    }


def _shown(figure: Figure, digits: int = 3) -> str:
    return f"{figure['mean']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"


def _parameter_table(figures: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for head in ("parameter", "identifiable", "of sounds", "audible", "of sounds", "all", "median"):
        table.add_column(head, justify="left" if head == "parameter" else "right")
    for name, own in figures["parameters"].items():
        shares = (f"{100 * own[key]:.0f} %" for key in ("share_identifiable", "share_audible"))
        first, second = shares
        table.add_row(
            name,
            _shown(own["identifiable"]),
            first,
            _shown(own["audible"]),
            second,
            f"{own['all']['mean']:.3f}",
            f"{own['median']:.4f}",
        )
    table.add_section()
    row = [_shown(figures[key]) for key in ("identifiable", "audible")]
    table.add_row("mean but for choices", row[0], "", row[1], "", f"{figures['all']['mean']:.3f}", "")
    if "choices_right_all" in figures:
        row = [_shown(figures[f"choices_right_{key}"]) for key in ("identifiable", "audible")]
        table.add_row(
            "choices right", row[0], "", row[1], "", f"{figures['choices_right_all']['mean']:.3f}", ""
        )
    return table


def _sound_table(figures: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="sounds made from parameters, against the sounds heard", title_justify="left")
    for head in ("parameters", "MSS", "wMFCC", "SOT", "RMS-cos", "parameter error"):
        table.add_column(head, justify="left" if head == "parameters" else "right")
    for name, found in figures.items():
        keys = (("mss", 2), ("wmfcc", 2), ("sot", 4), ("rms_cosine", 3), ("parameter_error", 3))
        table.add_row(name, *(_shown(found[key], digits) for key, digits in keys))
    return table


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parameters.parameter_inference")
    parser.add_argument("--model", required=True, help="a bundled model or a model file")
    parser.add_argument("--synth", help="the .csd, if it is not bundled")
    parser.add_argument("--sounds", type=int, default=200, help="how many sounds to hear")
    parser.add_argument("--refined", type=int, default=50, help="how many of them to refine; 0 for none")
    parser.add_argument("--neighbours", type=int, default=10_000, help="sounds to choose the nearest from")
    parser.add_argument("--limit", type=int, help="only so many of each, for trying out; writes nothing")
    given = parser.parse_args()
    count, refined, near = (
        n if given.limit is None else min(n, given.limit)
        for n in (given.sounds, given.refined, given.neighbours)
    )
    console = wide_console()
    model = ParameterModel(given.model, given.synth)
    renderer = Renderer(model.synth)
    hearing = Hearing(model, renderer)
    sounds = known_sounds(renderer, count)
    found = np.stack([hearing.unit(sound.audio) for sound in track(sounds, "hearing", transient=True)])
    parameters, _ = measure_parameters(hearing, sounds, found)
    neighbours = Neighbours(renderer, near)
    middle = np.full(len(hearing.parameters), 0.5)
    played = {
        "heard": measure_sounds(hearing, sounds, lambda i: found[i]),
        "the mean": measure_sounds(hearing, sounds, lambda _: middle),
        f"nearest of {near}": measure_sounds(hearing, sounds, lambda i: neighbours.nearest(sounds[i].audio)),
    }
    course = np.mean([hearing.course(sound) for sound in sounds], axis=0)
    whole = max(sounds, key=lambda sound: len(sound.audio)).audio
    figures: dict[str, Any] = {
        "sounds": len(sounds),
        "rewinds": renderer.rewinds,
        "deterministic_db": change_db(
            sounds[0].audio, play(renderer, sounds[0].unit), renderer.synth.sample_rate
        ),
        "parameters": parameters,
        "played": played,
        "error_after_s": dict(zip(map(str, MOMENTS_S), course, strict=True)),
        "inference_ms": 1000 * hearing.seconds(whole),
        "model_mb": model.model.size_bytes / 1e6,
    }
    title = (
        f"{model.model.name}: absolute error as a part of the range, {len(sounds)} sounds, [95 % interval]"
    )
    console.print(_parameter_table(parameters, title))
    console.print(_sound_table(played))
    moments = ", ".join(f"{value:.3f} after {key} s" for key, value in figures["error_after_s"].items())
    console.print(f"mean error while a sound lasts: {moments}")
    console.print(
        f"a sound of {model.frames / renderer.synth.sample_rate:g} s is heard in {figures['inference_ms']:.1f} ms"
        f" (one thread); the model takes {figures['model_mb']:.2f} MB"
    )
    if refined:
        figures["refinement"] = own = measure_refinement(hearing, sounds[:refined], found[:refined])
        console.print(
            f"refined by {RENDERS} renders: better {_shown(own['share_improved'], 2)} of {own['sounds']} sounds,"
            f" MSS {_shown(own['mss_before'], 2)} before, {_shown(own['mss_after'], 2)} after (median ratio"
            f" {own['median_ratio']:.2f}), {own['seconds']:.1f} s a sound"
        )
    if given.limit is None:
        settings = {"sounds": count, "refined": refined, "neighbours": near, "renders": RENDERS}
        path = write_results("parameter_inference", settings, {model.model.name: figures})
        console.print(f"written to {path}")


if __name__ == "__main__":
    main()
