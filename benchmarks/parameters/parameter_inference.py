"""How well a model estimates a synth's parameters, on sounds that it was not trained on.

python -m benchmarks.parameters.parameter_inference --model fm [--synth FILE.csd] [--sounds 200] [--refined 50] [--limit N]
"""

import argparse
from typing import Any

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from benchmarks.parameters.parameter_measures import (
    MOMENTS_S,
    RENDERS,
    Figure,
    TestedModel,
    measure_parameters,
    measure_refinement,
    measure_sounds,
)
from benchmarks.parameters.parameter_sounds import Neighbours, change_db, known_sounds, play
from brainsynth import Renderer
from plugin_host.matching.inference import ParameterModel

ESTIMATES = "estimated"
"""The key of the model's estimates in the results."""


def _format(figure: Figure, digits: int = 3) -> str:
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
            _format(own["identifiable"]),
            first,
            _format(own["audible"]),
            second,
            f"{own['all']['mean']:.3f}",
            f"{own['median']:.4f}",
        )
    table.add_section()
    row = [_format(figures[key]) for key in ("identifiable", "audible")]
    table.add_row("mean but for choices", row[0], "", row[1], "", f"{figures['all']['mean']:.3f}", "")
    if "choices_right_all" in figures:
        row = [_format(figures[f"choices_right_{key}"]) for key in ("identifiable", "audible")]
        table.add_row(
            "choices right", row[0], "", row[1], "", f"{figures['choices_right_all']['mean']:.3f}", ""
        )
    return table


def _sound_table(figures: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="sounds made from parameters, against the targets", title_justify="left")
    for head in ("parameters", "MSS", "wMFCC", "SOT", "RMS-cos", "parameter error"):
        table.add_column(head, justify="left" if head == "parameters" else "right")
    for name, found in figures.items():
        keys = (("mss", 2), ("wmfcc", 2), ("sot", 4), ("rms_cosine", 3), ("parameter_error", 3))
        shown = "estimated" if name == ESTIMATES else name
        table.add_row(shown, *(_format(found[key], digits) for key, digits in keys))
    return table


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parameters.parameter_inference")
    parser.add_argument("--model", required=True, help="a bundled model or a model file")
    parser.add_argument("--synth", help="the .csd, if it is not bundled")
    parser.add_argument("--sounds", type=int, default=200, help="how many sounds to estimate")
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
    tested = TestedModel(model, renderer)
    sounds = known_sounds(renderer, count)
    found = np.stack([tested.estimate(sound.audio) for sound in track(sounds, "estimating", transient=True)])
    parameters = measure_parameters(tested, sounds, found)
    neighbours = Neighbours(renderer, near)
    middle = np.full(len(tested.parameters), 0.5)
    played = {
        ESTIMATES: measure_sounds(tested, sounds, lambda i: found[i]),
        "the mean": measure_sounds(tested, sounds, lambda _: middle),
        f"nearest of {near}": measure_sounds(tested, sounds, lambda i: neighbours.nearest(sounds[i].audio)),
    }
    over_time = np.mean([tested.errors_over_time(sound) for sound in sounds], axis=0)
    whole = max(sounds, key=lambda sound: len(sound.audio)).audio
    figures: dict[str, Any] = {
        "sounds": len(sounds),
        "rewinds": renderer.rewinds,
        "deterministic_db": change_db(
            sounds[0].audio, play(renderer, sounds[0].unit), renderer.synth.sample_rate
        ),
        "parameters": parameters,
        "played": played,
        "error_after_s": dict(zip(map(str, MOMENTS_S), over_time, strict=True)),
        "inference_ms": 1000 * tested.seconds(whole),
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
        f"a sound of {model.frames / renderer.synth.sample_rate:g} s is estimated in {figures['inference_ms']:.1f} ms"
        f" (one thread); the model file has {figures['model_mb']:.2f} MB"
    )
    if refined:
        figures["refinement"] = own = measure_refinement(tested, sounds[:refined], found[:refined])
        console.print(
            f"refined by {RENDERS} renders: better {_format(own['share_improved'], 2)} of {own['sounds']} sounds,"
            f" MSS {_format(own['mss_before'], 2)} before, {_format(own['mss_after'], 2)} after (median ratio"
            f" {own['median_ratio']:.2f}), {own['seconds']:.1f} s a sound"
        )
    if given.limit is None:
        settings = {"sounds": count, "refined": refined, "neighbours": near, "renders": RENDERS}
        path = write_results("parameter_inference", settings, {model.model.name: figures})
        console.print(f"written to {path}")


if __name__ == "__main__":
    main()
