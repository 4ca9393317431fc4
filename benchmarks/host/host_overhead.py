"""Measure what the host itself costs per block, beyond the graph: `python -m benchmarks.host.host_overhead`."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from plugin_host.model_file.bundled import bundled_names
from plugin_host.model_file.document import ModelDocument, Role
from plugin_host.model_file.graph_contract import AUDIO_INPUT, AUDIO_OUTPUT
from plugin_host.playing.model import Model
from tests.support import tiny_models

BLOCK_SIZE = 128
BURST = 100


class Bound:
    """A session's graph bound to numpy memory, which it keeps alive."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._bound = session.io_binding()
        self._run = session.run_with_iobinding
        self._memory: list[NDArray[Any]] = []

    def inputs(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Bind arrays to read from."""
        for name, array in arrays.items():
            self._memory.append(array)
            self._bound.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

    def outputs(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Bind arrays to write to."""
        for name, array in arrays.items():
            self._memory.append(array)
            self._bound.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

    def run(self) -> None:
        """Run the graph once."""
        self._run(self._bound)


def bind(model: Model, frames: int, audio: NDArray[np.float32]) -> list[Bound]:
    """Bind a model's graph to memory, from one set of states to another and back, and nothing more."""
    document = model.document
    inputs: dict[str, NDArray[Any]] = {}
    for spec in document.graph_inputs():
        inputs[spec.name] = np.zeros([n or frames for n in spec.shape], dtype=spec.dtype)
    inputs[AUDIO_INPUT] = audio[None]
    for control in document.controls:
        inputs[f"control.{control.name}"].fill(control.defaults[0])
    states = {
        name.removeprefix("state."): array for name, array in inputs.items() if name.startswith("state.")
    }
    others = {name: np.zeros_like(array) for name, array in states.items()}
    bindings = []
    for before, after in ((states, others), (others, states)):
        bound = Bound(model.session)
        plain = {name: array for name, array in inputs.items() if not name.startswith("state.")}
        bound.inputs(plain | {f"state.{name}": array for name, array in before.items()})
        bound.outputs({AUDIO_OUTPUT: np.zeros_like(audio[None])})
        bound.outputs({f"next_state.{name}": array for name, array in after.items()})
        bindings.append(bound)
    return bindings


def measure(model: Model, blocks: int, sample_rate: int, channels: int) -> dict[str, float]:
    """Time blocks through a stream and, in turn, the bare graph on as many samples.

    Returns
    -------
    dict
        Medians in microseconds: ``block``, ``graph`` (all channels) and ``host``, the difference.
    """
    document = model.document
    stream = model.stream(sample_rate, channels, BLOCK_SIZE)
    random = np.random.default_rng(0)
    block = random.uniform(-0.5, 0.5, (channels, BLOCK_SIZE)).astype(np.float32)
    frames = max(1, BLOCK_SIZE // document.hop_length)
    audio = np.resize(block[:1], (1, frames * document.hop_length)).astype(np.float32)
    copies = [bind(model, frames, audio) for _ in range(channels)]
    through_stream, bare = [], []
    # In turns, so that both meet the same machine; each for a while, so that neither finds the other's data
    # in the cache.
    for _ in range(blocks // BURST):
        for _ in range(BURST):
            started = time.perf_counter()
            stream.process(block)
            through_stream.append(time.perf_counter() - started)
        for number in range(BURST):
            started = time.perf_counter()
            for copy in copies:
                copy[number % 2].run()
            bare.append(time.perf_counter() - started)
    warm = slice(BURST, None)
    whole, graph = 1e6 * float(np.median(through_stream[warm])), 1e6 * float(np.median(bare[warm]))
    return {"block": whole, "graph": graph, "host": whole - graph}


def instance_milliseconds(model: Model, count: int = 20) -> float:
    """Give the median time to make one more stream and play its first block."""
    block = np.zeros((1, BLOCK_SIZE), np.float32)
    times = []
    for _ in range(count):
        started = time.perf_counter()
        model.stream(channels=1, block_size=BLOCK_SIZE).process(block)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def models() -> dict[str, Model]:
    """Give what to measure with: graphs that cost nearly nothing, and every bundled effect of one channel."""
    found = {
        "gain (no state)": tiny_models.load(tiny_models.gain_effect()),
        "delay (one state)": tiny_models.load(tiny_models.delay_effect()),
    }
    for name in bundled_names():
        model = Model(name)
        if is_mono_effect(model.document):
            found[name] = model
    return found


def is_mono_effect(document: ModelDocument) -> bool:
    """Tell whether a model can be measured here."""
    return document.role is Role.EFFECT and document.channels == 1


def main() -> None:
    """Print and write down the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20_000, help="blocks per figure (default: %(default)s)")
    blocks = parser.parse_args().blocks
    table = Table(title=f"Microseconds per block of {BLOCK_SIZE} samples, medians of {blocks}")
    for column in ("model", "rate", "channels", "block", "graph", "host", "new stream (ms)"):
        table.add_column(column, justify="left" if column == "model" else "right")
    figures: dict[str, Any] = {}
    for name, model in models().items():
        milliseconds = instance_milliseconds(model)
        for rate, channels in ((model.document.sample_rate, 1), (model.document.sample_rate, 2), (44_100, 1)):
            figure = measure(model, blocks, rate, channels)
            figures[f"{name}, {rate} Hz, {channels}"] = figure | {"new_stream_ms": milliseconds}
            cells = [f"{figure[key]:.1f}" for key in ("block", "graph", "host")]
            table.add_row(name, str(rate), str(channels), *cells, f"{milliseconds:.2f}")
    wide_console().print(table)
    print(write_results("host_overhead", {"block_size": BLOCK_SIZE, "blocks": blocks}, figures))


if __name__ == "__main__":
    main()
