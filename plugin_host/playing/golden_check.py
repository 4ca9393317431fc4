"""Prove that a model plays here as its author computed it: its golden pair, whole and in blocks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, ModelFileError
from ..model_file.document import Role
from ..model_file.golden import GoldenPair
from ..model_file.graph_contract import AUDIO_INPUT, AUDIO_OUTPUT
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream
from ..streaming.stream import Stream
from .check import Check, worst
from .end_states import check_end_states

TELLING = 10.0
"""By so many times what a host may be off, at least one golden output has to differ from silence, and move."""


def check_golden(graph: LoadedGraph) -> tuple[Check, ...]:
    """Play a model's golden inputs through streams, in several cuts, and compare with its golden outputs.

    The states at the end are compared with those of the first cut, the whole.

    Raises
    ------
    ModelFileError
        If the file carries no golden pair, or one that cannot be played or is without sound or movement to compare.
    """
    golden = graph.document.golden
    if golden is None:
        raise ModelFileError(
            f"{graph.source}: the file carries no golden pair to check against: export it again"
        )
    expected = {name: tensor.array() for name, tensor in golden.outputs.items()}
    outputs = {f"output.{output.name}": output for output in graph.document.outputs}
    allowed = {tensor: golden.allowed(tensor, outputs.get(tensor)) for tensor in expected}
    if blank := _proves_nothing(golden, expected, allowed):
        raise ModelFileError(f"{graph.source}: {blank} and prove nothing: export it again")
    frames = _count_frames(graph, golden)
    checks: list[Check] = []
    whole: dict[str, NDArray[Any]] | None = None
    for name, sizes in _cuts(frames).items():
        try:
            played, states = _play(graph, golden, sizes)
        except ControlError as error:
            raise ModelFileError(
                f"{graph.source}: the golden inputs are not what its controls take ({error}): export it again"
            ) from error
        for tensor, values in expected.items():
            found = played[tensor].reshape(values.shape)
            checks.append(worst(tensor, name, found, values, allowed[tensor]))
        if whole is None:
            whole = states
        else:
            checks += check_end_states(name, states, whole)
    return tuple(checks)


def _proves_nothing(
    golden: GoldenPair,
    expected: Mapping[str, NDArray[np.float32]],
    allowed: Mapping[str, NDArray[np.float64]],
) -> str | None:
    """Say why a golden pair proves nothing, or None: what is wrong in a host would be within what is allowed."""
    if not any(np.any(np.abs(values) > TELLING * allowed[name]) for name, values in expected.items()):
        return "the golden outputs are all zeros, or as good as that,"
    frames = next(iter(expected.values())).shape[-1]
    moved = {name: np.abs(values - values[..., :1]) for name, values in expected.items()}
    if frames > 1 and not any(np.any(values > TELLING * allowed[name]) for name, values in moved.items()):
        return "the golden outputs are the same in every frame, or nearly,"
    if AUDIO_INPUT in golden.inputs:
        audio = golden.inputs[AUDIO_INPUT].array()[0]
        if any(np.array_equal(one, other) for one, other in combinations(audio, 2)):
            return "the golden sounds are the same in several channels"
    return None


def _count_frames(graph: LoadedGraph, golden: GoldenPair) -> int:
    name, tensor = next(iter(golden.inputs.items()))
    return tensor.shape[-1] // (graph.document.hop_length if name == AUDIO_INPUT else 1)


def _cuts(frames: int) -> dict[str, list[int]]:
    """Give several ways to cut `frames` frames into calls."""
    random = np.random.default_rng(frames)
    sizes: list[int] = []
    while sum(sizes) < frames:
        sizes.append(min(int(random.integers(1, 9)), frames - sum(sizes)))
    sevens = [7] * (frames // 7) + ([frames % 7] if frames % 7 else [])
    return {"whole": [frames], "1 frame": [1] * frames, "7 frames": sevens, "random": sizes}


def _play(
    graph: LoadedGraph, golden: GoldenPair, sizes: list[int]
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[Any]]]:
    """Play the golden inputs in calls of these numbers of frames; outputs as (C, T) and (copies, N), and end states."""
    stream = open_stream(graph, block_size=graph.document.hop_length)
    inputs = {name: tensor.array()[0] for name, tensor in golden.inputs.items()}
    controls = {name.removeprefix("control."): curve for name, curve in inputs.items() if name != AUDIO_INPUT}
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in golden.outputs}
    start = 0
    for size in sizes:
        block = inputs[AUDIO_INPUT][:, start * graph.document.hop_length :] if "audio" in inputs else None
        curves = {name: curve[..., start : start + size] for name, curve in controls.items()}
        for name, part in _step(stream, block, curves, size).items():
            parts[name].append(part)
        start += size
    return {name: np.concatenate(pieces, axis=-1) for name, pieces in parts.items()}, stream.state


def _step(
    stream: Stream,
    audio: NDArray[np.float32] | None,
    curves: Mapping[str, NDArray[np.float32]],
    frames: int,
) -> dict[str, NDArray[np.float32]]:
    samples = frames * stream.document.hop_length
    if stream.document.role is Role.GENERATOR or audio is None:
        return {AUDIO_OUTPUT: stream.generate(samples, **curves)}
    if stream.document.role is Role.EFFECT:
        return {AUDIO_OUTPUT: stream.process(audio[:, :samples], controls=curves)}
    found = stream.analyze(audio[:, :samples], controls=curves)
    return {f"output.{name}": values for name, values in found.items()}
