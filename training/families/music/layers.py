"""Layers a step at a time whose results are the same on every machine, so that a network that hears itself plays the same.

Products are of numbers on a grid, so coarse that single precision adds them up without an error, in whatever order. The
rest is in double precision, whose last bits do not move a number from one point of the grid to another.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

WEIGHT_STEP, VALUE_STEP = 2.0**-10, 2.0**-9
"""Sums below 32 are exact: single precision has 24 bits."""

Module = TypeVar("Module", bound=nn.Module)


class Exact(nn.Module):
    """A linear layer on the grid.

    Parameters
    ----------
    weight : (O, I)
    bias : (O,)
    wide : bool
        Whether sums may become large, and are added up in double precision, at twice the cost.

    Shapes: double precision (..., I) -> (..., O).
    """

    def __init__(self, weight: Tensor, bias: Tensor, wide: bool = False) -> None:
        super().__init__()
        self.wide = wide
        on_grid = (weight.detach() / WEIGHT_STEP).round() * WEIGHT_STEP
        # Of large weights the file stores fewer bits.
        self.register_buffer("weight", on_grid.half().float().T.contiguous())
        self.register_buffer("bias", bias.detach().double())

    def forward(self, x: Tensor) -> Tensor:
        rounded = (x / VALUE_STEP).round() * VALUE_STEP
        if self.wide:
            return rounded @ self.get_buffer("weight").double() + self.get_buffer("bias")
        return (rounded.float() @ self.get_buffer("weight")).double() + self.get_buffer("bias")


def exactly(module: Module, wide: bool = False) -> Module:
    """Copy a module with its linear layers on the grid and all else in double precision; see `Exact`."""
    found = copy.deepcopy(module).double()
    for parent in list(found.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear):
                setattr(parent, name, Exact(child.weight.float(), child.bias, wide))
    return found


def state_count(cell: str) -> int:
    """Give how many states a unit has."""
    return 2 if cell == "lstm" else 1


class Recurrence(nn.Module):
    """Layers of gated recurrent units (Cho et al. 2014) or of long short-term memory (Hochreiter and Schmidhuber 1997).

    Parameters
    ----------
    layers : nn.GRU or nn.LSTM
    cell : str
        ``gru`` or ``lstm``.
    wide : bool
        See `Exact`.

    Shapes: (..., I), states (..., S, layers, H) -> (..., H), and the states; S as `state_count` has it.
    """

    def __init__(self, layers: nn.GRU | nn.LSTM, cell: str, wide: bool = False) -> None:
        super().__init__()
        self.count = layers.num_layers
        self.step = _lstm if cell == "lstm" else _gru
        self.outer, self.inner = (
            nn.ModuleList(
                Exact(
                    getattr(layers, f"weight_{side}_l{number}"),
                    getattr(layers, f"bias_{side}_l{number}"),
                    wide,
                )
                for number in range(self.count)
            )
            for side in ("ih", "hh")
        )

    def forward(self, x: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        kept = []
        for number in range(self.count):
            inside = states[..., number, :]
            outer, hidden = self.outer[number](x), self.inner[number](inside[..., 0, :])
            after = self.step(outer, hidden, inside)
            kept.append(torch.stack(after, -2))
            x = after[0]
        return x, torch.stack(kept, -2)


def _gru(outer: Tensor, hidden: Tensor, inside: Tensor) -> tuple[Tensor, ...]:
    (reset, update, new), (hidden_reset, hidden_update, hidden_new) = outer.chunk(3, -1), hidden.chunk(3, -1)
    new = torch.tanh(new + torch.sigmoid(reset + hidden_reset) * hidden_new)
    keep = torch.sigmoid(update + hidden_update)
    return (new + keep * (inside[..., 0, :] - new),)


def _lstm(outer: Tensor, hidden: Tensor, inside: Tensor) -> tuple[Tensor, ...]:
    enters, keeps, new, leaves = (outer + hidden).chunk(4, -1)
    memory = torch.sigmoid(keeps) * inside[..., 1, :] + torch.sigmoid(enters) * torch.tanh(new)
    return torch.sigmoid(leaves) * torch.tanh(memory), memory
