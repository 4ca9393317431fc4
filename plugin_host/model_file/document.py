"""Describe a model file: the one schema of its metadata, shared by the writer (export) and every reader.

A model file is an ONNX graph plus flat string keys in its metadata map, all of which begin with
``brainsynth.``. The classes here are the typed form of those keys; docs/model-format.md is the manual, with
every key and the history of the format.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from ..errors import ModelFileError
from .array_text import parse_shape
from .controls import Control, Part
from .flat_keys import nest_metadata, read_document, write_metadata
from .golden import GoldenPair
from .graph_contract import AUDIO_INPUT, AUDIO_OUTPUT, GraphTensor, TensorSpec, check_tensors
from .names import HOST_NAMES, Name, refuse_taken

FORMAT_VERSION = 2

LARGEST_STATES = 64 * 2**20
"""The most that all states of a model take, in bytes."""

MOST_NUMBERS = 4096
"""The most numbers a frame, of all controls or all outputs together."""

MOST_GOLDEN_FRAMES = 65_536
"""A golden pair is played frame by frame to check a host."""


class Role(StrEnum):
    """What a model turns into what: the only distinction between models that a host makes."""

    EFFECT = "effect"
    ANALYZER = "analyzer"
    GENERATOR = "generator"


class StateTensor(Part):
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

    @property
    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        return math.prod(self.shape) * (4 if self.dtype == "float32" else 8)


class Range(Part):
    """What a feature or control covered in training, in its own unit: about 5th, 50th, 95th percentile."""

    low: FiniteFloat
    median: FiniteFloat
    high: FiniteFloat

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.median <= self.high:
            raise ValueError(f"low {self.low:g}, median {self.median:g}, high {self.high:g} must not fall")
        return self


class ModelDocument(Part):
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
    format : int
        Of the file: 2 for all that is written now. A document of format 1 has no vectors, triggers, seeds or
        tolerances of single outputs, and its controls may have names that are the host's since format 2.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    family: Annotated[str, StringConstraints(max_length=64)]
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
    trained: dict[Name, Range] = Field(default_factory=dict)
    provenance: dict[Name, str] = Field(default_factory=dict)
    golden: GoldenPair | None = None
    format: Annotated[int, Field(ge=1, le=FORMAT_VERSION)] = FORMAT_VERSION

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
            *(TensorSpec.control(f"control.{control.name}", control.size) for control in self.controls),
            *(TensorSpec(f"state.{state.name}", state.dtype, state.shape) for state in self.states),
        )

    def graph_outputs(self) -> tuple[TensorSpec, ...]:
        """List the tensors the graph must give, in the order: audio or controls, states."""
        return (
            *([TensorSpec.audio(AUDIO_OUTPUT, self.channels)] if self.has_audio_output else []),
            *(TensorSpec.control(f"output.{control.name}", control.size) for control in self.outputs),
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
        try:
            check_tensors("input", self.graph_inputs(), inputs, source)
            check_tensors("output", self.graph_outputs(), outputs, source)
        except UnicodeDecodeError as error:
            raise ModelFileError(
                f"{source}: a tensor's name in the graph is no text in UTF-8; export it again"
            ) from error

    def to_metadata(self) -> dict[str, str]:
        """Give the flat keys to store in an ONNX file; `from_metadata` gives back an equal document."""
        return write_metadata(self)

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
            for name, count in Counter(part.name for part in parts).items():
                if count > 1:
                    raise ValueError(f"there are two {what}s named {name!r}; names must differ")
        self._check_sizes()
        if self.role is Role.ANALYZER and not self.outputs:
            raise ValueError("an analyzer needs at least one output")
        if self.role is not Role.ANALYZER and self.outputs:
            raise ValueError(f"only an analyzer has output controls, and this is role {self.role}")
        if self.role is Role.GENERATOR and not self.controls:
            raise ValueError("a generator needs at least one control, whose length is the number of frames")
        for control in (*self.controls, *self.outputs):
            if self.format == 1 and control.needs_format_2:
                raise ValueError(
                    f"{control.name} is of size {control.size} and scale {control.scale}, which needs format 2"
                )
            if self.format > 1:
                refuse_taken(control.name, HOST_NAMES)
        if self.golden is not None:
            self._check_golden(self.golden)
        return self

    def _check_sizes(self) -> None:
        """Refuse what would take more memory than any model needs, before there is any."""
        state_bytes = sum(state.nbytes for state in self.states)
        if state_bytes > LARGEST_STATES:
            raise ValueError(
                f"the states take {state_bytes / 2**20:.0f} MiB in all, over the limit of {LARGEST_STATES / 2**20:.0f}"
            )
        for what, controls in (("controls", self.controls), ("outputs", self.outputs)):
            numbers = sum(control.size for control in controls)
            if numbers > MOST_NUMBERS:
                raise ValueError(
                    f"the {what} are {numbers} numbers a frame, over the limit of {MOST_NUMBERS}"
                )

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
        if frames is not None and frames > MOST_GOLDEN_FRAMES:
            raise ValueError(f"the golden pair has {frames} frames, over the limit of {MOST_GOLDEN_FRAMES}")
        if self.format > 1:
            golden.check_tolerances(self.outputs)
        elif golden.tolerances:
            raise ValueError("golden tolerances of single outputs: this needs format 2")
        else:
            golden.check_one_tolerance(self.outputs)

    def summary(self) -> dict[str, Any]:
        """Give the document as plain values for JSON, without the golden pair."""
        return self.model_dump(mode="json", exclude={"golden"})
