"""Settings and size of a parameter analyzer."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size


@dataclass(frozen=True)
class ParameterSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(12000, "steps in all", minimum=1)
    batch: int = setting(48, "sounds a step", minimum=1)
    moments: int = setting(
        3, "hops of each sound at which its parameters are asked for, the last one among them", minimum=2
    )
    early: float = setting(0.3, "weight of the hops before the last beside it", minimum=0)
    learning_rate: float = setting(2e-3, "the highest", minimum=0)
    weight_decay: float = setting(1e-4, "of matrices", minimum=0)
    copies: int = setting(
        1,
        "copies of each sound that are spoilt by noise, rooms and the like; half of each batch is of them",
        minimum=0,
    )
    found_share: float = setting(
        0.2, "part of each batch that recordings of --found are", minimum=0, maximum=0.9
    )
    found_copies: int = setting(
        4, "copies of each of these that are spoilt; all are heard by turns", minimum=0
    )
    passes: int = setting(
        4, "how often a batch of endless sounds is gone through before the next is rendered", minimum=1
    )
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class ParameterSize(Checked):
    """Sizes that the weights' shapes depend on."""

    width: int = size(256, "values of a hop in the first layer")
    frame: int = size(128, "values of a hop in the other layers")
    moments: int = size(96, "slots of the memory that are equally long", minimum=2)
    moment: int = size(8, "values in each of them")
    stretches: int = size(16, "slots of the memory that grow with the sound's age", minimum=2)
    stretch: int = size(40, "values in each of them")
    modulation: int = size(8, "values for each rate at which levels go up and down")
    hidden: int = size(384, "values of what is made of the memory")
    last: int = size(256, "values before the last layer")
    bins: int = size(32, "of the distribution over a continuous parameter's range", minimum=2)
