"""What every exportable model is: named inputs and outputs, a role, controls with ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .contract import State, StreamingModule

Role = Literal["effect", "analyzer", "generator"]


@dataclass(frozen=True)
class Control:
    """A named value a player or a host sets, one a frame.

    Attributes
    ----------
    name, unit, description : str
    minimum, maximum, default : float
    scale : "linear", "log", "integer" or "choice"
    choices : tuple of str
        The words of a choice, in order.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    default: float
    scale: Literal["linear", "log", "integer", "choice"] = "linear"
    description: str = ""
    choices: tuple[str, ...] = ()


class StreamingModel(StreamingModule):
    """A streaming module with named tensors, ready for export.

    ``forward(inputs, state) -> (outputs, next_state)``. Inputs are ``audio`` (B, C, N * hop_length) for effects and
    analyzers and ``control.<name>`` (B, N) for each control; outputs are ``audio`` or, of an analyzer,
    ``control.<name>`` (B, N).

    ``golden_tolerance`` is the largest absolute difference that another engine may show, in the unit of the outputs;
    ``block_tolerance`` the largest difference of torch in blocks from torch whole, relative where values are above one.
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
    block_tolerance: float = 2e-6

    def example_inputs(self, frames: int, batch: int = 1, seed: int = 0) -> dict[str, Tensor]:
        """Return inputs of ``frames`` hops: quiet noise for audio, the defaults for controls."""
        random = torch.Generator().manual_seed(seed)
        inputs = {f"control.{c.name}": torch.full((batch, frames), c.default) for c in self.controls}
        if self.role != "generator":
            shape = (batch, self.channels, frames * self.hop_length)
            inputs["audio"] = 0.1 * torch.randn(shape, generator=random)
        return inputs

    def forward(self, inputs: dict[str, Tensor], state: State, /) -> tuple[dict[str, Tensor], State]:
        raise TypeError(f"{type(self).__name__} must implement forward(inputs, state)")
