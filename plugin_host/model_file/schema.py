"""Describe a model file: the one schema of its metadata, shared by the writer (export) and every reader.

A model file is an ONNX graph plus flat string keys in its metadata map, all of which begin with
``brainsynth.``. The classes here are the typed form of those keys; docs/model-format.md is the manual, with
every key and the history of the format.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    field_validator,
    model_validator,
)

from .array_text import Tensor, parse_shape
from .flat_keys import nest_metadata, read_document, write_metadata
from .graph_contract import AUDIO_INPUT, AUDIO_OUTPUT, GraphTensor, TensorSpec, check_tensors

FORMAT_VERSION = 1
MINIMUM_OPSET = 18

RESERVED_NAMES = frozenset(
    {
        "audio",
        "block_size",
        "channels",
        "controls",
        "counters",
        "document",
        "input_array",
        "latency",
        "latency_samples",
        "mix",
        "model",
        "name",
        "path",
        "player",
        "process",
        "reset",
        "sample_rate",
        "state",
    }
)
"""Names that no control may have, because they already mean something on the objects that carry controls."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Role(StrEnum):
    """What a model turns into what: the only distinction between models that a host makes."""

    EFFECT = "effect"
    ANALYZER = "analyzer"
    GENERATOR = "generator"


class Scale(StrEnum):
    """How a control moves between its minimum and its maximum."""

    LINEAR = "linear"
    LOG = "log"
    INTEGER = "integer"
    CHOICE = "choice"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Control(_Part):
    """A named value that a model takes or, from an analyzer, gives: one float32 a frame.

    Parameters
    ----------
    name : str
        Lower case, digits and underscores, with the unit at its end where the name does not make it clear
        (`f0_hz`).
    unit : str
        For people: ``"semitones"``, ``"dB"``, ``"Hz"``; empty for a plain number.
    minimum, maximum, default : float
        In that unit, with ``minimum < maximum`` and the default between them. Those of a choice are positions
        in `choices`.
    scale : Scale
        ``linear``, ``log`` (the minimum is above zero), ``integer`` or ``choice``. The last two jump, the
        others ramp.
    choices : tuple of str
        The words of a choice, in order; empty for every other scale.
    description : str
        One sentence for a tooltip.
    """

    name: Name
    unit: str = ""
    minimum: FiniteFloat
    maximum: FiniteFloat
    default: FiniteFloat
    scale: Scale = Scale.LINEAR
    choices: tuple[str, ...] = ()
    description: str = ""

    @property
    def is_stepped(self) -> bool:
        """Whether the control jumps from value to value (integer, choice) instead of ramping."""
        return self.scale in (Scale.INTEGER, Scale.CHOICE)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in RESERVED_NAMES or keyword.iskeyword(name):
            raise ValueError("this name is taken by the host or by Python; give the control another")
        return name

    @model_validator(mode="after")
    def _range_makes_sense(self) -> Self:
        single_choice = self.scale is Scale.CHOICE and len(self.choices) == 1
        if self.minimum >= self.maximum and not single_choice:
            raise ValueError(f"minimum {self.minimum:g} must be below maximum {self.maximum:g}")
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError(f"default {self.default:g} must be from {self.minimum:g} to {self.maximum:g}")
        if self.scale is Scale.LOG and self.minimum <= 0:
            raise ValueError(f"a log scale needs a minimum above 0, not {self.minimum:g}")
        if self.is_stepped and any(
            value != round(value) for value in (self.minimum, self.maximum, self.default)
        ):
            raise ValueError(f"scale {self.scale} needs whole numbers for minimum, maximum and default")
        if self.scale is Scale.CHOICE and (self.minimum, self.maximum) != (0, len(self.choices) - 1):
            raise ValueError(
                f"a choice of {len(self.choices)} words needs minimum 0 and maximum {len(self.choices) - 1}"
            )
        if self.scale is not Scale.CHOICE and self.choices:
            raise ValueError(f"only scale choice has choices, not scale {self.scale}")
        return self


