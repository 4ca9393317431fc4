"""The one check of the streaming contract, used by the tests of every block and every model.

For a block: torch whole = torch in blocks. For a model: torch whole = torch in blocks = ONNX in blocks = host in blocks.
It raises `BrokenContract` and says where; it never passes for having compared nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brainsynth import Model
from export.graph import build_graph
from export.model_file import describe
from export.proof import GraphPlayer, difference, play_torch, random_blocks
from export.signals import proof_inputs
from training.streaming.contract import StreamingModule
from training.streaming.model import StreamingModel

BLOCKS = (1, 2, 3, 5, 7, 13)
EXACT = 2e-6


class BrokenContract(AssertionError):
    """A module or model is not the same in blocks as it is whole."""


def check_block(module: StreamingModule, x: Tensor | tuple[Tensor, ...], tolerance: float = EXACT) -> Tensor:
    """Compare a block's whole output and last state with those of many cuts; return the whole output.

    Parameters
    ----------
    module : StreamingModule
    x : tensor or tuple of tensors, frames along axis 1.
    """
    module.eval()
    parts = x if isinstance(x, tuple) else (x,)
    batch, frames = parts[0].shape[:2]
    with torch.no_grad():
        whole, end = module(x, module.initial_state(batch))
        _sounds(_flat(whole))
        _can_be_cut(frames)
        _moves(module.initial_state(batch), end)
        for sizes in _cuts(frames):
            state, outputs, first = module.initial_state(batch), [], 0
            for size in sizes:
                cut = tuple(part[:, first : first + size] for part in parts)
                y, state = module(cut if isinstance(x, tuple) else cut[0], state)
                outputs.append(_flat(y))
                first += size
            joined = [torch.cat(pieces, 1) for pieces in zip(*outputs, strict=True)]
            for a, b in zip(joined, _flat(whole), strict=True):
                _same(a, b, tolerance, f"output in blocks {sizes[:6]}")
            if state.keys() != end.keys():
                raise BrokenContract(f"states {sorted(state)} after blocks, {sorted(end)} after the whole")
            for name, value in state.items():
                _same(value, end[name], tolerance, f"state {name} after blocks {sizes[:6]}")
    return _flat(whole)[0]


def check_model(
    model: StreamingModel, folder: Path, frames: int = 60, engines: float = 1e-5, blocks: float = EXACT
) -> None:
    """Compare torch whole, torch in blocks, ONNX Runtime in blocks, and the host in blocks of samples."""
    import onnx

    _can_be_cut(frames)
    graph = build_graph(model)
    inputs = proof_inputs(model, frames, seed=3)
    whole = play_torch(model, inputs, [frames])
    for name, values in whole.items():
        if values.size == 0 or not np.any(values):
            raise BrokenContract(f"{name} is silent: there is nothing to compare")
    player = GraphPlayer(graph.SerializeToString(), model)
    whole_onnx = player.play(inputs, [frames])
    _close(whole_onnx, whole, engines, "ONNX whole against torch whole")
    for sizes in (*_cuts(frames), random_blocks(frames, 5)):
        _close(play_torch(model, inputs, sizes), whole, max(blocks, engines), f"torch in blocks {sizes[:6]}")
        _close(player.play(inputs, sizes), whole_onnx, blocks, f"ONNX in blocks {sizes[:6]}")
    onnx.helper.set_model_props(graph, describe(model, "contract").to_metadata())
    path = folder / "contract.onnx"
    path.write_bytes(graph.SerializeToString())
    _check_host(Model(path), model, frames, engines)


def _check_host(host: Model, model: StreamingModel, frames: int, tolerance: float) -> None:
    """The host in blocks of any size, at rest, against torch; zero samples in, zero samples out."""
    inputs = proof_inputs(model, frames, seed=4, moving=False)
    whole = play_torch(model, inputs, [frames])
    hop = model.hop_length
    samples = frames * hop
    for check in host.check():
        if not check.passed:
            raise BrokenContract(f"golden pair, {check.compared}: {check.tensor} is off by {check.error:.3g}")
    for block_size in sorted({1, 17, max(1, hop - 1), hop, hop + 1, 441, 4096}):
        if model.role != "effect" or (block_size == 1 and samples > 10_000):
            continue
        stream = host.stream(block_size=block_size)
        audio = inputs["audio"][0].numpy()
        delay = stream.latency_samples - model.latency_samples
        fed = np.pad(audio, ((0, 0), (0, delay + -(samples + delay) % block_size)))
        played = [stream.process(fed[:, i : i + block_size]) for i in range(0, fed.shape[1], block_size)]
        found = {"output.audio": np.concatenate(played, 1)[None, :, delay : delay + samples]}
        _close(found, whole, tolerance, f"host in blocks of {block_size} samples")
        if stream.process(np.zeros((audio.shape[0], 0), np.float32)).shape[1] != 0:
            raise BrokenContract("zero samples in, but not zero samples out")
    if model.role == "analyzer":
        values = host.stream(block_size=hop).analyze(inputs["audio"][0].numpy())
        found = {f"output.{name}": value for name, value in values.items()}
        _close(found, whole, tolerance, "host analysing")
    if model.role == "generator":
        curves = {name.removeprefix("control."): value[0].numpy() for name, value in inputs.items()}
        found = {"output.audio": host.stream(block_size=hop).generate(samples, **curves)[None]}
        _close(found, whole, tolerance, "host generating")


def _can_be_cut(frames: int) -> None:
    if frames < 3:
        raise BrokenContract(f"{frames} frames cannot be cut in several ways; give more")


def _cuts(frames: int) -> Iterable[list[int]]:
    for size in BLOCKS:
        if size < frames:
            yield [size] * (frames // size) + ([frames % size] if frames % size else [])
    yield random_blocks(frames, 1)


def _flat(y: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [y] if isinstance(y, Tensor) else list(y)


def _sounds(outputs: list[Tensor]) -> None:
    for y in outputs:
        if y.numel() == 0 or not bool((y != 0).any()):
            raise BrokenContract("the output is empty or all zeros: there is nothing to compare")
        if not bool(torch.isfinite(y).all()):
            raise BrokenContract("the output is not finite")


def _moves(start: dict[str, Tensor], end: dict[str, Tensor]) -> None:
    for name, value in end.items():
        if value.numel() and bool((value == start[name]).all()):
            raise BrokenContract(f"state {name} never changes: it carries nothing")


def _same(a: Tensor, b: Tensor, tolerance: float, what: str) -> None:
    if a.shape != b.shape:
        raise BrokenContract(f"{what}: shape {tuple(a.shape)}, whole {tuple(b.shape)}")
    error = float(((a - b).abs() / b.abs().clamp_min(1)).max()) if a.numel() else 0.0
    if not error <= tolerance:
        raise BrokenContract(f"{what}: off by {error:.3g}, allowed are {tolerance:.3g}")


def _close(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], tolerance: float, what: str) -> None:
    for name in wanted:
        error = difference(found, wanted, name)
        if not error <= tolerance:
            raise BrokenContract(f"{what}: {name} is off by {error:.3g}, allowed are {tolerance:.3g}")
