"""What every exportable model is: named inputs and outputs, a role, controls with ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from .contract import State, StreamingModule

Role = Literal["effect", "analyzer", "generator"]


@dataclass(frozen=True)
class MapPoint:
    """A labelled point of a vector control's map: where to draw it, and the vector that it stands for."""

    label: str
    x: float
    y: float
    value: tuple[float, ...]


@dataclass(frozen=True)
class Control:
    """A named value a player or a host sets, one a frame; or a vector of them.

    Attributes
    ----------
    name, unit, description : str
    minimum, maximum : float
        Of each element.
    default : float or tuple of float
        One number for all elements, or one for each.
    scale : "linear", "log", "integer", "choice", "trigger" or "seed"
        The first two may be ramped. A trigger stands for one frame and is 0 in all others (minimum and default
        0); a seed is a whole number from 0 to 16777215.
    choices : tuple of str
        The words of a choice, in order.
    size : int
        K, the number of elements; the tensor is (B, K, N) where it is more than one.
    map : tuple of MapPoint
        Labelled vectors in the plane, of a vector control.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    default: float | tuple[float, ...]
    scale: Literal["linear", "log", "integer", "choice", "trigger", "seed"] = "linear"
    description: str = ""
    choices: tuple[str, ...] = ()
    size: int = 1
    map: tuple[MapPoint, ...] = ()

    @property
    def defaults(self) -> tuple[float, ...]:
        """The default of each element."""
        return self.default if isinstance(self.default, tuple) else (self.default,) * self.size

    def curve(self, frames: int, batch: int = 1) -> Tensor:
        """Give the default for ``frames`` frames: (B, N), or (B, K, N) of a vector."""
        rows = torch.tensor(self.defaults)[:, None].expand(batch, -1, frames).contiguous()
        return rows if self.size > 1 else rows[:, 0]


class StreamingModel(StreamingModule):
    """A streaming module with named tensors, ready for export.

    ``forward(inputs, state) -> (outputs, next_state)``. Inputs are ``audio`` (B, C, N * hop_length) for effects and
    analyzers and ``control.<name>`` (B, N) for each control; outputs are ``audio`` or, of an analyzer,
    ``control.<name>`` (B, N). A control of K > 1 elements is (B, K, N), in and out.

    What another engine may differ by is declared here, and capped by whoever reads the file (docs/model-format.md):
    ``golden_tolerance`` is the largest difference over the golden pair, as a share of full scale for audio and of its own
    range for each output of an analyzer; ``tolerances`` the largest absolute ones of single outputs, in their unit, by
    ``audio`` or the control's name, and those are held to it over every length of the proof. ``long_tolerance`` holds for
    all outputs over ten seconds, relative where values are above one, for models whose feedback adds up last bits; None
    is what the role is held to. ``extreme_tolerance`` is the same with controls at the ends of their ranges, for models
    that magnify last bits there; gestures of such a model keep away from the ends, and one control at a time is held at
    them, to a thousandth. ``block_tolerance`` is the
    largest difference of torch in blocks from torch whole, relative where values are above one.
    """

    family: str = ""
    role: Role = "effect"
    description: str = ""
    sample_rate: int = 48000
    hop_length: int = 128
    channels: int = 1
    latency_samples: int = 0
    tail_samples: int = 0
    controls: tuple[Control, ...] = ()
    outputs: tuple[Control, ...] = ()
    golden_tolerance: float = 1e-4
    tolerances: Mapping[str, float] = MappingProxyType({})
    long_tolerance: float | None = None
    extreme_tolerance: float | None = None
    block_tolerance: float = 2e-6

    def example_inputs(self, frames: int, batch: int = 1, seed: int = 0) -> dict[str, Tensor]:
        """Return inputs of ``frames`` hops: quiet noise for audio, the defaults for controls."""
        random = torch.Generator().manual_seed(seed)
        inputs = {f"control.{c.name}": c.curve(frames, batch) for c in self.controls}
        if self.role != "generator":
            shape = (batch, self.channels, frames * self.hop_length)
            inputs["audio"] = 0.1 * torch.randn(shape, generator=random)
        return inputs

    def forward(self, inputs: dict[str, Tensor], state: State, /) -> tuple[dict[str, Tensor], State]:
        raise TypeError(f"{type(self).__name__} must implement forward(inputs, state)")
