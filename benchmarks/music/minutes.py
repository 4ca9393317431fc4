"""Whether music stays alive over minutes, what it copies, and what it costs.

python -m benchmarks.music.minutes --model NAME [--minutes 10] [--seeds 5] [--temperatures .8,.95,1]

Music from nothing is played with each seed at each temperature, and heard again by the model's ear. The first half minute
does not count where loudness is compared: songs begin softly.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model
from plugin_host.music.composition import Composition
from plugin_host.music.report import Report

LOUDNESS_DB = 6.0
ENTROPY_BITS = (2.8, 6.1)
"""Of real half minutes of a corpus of sixteen songs."""


def play(
    model: Model, ear: Model, minutes: float, seed: int, temperature: float, stray: float
) -> dict[str, Any]:
    """Play and report; the cost is of the music alone, as a share of real time."""
    controls = {"seed": float(seed), "temperature": temperature, "stray": stray}
    work = Composition(model, 60 * minutes, controls=controls)
    report, spent = Report(work.sample_rate, ear), []
    blocks, begun = work.blocks(), time.thread_time()
    for block in blocks:
        spent.append((time.thread_time() - begun) * work.sample_rate / block.shape[1])
        report.take(block)
        begun = time.thread_time()
    found = report.finish()
    parts = found["holds"]["parts"]
    return {
        "seed": seed,
        "temperature": temperature,
        "loudness_change_db": parts[-1]["loudness_db"]
        - float(np.mean([p["loudness_db"] for p in parts[1:3]])),
        "entropy_bits": [part["entropy_bits"] for part in parts],
        "silent_share": parts[-1]["silent_share"],
        "longest_repeat_steps": found["holds"]["longest_repeat_steps"],
        "longest_run_steps": found["copied"]["longest_run_steps"],
        "flagged_share": found["copied"]["flagged_share"],
        "flagged_share_transposed": found["copied"]["flagged_share_transposed"],
        "cost_begin": float(np.median(spent[: len(spent) // 10])),
        "cost_end": float(np.median(spent[-len(spent) // 10 :])),
    }


def alive(found: dict[str, Any]) -> bool:
    """Whether the last half minute is as loud as minute 1, and its codes as varied as those of songs."""
    low, high = ENTROPY_BITS
    return abs(found["loudness_change_db"]) <= LOUDNESS_DB and low <= found["entropy_bits"][-1] <= high


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--temperatures", default=".8,.95,1")
    parser.add_argument("--stray", type=float, default=0.5)
    arguments = parser.parse_args()
    stem = arguments.model.removesuffix(".onnx")
    ending = ".onnx" if arguments.model.endswith(".onnx") else ""
    model, ear = Model(arguments.model), Model(f"{stem}.ear{ending}")
    runs = [
        (seed, float(text)) for text in arguments.temperatures.split(",") for seed in range(arguments.seeds)
    ]
    found = [
        play(model, ear, arguments.minutes, seed, temperature, arguments.stray)
        for seed, temperature in track(runs, "playing")
    ]
    table = Table(title=f"{arguments.minutes:g} minutes from nothing")
    names = (
        "temperature",
        "seed",
        "alive",
        "loudness",
        "entropy, last",
        "silence",
        "repeat",
        "run",
        "flagged",
        "in any key",
        "cost",
    )
    for name in names:
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(
            f"{one['temperature']:g}", str(one["seed"]), "yes" if alive(one) else "no",
            f"{one['loudness_change_db']:+.1f} dB", f"{one['entropy_bits'][-1]:.1f}", f"{one['silent_share']:.0%}",
            str(one["longest_repeat_steps"]), str(one["longest_run_steps"]), f"{one['flagged_share']:.0%}",
            f"{one['flagged_share_transposed']:.0%}",
            f"{one['cost_begin']:.1%}; {one['cost_end']:.1%}",
        )  # fmt: skip
    console = wide_console()
    console.print(table)
    console.print(f"alive: {sum(map(alive, found))} of {len(found)}")
    settings = {"model": Path(stem).name, "minutes": arguments.minutes, "stray": arguments.stray}
    measured = {
        f"temperature {float(text):g}": [one for one in found if one["temperature"] == float(text)]
        for text in arguments.temperatures.split(",")
    }
    write_results("music_minutes", settings, measured)


if __name__ == "__main__":
    main()
