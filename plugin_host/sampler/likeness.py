"""How like two one-shots are: the mean difference of their log mel spectra, over a time that widens as they ring."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..files.user_cache import remembered
from ..matching.sound_distances import mel_bands
from .finishing import finished
from .source import OneShots, Sound, middle_note

WINDOW_S, HOP_S, BANDS = 0.023, 0.0058, 40
RANGE_DB = 60.0
EDGES = np.unique(np.round(2.0 ** (np.arange(22) / 2)).astype(int) - 1)
"""In hops, where the slots of time begin: a hop at the attack, a second after six seconds. The last has no end."""

SAMPLED = 500
"""Sounds by which it is told how far apart they typically are: enough for a median, and soon compared."""

PART = (3, 5)
"""Slots and bands whose levels are summed: two sounds are at least as far apart as their sums are."""

AT_ONCE = 16

_VERSION = 2


def picture(sound: Sound, sample_rate: int) -> NDArray[np.float32]:
    """Give the level in each slot and mel band, (slots, bands) in dB above -60 dB of the loudest; 0 where nothing sounds.

    The level of the whole sound does not count.
    """
    window, hop = int(WINDOW_S * sample_rate) // 2 * 2, int(HOP_S * sample_rate)
    padded = np.pad(np.asarray(sound, np.float32), (window // 2, window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames * shape))) @ mel_bands(sample_rate, window, BANDS).T
    begins = EDGES[len(power) > EDGES]
    lengths = np.diff(np.append(begins, len(power)))[:, None]
    level = np.full((len(EDGES), BANDS), -np.inf, np.float32)
    with np.errstate(divide="ignore"):
        level[: len(begins)] = 10 * np.log10(np.add.reduceat(power, begins) / lengths)
    loudest = level.max()
    return np.maximum(level - loudest + RANGE_DB, 0.0) if np.isfinite(loudest) else np.zeros_like(level)


@dataclass
class Known:
    """Sounds that are known by their pictures.

    Parameters
    ----------
    pictures : (S, slots, bands) float32
    """

    pictures: NDArray[np.float32]

    def __post_init__(self) -> None:
        self._sums, self._sounding = _sums(self.pictures), _sounding(self.pictures)

    def distances(self, one: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far each is from a picture: the mean difference in dB (S,) wherever one of the two sounds."""
        return _apart(self.pictures, one, self._either(one))

    def nearest(self, one: NDArray[np.float32], but: int | None = None) -> float:
        """The least distance, leaving one of them out if ``but`` is given; infinite if nothing is known.

        Most are too far by the sums of their parts already, and are not looked at.
        """
        either = self._either(one)
        at_least = _apart(self._sums, _sums(one[None])[0], either)
        if but is not None:
            at_least[but] = np.inf
        order, least = np.argsort(at_least), np.inf
        for begin in range(0, len(order), AT_ONCE):
            chosen = order[begin : begin + AT_ONCE]
            chosen = chosen[at_least[chosen] < least]
            if not len(chosen):
                break
            least = min(least, float(_apart(self.pictures[chosen], one, either[chosen]).min()))
        return least

    def add(self, one: NDArray[np.float32]) -> None:
        """Know one more."""
        self.pictures = np.concatenate([self.pictures, one[None]])
        self._sums = np.concatenate([self._sums, _sums(one[None])])
        self._sounding = np.concatenate([self._sounding, _sounding(one[None])])

    def _either(self, one: NDArray[np.float32]) -> NDArray[np.int64]:
        """In how many slots and bands each or a picture sounds: (S,), at least 1."""
        both = np.bitwise_count(self._sounding | _sounding(one[None])).sum(1, dtype=np.int64)
        return np.maximum(both, 1)

    def typical(self) -> float:
        """The median of the distance to the nearest other, over all or `SAMPLED` of them; 0 of fewer than two."""
        count = len(self.pictures)
        if count < 2:
            return 0.0
        chosen = np.arange(count) if count <= SAMPLED else np.linspace(0, count - 1, SAMPLED).astype(int)
        return float(np.median([self.nearest(self.pictures[index], but=int(index)) for index in chosen]))


def _apart(
    those: NDArray[np.float32], one: NDArray[np.float32], sounding: NDArray[np.int64]
) -> NDArray[np.float32]:
    return np.abs(those - one).sum((1, 2)) / sounding.astype(np.float32)


def _sums(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum the levels of each part."""
    for axis, size in enumerate(PART, 1):
        pictures = np.add.reduceat(pictures, range(0, pictures.shape[axis], size), axis)
    return pictures


def _sounding(pictures: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Give a bit for each slot and band in which a sound is heard."""
    return np.packbits(pictures.reshape(len(pictures), math.prod(pictures.shape[1:])) > 0, axis=1)


def known_of(sounds: Iterable[Sound], sample_rate: int) -> Known:
    """Know some sounds."""
    pictures = [picture(sound, sample_rate) for sound in sounds]
    return Known(np.array(pictures, np.float32).reshape(-1, len(EDGES), BANDS))


def training_sounds(source: OneShots) -> Known:
    """Know the sounds that a model has learned from, as it plays them at their places, all at its middle note.

    The user's cache remembers them: some seconds for a model's first set.
    """
    note, rate = middle_note(source), source.sample_rate

    def play() -> NDArray[np.float32]:
        played = (source.play(np.array(point.value, np.float32), note=note) for point in source.points)
        return known_of((finished(sound, rate) for sound in played), rate).pictures

    shape = (len(source.points), len(EDGES), BANDS)
    return Known(
        cast(
            "NDArray[np.float32]",
            remembered("training_sounds", f"{source.sha256} {_VERSION}", shape, np.float32, play),
        )
    )
