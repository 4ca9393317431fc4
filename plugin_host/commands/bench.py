"""`brainsynth bench`: time models on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ..errors import UsageError


def bench(
    files: Annotated[
        list[str], typer.Argument(help="Model files or names of bundled models.", show_default=False)
    ],
    blocks: Annotated[str, typer.Option("--block", help="Block sizes in samples.")] = "64,128,256,512",
    rates: Annotated[
        str, typer.Option("--rate", help="Sample rates in Hz; by default the model's own.")
    ] = "",
    seconds: Annotated[float, typer.Option("--seconds", help="How much sound to play for each.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time models block by block: median, tails, real-time factor, share of the block, misses, memory."""
    from ..showing.block_timing import bench as time_model
    from .named_model import open_model
    from .tables import add_row, make_table, open_console

    block_sizes, sample_rates = _numbers("--block", blocks), _numbers("--rate", rates)
    models = [open_model(file) for file in files]
    timings = [
        time_model(model, block_size, sample_rate, seconds)
        for model in models
        for sample_rate in sample_rates or [model.document.sample_rate]
        for block_size in block_sizes
    ]
    if as_json:
        typer.echo(json.dumps([asdict(timing) for timing in timings], indent=2))
        return
    numbers = (
        *("Hz", "block", "median", "p95", "p99.9", "rtf", "of the block", "p99.9", "misses"),
        *("latency", "per instance", "process"),
    )
    table = make_table(("model", *numbers), right=numbers)
    for timing in timings:
        add_row(
            table,
            timing.model,
            str(timing.sample_rate),
            str(timing.block_size),
            *(f"{value:.0f} us" for value in (timing.median_us, timing.p95_us, timing.p999_us)),
            f"{timing.rtf:.4f}",
            f"{timing.share:.1%}",
            f"{timing.share_p999:.1%}",
            f"{timing.misses} of {timing.blocks}",
            f"{1000 * timing.latency_samples / timing.sample_rate:.2f} ms",
            f"{timing.instance_bytes / 2**20:.2f} MiB",
            f"{timing.process_bytes / 2**20:.0f} MiB",
        )
    open_console().print(table)


def _numbers(option: str, text: str) -> list[int]:
    """Read ``"64,128"``."""
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise UsageError(f"{option} {text} is no list of whole numbers; write {option} 64,128") from error
