"""What a parameter analyzer is trained on: features of sounds, computed once, and the parameters that made them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...data.source import (
    EndlessSounds,
    Resynthesis,
    SoundDistance,
    SoundSet,
    Source,
    identify_audio,
    identify_found,
    identify_sounds,
)
from ...data.split import HELD_OUT, split_sounds
from ...errors import SoundsError, counted
from ...loop.report import Reporter
from .features import level_db
from .found import FoundSounds
from .parameters import SoundParameter, describe
from .rows import FeatureRows, sounding_in_all, spoilt_rows
from .settings import ParameterSettings, ParameterSize

FEWEST_SOUNDS = 20
LEFT_OUT = "left_out"
MOST_SILENT_BATCHES = 3


def identify(source: Source) -> dict[str, Any]:
    """Name the synth, its parameters, how many sounds there are, and recordings whose parameters were found.

    Raises
    ------
    SoundsError
        If the sounds are too few, or the recordings' parameters were found for another synth.
    """
    if source.sounds is None:
        raise SoundsError("parameters are learned from a synth's sounds; give a data set.")
    sounds = shared(source.sounds)
    if len(sounds) < FEWEST_SOUNDS:
        raise SoundsError(
            f"{counted(len(sounds), 'sound is', 'sounds are')} too few to train on; generate {FEWEST_SOUNDS} or more,"
            " and 20,000 or more for a good model."
        )
    described = describe([SoundParameter.of(p) for p in sounds.parameters])
    return {
        **identify_sounds(sounds),
        **_identify_kind(source.sounds),
        "duration_s": sounds.duration_s,
        "parameters": described,
        **_identify_found(source.found, sounds),
    }


def _identify_kind(sounds: SoundSet | EndlessSounds) -> dict[str, Any]:
    if isinstance(sounds, EndlessSounds):
        # Rendered anew wherever the run goes on, so that the synth and the parameters are all that can be told.
        return {"endless": sounds.batch_size, "disk_limit_gb": sounds.disk_limit_gb}
    return {"endless": 0, **identify_audio(sounds)}


def _identify_found(found: SoundSet | None, sounds: SoundSet) -> dict[str, Any]:
    """Say which recordings take part, and refuse those whose parameters say nothing of these sounds."""
    if found is None:
        return identify_found(None)
    own, others = ([SoundParameter.of(p) for p in each.parameters] for each in (sounds, found))
    for what, one, other in (
        ("synth", sounds.synth_sha256, found.synth_sha256),
        ("parameters", describe(own), describe(others)),
        ("duration of sounds", sounds.duration_s, found.duration_s),
    ):
        if one != other:
            raise SoundsError(
                f"the parameters in {found.cache} were found for another synth, or another version of it ({found.synth}):"
                f" its {what} are not those of the sounds to train on ({sounds.synth}); find them anew with brainsynth"
                " generate --like."
            )
    return identify_found(found)


def prepare(
    source: Source, settings: ParameterSettings, size: ParameterSize, report: Reporter
) -> ParameterData:
    """Compute the features of all sounds, or go on with those in the data set's folder.

    Raises
    ------
    SoundsError
        If all sounds are silent.
    RunError
        If features cannot be written.
    """
    assert source.sounds is not None
    return ParameterData(
        source.sounds,
        settings,
        report,
        source.resynthesise,
        source.prepared,
        found=source.found,
        distance=source.distance,
    )


def shared(sounds: SoundSet | EndlessSounds) -> SoundSet:
    """Give what holds for all sounds."""
    return sounds.held_out if isinstance(sounds, EndlessSounds) else sounds


class ParameterData:
    """Which sounds each step is trained on: all of a set in a new order each time, or batch after batch of endless ones.

    Every second sound of a batch is one of its spoilt copies, if there are any. Recordings whose parameters were found are
    a part of each batch, if there are any; see `FoundSounds`.

    Attributes
    ----------
    sounds : SoundSet
        The set, or those of endless sounds that are kept aside.
    rows : FeatureRows
        Of these sounds, clean.
    spoilt : list of FeatureRows
        Of each copy of them.
    numbers, held_out : ndarray of int
        Which of them are trained on, and measured by. Silence shows nothing of what made it, and is in neither.
    found : FoundSounds or None
        Recordings whose parameters were found.
    prepared : dict
        What the run keeps: the numbers of the sounds held out, and of those left out.
    """

    def __init__(
        self,
        sounds: SoundSet | EndlessSounds,
        settings: ParameterSettings,
        report: Reporter,
        resynthesise: Resynthesis | None = None,
        prepared: Mapping[str, Any] | None = None,
        *,
        found: SoundSet | None = None,
        distance: SoundDistance | None = None,
    ) -> None:
        self.settings, self.report, self.resynthesise = settings, report, resynthesise
        self.distance = distance
        self.endless = sounds if isinstance(sounds, EndlessSounds) else None
        self.sounds = shared(sounds)
        self.rows = FeatureRows(self.sounds, report, "analysing sounds", keep=True)
        # The sounds held out of endless ones are only measured by.
        copies = 0 if self.endless else settings.copies
        self.spoilt = spoilt_rows(self.sounds, report, "analysing spoilt sounds", copies, keep=True)
        numbers = self.sounds.numbers
        sides = split_sounds(numbers, self.sounds.units, prepared)
        train, held_out = (np.arange(len(numbers)),) * 2 if self.endless else sides
        # What could not be used when the run began is left out for as long as it goes on.
        usable = sounding_in_all(self.rows, self.spoilt) & ~np.isin(
            numbers, (prepared or {}).get(LEFT_OUT, [])
        )
        self.numbers, self.held_out = (side[usable[side]] for side in (train, held_out))
        if min(len(self.numbers), len(self.held_out)) == 0:
            raise SoundsError(f"{len(numbers)} sounds of {self.sounds.synth} are silent; look at its levels.")
        self.prepared = {
            HELD_OUT: numbers[self.held_out].tolist(),
            LEFT_OUT: numbers[~usable].tolist(),
        }
        self.found = None if found is None else FoundSounds(found, settings, report, prepared)
        if self.found is not None:
            self.prepared |= self.found.prepared
        self._own = settings.batch - (0 if self.found is None else self.found.of_a_batch)
        self._rows, self._copies = self.rows, self.spoilt
        self._round, self._order = -1, (-1, self.numbers)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {"trained": {"loudest_db": self.loudest_db()}, "held_out_sounds": len(self.held_out)}

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Give features (B, N, F) and parameters (B, P) for a step."""
        first = step if self.endless is None else self._go_to_round(self.endless, step)
        size = min(self._own, len(self.numbers))
        lap, position = divmod(first, len(self.numbers) // size)
        key = (self._round + 1) * 1_000_003 + lap
        if self._order[0] != key:
            random = np.random.default_rng([self.settings.seed, key])
            self._order = (key, random.permutation(self.numbers))
        numbers = self._order[1][position * size : (position + 1) * size]
        features, unit = self._rows[numbers]
        if self._copies:
            features[1::2], unit[1::2] = self._copies[lap % len(self._copies)][numbers[1::2]]
        if self.found is None or not self.found.of_a_batch:
            return features, unit
        more_features, more_unit = self.found.batch(step)
        return torch.cat([features, more_features]), torch.cat([unit, more_unit])

    def loudest_db(self) -> tuple[float, float, float]:
        """The 5th, 50th and 95th percentile of the level of sounds' loudest moments, of those kept aside."""
        levels = level_db(self.rows[self.held_out][0])
        low, median, high = np.percentile(levels.amax((1, 2)).numpy(), [5, 50, 95])
        return float(low), float(median), float(high)

    def _go_to_round(self, endless: EndlessSounds, step: int) -> int:
        """Render the batch that a step belongs to if it is another one, and give the step's number within it."""
        size = min(self._own, endless.batch_size)
        length = self.settings.passes * (endless.batch_size // size)
        round_number, first = divmod(step, length)
        if round_number != self._round:
            self._rows, self._copies = self._render(endless, round_number)
            self._round, self.numbers = (
                round_number,
                np.flatnonzero(sounding_in_all(self._rows, self._copies)),
            )
        return first

    def _render(self, endless: EndlessSounds, first: int) -> tuple[FeatureRows, list[FeatureRows]]:
        """Render a batch; one of silence teaches nothing, and the next that sounds stands in for it."""
        for number in range(first, first + MOST_SILENT_BATCHES):
            with endless.batch(number) as sounds:
                rows = FeatureRows(sounds, self.report, f"batch {number + 1}")
                if rows.sounding.any():
                    title = f"batch {number + 1}, spoilt"
                    return rows, spoilt_rows(sounds, self.report, title, self.settings.copies)
        raise SoundsError(
            f"{MOST_SILENT_BATCHES * endless.batch_size} sounds of {self.sounds.synth}, one after another, are silent;"
            " look at its levels."
        )
