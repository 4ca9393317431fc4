"""Settings and size of a timbre model."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size


@dataclass(frozen=True)
class TimbreSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(2600, "steps in all; 2,600 take about ten minutes", minimum=1)
    taught: float = setting(
        0.6, "share of the steps in the first stage, which learns levels", minimum=0, maximum=1
    )
    batch: int = setting(6, "excerpts a step; four times as many in the first stage", minimum=1)
    excerpt_frames: int = setting(300, "length of an excerpt, 375 frames a second", "frames", minimum=1)
    low_cut: float = setting(
        0.5, "recordings are cut from so far below their lowest note; 0 cuts nothing", "octaves", minimum=0
    )
    learning_rate: float = setting(3e-3, "the highest; the second stage takes 0.4 of it", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class TimbreSize(Checked):
    """Sizes that the weights' shapes depend on."""

    width: int = size(96, "values in the dense layers")
    hidden: int = size(96, "values in the recurrent layer")
    harmonic_rows: int = size(8, "harmonics are rows times columns")
    harmonic_columns: int = size(8, "harmonics are rows times columns")
    bands: int = size(65, "bands of the noise", minimum=2)
    partitions: int = size(32, "length of the room, in hops of 128 samples", "hops")
