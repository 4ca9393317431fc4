"""The compute table: time of a block and speed over files, the host included, on one thread.

python -m benchmarks.host.compute [--models cello,my.onnx] [--blocks 64,128,256,512] [--seconds 20]
"""

import argparse
import time
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model
from plugin_host.model_file.document import Role
from plugin_host.showing.block_timing import BlockTiming, bench, make_sound

FILE_S = 60.0
TURNS = 3


def file_speed(model: Model, duration_s: float = FILE_S, turns: int = TURNS) -> float:
    """Measure how much faster than real time a model plays a whole recording.

    Parameters
    ----------
    model : Model
        An effect or analyzer gets a gliding tone; a generator has its controls at their defaults.
    duration_s : float
        Length of the recording, above 0.
    turns : int
        How many times; the median counts.

    Returns
    -------
    float
        Seconds of sound per second.
    """
    rate = model.document.sample_rate
    sound = np.repeat(make_sound(duration_s, rate), model.document.channels, axis=0)
    times_s = []
    for _ in range(turns):
        started = time.perf_counter()
        if model.document.role is Role.GENERATOR:
            model.stream(rate).generate(sound.shape[1])
        else:
            model.render(sound, rate)
        times_s.append(time.perf_counter() - started)
    return duration_s / float(np.median(times_s))


def block_figures(timing: BlockTiming) -> dict[str, float]:
    """Take from a timing what the table shows.

    Parameters
    ----------
    timing : BlockTiming
        Of one model at one block size.

    Returns
    -------
    dict of str to float
        ``median_us``, ``p95_us``, ``p999_us``; ``share_percent`` and ``share_p999_percent`` of the block's own
        time; ``blocks`` and ``misses``, those that took longer than they last.
    """
    return {
        "median_us": timing.median_us,
        "p95_us": timing.p95_us,
        "p999_us": timing.p999_us,
        "share_percent": 100.0 * timing.share,
        "share_p999_percent": 100.0 * timing.share_p999,
        "blocks": timing.blocks,
        "misses": timing.misses,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host.compute")
    parser.add_argument("--models", default="cello,cello.decoder,pitch", help="names or files, with commas")
    parser.add_argument("--blocks", default="64,128,256,512", help="block sizes in samples, with commas")
    parser.add_argument("--seconds", type=float, default=20.0, help="how much sound for each block size")
    given = parser.parse_args()

    table = Table(title="host included, one thread, the model's own rate", title_justify="left")
    for head in (
        "model",
        "block",
        "median us",
        "p95",
        "p99.9",
        "of the block",
        "p99.9",
        "misses",
        "files, x",
    ):
        table.add_column(head, justify="left" if head == "model" else "right")
    results: dict[str, dict[str, Any]] = {}
    for name in given.models.split(","):
        model = Model(name)
        speed = file_speed(model)
        figures: dict[str, Any] = {"file_speed": speed, "megabytes": model.size_bytes / 1e6}
        for block_size in map(int, given.blocks.split(",")):
            timing = bench(model, block_size, model.document.sample_rate, given.seconds)
            figures[str(block_size)] = block_figures(timing)
            table.add_row(
                model.name,
                str(block_size),
                *(f"{value:.0f}" for value in (timing.median_us, timing.p95_us, timing.p999_us)),
                *(f"{value:.1%}" for value in (timing.share, timing.share_p999)),
                f"{timing.misses} of {timing.blocks}",
                f"{speed:.1f}",
            )
        results[model.name] = figures
    wide_console().print(table)
    settings = {"blocks": given.blocks, "seconds": given.seconds, "file_s": FILE_S}
    print(f"written to {write_results('compute', settings, results)}")


if __name__ == "__main__":
    main()
