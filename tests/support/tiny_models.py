"""Make small real models with onnx alone: every role and kind of state, and sounds that tests can predict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from plugin_host.model_file.array_text import Tensor
from plugin_host.model_file.controls import Control, Scale
from plugin_host.model_file.document import ModelDocument, Role, StateTensor
from plugin_host.model_file.golden import GoldenPair
from plugin_host.playing.model import Model

SAMPLE_RATE = 48_000
HOP_LENGTH = 64

GAIN = Control(name="gain", minimum=0.0, maximum=4.0, default=1.0, description="Factor on the samples.")
LEVEL = Control(
    name="level", minimum=-1.0, maximum=1.0, default=0.0, description="What the output's samples are."
)
MODE = Control(
    name="mode", minimum=0, maximum=2, default=1, scale=Scale.CHOICE, choices=("dry", "wet", "both")
)
F0_HZ = Control(name="f0_hz", unit="Hz", minimum=20.0, maximum=2000.0, default=220.0, scale=Scale.LOG)
PLACE = Control(
    name="place", minimum=-1.0, maximum=1.0, default=(0.0, 0.5, 0.0), size=3, description="Where it sounds."
)
HIT = Control(name="hit", minimum=0.0, maximum=1.0, default=0.0, scale=Scale.TRIGGER)
DICE = Control(name="dice", minimum=0, maximum=1000, default=0, scale=Scale.SEED)
PLACE_WEIGHTS = (1.0, 2.0, 4.0)
RMS = Control(name="rms", minimum=0.0, maximum=100.0, default=0.0)

_TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}


class GraphBuilder:
    """Collects nodes and constants; names of results are made up unless given."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def __call__(self, operator: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        result = out or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [result], **attributes))
        return result

    def per_sample(self, control: str, hop_length: int) -> str:
        """Repeat a control (1, N) for each sample: (1, 1, N * hop_length)."""
        column = self("Reshape", control, self.constant([1, -1, 1], np.int64))
        held = self("Expand", column, self.constant([1, 1, hop_length], np.int64))
        return self("Reshape", held, self.constant([1, 1, -1], np.int64))

    def frames(self, audio: str, hop_length: int, channels: int = 1) -> str:
        """Cut audio (1, C, T) into hops: (C, N, hop_length)."""
        return self("Reshape", audio, self.constant([channels, -1, hop_length], np.int64))

    def model(self, document: ModelDocument, opset: int = 18) -> onnx.ModelProto:
        """Put the graph together with the document as its metadata."""
        graph = helper.make_graph(
            self.nodes,
            document.name,
            [_value_info(spec) for spec in document.graph_inputs()],
            [_value_info(spec) for spec in document.graph_outputs()],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
        helper.set_model_props(model, document.to_metadata())
        onnx.checker.check_model(model)
        return model


def document(role: str, name: str, **fields: Any) -> ModelDocument:
    """Give a document with the values that most of these models share."""
    defaults: dict[str, Any] = {
        "family": "test",
        "sample_rate": SAMPLE_RATE,
        "hop_length": HOP_LENGTH,
        "channels": 1,
        "latency_samples": 0,
        "tail_samples": 0,
    }
    return ModelDocument(name=name, role=Role(role), **(defaults | fields))


def save(model: onnx.ModelProto, folder: Path, name: str | None = None) -> Path:
    """Write a model to a folder and give its path."""
    path = folder / f"{name or model.graph.name}.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def load(model: onnx.ModelProto) -> Model:
    """Load a model through a file, as any other."""
    with TemporaryDirectory() as folder:
        return Model(save(model, Path(folder)))


def gain_effect(hop_length: int = HOP_LENGTH, channels: int = 1, **fields: Any) -> onnx.ModelProto:
    """Multiply the input by the control `gain`: no delay, no state."""
    build = GraphBuilder()
    build("Mul", "audio", build.per_sample("control.gain", hop_length), out="output.audio")
    return build.model(
        document("effect", "gain", hop_length=hop_length, channels=channels, controls=(GAIN,), **fields)
    )


def delay_effect(delay: int = 100, hop_length: int = HOP_LENGTH, **fields: Any) -> onnx.ModelProto:
    """Delay the input by some samples, held in a state; the document reports it as latency."""
    build = GraphBuilder()
    line = build("Concat", "state.line", "audio", axis=2)
    zero, axis = build.constant([0], np.int64), build.constant([2], np.int64)
    ends = build.constant([-delay], np.int64)
    build("Slice", line, zero, ends, axis, out="output.audio")
    build("Slice", line, ends, build.constant([2**40], np.int64), axis, out="next_state.line")
    timing = {"latency_samples": delay, "tail_samples": 0} | fields
    states = (StateTensor(name="line", shape=(1, 1, delay), dtype="float32"),)
    return build.model(document("effect", "delay", hop_length=hop_length, states=states, **timing))


def leaky_effect(hop_length: int = HOP_LENGTH, golden: GoldenPair | None = None) -> onnx.ModelProto:
    """Add to the input the decaying sum of all hops' means before it, and count the hops in an int64 state.

    In a hop n: ``output = input + level[n]``, ``level[n + 1] = 0.9 * level[n] + mean(input)``, level in
    float64. The sum over the frames of a call is a matrix product, so that it is right for any number of
    frames.
    """
    build = GraphBuilder()
    hops = build.frames("audio", hop_length)
    means = build(
        "Cast", build("ReduceMean", hops, build.constant([2], np.int64), keepdims=0), to=TensorProto.DOUBLE
    )
    count = build("Shape", means, start=1, end=2)
    scalar = build("Squeeze", count)
    zero, one = build.constant(0, np.int64), build.constant(1, np.int64)
    steps = build("Range", zero, build("Add", scalar, one), one)
    # powers[i, j] = 0.9 ** (i - 1 - j) where j < i: what mean j adds to the level before hop i.
    rows = build("Unsqueeze", steps, build.constant([1], np.int64))
    columns = build("Unsqueeze", build("Range", zero, scalar, one), build.constant([0], np.int64))
    lag = build("Cast", build("Sub", build("Sub", rows, columns), one), to=TensorProto.DOUBLE)
    powers = build("Pow", build.constant(0.9, np.float64), build("Max", lag, build.constant(0.0, np.float64)))
    masked = build("Where", build("Less", columns, rows), powers, build.constant(0.0, np.float64))
    added = build("MatMul", masked, build("Reshape", means, build.constant([-1, 1], np.int64)))
    decay = build("Pow", build.constant(0.9, np.float64), build("Cast", rows, to=TensorProto.DOUBLE))
    levels = build("Add", added, build("Mul", decay, "state.level"))
    before = build("Slice", levels, build.constant([0], np.int64), count, build.constant([0], np.int64))
    build(
        "Slice",
        levels,
        count,
        build("Add", count, build.constant([1], np.int64)),
        build.constant([0], np.int64),
        out="next_state.level",
    )
    offset = build("Cast", build("Reshape", before, build.constant([1, -1], np.int64)), to=TensorProto.FLOAT)
    build("Add", "audio", build.per_sample(offset, hop_length), out="output.audio")
    build("Add", "state.hops", count, out="next_state.hops")
    states = (
        StateTensor(name="level", shape=(1, 1), dtype="float64"),
        StateTensor(name="hops", shape=(1,), dtype="int64"),
    )
    return build.model(
        document("effect", "leaky", hop_length=hop_length, states=states, tail_samples=1000, golden=golden)
    )


def mode_effect(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Give ``input * mode + level``: a choice, which jumps, and a linear control, which ramps."""
    build = GraphBuilder()
    scaled = build("Mul", "audio", build.per_sample("control.mode", hop_length))
    build("Add", scaled, build.per_sample("control.level", hop_length), out="output.audio")
    return build.model(document("effect", "mode", hop_length=hop_length, controls=(MODE, LEVEL)))


def kinds_effect(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Add to the input what its controls say: 1, 2, 4 times the vector `place`, 16 times `hit`, and `dice`."""
    build = GraphBuilder()
    build("Add", "audio", build.per_sample(_kinds(build), hop_length), out="output.audio")
    return build.model(document("effect", "kinds", hop_length=hop_length, controls=(PLACE, HIT, DICE)))


def kinds_generator(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Give what `kinds_effect` adds to its input."""
    build = GraphBuilder()
    build("Identity", build.per_sample(_kinds(build), hop_length), out="output.audio")
    controls = (PLACE, HIT, DICE)
    return build.model(document("generator", "kinds_generator", hop_length=hop_length, controls=controls))


def _kinds(build: GraphBuilder) -> str:
    place = build("MatMul", build.constant([[PLACE_WEIGHTS]]), "control.place")
    hit = build("Mul", "control.hit", build.constant(16.0))
    row = build("Reshape", place, build.constant([1, -1], np.int64))
    return build("Add", build("Add", row, hit), "control.dice")


def ends_analyzer(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Give the first two samples of each hop as a vector of two; NaN where they are far above full scale."""
    build = GraphBuilder()
    hops = build.frames("audio", hop_length)
    ends = [build.constant([end], np.int64) for end in (0, 2)]
    first = build("Slice", hops, *ends, build.constant([2], np.int64))
    overflow = build("Mul", build("Mul", first, build.constant(1e30)), build.constant(0.0))
    build("Transpose", build("Add", first, overflow), perm=[0, 2, 1], out="output.ends")
    output = Control(name="ends", minimum=-1.0, maximum=1.0, default=(0.25, 0.5), size=2)
    return build.model(document("analyzer", "ends", hop_length=hop_length, outputs=(output,)))


def fragile_effect(limit: float = 0.9, hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Pass the input, but give NaN, and NaN in the state for ever, once a sample is above `limit`."""
    build = GraphBuilder()
    peak = build("Reshape", build("ReduceMax", "audio", keepdims=0), build.constant([1, 1, 1], np.int64))
    over = build("Greater", peak, build.constant(limit))
    poison = build("Where", over, build.constant(float("nan")), build.constant(0.0))
    build("Add", "state.poison", poison, out="next_state.poison")
    build("Add", "audio", "next_state.poison", out="output.audio")
    states = (StateTensor(name="poison", shape=(1, 1, 1), dtype="float32"),)
    return build.model(document("effect", "fragile", hop_length=hop_length, states=states))


def hidden_fault_effect(limit: float = 0.9, hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Pass the input until a sample is above `limit`; from then on NaN in the state, finite silence out."""
    build = GraphBuilder()
    peak = build("Reshape", build("ReduceMax", "audio", keepdims=0), build.constant([1, 1, 1], np.int64))
    over = build("Greater", peak, build.constant(limit))
    poison = build("Where", over, build.constant(float("nan")), build.constant(0.0))
    build("Add", "state.poison", poison, out="next_state.poison")
    build("Where", build("IsNaN", "state.poison"), build.constant(0.0), "audio", out="output.audio")
    states = (StateTensor(name="poison", shape=(1, 1, 1), dtype="float32"),)
    return build.model(document("effect", "hidden_fault", hop_length=hop_length, states=states))


def rms_analyzer(hop_length: int = HOP_LENGTH, channels: int = 1, **fields: Any) -> onnx.ModelProto:
    """Give the root mean square of each hop, over all channels."""
    build = GraphBuilder()
    hops = build.frames("audio", hop_length, channels)
    power = build("ReduceMean", build("Mul", hops, hops), build.constant([0, 2], np.int64), keepdims=0)
    root = build("Sqrt", power)
    build("Reshape", root, build.constant([1, -1], np.int64), out="output.rms")
    return build.model(
        document("analyzer", "rms", hop_length=hop_length, channels=channels, outputs=(RMS,), **fields)
    )


def echo_analyzer(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Give the control `gain` as it arrives, whatever the input."""
    build = GraphBuilder()
    hops = build("ReduceMean", build.frames("audio", hop_length), build.constant([2], np.int64), keepdims=0)
    nothing = build("Mul", hops, build.constant(0.0))
    build("Add", "control.gain", nothing, out="output.echo")
    output = Control(name="echo", minimum=0.0, maximum=4.0, default=0.0)
    return build.model(
        document("analyzer", "echo", hop_length=hop_length, controls=(GAIN,), outputs=(output,))
    )


def sine_generator(
    hop_length: int = HOP_LENGTH, sample_rate: int = SAMPLE_RATE, **fields: Any
) -> onnx.ModelProto:
    """Give a sine of the control `f0_hz`, its phase in cycles in a float64 state."""
    build = GraphBuilder()
    frequency = build("Cast", "control.f0_hz", to=TensorProto.DOUBLE)
    step = build("Div", frequency, build.constant(float(sample_rate), np.float64))
    per_frame = build("Mul", step, build.constant(float(hop_length), np.float64))
    axis = build.constant(1, np.int64)
    start = build("Add", build("CumSum", per_frame, axis, exclusive=1), "state.phase")
    end = build("Add", build("ReduceSum", per_frame, build.constant([1], np.int64)), "state.phase")
    build("Sub", end, build("Floor", end), out="next_state.phase")
    index = build.constant(np.arange(hop_length)[None, None], np.float64)
    column = build("Unsqueeze", step, build.constant([2], np.int64))
    cycles = build(
        "Add", build("Unsqueeze", start, build.constant([2], np.int64)), build("Mul", column, index)
    )
    wrapped = build("Cast", build("Sub", cycles, build("Floor", cycles)), to=TensorProto.FLOAT)
    sine = build("Sin", build("Mul", wrapped, build.constant(2 * np.pi)))
    build("Reshape", sine, build.constant([1, 1, -1], np.int64), out="output.audio")
    states = (StateTensor(name="phase", shape=(1, 1), dtype="float64"),)
    return build.model(
        document(
            "generator",
            "sine",
            hop_length=hop_length,
            sample_rate=sample_rate,
            controls=(F0_HZ,),
            states=states,
            **fields,
        ),
    )


def gain_golden(hop_length: int = HOP_LENGTH, frames: int = 20, error: float = 0.0) -> GoldenPair:
    """Compute a golden pair for `gain_effect` with numpy, its output wrong by `error`."""
    random = np.random.default_rng(0)
    audio = random.uniform(-1, 1, (1, 1, frames * hop_length)).astype(np.float32)
    gain = random.uniform(0, 4, (1, frames)).astype(np.float32)
    output = audio * np.repeat(gain, hop_length, axis=1)[None] + np.float32(error)
    return GoldenPair(
        inputs={"audio": Tensor.of(audio), "control.gain": Tensor.of(gain)},
        outputs={"output.audio": Tensor.of(output)},
        tolerance=1e-6,
    )


def forgetful_effect(hop_length: int = HOP_LENGTH) -> onnx.ModelProto:
    """Add up all samples since the call began: a model that forgets its past at every call."""
    build = GraphBuilder()
    build("CumSum", "audio", build.constant(2, np.int64), out="output.audio")
    return build.model(document("effect", "forgetful", hop_length=hop_length))


def with_golden(model: onnx.ModelProto, frames: int = 20) -> onnx.ModelProto:
    """Give a model the golden pair that ONNX Runtime computes for it in one call."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    plain = ModelDocument.from_metadata(metadata)
    random = np.random.default_rng(0)
    inputs: dict[str, Any] = {}
    for spec in plain.graph_inputs():
        if spec.is_state:
            lengths = [length or 1 for length in spec.shape]
            inputs[spec.name] = np.zeros(lengths, dtype=spec.dtype)
        elif spec.is_audio:
            shape = (1, plain.channels, frames * plain.hop_length)
            inputs[spec.name] = random.uniform(-1, 1, shape).astype(np.float32)
        else:
            control = next(c for c in plain.controls if spec.name == f"control.{c.name}")
            curve = random.uniform(control.minimum, control.maximum, (1, frames))
            inputs[spec.name] = curve.astype(np.float32)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [spec.name for spec in plain.graph_outputs()]
    outputs = dict(zip(names, session.run(names, inputs), strict=True))
    golden = GoldenPair(
        inputs={name: Tensor.of(value) for name, value in inputs.items() if "state." not in name},
        outputs={name: Tensor.of(value) for name, value in outputs.items() if "state." not in name},
        tolerance=2e-6,
    )
    del model.metadata_props[:]
    helper.set_model_props(model, plain.model_copy(update={"golden": golden}).to_metadata())
    return model


def _value_info(spec: Any) -> onnx.ValueInfoProto:
    shape: Sequence[int | str] = [
        ("T" if spec.is_audio else "N") if length is None else length for length in spec.shape
    ]
    return helper.make_tensor_value_info(spec.name, _TYPES[spec.dtype], shape)
