"""What all trainers share: modules that learn, their averages and optimisers, named stages, and what a checkpoint holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ..errors import CheckpointError, DivergedError
from .schedule import warm_cosine, warmth

Net = TypeVar("Net", bound=nn.Module)
AVERAGE, OPTIMISER = "average.", "optimiser."


@dataclass(frozen=True)
class Stage:
    """A part of a training that does one thing: its name, and how many steps it takes."""

    name: str
    steps: int


@dataclass
class Learner(Generic[Net]):
    """A module that learns, with its optimiser, and a second module of its kind that follows it slowly.

    Attributes
    ----------
    name : str
        What the module is called in checkpoints.
    module : nn.Module
        What learns.
    optimiser : torch.optim.Optimizer
        Of the module's parameters.
    largest_gradient : float
        The norm to which gradients are clipped.
    slowness : float
        How much of the average stays at each step, in the long run.
    steps : int
        Steps that this module has done; fewer than the trainer's where it rests in a stage.
    average : nn.Module
        Begins as a copy of the module, and is what is exported.
    """

    name: str
    module: Net
    optimiser: torch.optim.Optimizer
    largest_gradient: float = 1.0
    slowness: float = 0.998
    steps: int = 0

    def __post_init__(self) -> None:
        self._averaged = AveragedModel(self.module, avg_fn=self._follow)
        # At 0 the library would take the first step's weights whole.
        self._averaged.n_averaged += 1

    @property
    def average(self) -> Net:
        """What follows the module."""
        return cast(Net, self._averaged.module)

    def clip(self) -> None:
        """Clip the gradients that are there.

        Raises
        ------
        DivergedError
            If they are no finite numbers.
        """
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.largest_gradient)
        if not norm.isfinite():
            raise DivergedError(f"the gradient of the {self.name} is {float(norm)}")

    def descend(self) -> None:
        """Do a step down the gradients that are there, and let the average follow."""
        self.optimiser.step()
        self.steps += 1
        self._averaged.update_parameters(self.module)

    def check_weights(self) -> None:
        """Raise DivergedError if a weight is no finite number."""
        for name, weight in self.module.named_parameters():
            if not weight.isfinite().all():
                raise DivergedError(f"the weight {self.name}.{name} is not finite")

    def _follow(self, slow: Tensor, fast: Tensor, _: Tensor | int) -> Tensor:
        keep = min(self.slowness, self.steps / (self.steps + 10))
        return torch.lerp(slow, fast, 1 - keep)


class Trainer:
    """Lets modules learn, step by step; a family derives from it and says what a step does.

    What a step does depends on its number and the seed alone, so that a run that was stopped goes on to the same bits.

    Parameters
    ----------
    seed : int
        Of the random numbers that each step is given.
    stages : sequence of Stage
        In their order.
    learners : sequence of Learner
        One is the simple case. With several, `learn` says which of them a loss is for.

    Attributes
    ----------
    done : int
        Steps done.
    halfway : bool
        Whether weights have moved in a step that does not count as done yet: such weights are no step's.
    """

    def __init__(self, seed: int, stages: Sequence[Stage], learners: Sequence[Learner[Any]]) -> None:
        self.seed, self.stages = seed, tuple(stages)
        self.learners = {learner.name: learner for learner in learners}
        self.done, self.halfway = 0, False

    def lengthen(self, steps: int) -> None:
        """Take so many steps in all; those that are new belong to the last stage that has any."""
        last = max((i for i, stage in enumerate(self.stages) if stage.steps), default=0)
        longer = Stage(self.stages[last].name, self.stages[last].steps + steps - self.steps)
        self.stages = (*self.stages[:last], longer, *self.stages[last + 1 :])

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    @property
    def stage(self) -> str:
        """Name of the stage that the next step belongs to; after the last step, of the last stage."""
        return self._stage()[0].name

    @property
    def done_in_stage(self) -> int:
        """Steps done of that stage."""
        return self.done - self._stage()[1]

    def rate(self, highest: float, warm_steps: int, lowest_share: float) -> float:
        """Give the next step's learning rate, which warms up in each stage and falls along a cosine to its end.

        Parameters
        ----------
        highest : float
        warm_steps : int
            The most steps that the warm-up takes; in a short stage it takes a tenth of it.
        lowest_share : float
            Of the highest, at the end of the stage.
        """
        steps, done = self._stage()[0].steps, self.done_in_stage
        return warm_cosine(highest, done / max(steps, 1), warmth(done, steps, warm_steps), lowest_share)

    def _stage(self) -> tuple[Stage, int]:
        first = 0
        for stage in self.stages:
            if self.done < first + stage.steps:
                return stage, first
            first += stage.steps
        return self.stages[-1], first - self.stages[-1].steps

    def begin(self) -> None:
        """Get ready for the first step of a new run, such as by fitting a normalisation; not called on resuming."""

    def step(self) -> dict[str, float]:
        """Do the next step; give its losses by name, ``loss`` being the one to be shown."""
        losses = self.losses(np.random.default_rng([self.seed, self.done]))
        self.done += 1
        self.halfway = False
        return losses

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        """Compute losses of the next step and `learn` from them: what a family writes.

        Parameters
        ----------
        random : Generator
            Seeded by the run's seed and the number of the step.
        """
        raise TypeError(f"{type(self).__name__} must implement losses(random)")

    def learn(self, loss: Tensor, *names: str, parts: Mapping[str, Tensor] | None = None) -> dict[str, float]:
        """Step down the gradient of a loss with the learners of these names, with all if none is given.

        Parameters
        ----------
        loss : () tensor
        names : str
            Of the learners.
        parts : mapping of str to () tensor, optional
            What the loss is made of.

        Returns
        -------
        dict of str to float
            The ``loss`` and its parts, for the logs.

        Raises
        ------
        DivergedError
            If one of them or a gradient is no finite number; no weight has moved then.
        """
        losses = {name: float(value.detach()) for name, value in {"loss": loss, **(parts or {})}.items()}
        wrong = [f"{name} {value}" for name, value in losses.items() if not math.isfinite(value)]
        if wrong:
            raise DivergedError(f"the loss is not finite ({', '.join(wrong)})")
        learners = [self.learners[name] for name in names or self.learners]
        for learner in learners:
            learner.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for learner in learners:
            learner.clip()
        self.halfway = True
        for learner in learners:
            learner.descend()
        return losses

    def tensors(self) -> dict[str, Tensor]:
        """Everything needed to go on: weights, their averages, the optimisers' state."""
        found: dict[str, Tensor] = {}
        for learner in self.learners.values():
            part = self._part(learner)
            for prefix, module in ((f"{learner.name}.", learner.module), (AVERAGE + part, learner.average)):
                found |= {prefix + key: value for key, value in module.state_dict().items()}
            names = {id(p): name for name, p in learner.module.named_parameters()}
            for parameter, entries in learner.optimiser.state.items():
                prefix = f"{OPTIMISER}{part}{names[id(parameter)]}."
                found |= {prefix + key: v for key, v in entries.items() if isinstance(v, Tensor)}
        return found

    def metadata(self) -> dict[str, Any]:
        """What has to be known beside the tensors."""
        return {"learned": {learner.name: learner.steps for learner in self.learners.values()}}

    def restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        """Go back to a checkpoint.

        Raises
        ------
        CheckpointError
            If it does not fit the modules.
        """
        try:
            self._restore(tensors, metadata)
        except (RuntimeError, KeyError) as error:
            said = " ".join(str(error).split())
            raise CheckpointError(f"the checkpoint does not fit the model ({said}).") from error

    def _restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        self.done = metadata["step"]
        for learner in self.learners.values():
            part = self._part(learner)
            learner.module.load_state_dict(weights_of(tensors, f"{learner.name}."))
            learner.average.load_state_dict(weights_of(tensors, AVERAGE + part))
            for name, parameter in learner.module.named_parameters():
                entries = weights_of(tensors, f"{OPTIMISER}{part}{name}.")
                if entries:
                    learner.optimiser.state[parameter] = {
                        key: value if key == "step" else value.to(parameter.device)
                        for key, value in entries.items()
                    }
            # Checkpoints of the first version do not hold it; there one module learned at every step.
            learner.steps = metadata.get("learned", {}).get(learner.name, self.done)

    def _part(self, learner: Learner[Any]) -> str:
        """Averages and optimisers carry a name only where there are several."""
        return f"{learner.name}." if len(self.learners) > 1 else ""


def weights_of(tensors: Mapping[str, Tensor], prefix: str = AVERAGE) -> dict[str, Tensor]:
    """Give what a checkpoint holds under a prefix, by the rest of its names; the averages are what is exported."""
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
