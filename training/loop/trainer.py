"""What all trainings share: a module, its slowly following average, the optimiser, and steps with checkpoints between."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .run import Run, optimiser_tensors, restore_optimiser

CHECKPOINT_EVERY_S = 30.0
AVERAGE = "average."


class Trainer:
    """Lets a module learn, and holds what a checkpoint holds.

    Parameters
    ----------
    name : str
        What the module is called in checkpoints.
    module, average : nn.Module
        What learns, and a second one of its kind, which begins equal to it and follows it slowly.
    optimiser : torch.optim.Optimizer
        Of the module's parameters.
    largest_gradient : float
        The norm to which gradients are clipped.
    slowness : float
        How much of the average stays at each step, in the long run.

    Attributes
    ----------
    done : int
        Steps done.
    """

    def __init__(
        self,
        name: str,
        module: nn.Module,
        average: nn.Module,
        optimiser: torch.optim.Optimizer,
        largest_gradient: float = 1.0,
        slowness: float = 0.998,
    ) -> None:
        average.load_state_dict(module.state_dict())
        self.optimiser, self.done = optimiser, 0
        self._parts = {f"{name}.": module, AVERAGE: average}
        self._module, self._average = module, average
        self._largest_gradient, self._slowness = largest_gradient, slowness

    def learn(self, loss: Tensor) -> None:
        """Do a step down the gradient of a loss, and let the average follow."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), self._largest_gradient)
        self.optimiser.step()
        self.done += 1
        keep = min(self._slowness, self.done / (self.done + 10))
        with torch.no_grad():
            for slow, fast in zip(self._average.parameters(), self._module.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)

    def tensors(self) -> dict[str, Tensor]:
        """Everything needed to go on: weights, their average, the optimiser's state."""
        names = {id(p): n for n, p in self._module.named_parameters()}
        weights = {
            prefix + key: value
            for prefix, part in self._parts.items()
            for key, value in part.state_dict().items()
        }
        return weights | optimiser_tensors(self.optimiser, names)

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Go back to a checkpoint."""
        for prefix, part in self._parts.items():
            part.load_state_dict(weights_of(tensors, prefix))
        restore_optimiser(self.optimiser, self._module, dict(tensors))
        self.done = step


def weights_of(tensors: Mapping[str, Tensor], prefix: str = AVERAGE) -> dict[str, Tensor]:
    """The weights of one part of a checkpoint by their names in the module; the averaged ones are what is exported."""
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


def train_until(
    steps: int, trainer: Trainer, step: Callable[[], None], run: Run, facts: Callable[[], dict[str, Any]]
) -> None:
    """Do steps until there are as many, with a checkpoint every half minute and one at the end, however it comes.

    Parameters
    ----------
    step : callable
        Does one step of the trainer, and whatever is to be told about it.
    facts : callable
        Gives what a checkpoint says beside its tensors.
    """
    saved = time.monotonic()
    try:
        while trainer.done < steps:
            step()
            if time.monotonic() - saved > CHECKPOINT_EVERY_S:
                run.save(trainer.done, trainer.tensors(), facts())
                saved = time.monotonic()
    finally:
        run.save(trainer.done, trainer.tensors(), facts())
