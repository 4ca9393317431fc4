"""Measure what the opcodes cost per k-cycle, many of them, and many notes: `python -m benchmarks.host.csound_overhead`."""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import Model, register_opcodes
from plugin_host.csound.k_cycles import cycles_per_block
from plugin_host.csound.load_csound import load_csound
from plugin_host.showing.block_timing import resident_bytes
from tests.support import tiny_models

SAMPLE_RATE = 48_000
BURST = 256
"""K-cycles timed together: two looks at the clock cost as much as an opcode."""

_SILENT = ("-n", "-m0", "-d")


def open_csound(orchestra: str, score: str, ksmps: int, folder: Path) -> Any:
    """Start a Csound that plays into nothing."""
    csound = load_csound().Csound()
    for option in _SILENT:
        csound.setOption(option)
    csound.createMessageBuffer(False)
    register_opcodes(csound, folder)
    header = f"sr = {SAMPLE_RATE}\nksmps = {ksmps}\nnchnls = 1\n0dbfs = 1\n"
    if csound.compileOrc(header + orchestra) != 0:
        raise SystemExit("the benchmark's orchestra does not compile")
    csound.readScore(score)
    csound.start()
    return csound


def burst_microseconds(csound: Any, cycles: int) -> float:
    """Perform some k-cycles and give the time of one on this thread, in microseconds."""
    perform = csound.performKsmps
    started = time.thread_time_ns()
    for _ in range(cycles):
        perform()
    return (time.thread_time_ns() - started) / 1e3 / cycles


