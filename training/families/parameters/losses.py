"""How wrong a parameter model is: its loss, and errors that a person can read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import torch
from torch import Tensor

from .model import ParameterDecoder
from .parameters import SoundParameter, equal_voices

NEIGHBOUR = 0.4  # steps: how wide the distribution around a true integer is


class ParameterLoss:
    """Cross-entropy of every parameter with a distribution around its true value.

    Continuous parameters and integers have neighbours, choices have none. Voices that are equal may come in any order:
    that which costs least counts.

    Parameters
    ----------
    parameters : sequence of SoundParameter
    decoder : ParameterDecoder
    """

    def __init__(self, parameters: Sequence[SoundParameter], decoder: ParameterDecoder) -> None:
        self.parameters, self.decoder = parameters, decoder
        self.orders = [list(permutations(range(len(voices)))) for voices in equal_voices(parameters)]
        self.voices = equal_voices(parameters)

    def __call__(self, logits: Tensor, unit: Tensor) -> Tensor:
        """Loss of each parameter: logits (B, H, L), units (B, P) -> (B, H, P)."""
        continuous, stepped = self.decoder.split(logits)
        logs: list[Tensor] = [continuous] * len(self.parameters)
        spread = continuous.log_softmax(-1)
        for column, i in enumerate(self.decoder.continuous):
            logs[i] = spread[..., column, :]
        for (i, _), part in zip(self.decoder.stepped, stepped, strict=True):
            logs[i] = part.log_softmax(-1)
        unit = unit[:, None].expand(-1, logits.shape[1], -1)
        if self.voices:
            unit = self._matched(logs, unit)
        costs = torch.empty_like(unit)
        columns = self.decoder.continuous
        if columns:
            costs[..., columns] = -(self.decoder.target(unit[..., columns]) * spread).sum(-1)
        for i, _ in self.decoder.stepped:
            costs[..., i] = self._cost(logs, i, unit[..., i])
        return costs

    def _cost(self, logs: list[Tensor], i: int, unit: Tensor) -> Tensor:
        """Cross-entropy of parameter ``i`` if its true place is ``unit`` (B, H)."""
        steps = self.parameters[i].steps
        if not steps:
            return -(self.decoder.target(unit) * logs[i]).sum(-1)
        true = (unit * (steps - 1)).round()
        if self.parameters[i].control.scale == "choice":
            return -logs[i].gather(-1, true.long()[..., None])[..., 0]
        away = torch.arange(steps, device=unit.device) - true[..., None]
        return -((-0.5 * (away / NEIGHBOUR) ** 2).softmax(-1) * logs[i]).sum(-1)

    @torch.no_grad()
    def _matched(self, logs: list[Tensor], unit: Tensor) -> Tensor:
        """Put the true voices in the order that costs least."""

        def costs(i: int, j: int) -> Tensor:
            return self._cost(logs, i, unit[..., j])

        return _in_best_order(unit, self.voices, self.orders, costs)


def matched(parameters: Sequence[SoundParameter], found: Tensor, unit: Tensor) -> Tensor:
    """Put true voices that are equal in the order that is nearest to what was found: (..., P) each."""
    voices = equal_voices(parameters)
    orders = [list(permutations(range(len(v)))) for v in voices]
    return _in_best_order(unit, voices, orders, lambda i, j: (found[..., i] - unit[..., j]).abs())


def _in_best_order(
    unit: Tensor,
    sets: list[list[list[int]]],
    orders: list[list[tuple[int, ...]]],
    cost: Callable[[int, int], Tensor],
) -> Tensor:
    """Reorder the voices of ``unit`` (..., P) so that the sum of ``cost(i, j)``, of true j found as i, is least."""
    unit_in_order = unit.clone()
    for voices, possible in zip(sets, orders, strict=True):
        table = [
            [torch.stack([cost(i, j) for i, j in zip(mine, true, strict=True)]).sum(0) for true in voices]
            for mine in voices
        ]
        totals = torch.stack(
            [torch.stack([table[k][true] for k, true in enumerate(order)]).sum(0) for order in possible], -1
        )
        best = totals.argmin(-1)
        for k, mine in enumerate(voices):
            for part, i in enumerate(mine):
                choices = torch.stack([unit[..., voices[order[k]][part]] for order in possible], -1)
                unit_in_order[..., i] = choices.gather(-1, best[..., None])[..., 0]
    return unit_in_order


@torch.no_grad()
def parameter_errors(parameters: Sequence[SoundParameter], found: Tensor, unit: Tensor) -> dict[str, float]:
    """Mean absolute error of each parameter as a part of its range; of a choice, the share that is wrong.

    Shapes: found, unit (B, P), 0 to 1.
    """
    error = (found - matched(parameters, found, unit)).abs()
    wrong = (error > 1e-4).to(error.dtype)
    return {
        p.control.name: float((wrong if p.control.scale == "choice" else error)[:, i].mean())
        for i, p in enumerate(parameters)
    }
