"""How the network is told a tempo and where in the bar it is: as places, evenly spaced in octaves and around the bar."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plugin_host.music.beats import BEATS_A_BAR

from .bands import STEPS_PER_S

SLOWEST_BPM, FASTEST_BPM = 40.0, 320.0
PLACES = 13
"""Four an octave."""


BAR_PLACES, BEAT_PLACES = 16, 12
"""Sixteenths of a bar, and twelfths of a beat."""

PULSE = PLACES + BAR_PLACES + BEAT_PLACES
"""Values of `Pulse`."""


class TempoPlaces(nn.Module):
    """A tempo as its shares in the two places beside it, all zeros for none.

    Shapes: (..., 1) beats a minute, less than 1 for none -> double precision (..., PLACES).
    """

    places: Tensor
    width: Tensor

    def __init__(self) -> None:
        super().__init__()
        places, width = np.linspace(math.log(SLOWEST_BPM), math.log(FASTEST_BPM), PLACES, retstep=True)
        # Numbers in the code would be rounded to single precision in a graph.
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        self.register_buffer("width", torch.tensor(width, dtype=torch.float64), persistent=False)

    def forward(self, bpm: Tensor) -> Tensor:
        place = bpm.double().clamp(SLOWEST_BPM, FASTEST_BPM).log()
        shares = torch.relu(1 - (place - self.places).abs() / self.width)
        return shares * (bpm >= 1).double()


class Pulse(nn.Module):
    """A tempo, and a place in the bar as its shares in the two places beside it, around the bar and around the beat.

    Shapes: (..., 1) beats a minute, less than 1 for none; (..., 1) bars, of which the whole ones do not count
    -> double precision (..., PULSE), all zeros for no tempo.
    """

    around_bar: Tensor
    around_beat: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.tempo = TempoPlaces()
        for name, count in (("around_bar", BAR_PLACES), ("around_beat", BEAT_PLACES)):
            self.register_buffer(name, torch.arange(count, dtype=torch.float64), persistent=False)

    def forward(self, bpm: Tensor, bars: Tensor) -> Tensor:
        bars = bars.double()
        told = (bpm >= 1).double()
        shares = [_around(bars, self.around_bar) * told, _around(bars * BEATS_A_BAR, self.around_beat) * told]
        return torch.cat([self.tempo(bpm), *shares], -1)


def _around(turns: Tensor, places: Tensor) -> Tensor:
    """Give the shares of a place on a circle (..., 1), in turns, in the two of ``places`` (P,) beside it."""
    count = places.shape[0]
    apart = ((turns - turns.floor()) * count - places).abs()
    return torch.relu(1 - torch.minimum(apart, count - apart))


def bars_a_step(bpm: float) -> float:
    """Give how much of a bar a step takes."""
    return bpm / (60 * BEATS_A_BAR * STEPS_PER_S)


def stretches(most: float) -> list[float]:
    """Give the speeds at which a song with a tempo is learned: as it is, and in two steps slower and faster."""
    return [1.0] if most == 0 else [(1 + most) ** power for power in (0.0, -1.0, -0.5, 0.5, 1.0)]


def stretched(frames: NDArray[np.floating], speed: float) -> NDArray[np.float32]:
    """Read spectra (M, BANDS) in dB at a speed, between two as a share of both."""
    whole = frames.astype(np.float32)
    if speed == 1:
        return whole
    place = np.arange(int((len(whole) - 1) / speed) + 1) * speed
    before = np.minimum(place.astype(np.int64), len(whole) - 2)
    share = (place - before)[:, None]
    return (whole[before] + share * (whole[before + 1] - whole[before])).astype(np.float32)


def learned_range(tempos_bpm: Sequence[float], most: float) -> tuple[float, float] | None:
    """Give the slowest and the fastest tempo that were learned; 0 stands for none.

    Returns
    -------
    pair of float, or None
        None where most songs have no tempo, or there is only one song.
    """
    found = [bpm for bpm in tempos_bpm if bpm]
    if len(tempos_bpm) == 1 or 2 * len(found) <= len(tempos_bpm):
        return None
    return max(SLOWEST_BPM, min(found) / (1 + most)), min(FASTEST_BPM, max(found) * (1 + most))
