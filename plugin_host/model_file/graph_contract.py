"""Say which tensors a model's graph must have, and compare them with those it has."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from ..errors import ModelFileError, counted

AUDIO_INPUT = "audio"
AUDIO_OUTPUT = "output.audio"

_GRAPH_TYPES = {"float32": "tensor(float)", "float64": "tensor(double)", "int64": "tensor(int64)"}


class GraphTensor(Protocol):
    """An input or output of a graph, as ONNX Runtime lists them."""

    @property
    def name(self) -> str:
        """Unique among inputs and outputs."""
        ...

    @property
    def type(self) -> str:
        """Such as ``"tensor(float)"``."""
        ...

    @property
    def shape(self) -> Sequence[int | str | None]:
        """Lengths; text or None where they are free."""
        ...


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of the contract: its name in the graph, its type, its shape with None for the time axis."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    @classmethod
    def audio(cls, name: str, channels: int) -> Self:
        """Give the spec of audio: (1, C, N * hop_length)."""
        return cls(name, "float32", (1, channels, None))

    @classmethod
    def control(cls, name: str, size: int = 1) -> Self:
        """Give the spec of a control, in or out: (1, N), or (1, K, N) for a vector of K."""
        return cls(name, "float32", (1, None) if size == 1 else (1, size, None))

    @property
    def is_audio(self) -> bool:
        """Whether the time axis counts samples, not frames."""
        return self.name in (AUDIO_INPUT, AUDIO_OUTPUT)

    @property
    def is_state(self) -> bool:
        """Whether the tensor is carried from call to call; such a tensor has no time axis."""
        return self.name.startswith(("state.", "next_state."))

    def describe(self) -> str:
        """Write type and shape for a message, with T or N for the time axis."""
        time = "T" if self.is_audio else "N"
        return f"{self.dtype} ({', '.join(time if length is None else str(length) for length in self.shape)})"

    def admits(self, shape: Sequence[int | str | None], is_output: bool) -> bool:
        """Tell whether a graph's shape fits: a free time axis, the others fixed or, in an output, unknown."""
        if len(shape) != len(self.shape):
            return False
        for needed, found in zip(self.shape, shape, strict=True):
            if needed is None:
                if isinstance(found, int):
                    return False
            elif found != needed and (isinstance(found, int) or not is_output):
                return False
        return True

    def count_frames(self, shape: tuple[int, ...], hop_length: int, frames: int | None) -> int:
        """Give the number of frames in a tensor; ValueError unless it fits and has `frames`, if given."""
        if len(shape) != len(self.shape) or shape[:-1] != self.shape[:-1]:
            raise ValueError(f"{self.name} has shape {shape}, needed is {self.describe()}")
        samples_per_step = hop_length if self.is_audio else 1
        found, rest = divmod(shape[-1], samples_per_step)
        if rest or found == 0:
            raise ValueError(
                f"{self.name} has {counted(shape[-1], 'sample')}, needed is a whole number of hops of {hop_length}, at "
                "least one"
            )
        if frames is not None and found != frames:
            raise ValueError(f"{self.name} has {counted(found, 'frame')} where another tensor has {frames}")
        return found


def check_tensors(side: str, needed: Sequence[TensorSpec], found: Sequence[GraphTensor], source: str) -> None:
    """Compare the tensors on one side of a graph with the contract.

    Parameters
    ----------
    side : str
        ``"input"`` or ``"output"``.
    needed : sequence of TensorSpec
        What the document asks for.
    found : sequence
        What the graph has, in any order.
    source : str
        How messages name the file.

    Raises
    ------
    ModelFileError
        At the first tensor that is missing, unknown, or of another type or shape.
    """
    found_by_name = {tensor.name: tensor for tensor in found}
    for spec in needed:
        tensor = found_by_name.pop(spec.name, None)
        if tensor is None:
            near = difflib.get_close_matches(spec.name, found_by_name, 1)
            hint = f"; it has {near[0]!r}" if near else ""
            raise ModelFileError(
                f"{source}: the graph has no {side} {spec.name!r}{hint}, but its metadata needs one: export "
                "it again"
            )
        if tensor.type != _GRAPH_TYPES[spec.dtype] or not spec.admits(tensor.shape, side == "output"):
            shape = ", ".join("?" if length is None else str(length) for length in tensor.shape)
            raise ModelFileError(
                f"{source}: {side} {spec.name!r} is {tensor.type} ({shape}) in the graph, "
                f"but its metadata needs {spec.describe()}: export it again"
            )
    if found_by_name:
        raise ModelFileError(
            f"{source}: the graph has {side} {min(found_by_name)!r}, which its metadata does not mention: "
            "export it again"
        )
