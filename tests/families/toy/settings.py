"""Settings and size of the toy."""

from dataclasses import dataclass

from training.loop.settings import check, setting, size


@dataclass(frozen=True)
class ToySettings:
    """Settings of a training run."""

    steps: int = setting(200, "steps in all", minimum=1)
    batch: int = setting(32, "hops a step", minimum=1)
    learning_rate: float = setting(0.01, "the highest", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class ToySize:
    """Sizes that the weights' shapes depend on."""

    hop_length: int = size(64, "length of a hop", "samples", minimum=16)

    def __post_init__(self) -> None:
        check(self)
