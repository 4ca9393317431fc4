"""Sounds of ``csd/synths/allpole.csd`` and their filters, which follow from its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...data.source import SoundSet
from ...errors import SoundsError, counted

FORMANTS = 7
EXCITATION = 0.004
"""Level of the excitation in the .csd, before the filter."""
HIGHEST_HZ = 11800.0
K_CYCLE = 32
VIBRATO_HZ = 5.5
FEWEST = 20
NAMES = (
    *(f"formant{i}_hz" for i in range(1, FORMANTS + 1)),
    *(f"width{i}_hz" for i in range(1, FORMANTS + 1)),
    *("slope1", "slope2", "sweep", "sweep_hz", "voicing", "f0_hz", "vibrato"),
)


class AllPoleSounds:
    """All sounds of a data set in memory, with the parameters that tell their filters.

    Parameters
    ----------
    sounds : SoundSet
        Rendered from ``allpole.csd``.
    sample_rate : int
        Which rate they must have, in Hz.

    Attributes
    ----------
    audio : (M, T) float32
    numbers : (M,) int64
        The same if other sounds are missing.
    values : dict of str to (M,) float32
        The parameters in their units, those of `NAMES`.

    Raises
    ------
    SoundsError
        If the sounds are of another synth or rate, or too few.
    """

    def __init__(self, sounds: SoundSet, sample_rate: int) -> None:
        names = [p.name for p in sounds.parameters]
        if not set(NAMES) <= set(names) or sounds.sample_rate != sample_rate or len(sounds) < FEWEST:
            raise SoundsError(
                f"{counted(len(sounds), 'sound')} at {sounds.sample_rate} Hz with the parameters {', '.join(names[:4])}..."
                f" arrived; needed are {FEWEST} or more of allpole.csd at {sample_rate} Hz, whose filters are known:"
                " brainsynth generate allpole --count 2000 -o DATA"
            )
        self.numbers = sounds.numbers
        self.audio = np.stack([sounds.whole(i) for i in range(len(sounds))])
        self.values = {name: sounds.values[:, names.index(name)].astype(np.float32) for name in NAMES}

    def __len__(self) -> int:
        return len(self.audio)


def sections(values: Mapping[str, Tensor], seconds: Tensor, sample_rate: int) -> Tensor:
    """The filter's sections 1 / (1 + b_1 z^-1 + b_2 z^-2) as the .csd makes them.

    Parameters
    ----------
    values : mapping of str to (...,) tensors
        Parameters of the .csd in their units.
    seconds : (..., N) tensor
        Moments since the beginning of each sound.

    Returns
    -------
    (..., N, 8, 2) : b_1 and b_2 of seven formants and of the slope's two poles, which make one section.
    """
    # The .csd moves its formants once a k-cycle.
    seconds = seconds.expand(*values["sweep"].shape, -1)
    seconds = (seconds * (sample_rate / K_CYCLE)).floor() * (K_CYCLE / sample_rate)
    turn = 2 * math.pi
    found = []
    for i in range(1, FORMANTS + 1):
        hertz, width, sweep, sweep_hz = (
            values[name].unsqueeze(-1) for name in (f"formant{i}_hz", f"width{i}_hz", "sweep", "sweep_hz")
        )
        swing = torch.sin(turn * (sweep_hz * seconds + 0.618 * i))
        hertz = (hertz * 2 ** (sweep / i * swing)).clamp_max(HIGHEST_HZ)
        c3 = torch.exp(-turn / sample_rate * width).expand_as(hertz)
        c2 = 4 * c3 * torch.cos(turn / sample_rate * hertz) / (1 + c3)
        found.append(torch.stack([-c2, c3], -1))
    one, two = (values[name].unsqueeze(-1).expand_as(seconds) for name in ("slope1", "slope2"))
    found.append(torch.stack([-(one + two), one * two], -1))
    return torch.stack(found, -2)


def f0_hz(values: Mapping[str, Tensor], seconds: Tensor) -> Tensor:
    """Pitch as the .csd makes it, in Hz: parameters and moments of one shape."""
    return values["f0_hz"] * 2 ** (values["vibrato"] / 12 * torch.sin(2 * math.pi * VIBRATO_HZ * seconds))


def polynomial(found: Tensor) -> Tensor:
    """Multiply sections (..., S, 2) into one polynomial (..., 2 S + 1), whose first coefficient is 1."""
    a = torch.ones_like(found[..., 0, :1])
    for i in range(found.shape[-2]):
        b1, b2 = found[..., i, :1], found[..., i, 1:]
        a = F.pad(a, (0, 2)) + b1 * F.pad(a, (1, 1)) + b2 * F.pad(a, (2, 0))
    return a
