"""The streaming contract: ``forward(x, state) -> (y, next_state)``.

A module keeps the contract when cutting its input anywhere (on whole hops) changes nothing: for any split of ``x`` into
``x1, x2`` along time,

    y,  s  = module(x,  s0)
    y1, s1 = module(x1, s0)
    y2, s2 = module(x2, s1)        =>   y == cat(y1, y2)  and  s == s2

There is no second real-time path and no hidden buffer: a whole file is one long call from the initial state. Modules are
composed from smaller ones with `Carry`, so that the contract of the whole follows from that of the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .operators import take

State = dict[str, Tensor]
"""Named tensors, flat: the state ``hidden`` of a child ``gru`` is called ``gru.hidden``. The first axis is the batch."""


class StreamingModule(nn.Module):
    """Base of every block and model that keeps the streaming contract.

    Subclasses implement ``forward(x, state) -> (y, next_state)`` and, where they hold something themselves,
    `own_state`. Every state starts as zeros, so that a reset is the same in every host.
    """

    def own_state(self, batch: int) -> State:
        """Return this module's own initial state, without its children's: tensors of zeros, batch first."""
        return {}

    def initial_state(self, batch: int = 1) -> State:
        """Return the initial state of this module and all its streaming children, on the module's device."""
        # The whole's device, not each child's: one without weights of its own knows none.
        device = next((t.device for t in (*self.parameters(), *self.buffers())), torch.device("cpu"))
        return {name: value.to(device) for name, value in self._states(batch).items()}

    def _states(self, batch: int) -> State:
        state = self.own_state(batch)
        for name, child in self.named_children():
            if isinstance(child, StreamingModule):
                state |= {f"{name}.{key}": value for key, value in child.initial_state(batch).items()}
        return state

    def forward(self, x: Any, state: State, /) -> tuple[Any, State]:
        raise TypeError(f"{type(self).__name__} must implement forward(x, state)")


class Carry:
    """Hands each child its part of the state and collects the parts of the next one.

    Parameters
    ----------
    module : StreamingModule
        The parent; children are called by attribute name.
    state : mapping
        The parent's state.

    Examples
    --------
    >>> def forward(self, x, state):
    ...     carry = Carry(self, state)
    ...     hidden = carry("gru", x)
    ...     return carry("head", hidden), carry.next_state
    """

    def __init__(self, module: StreamingModule, state: Mapping[str, Tensor]) -> None:
        self._module = module
        self._state = state
        self.next_state: State = {}

    def __call__(self, name: str, x: Any) -> Any:
        child = getattr(self._module, name)
        prefix = f"{name}."
        part = {key[len(prefix) :]: value for key, value in self._state.items() if key.startswith(prefix)}
        y, next_state = child(x, part)
        self.next_state |= {prefix + key: value for key, value in next_state.items()}
        return y


def with_previous(previous: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``x`` one frame late, ``x`` itself, and its last frame, to be the next call's ``previous``.

    Parameters
    ----------
    previous : (B, 1, ...) the last frame of the call before.
    x : (B, N, ...)
    """
    return torch.cat([previous, x], 1)[:, :-1], x, newest(x, 1)


def newest(x: Tensor, count: int) -> Tensor:
    """Return the last ``count`` frames of (B, N, ...): in a graph by their numbers, which takes half the time of a slice."""
    if torch.compiler.is_exporting():
        return take(x, 1, torch.arange(-count, 0))
    return x[:, -count:]


def recent(past: Tensor, x: Tensor, window: Tensor) -> tuple[Tensor, Tensor]:
    """Return with each frame those before it, and the frames to keep for the next call.

    Parameters
    ----------
    past : (B, M - 1, ...) the frames before ``x``.
    x : (B, N, ...)
    window : (M,) the numbers 0 to M - 1.

    Returns
    -------
    frames : (B, N, M, ...)
        Oldest first.
    past : (B, M - 1, ...)
        For the next call.
    """
    padded = torch.cat([past, x], 1)
    rows = torch.arange(x.shape[1], device=x.device)[:, None] + window
    return take(padded, 1, rows), newest(padded, len(window) - 1)