def stream_microseconds(model: Model, ksmps: int, cycles: int) -> Any:
    """Give a function that times the model's stream alone on as many samples, in microseconds a k-cycle."""
    block_size = ksmps * cycles_per_block(model.document, SAMPLE_RATE, ksmps)
    stream = model.stream(SAMPLE_RATE, 1, block_size)
    block = np.random.default_rng(0).uniform(-0.1, 0.1, (1, block_size)).astype(np.float32)

    def run() -> float:
        started = time.thread_time_ns()
        for _ in range(cycles * ksmps // block_size):
            stream.process(block)
        return (time.thread_time_ns() - started) / 1e3 / cycles

    return run


def overhead(model: Model, name: str, ksmps: int, bursts: int, folder: Path) -> dict[str, float]:
    """Time an effect as an opcode, the same orchestra without it, and its stream alone, in turns.

    Returns
    -------
    dict
        Medians in microseconds a k-cycle: ``opcode`` (with the model's run), ``model`` (its stream alone) and
        ``overhead``, the difference.
    """
    instrument = "instr 1\nain oscili 0.1, 440\n{}\nout aout\nendin"
    with_it = open_csound(instrument.format(f'aout nnfx ain, "{name}"'), "i1 0 100000", ksmps, folder)
    without = open_csound(instrument.format("aout = ain"), "i1 0 100000", ksmps, folder)
    alone = stream_microseconds(model, ksmps, BURST)
    times = [
        (burst_microseconds(with_it, BURST), burst_microseconds(without, BURST), alone())
        for _ in range(bursts)
    ]
    rows = np.array(times)[bursts // 10 :]
    opcode, own = np.median(rows[:, 0] - rows[:, 1]), np.median(rows[:, 2])
    return {"opcode": float(opcode), "model": float(own), "overhead": float(np.median(rows @ [1, -1, -1]))}


def instances_rtf(name: str, count: int, ksmps: int, seconds: float) -> float:
    """Give the time that so many instances of an effect in one orchestra take, by the time they play."""
    lines = "\n".join(f'a{i} nnfx ain, "{name}"\nasum += a{i}' for i in range(count))
    orchestra = f"instr 1\nain vco2 0.1, 220\nasum = 0\n{lines}\nout asum / {count}\nendin"
    csound = open_csound(orchestra, "i1 0 100000", ksmps, Path())
    cycles = round(seconds * SAMPLE_RATE / ksmps)
    burst_microseconds(csound, 50)
    return burst_microseconds(csound, cycles) * 1e-6 * SAMPLE_RATE / ksmps


def note_growth(name: str, notes: int) -> dict[str, float]:
    """Play many short notes, up to four at a time, and give the memory before and after.

    Returns
    -------
    dict
        ``after_hundred_kib`` and ``after_all_kib``.
    """
    orchestra = f'instr 1\nain oscili 0.1, 440\naout nnfx ain, "{name}"\nout aout\nendin'
    # A note a k-cycle, each four k-cycles long.
    cycle = 128 / SAMPLE_RATE
    score = "\n".join(f"i1 {index * cycle:.9f} {4 * cycle:.9f}" for index in range(notes))
    csound = open_csound(orchestra, score, 128, Path())
    cycles, after_hundred = 0, 0
    while csound.performKsmps() == 0:
        cycles += 1
        if cycles == 100:
            gc.collect()
            after_hundred = resident_bytes() // 1024
    gc.collect()
    return {"notes": cycles, "after_hundred_kib": after_hundred, "after_all_kib": resident_bytes() // 1024}


def busy_thread(folder: Path, ksmps: int, cycles: int, interval_s: float) -> dict[str, float]:
    """Time k-cycles beside a Python thread that never rests.

    Returns
    -------
    dict
        Wall times of a k-cycle in microseconds: ``median_us``, ``mean_us``, ``p99_us``.
    """
    orchestra = 'instr 1\nain oscili 0.1, 440\naout nnfx ain, "gain.onnx"\nout aout\nendin'
    csound = open_csound(orchestra, "i1 0 9999", ksmps, folder)
    is_over, before = threading.Event(), sys.getswitchinterval()

    def spin() -> None:
        while not is_over.is_set():
            pass

    sys.setswitchinterval(interval_s)
    thread = threading.Thread(target=spin)
    thread.start()
    times = []
    try:
        for _ in range(cycles):
            started = time.perf_counter_ns()
            csound.performKsmps()
            times.append(time.perf_counter_ns() - started)
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(before)
    wall = np.array(times) / 1e3
    median, p99 = np.percentile(wall, [50, 99])
    return {"median_us": float(median), "mean_us": float(wall.mean()), "p99_us": float(p99)}


def main() -> None:
    """Print and write down the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bursts", type=int, default=200, help="of 256 k-cycles, per figure")
    parser.add_argument("--seconds", type=float, default=5.0, help="of sound for the many instances")
    parser.add_argument("--notes", type=int, default=10_000, help="to begin and end")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    table = Table(title="Microseconds per k-cycle, medians")
    for column in ("model", "ksmps", "opcode", "model's own run", "overhead"):
        table.add_column(column, justify="left" if column == "model" else "right")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for make in (tiny_models.gain_effect, tiny_models.delay_effect):
            path = tiny_models.save(make(), folder)
            for ksmps in (1, 16, 64, 128):
                figure = overhead(Model(path), path.name, ksmps, options.bursts, folder)
                figures[f"{path.stem}, ksmps {ksmps}"] = figure
                cells = [f"{figure[key]:.2f}" for key in ("opcode", "model", "overhead")]
                table.add_row(path.stem, str(ksmps), *cells)
        for interval_s in (0.005, 1e-4):
            key = f"beside a busy Python thread, ksmps 64, switch interval {interval_s:g} s"
            figures[key] = busy_thread(folder, 64, 2000, interval_s)
            print(key, figures[key])
    wide_console().print(table)
    figures["sixteen cellos, ksmps 128"] = {"rtf": instances_rtf("cello", 16, 128, options.seconds)}
    print(f"sixteen cellos at ksmps 128: rtf {figures['sixteen cellos, ksmps 128']['rtf']:.2f}")
    figures["notes"] = note_growth("cello", options.notes)
    print(figures["notes"])
    print(write_results("csound_overhead", {"bursts": options.bursts, "sample_rate": SAMPLE_RATE}, figures))


if __name__ == "__main__":
    main()
