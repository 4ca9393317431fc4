"""Settings and size of the toy."""

from dataclasses import dataclass

from training.loop.settings import Checked, setting, size


@dataclass(frozen=True)
class ToySettings(Checked):
    """Settings of a training run."""

    steps: int = setting(200, "steps in all", minimum=1)
    batch: int = setting(32, "hops a step", minimum=1)
    rate: float = setting(0.01, "learning rate", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class ToySize(Checked):
    """Sizes that the weights' shapes depend on."""

    hop_length: int = size(64, "length of a hop", "samples", minimum=16)
