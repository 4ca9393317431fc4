"""Measure what the host itself costs per block, beyond the graph: `python -m benchmarks.host.host_overhead`.

A block's time minus that of the graph's run within it, block by block: the run leaves the caches as any run
does, so that what the host touches is found as cold as in a piece of music. Stream, effect and chain take
turns, and so meet the same machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.report import machine, wide_console, write_results
from brainsynth import Chain, Model, NeuralEffect
from plugin_host.model_file.bundled import bundled_names
from plugin_host.model_file.document import ModelDocument, Role
from tests.support import tiny_models

BLOCK_SIZE = 128
WARM_UP = 100
WAYS = ("stream", "effect", "chain")

Player = Callable[[NDArray[np.float32]], object]


class TimedRuns:
    """What ONNX Runtime's session keeps inside, with a clock around each run.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Whose runs are timed.

    Attributes
    ----------
    seconds : float
        Spent in runs since it was set to 0.
    """

    def __init__(self, session: ort.InferenceSession) -> None:
        self._run = session._sess.run_with_iobinding  # pyright: ignore - the host calls this as well
        self._clock = time.perf_counter
        self.seconds = 0.0

    def run_with_iobinding(self, binding: Any, options: Any) -> None:
        """Run the graph."""
        clock = self._clock
        started = clock()
        self._run(binding, options)
        self.seconds += clock() - started


class TimedSession:
    """A session that the host takes for ONNX Runtime's own."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._sess = TimedRuns(session)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def players(model: Model, sample_rate: int, channels: int) -> dict[str, Player]:
    """Give each way to play a block through a model."""
    stream = model.stream(sample_rate, channels, BLOCK_SIZE)
    effect = NeuralEffect(model, block_size=BLOCK_SIZE)
    chain = Chain([NeuralEffect(model)], block_size=BLOCK_SIZE)
    return {
        "stream": stream.process,
        "effect": lambda block: effect.process(block, sample_rate, reset=False),
        "chain": lambda block: chain.process(block, sample_rate, reset=False),
    }


def measure(model: Model, blocks: int, sample_rate: int, channels: int) -> dict[str, float]:
    """Time blocks in turns.

    Returns
    -------
    dict
        Medians in microseconds: ``graph`` (all runs of a block), what ``stream``, ``effect`` and ``chain`` add
        to it, and ``timer``, the part of those that is the clock's own: what calling the graph alone would add.
    """
    session: Any = TimedSession(model.session)
    model.graph = dataclasses.replace(model.graph, session=session)
    runs: TimedRuns = session._sess
    ways = players(model, sample_rate, channels)
    block = np.random.default_rng(0).uniform(-0.5, 0.5, (channels, BLOCK_SIZE)).astype(np.float32)
    graph: list[float] = []
    added = _time_in_turns(ways, block, blocks, runs, graph)
    # By itself: a run between the others would leave them colder than one run a block does.
    added |= _time_in_turns({"timer": _bare_run(model)}, block, blocks, runs, [])
    return {name: 1e6 * float(np.median(times)) for name, times in {"graph": graph, **added}.items()}


def _time_in_turns(
    ways: dict[str, Player], block: NDArray[np.float32], blocks: int, runs: TimedRuns, graph: list[float]
) -> dict[str, list[float]]:
    """Give the seconds that each way adds to its runs, block by block; append the runs' own to `graph`."""
    added: dict[str, list[float]] = {name: [] for name in ways}
    clock = time.perf_counter
    for number in range(WARM_UP + blocks):
        for name, play in ways.items():
            runs.seconds = 0.0
            started = clock()
            play(block)
            elapsed = clock() - started
            if number >= WARM_UP:
                added[name].append(elapsed - runs.seconds)
                graph.append(runs.seconds)
    return added


def instance_milliseconds(model: Model, count: int = 20) -> float:
    """Give the median time to make one more stream and play its first block."""
    block = np.zeros((1, BLOCK_SIZE), np.float32)
    times = []
    for _ in range(count):
        started = time.perf_counter()
        model.stream(channels=1, block_size=BLOCK_SIZE).process(block)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def models() -> dict[str, Callable[[], Model]]:
    """Give what to measure with: graphs that cost nearly nothing, and every bundled effect of one channel."""
    found: dict[str, Callable[[], Model]] = {
        "gain (no state)": lambda: tiny_models.load(tiny_models.gain_effect()),
        "delay (one state)": lambda: tiny_models.load(tiny_models.delay_effect()),
    }
    for name in bundled_names():
        if is_mono_effect(Model(name).document):
            found[name] = lambda name=name: Model(name)
    return found


def is_mono_effect(document: ModelDocument) -> bool:
    """Tell whether a model can be measured here."""
    return document.role is Role.EFFECT and document.channels == 1


def _bare_run(model: Model) -> Player:
    """Give what runs a model's graph on one frame, timed as all others, and does nothing else."""
    document = model.document
    session: Any = model.session
    binding = session.io_binding()
    memory: list[NDArray[Any]] = []
    for specs, bind in (
        (document.graph_inputs(), binding.bind_input),
        (document.graph_outputs(), binding.bind_output),
    ):
        for spec in specs:
            frame = document.hop_length if spec.is_audio else 1
            array = np.zeros([frame if length is None else length for length in spec.shape], spec.dtype)
            memory.append(array)
            bind(spec.name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    run, inner = session._sess.run_with_iobinding, binding._iobinding

    def play(block: NDArray[np.float32]) -> object:
        run(inner, None)
        return memory

    return play


def main() -> None:
    """Print and write down the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", help="names from the table, with commas (default: all)")
    parser.add_argument("--blocks", type=int, default=4_000, help="blocks per figure (default: %(default)s)")
    arguments = parser.parse_args()
    blocks = arguments.blocks
    chosen = arguments.models.split(",") if arguments.models else list(models())
    here = machine()
    where = f"{here['processor']}, {here['cores']} cores, Python {here['python']}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    table = Table(
        title=f"Microseconds that the host adds to a block of {BLOCK_SIZE} samples, medians of {blocks}",
        caption=f"{where}, {today}",
    )
    for column in ("model", "rate", "channels", "graph", *WAYS, "of which timer", "new stream (ms)"):
        table.add_column(column, justify="left" if column == "model" else "right")
    figures: dict[str, Any] = {}
    for name, make in ((name, models()[name]) for name in chosen):
        milliseconds = instance_milliseconds(make())
        own_rate = make().document.sample_rate
        for rate, channels in ((own_rate, 1), (own_rate, 2), (44_100, 1)):
            figure = measure(make(), blocks, rate, channels)
            figures[f"{name}, {rate} Hz, {channels}"] = figure | {"new_stream_ms": milliseconds}
            cells = [f"{figure[key]:.1f}" for key in ("graph", *WAYS, "timer")]
            table.add_row(name, str(rate), str(channels), *cells, f"{milliseconds:.2f}")
    wide_console().print(table)
    print(
        write_results(
            "host_overhead", {"block_size": BLOCK_SIZE, "blocks": blocks, "in_place": True}, figures
        )
    )


if __name__ == "__main__":
    main()
