"""Settings and sizes of music."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size, size_choice


@dataclass(frozen=True)
class MusicSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(1500, "optimiser steps in all; 1,500 take about 20 minutes of one core", minimum=1)
    batch: int = setting(32, "excerpts a step", minimum=1)
    excerpt_s: float = setting(3.0, "length of an excerpt", "s", minimum=0.2, maximum=60)
    learning_rate: float = setting(3e-3, "highest learning rate", minimum=0)
    blur: float = setting(
        0.1, "share of the steps that are heard with a code beside the true one, so that errors do not add up",
        minimum=0, maximum=1,
    )  # fmt: skip
    own: float = setting(
        0.25, "share of the steps that are heard as the network itself would have gone on, once it has learned a little",
        minimum=0, maximum=1,
    )  # fmt: skip
    dropout: float = setting(
        0.2,
        "share of the hidden units that are left out, so that it learns less by heart",
        minimum=0,
        maximum=0.9,
    )
    stretch: float = setting(
        0.2,
        "songs with a tempo are also learned up to so much slower and faster, and the tempo is told",
        minimum=0,
        maximum=1,
    )
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class MusicSize(Checked):
    """Sizes that the weights' shapes depend on."""

    model: str = size_choice(
        ("codes", "classic"),
        "`codes` draws what comes next from a distribution; `classic` predicts the mean of the next block, as GRUV does",
    )
    hidden: int = size(232, "units of each recurrent layer", minimum=4, maximum=1024)
    layers: int = size(2, "recurrent layers", maximum=4)
    codebooks: int = size(4, "codebooks of a step, of `codes`", minimum=2, maximum=8)
    codes: int = size(256, "codes of each codebook", minimum=8, maximum=1024)
    components: int = size(
        48, "principal components of a step's spectrum, of `codes`", minimum=4, maximum=256
    )
    domain: str = size_choice(("spectrum", "time"), "what a block of the `classic` is described by")
    cell: str = size_choice(("gru", "lstm"), "recurrent cell of the `classic`")
    block_length: int = size_choice((1024, 512, 2048, 4096), "length of a block of the `classic`", "samples")
