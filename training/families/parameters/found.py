"""Recordings whose parameters a search has found: few, and as real as what a model will hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.copies import print_of
from ...data.source import SoundSet
from ...data.split import held_out_by_content
from ...errors import SoundsError
from ...loop.report import Reporter
from .rows import FeatureRows, sounding_in_all, spoilt_rows
from .settings import ParameterSettings

HELD_OUT, LEFT_OUT = "found_held_out", "found_left_out"
_KEY = 4711
"""Draws other random numbers than the order of a synth's own sounds."""


class FoundSounds:
    """Recordings and the parameters that come near them: a part of each batch, and one in ten to measure by.

    They are gone through again and again, in a new order each time, and each is clean or one of its spoilt copies by turns:
    there are few of them, and a network would learn them by heart.

    Parameters
    ----------
    sounds : SoundSet
        Recordings, and found parameters.
    settings : ParameterSettings
    report : Reporter
    prepared : mapping, optional
        What a run that goes on has kept.

    Attributes
    ----------
    rows : FeatureRows
        Clean.
    numbers, held_out : ndarray of int
        Which of them are trained on, and measured by. Copies of one sound are on one side. One alone is trained on.
    of_a_batch : int
        How many of a batch they are.
    prepared : dict
        What the run keeps: the numbers of those held out, and of those left out.

    Raises
    ------
    SoundsError
        If all are silent or cannot be read.
    """

    def __init__(
        self,
        sounds: SoundSet,
        settings: ParameterSettings,
        report: Reporter,
        prepared: Mapping[str, Any] | None = None,
    ) -> None:
        self.sounds, self._seed = sounds, settings.seed
        self.rows = FeatureRows(sounds, report, "analysing recordings", keep=True)
        spoilt = spoilt_rows(sounds, report, "analysing spoilt recordings", settings.found_copies, keep=True)
        self._versions = [self.rows, *spoilt]
        kept = prepared or {}
        usable = sounding_in_all(self.rows, spoilt) & ~np.isin(sounds.numbers, kept.get(LEFT_OUT, []))
        places = np.flatnonzero(usable)
        apart = (
            np.isin(sounds.numbers[places], kept[HELD_OUT]) if HELD_OUT in kept else _apart(sounds, places)
        )
        self.numbers, self.held_out = places[~apart], places[apart]
        if not len(self.numbers):
            raise SoundsError(
                f"{len(usable)} recordings in {sounds.cache} are silent or cannot be read; find parameters anew with"
                " brainsynth generate --like."
            )
        self.prepared = {
            HELD_OUT: sounds.numbers[self.held_out].tolist(),
            LEFT_OUT: sounds.numbers[~usable].tolist(),
        }
        share = settings.found_share
        self.of_a_batch = min(max(1, round(share * settings.batch)), settings.batch - 1) if share else 0

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Give features (`of_a_batch`, N, F) and parameters (`of_a_batch`, P) for a step."""
        turns = np.arange(step * self.of_a_batch, (step + 1) * self.of_a_batch)
        laps, positions = np.divmod(turns, len(self.numbers))
        numbers = np.empty(len(turns), np.int64)
        for lap in np.unique(laps):
            order = np.random.default_rng([self._seed, _KEY, int(lap)]).permutation(self.numbers)
            numbers[laps == lap] = order[positions[laps == lap]]
        # By the sound, so that each is another version of itself in the next lap.
        versions = (laps + numbers) % len(self._versions)
        parts = [self._versions[version][numbers[[turn]]] for turn, version in enumerate(versions)]
        features, unit = zip(*parts, strict=True)
        return torch.cat(features), torch.cat(unit)


def _apart(sounds: SoundSet, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the sounds at some places are held out."""
    heard = [sounds[int(place)] for place in places]
    silence = np.zeros(1, np.float32)
    return held_out_by_content(
        [print_of(silence if one is None else one, sounds.sample_rate) for one in heard]
    )