class StateTensor(_Part):
    """A tensor that a model carries from call to call. It starts as zeros.

    The graph takes it as ``state.<name>`` and gives it back as ``next_state.<name>``, of the same shape and
    type.
    """

    name: Name
    shape: tuple[Annotated[int, Field(ge=1)], ...]
    dtype: Annotated[str, StringConstraints(pattern=r"^(float32|float64|int64)$")]

    @field_validator("shape", mode="before")
    @classmethod
    def _shape_from_text(cls, shape: object) -> object:
        return parse_shape(shape) if isinstance(shape, str) else shape

    @field_validator("shape")
    @classmethod
    def _shape_is_bounded(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if math.prod(shape) > 2**26:
            raise ValueError(f"a state of {math.prod(shape)} values is over the limit of {2**26}")
        return shape


class Range(_Part):
    """What a feature or control covered in training, in its own unit: about 5th, 50th, 95th percentile."""

    low: FiniteFloat
    median: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.median <= self.high:
            raise ValueError(f"low {self.low:g}, median {self.median:g}, high {self.high:g} must not fall")
        return self


class GoldenPair(_Part):
    """What the model's author computed from the initial state, to check any host against.

    Parameters
    ----------
    inputs, outputs : dict of str to Tensor
        By the graph's own tensor names, without states: ``audio`` and ``control.<name>`` in, ``output.audio``
        or ``output.<name>`` out. Numpy arrays are taken, too.
    tolerance : float
        Largest absolute difference that a correct host may show, in the unit of the outputs.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    tolerance: Annotated[FiniteFloat, Field(gt=0)]


class ModelDocument(_Part):
    """All that a host must know of a model: what it is, its tensors, timing and controls, and its origin.

    Parameters
    ----------
    name, family, description : str
        What it is called, which architecture it is, and one sentence about it.
    role : Role
        ``effect`` (audio to audio), ``analyzer`` (audio to controls) or ``generator`` (controls to audio).
    sample_rate : int
        Of all its audio, in Hz, 1000 to 768000.
    hop_length : int
        Samples per frame. A call covers a whole number of frames, at least one.
    channels : int
        Of its audio. A host runs a model of one channel once per channel.
    latency_samples : int
        By how many samples, at `sample_rate`, the output lags the input on the time line of the stream.
    tail_samples : int
        How long it goes on sounding after its input has ended, in samples at `sample_rate`.
    controls, outputs : tuple of Control
        What it takes, and what an analyzer gives, in the order of a user interface.
    states : tuple of StateTensor
        What it carries from call to call.
    trained : dict of str to Range
        The range of a control or feature in the training data, so that input can be moved into it.
    provenance : dict of str to str
        Where it comes from: ``data``, ``training``, ``created``, ``author``, ``licence``, ``source_sha256``
        and so on.
    golden : GoldenPair or None
        The proof that the file carries.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    family: str
    role: Role
    description: str = ""
    sample_rate: Annotated[int, Field(ge=1000, le=768_000)]
    hop_length: Annotated[int, Field(ge=1, le=65_536)]
    channels: Annotated[int, Field(ge=1, le=64)]
    latency_samples: Annotated[int, Field(ge=0, le=10_000_000)]
    tail_samples: Annotated[int, Field(ge=0, le=100_000_000)]
    controls: tuple[Control, ...] = ()
    outputs: tuple[Control, ...] = ()
    states: tuple[StateTensor, ...] = ()
    trained: dict[Name, Range] = {}
    provenance: dict[Name, str] = {}
    golden: GoldenPair | None = None

    @property
    def has_audio_input(self) -> bool:
        """Whether the graph takes a tensor ``audio``: effects and analyzers do."""
        return self.role is not Role.GENERATOR

    @property
    def has_audio_output(self) -> bool:
        """Whether the graph gives a tensor ``audio``: effects and generators do."""
        return self.role is not Role.ANALYZER

    def graph_inputs(self) -> tuple[TensorSpec, ...]:
        """List the tensors the graph must take, in the order: audio, controls, states."""
        return (
            *([TensorSpec.audio(AUDIO_INPUT, self.channels)] if self.has_audio_input else []),
            *(TensorSpec.control(f"control.{control.name}") for control in self.controls),
            *(TensorSpec(f"state.{state.name}", state.dtype, state.shape) for state in self.states),
        )

    def graph_outputs(self) -> tuple[TensorSpec, ...]:
        """List the tensors the graph must give, in the order: audio or controls, states."""
        return (
            *([TensorSpec.audio(AUDIO_OUTPUT, self.channels)] if self.has_audio_output else []),
            *(TensorSpec.control(f"output.{control.name}") for control in self.outputs),
            *(TensorSpec(f"next_state.{state.name}", state.dtype, state.shape) for state in self.states),
        )

    def check_graph(
        self, inputs: Sequence[GraphTensor], outputs: Sequence[GraphTensor], source: str = "the model"
    ) -> None:
        """Compare a graph's tensors with this document.

        Parameters
        ----------
        inputs, outputs : sequence
            Objects with `name`, `type` (such as ``"tensor(float)"``) and `shape` (integers, and text or None
            where a dimension is free), as ``onnxruntime.InferenceSession.get_inputs()`` gives them.
        source : str
            How messages name the file.

        Raises
        ------
        ModelFileError
            At the first tensor that is missing, unknown, or of another type or shape.
        """
        check_tensors("input", self.graph_inputs(), inputs, source)
        check_tensors("output", self.graph_outputs(), outputs, source)

    def to_metadata(self) -> dict[str, str]:
        """Give the flat keys to store in an ONNX file; `from_metadata` gives back an equal document."""
        return {"brainsynth.format": str(FORMAT_VERSION), **write_metadata(self)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str = "the model") -> Self:
        """Read a document from the metadata of an ONNX file. Keys that it does not know are left alone.

        Parameters
        ----------
        metadata : mapping of str to str
            The file's whole metadata map.
        source : str
            How messages name the file.

        Raises
        ------
        ModelFileError
            With the key, what was found there, and what is needed.
        """
        return read_document(cls, nest_metadata(metadata, FORMAT_VERSION, source), source)

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        for what, parts in (("control", self.controls), ("output", self.outputs), ("state", self.states)):
            names = [part.name for part in parts]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"there are two {what}s named {name!r}; names must differ")
        if self.role is Role.ANALYZER and not self.outputs:
            raise ValueError("an analyzer needs at least one output")
        if self.role is not Role.ANALYZER and self.outputs:
            raise ValueError(f"only an analyzer has output controls, and this is role {self.role}")
        if self.role is Role.GENERATOR and not self.controls:
            raise ValueError("a generator needs at least one control, whose length is the number of frames")
        if self.golden is not None:
            self._check_golden(self.golden)
        return self

    def _check_golden(self, golden: GoldenPair) -> None:
        frames: int | None = None
        for side, tensors, specs in (
            ("input", golden.inputs, self.graph_inputs()),
            ("output", golden.outputs, self.graph_outputs()),
        ):
            needed = {spec.name: spec for spec in specs if not spec.is_state}
            if tensors.keys() != needed.keys():
                raise ValueError(f"the golden {side}s are {sorted(tensors)}, needed are {sorted(needed)}")
            for name, tensor in tensors.items():
                frames = needed[name].count_frames(tensor.shape, self.hop_length, frames)

    def summary(self) -> dict[str, Any]:
        """Give the document as plain values for JSON, without the golden pair."""
        return self.model_dump(mode="json", exclude={"golden"})
