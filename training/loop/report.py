"""What a training says while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    step, steps : int
        Steps done, of how many.
    stage : str
        Which the last step belonged to.
    loss : float
        Of the last step.
    rate : float
        Steps a second since this process began.
    seconds_left : float
        At that rate.
    """

    step: int
    steps: int
    stage: str
    loss: float
    rate: float
    seconds_left: float


class Reporter(Protocol):
    """Takes note of what goes on."""

    def prepare(self, what: str, done: int, total: int) -> None:
        """Take note of what is being prepared, and how much of how much is done."""
        ...

    def step(self, progress: Progress) -> None:
        """Take note of a step."""
        ...

    def warn(self, sentence: str) -> None:
        """Take note of something doubtful that does not end the training."""
        ...


class Silent:
    """A reporter that keeps everything to itself."""

    def prepare(self, what: str, done: int, total: int) -> None:
        """Do nothing."""

    def step(self, progress: Progress) -> None:
        """Do nothing."""

    def warn(self, sentence: str) -> None:
        """Do nothing."""
