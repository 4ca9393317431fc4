"""Proof that an exported graph is the torch module it came from: whole, in blocks, at several lengths and extremes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from plugin_host.model_file.controls import Control, Scale
from plugin_host.model_file.golden import LARGEST_SHARE, allowed_at
from plugin_host.playing.end_states import STATE_TOLERANCE, state_difference
from training.streaming.model import StreamingModel

from .graph import state_name
from .signals import alternating_inputs, extreme_inputs, proof_inputs

Arrays = dict[str, NDArray[np.generic]]
LENGTHS = (1, 2, 3, 7, 64, 188)  # frames; the example's five is not among them on purpose
EXTREME_FRAMES = 96
LONG_S = 10.0
STEPPED = (Scale.INTEGER, Scale.CHOICE)
ENGINE_TOLERANCE = 1e-5
ANALYSIS_TOLERANCE = 1e-4
BLOCK_TOLERANCE = 2e-6
GESTURE_TOLERANCE = 2e-5  # of an effect whose controls move: they scale what its tracker finds differently
PHASE_TOLERANCE = 1e-4  # of an effect over ten seconds: its oscillators add those last bits up


@dataclass(frozen=True)
class Proof:
    """One comparison: what with what, over how many frames, the largest difference and the largest allowed.

    Differences are shares: of sound and states to their peak where it is above one, of an analyzer's outputs to each
    value or, where that is smaller, to their range. Those of states that count are absolute, and so are those of an
    output whose tolerance the model declares, as over the golden pair.
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
        return self.play_to_end(inputs, blocks)[0]

    def play_to_end(self, inputs: dict[str, Tensor], blocks: Sequence[int]) -> tuple[Arrays, Arrays]:
        """As `play`, with the states after the last call, ``next_state.<name>``."""
        state, parts, first = dict(self.start), [], 0
        end: Arrays = {}
        for frames in blocks:
            feeds = {k: v.numpy() for k, v in cut(inputs, first, frames, self.hop_length).items()}
            played = [np.asarray(value) for value in self.session.run(None, feeds | state)]
            results = dict(zip(self.names, played, strict=True))
            end = {k: v for k, v in results.items() if k.startswith("next_state.")}
            state = {k.removeprefix("next_"): v for k, v in end.items()}
            parts.append({k: v for k, v in results.items() if k.startswith("output.")})
            first += frames
        return _join(parts), end


def play_torch(model: StreamingModel, inputs: dict[str, Tensor], blocks: Sequence[int]) -> Arrays:
    """Play ``inputs`` through the torch module in calls of these numbers of frames: outputs by their names in the file."""
    return play_torch_to_end(model, inputs, blocks)[0]


@torch.no_grad()
def play_torch_to_end(
    model: StreamingModel, inputs: dict[str, Tensor], blocks: Sequence[int]
) -> tuple[Arrays, Arrays]:
    """As `play_torch`, with the states after the last call by their names in the file, ``next_state.<name>``."""
    state, parts, first = model.initial_state(1), [], 0
    for frames in blocks:
        outputs, state = model(cut(inputs, first, frames, model.hop_length), state)
        parts.append({f"output.{k.removeprefix('control.')}": v.numpy() for k, v in outputs.items()})
        first += frames
    return _join(parts), {f"next_state.{state_name(k)}": v.numpy() for k, v in state.items()}


def _join(parts: Sequence[Arrays]) -> Arrays:
    return {k: np.concatenate([part[k] for part in parts], -1) for k in parts[0]}


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


def difference(
    x: Mapping[str, NDArray[np.generic]],
    y: Mapping[str, NDArray[np.generic]],
    name: str,
    output: Control | None = None,
) -> float:
    """Largest difference of one tensor, as a share: see `Proof`. ``output`` describes an analyzer's.

    A difference that is not a number, or tensors of different shapes, are infinitely different.
    """
    if name.startswith("next_state."):
        return state_difference(x[name], y[name])
    a, b = x[name].astype(np.float64), y[name].astype(np.float64)
    if a.shape != b.shape or a.size == 0:
        return float("inf")
    error = np.max(np.abs(a - b) / _size(b, output, name == "output.audio"))
    return float(error) if np.isfinite(error) else float("inf")


def _size(values: NDArray[np.float64], output: Control | None, by_peak: bool) -> NDArray[np.float64]:
    """What a difference is a share of, at each value."""
    if by_peak:
        return np.maximum(1.0, np.max(np.abs(values)))
    if output is None:
        return np.maximum(1.0, np.abs(values))
    if output.scale == "log":
        return np.clip(values, output.minimum, output.maximum)
    return np.maximum(min(1.0, output.maximum - output.minimum), np.abs(values))


def _declared(
    x: Arrays, y: Arrays, name: str, tolerance: float, output: Control | None
) -> tuple[float, float]:
    """The absolute difference that is the largest share of what is allowed at its place, and what is allowed there."""
    found, right = x[name].astype(np.float64), y[name].astype(np.float64)
    errors, allowed = np.abs(found - right), allowed_at(right, tolerance, output)
    place = np.unravel_index(np.argmax(errors / allowed), errors.shape)
    return float(errors[place]), float(allowed[place])


