"""Play a million blocks and watch memory and threads: `python -m benchmarks.host.endurance`."""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.common.report import write_results
from brainsynth import Model
from plugin_host.showing.block_timing import resident_bytes
from tests.support import tiny_models

REPORTS = 20


def thread_count() -> int:
    """Give the number of the process's threads, where the system gives it with those of ONNX Runtime."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def main() -> None:
    """Play, print memory and threads as it goes, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--model", help="a bundled name or a path (default: a small model made here)")
    parser.add_argument("--rate", type=int, default=48_000, help="in Hz (default: %(default)s)")
    options = parser.parse_args()
    model = Model(options.model) if options.model else tiny_models.load(tiny_models.leaky_effect())
    stream = model.stream(options.rate)
    random = np.random.default_rng(0)
    sizes = random.integers(1, 512, 997)
    sound = random.uniform(-0.5, 0.5, (stream.channels, 512)).astype(np.float32)
    curve: list[dict[str, int]] = []
    started = time.perf_counter()
    for number in range(options.blocks):
        stream.process(sound[:, : sizes[number % len(sizes)]])
        # A value that moves now and then, as under a player's hand.
        if number % 1000 == 0 and model.controls:
            control = next(iter(model.controls.values()))
            stream.set(**{control.name: control.minimum if number % 2000 else control.defaults[0]})
        if (number + 1) % max(1, options.blocks // REPORTS) == 0:
            point = {
                "blocks": number + 1,
                "resident_kib": resident_bytes() // 1024,
                "threads": thread_count(),
            }
            curve.append(point)
            print(
                f"{point['blocks']:>9} blocks  {point['resident_kib']:>8} KiB  {point['threads']} threads",
                flush=True,
            )
    seconds = time.perf_counter() - started
    # The first tenth belongs to the start: every number of frames is bound once.
    settled = curve[len(curve) // 10 :]
    grown = settled[-1]["resident_kib"] - settled[0]["resident_kib"]
    print(f"grown by {grown} KiB; {1e6 * seconds / options.blocks:.1f} us a block")
    settings = {"blocks": options.blocks, "model": options.model or "leaky", "rate": options.rate}
    print(write_results("endurance", settings, {"grown_kib": grown, "curve": curve}))


if __name__ == "__main__":
    main()
