"""Settings and size of the all-pole (LPC) models."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size


@dataclass(frozen=True)
class LpcSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(3600, "steps in all; 3,600 take about 25 minutes", minimum=1)
    batch: int = setting(12, "excerpts a step; half are recordings if there are any", minimum=2)
    excerpt_frames: int = setting(144, "length of an excerpt, 187.5 frames a second", "frames", minimum=16)
    recorded_s: float = setting(1500.0, "at most so much of the recordings is read", "s", minimum=1)
    learning_rate: float = setting(2e-3, "the highest", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class LpcSize(Checked):
    """Sizes that the weights' shapes depend on."""

    width: int = size(128, "values in the dense layers")
    hidden: int = size(128, "values in the recurrent layers", minimum=2)