def prove(model: StreamingModel, graph: bytes) -> list[Proof]:
    """Compare torch with ONNX Runtime, whole and in blocks, and each engine's blocks with its whole.

    Outputs are compared, and the states after them. Controls move, rest, and are held at the ends of their ranges: all at
    once and, where the model's tolerance for that is its own, one after the other as well.

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
        proofs += _compare(model, player, inputs, frames, _Allowed(model, is_long=frames == long))
    if model.controls:
        inputs = extreme_inputs(model, EXTREME_FRAMES)
        proofs += _compare(
            model, player, inputs, EXTREME_FRAMES, _Allowed(model, is_extreme=True), "extremes: "
        )
    if model.controls and model.extreme_tolerance is not None:
        inputs = alternating_inputs(model)
        frames = next(iter(inputs.values())).shape[-1] // (model.hop_length if "audio" in inputs else 1)
        proofs += _compare(model, player, inputs, frames, _Allowed(model, is_alone=True), "one extreme: ")
    return proofs


def _compare(
    model: StreamingModel,
    player: GraphPlayer,
    inputs: dict[str, Tensor],
    frames: int,
    allowed: _Allowed,
    title: str = "",
) -> list[Proof]:
    """Compare the engines, whole and in blocks, over one set of inputs."""
    blocks = random_blocks(frames, frames)
    torch_whole, torch_blocks = (play_torch_to_end(model, inputs, cuts) for cuts in ([frames], blocks))
    onnx_whole, onnx_blocks = (player.play_to_end(inputs, cuts) for cuts in ([frames], blocks))
    compared = {
        "ONNX Runtime whole - torch whole": (onnx_whole, torch_whole, allowed.engines),
        "ONNX Runtime blocks - torch whole": (onnx_blocks, torch_whole, allowed.engines),
        "ONNX Runtime blocks - its whole": (onnx_blocks, onnx_whole, allowed.engine_blocks),
        "torch blocks - torch whole": (torch_blocks, torch_whole, allowed.torch_blocks),
    }
    proofs = []
    for pair, ((x, x_end), (y, y_end), allow) in compared.items():
        for name in y:
            proofs.append(Proof(name, title + pair, frames, *allow(x, y, name)))
        for name in y_end:
            proofs.append(Proof(name, title + pair, frames, difference(x_end, y_end, name), allowed.states))
    # An effect that delays its input is rightly silent for as long.
    if frames * model.hop_length > model.latency_samples:
        proofs += _says_nothing(torch_whole[0], frames, allowed.outputs)
    return proofs


def _says_nothing(outputs: Arrays, frames: int, described: Mapping[str, Control]) -> list[Proof]:
    """A failed proof where there is nothing to compare: silence, also of one channel, or outputs that never move.

    One that goes in steps, such as a synth's waveform, may rightly stay where it is while others move.
    """
    audio = outputs.get("output.audio")
    is_long = frames > max(LENGTHS[:4])
    if audio is not None and is_long and not np.all(np.any(audio, axis=-1)):
        return [Proof("output.audio", "silent: nothing was compared in a channel", frames, float("inf"), 0.0)]
    if not any(np.any(values) for values in outputs.values()):
        return [Proof("all", "silent: nothing was compared", frames, float("inf"), 0.0)]
    still = {name for name, values in outputs.items() if is_long and not np.any(values != values[..., :1])}
    if still < set(outputs):
        still -= {name for name in still if described[name].scale in STEPPED}
    return [
        Proof(name, "constant: nothing was compared", frames, float("inf"), 0.0) for name in sorted(still)
    ]


class _Allowed:
    """Measures the difference of an output in each comparison, and says how large it may be."""

    def __init__(
        self,
        model: StreamingModel,
        is_long: bool = False,
        is_extreme: bool = False,
        is_alone: bool = False,
    ) -> None:
        self.model, self.is_long, self.is_extreme, self.is_alone = model, is_long, is_extreme, is_alone
        self.outputs = {f"output.{c.name}": Control(**asdict(c)) for c in model.outputs}

    def engines(self, x: Arrays, y: Arrays, tensor: str) -> tuple[float, float]:
        """Between torch and ONNX Runtime: what the model declares, or else what its role is held to."""
        output = self.outputs.get(tensor)
        declared = self.model.tolerances.get(tensor.removeprefix("output."))
        if self._loose is None and declared is not None and x[tensor].shape == y[tensor].shape:
            return _declared(x, y, tensor, declared, output)
        return difference(x, y, tensor, output), self._loose or self._of_role

    def engine_blocks(self, x: Arrays, y: Arrays, tensor: str) -> tuple[float, float]:
        """Between ONNX Runtime in blocks and whole."""
        return difference(x, y, tensor, self.outputs.get(tensor)), self._loose or BLOCK_TOLERANCE

    def torch_blocks(self, x: Arrays, y: Arrays, tensor: str) -> tuple[float, float]:
        """Between torch in blocks and whole."""
        if self._loose is not None or self.model.role == "effect":
            return self.engines(x, y, tensor)
        return difference(x, y, tensor, self.outputs.get(tensor)), self.model.block_tolerance

    @property
    def _of_role(self) -> float:
        if self.model.role == "analyzer":
            return ANALYSIS_TOLERANCE
        if self.model.role == "generator":
            return ENGINE_TOLERANCE
        return PHASE_TOLERANCE if self.is_long else GESTURE_TOLERANCE

    @property
    def states(self) -> float:
        """Of the states after the last call."""
        return max(STATE_TOLERANCE, self._loose or 0.0)

    @property
    def _loose(self) -> float | None:
        """What the model declares at extremes, or over ten seconds, the latter capped as its file's tolerances are.

        With one control at an end it is that cap: what magnifies last bits is several at once.
        """
        if self.is_alone:
            return LARGEST_SHARE
        if self.is_extreme:
            return self.model.extreme_tolerance
        declared = self.model.long_tolerance if self.is_long else None
        return None if declared is None else min(declared, LARGEST_SHARE)
