"""Proof that an exported graph is the torch module it came from: whole, in blocks, at several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from plugin_host.model_file.golden import LARGEST_SHARE
from training.streaming.model import StreamingModel

from .graph import state_name
from .signals import proof_inputs

Arrays = dict[str, NDArray[np.generic]]
LENGTHS = (1, 2, 3, 7, 64, 188)  # frames; the example's five is not among them on purpose
LONG_S = 10.0
ENGINE_TOLERANCE = 1e-5
ANALYSIS_TOLERANCE = 1e-4
BLOCK_TOLERANCE = 2e-6
GESTURE_TOLERANCE = 2e-5  # of an effect whose controls move: they scale what its tracker finds differently
PHASE_TOLERANCE = 1e-4  # of an effect over ten seconds: its oscillators add those last bits up


@dataclass(frozen=True)
class Proof:
    """One comparison: what with what, over how many frames, the largest difference and the largest allowed.

    Differences are relative where values are above one: of sound to its peak, of controls to each value. Those of an
    output whose tolerance the model declares are absolute, as over the golden pair.
    """

    tensor: str
    compared: str
    frames: int
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the difference is a number within its tolerance."""
        return self.error <= self.tolerance


class GraphPlayer:
    """Plays an ONNX graph call by call, its states carried."""

    def __init__(self, graph: bytes, model: StreamingModel) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]
        self.start = {f"state.{state_name(k)}": v.numpy() for k, v in model.initial_state(1).items()}
        self.hop_length = model.hop_length

    def play(self, inputs: dict[str, Tensor], blocks: Sequence[int]) -> Arrays:
        """Play ``inputs`` in calls of these numbers of frames, from the initial state: outputs by name."""
        state, parts, first = dict(self.start), [], 0
        for frames in blocks:
            feeds = {k: v.numpy() for k, v in cut(inputs, first, frames, self.hop_length).items()}
            results = dict(zip(self.names, self.session.run(None, feeds | state), strict=True))
            state = {k.removeprefix("next_"): v for k, v in results.items() if k.startswith("next_state.")}
            parts.append({k: v for k, v in results.items() if k.startswith("output.")})
            first += frames
        return {k: np.concatenate([part[k] for part in parts], -1) for k in parts[0]}


@torch.no_grad()
def play_torch(model: StreamingModel, inputs: dict[str, Tensor], blocks: Sequence[int]) -> Arrays:
    """Play ``inputs`` through the torch module in calls of these numbers of frames: outputs by their names in the file."""
    state, parts, first = model.initial_state(1), [], 0
    for frames in blocks:
        outputs, state = model(cut(inputs, first, frames, model.hop_length), state)
        parts.append({f"output.{k.removeprefix('control.')}": v for k, v in outputs.items()})
        first += frames
    return {k: torch.cat([part[k] for part in parts], -1).numpy() for k in parts[0]}


def cut(inputs: dict[str, Tensor], first: int, frames: int, hop_length: int) -> dict[str, Tensor]:
    """Return frames ``first`` to ``first + frames`` of every input."""
    return {
        k: v[..., first * hop_length : (first + frames) * hop_length]
        if k == "audio"
        else v[..., first : first + frames]
        for k, v in inputs.items()
    }


def random_blocks(frames: int, seed: int) -> list[int]:
    """Cut ``frames`` into calls of 1 to 16 frames."""
    random, blocks = np.random.default_rng(seed), []
    while (rest := frames - sum(blocks)) > 0:
        blocks.append(min(rest, int(random.integers(1, 17))))
    return blocks


def difference(x: Arrays, y: Arrays, name: str, absolute: bool = False) -> float:
    """Largest difference of one output, absolute or, where values are above one, relative: see `Proof`.

    A difference that is not a number, or outputs of different lengths, are infinitely different.
    """
    a, b = x[name].astype(np.float64), y[name].astype(np.float64)
    if a.shape != b.shape or a.size == 0:
        return float("inf")
    size = np.max(np.abs(b)) if name == "output.audio" else np.abs(b)
    error = np.max(np.abs(a - b) / (1.0 if absolute else np.maximum(1.0, size)))
    return float(error) if np.isfinite(error) else float("inf")


def prove(model: StreamingModel, graph: bytes) -> list[Proof]:
    """Compare torch with ONNX Runtime, whole and in blocks, and each engine's blocks with its whole.

    An effect with a pitch tracker is the hard case: engines differ in the last bits of what its network finds, a tie
    between two bins of pitch falls either way, and the phase of its oscillators adds all that up. So an effect is held
    to a waveform over half a second, with moving controls, and more loosely over ten seconds, at rest; the analyzer and
    the generator it is made of are held to theirs throughout. ONNX Runtime's blocks equal its own whole for all of them.

    Returns
    -------
    One `Proof` for every comparison, passed or not.
    """
    player, proofs = GraphPlayer(graph, model), []
    long = int(LONG_S * model.sample_rate / model.hop_length)
    for frames in (*LENGTHS, long):
        moving = frames < long or model.role == "generator"
        inputs = proof_inputs(model, frames, seed=frames, moving=moving)
        blocks = random_blocks(frames, frames)
        whole, whole_onnx = play_torch(model, inputs, [frames]), player.play(inputs, [frames])
        blocks_onnx = player.play(inputs, blocks)
        allowed = _Allowed(model, is_long=frames == long)
        compared = {
            "ONNX Runtime whole - torch whole": (whole_onnx, whole, allowed.engines),
            "ONNX Runtime blocks - torch whole": (blocks_onnx, whole, allowed.engines),
            "ONNX Runtime blocks - its whole": (blocks_onnx, whole_onnx, allowed.engine_blocks),
            "torch blocks - torch whole": (play_torch(model, inputs, blocks), whole, allowed.torch_blocks),
        }
        for title, (x, y, allow) in compared.items():
            for name in whole:
                tolerance, absolute = allow(name)
                error = difference(x, y, name, absolute)
                proofs.append(Proof(name, title, frames, error, tolerance))
        # An effect that delays its input is rightly silent for as long.
        late = frames * model.hop_length <= model.latency_samples
        if not late and not any(np.any(values) for values in whole.values()):
            proofs.append(Proof("all", "silent: nothing was compared", frames, float("inf"), 0.0))
    return proofs


@dataclass(frozen=True)
class _Allowed:
    """The largest difference of each output in each comparison, and whether it is absolute."""

    model: StreamingModel
    is_long: bool

    def engines(self, tensor: str) -> tuple[float, bool]:
        """Between torch and ONNX Runtime: what the model declares, or else what its role is held to."""
        if self._long is not None:
            return self._long, False
        declared = self.model.tolerances.get(tensor.removeprefix("output."))
        if declared is not None:
            return declared, True
        if self.model.role == "analyzer":
            return ANALYSIS_TOLERANCE, False
        if self.model.role == "generator":
            return ENGINE_TOLERANCE, False
        return PHASE_TOLERANCE if self.is_long else GESTURE_TOLERANCE, False

    def engine_blocks(self, tensor: str) -> tuple[float, bool]:
        """Between ONNX Runtime in blocks and whole."""
        return BLOCK_TOLERANCE if self._long is None else self._long, False

    def torch_blocks(self, tensor: str) -> tuple[float, bool]:
        """Between torch in blocks and whole."""
        if self._long is not None or self.model.role == "effect":
            return self.engines(tensor)
        return self.model.block_tolerance, False

    @property
    def _long(self) -> float | None:
        """What the model declares over ten seconds, capped as its file's tolerances are."""
        declared = self.model.long_tolerance if self.is_long else None
        return None if declared is None else min(declared, LARGEST_SHARE)
