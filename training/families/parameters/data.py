"""What a parameter analyzer is trained on: features of sounds, computed once, and the parameters that made them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.cache import RowFile
from ...data.source import EndlessSounds, Resynthesis, SoundSet, Source, identify_audio, identify_sounds
from ...data.split import HELD_OUT, split_sounds
from ...errors import SoundsError, counted
from ...loop.report import Reporter
from .features import HOP_LENGTH, SAMPLE_RATE, VERSION, ParameterFeatures, frames_of, level_db
from .parameters import SoundParameter, describe
from .settings import ParameterSettings, ParameterSize
from .spoiling import VERSION as SPOILING_VERSION
from .spoiling import spoil

FEWEST_SOUNDS = 20
LEFT_OUT = "left_out"
MOST_SILENT_BATCHES = 3
SOUNDS_AT_ONCE = 8  # their spectra fit a processor's cache; many at once take longer


def identify(source: Source) -> dict[str, Any]:
    """Name the synth, its parameters and how many sounds there are.

    Raises
    ------
    SoundsError
        If the sounds are too few.
    """
    if source.sounds is None:
        raise SoundsError("parameters are learned from a synth's sounds; give a data set.")
    sounds = shared(source.sounds)
    if len(sounds) < FEWEST_SOUNDS:
        raise SoundsError(
            f"{counted(len(sounds), 'sound is', 'sounds are')} too few to train on; generate {FEWEST_SOUNDS} or more,"
            " and 20,000 or more for a good model."
        )
    return {
        **identify_sounds(sounds),
        **_identify_kind(source.sounds),
        "duration_s": sounds.duration_s,
        "parameters": describe([SoundParameter.of(p) for p in sounds.parameters]),
    }


def _identify_kind(sounds: SoundSet | EndlessSounds) -> dict[str, Any]:
    if isinstance(sounds, EndlessSounds):
        # Rendered anew wherever the run goes on, so that the synth and the parameters are all that can be told.
        return {"endless": sounds.batch_size, "disk_limit_gb": sounds.disk_limit_gb}
    return {"endless": 0, **identify_audio(sounds)}


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
    return ParameterData(source.sounds, settings, report, source.resynthesise, source.prepared)


def shared(sounds: SoundSet | EndlessSounds) -> SoundSet:
    """Give what holds for all sounds."""
    return sounds.held_out if isinstance(sounds, EndlessSounds) else sounds


class ParameterData:
    """Which sounds each step is trained on: all of a set in a new order each time, or batch after batch of endless ones.

    Every second sound of a batch is one of its spoilt copies, if there are any.

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
    ) -> None:
        self.settings, self.report, self.resynthesise = settings, report, resynthesise
        self.endless = sounds if isinstance(sounds, EndlessSounds) else None
        self.sounds = shared(sounds)
        self.rows = FeatureRows(self.sounds, report, "analysing sounds", keep=True)
        # The sounds held out of endless ones are only measured by.
        copies = 0 if self.endless else settings.copies
        self.spoilt = _spoilt(self.sounds, report, "analysing spoilt sounds", copies, keep=True)
        numbers = self.sounds.numbers
        sides = split_sounds(numbers, self.sounds.units, prepared)
        train, held_out = (np.arange(len(numbers)),) * 2 if self.endless else sides
        # What could not be used when the run began is left out for as long as it goes on.
        usable = _sounding(self.rows, self.spoilt) & ~np.isin(numbers, (prepared or {}).get(LEFT_OUT, []))
        self.numbers, self.held_out = (side[usable[side]] for side in (train, held_out))
        if min(len(self.numbers), len(self.held_out)) == 0:
            raise SoundsError(f"{len(numbers)} sounds of {self.sounds.synth} are silent; look at its levels.")
        self.prepared = {
            HELD_OUT: numbers[self.held_out].tolist(),
            LEFT_OUT: numbers[~usable].tolist(),
        }
        self._rows, self._copies = self.rows, self.spoilt
        self._round, self._order = -1, (-1, self.numbers)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {"trained": {"loudest_db": self.loudest_db()}, "held_out_sounds": len(self.held_out)}

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Give features (B, N, F) and parameters (B, P) for a step."""
        first = step if self.endless is None else self._go_to_round(self.endless, step)
        size = min(self.settings.batch, len(self.numbers))
        lap, position = divmod(first, len(self.numbers) // size)
        key = (self._round + 1) * 1_000_003 + lap
        if self._order[0] != key:
            random = np.random.default_rng([self.settings.seed, key])
            self._order = (key, random.permutation(self.numbers))
        numbers = self._order[1][position * size : (position + 1) * size]
        features, unit = self._rows[numbers]
        if self._copies:
            features[1::2], unit[1::2] = self._copies[lap % len(self._copies)][numbers[1::2]]
        return features, unit

    def loudest_db(self) -> tuple[float, float, float]:
        """The 5th, 50th and 95th percentile of the level of sounds' loudest moments, of those kept aside."""
        levels = level_db(self.rows[self.held_out][0])
        low, median, high = np.percentile(levels.amax((1, 2)).numpy(), [5, 50, 95])
        return float(low), float(median), float(high)

    def _go_to_round(self, endless: EndlessSounds, step: int) -> int:
        """Render the batch that a step belongs to if it is another one, and give the step's number within it."""
        size = min(self.settings.batch, endless.batch_size)
        length = self.settings.passes * (endless.batch_size // size)
        round_number, first = divmod(step, length)
        if round_number != self._round:
            self._rows, self._copies = self._render(endless, round_number)
            self._round, self.numbers = round_number, np.flatnonzero(_sounding(self._rows, self._copies))
        return first

    def _render(self, endless: EndlessSounds, first: int) -> tuple[FeatureRows, list[FeatureRows]]:
        """Render a batch; one of silence teaches nothing, and the next that sounds stands in for it."""
        for number in range(first, first + MOST_SILENT_BATCHES):
            with endless.batch(number) as sounds:
                rows = FeatureRows(sounds, self.report, f"batch {number + 1}")
                if rows.sounding.any():
                    title = f"batch {number + 1}, spoilt"
                    return rows, _spoilt(sounds, self.report, title, self.settings.copies)
        raise SoundsError(
            f"{MOST_SILENT_BATCHES * endless.batch_size} sounds of {self.sounds.synth}, one after another, are silent;"
            " look at its levels."
        )


def _spoilt(
    sounds: SoundSet, report: Reporter, title: str, copies: int, keep: bool = False
) -> list[FeatureRows]:
    return [FeatureRows(sounds, report, title, keep, copy) for copy in range(1, copies + 1)]


def _sounding(rows: FeatureRows, spoilt: list[FeatureRows]) -> NDArray[np.bool_]:
    """Which sounds are no silence, and could be read each time."""
    return np.logical_and.reduce([each.sounding for each in (rows, *spoilt)])


class FeatureRows:
    """Features and parameters of sounds, a row each, in half precision.

    Half of the clean sounds begin a part of a hop late, so that an analyzer of live sound, which does not begin on a hop,
    has met that.

    Parameters
    ----------
    sounds : SoundSet
    report : Reporter
        Takes note of ``title`` and how many sounds are done.
    keep : bool
        Keep the rows in a file in the sounds' folder, if they have one.
    copy : int
        0 for clean sounds, else the number of the spoilt copy.

    Attributes
    ----------
    sounding : ndarray, (N,) bool
        Which sounds are no silence, and could be read.
    """

    def __init__(
        self, sounds: SoundSet, report: Reporter, title: str, keep: bool = False, copy: int = 0
    ) -> None:
        frames = frames_of(sounds.duration_s)
        kind = np.dtype(
            [
                ("unit", np.float32, (len(sounds.parameters),)),
                ("checksum", np.uint8, sounds.checksums.shape[1:]),
                ("sounding", np.bool_),
                ("features", np.float16, (frames, ParameterFeatures.size)),
            ]
        )
        self._sounds, self._features, self._copy = sounds, ParameterFeatures(), copy
        path = sounds.cache / rows_name(sounds, frames, copy) if keep and sounds.cache else None

        def on_rows(done: int, total: int) -> None:
            report.prepare(title, done, total)

        self._file = RowFile(path, kind, len(sounds), self._fill, self._valid, on_rows, SOUNDS_AT_ONCE)
        self.sounding = np.array(self._file.rows["sounding"])

    def __getitem__(self, numbers: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Give features (B, N, F) and parameters (B, P) of some sounds."""
        rows = self._file[numbers]
        return torch.from_numpy(rows["features"].astype(np.float32)), torch.from_numpy(rows["unit"].copy())

    def _valid(self, rows: NDArray[np.void]) -> NDArray[np.bool_]:
        """Which rows are those of the sounds."""
        wanted = {"unit": self._sounds.units, "checksum": self._sounds.checksums}
        same = [(rows[name] == values[: len(rows)]).all(1) for name, values in wanted.items()]
        return np.logical_and.reduce(same)

    @torch.no_grad()
    def _fill(self, rows: NDArray[np.void], first: int) -> None:
        frames = rows["features"].shape[1]
        audio, unread = np.zeros((len(rows), frames * HOP_LENGTH), np.float32), []
        for row in range(len(rows)):
            sound = self._sounds[first + row]
            if sound is None:
                unread.append(row)
                continue
            if self._sounds.sample_rate != SAMPLE_RATE:
                sound = soxr.resample(sound, self._sounds.sample_rate, SAMPLE_RATE)
            audio[row] = self._heard(sound, first + row, audio.shape[1])
        x = torch.from_numpy(audio.reshape(len(rows), frames, HOP_LENGTH))
        features = self._features(x, self._features.initial_state(len(rows)))[0].numpy()
        rows["unit"] = self._sounds.units[first : first + len(rows)]
        rows["checksum"] = self._sounds.checksums[first : first + len(rows)]
        rows["features"], rows["sounding"] = features, features[..., -1].any(1)
        # The parameters of no sound: a kept row of it is not wanted, so that the next training reads the sound again.
        rows["unit"][unread] = np.nan

    def _heard(self, sound: NDArray[np.float32], number: int, samples: int) -> NDArray[np.float32]:
        """Give a sound as it is analysed, (``samples``,)."""
        if self._copy:
            # By what the sound is as well, so that the same number of another batch is spoilt in another way.
            drawn_by = [self._copy, number, *self._sounds.checksums[number].tolist()]
            return spoil(sound, samples, np.random.default_rng(drawn_by))
        late = lateness(number)
        sound = sound[: samples - late]
        return np.pad(sound, (late, samples - late - len(sound)))


def lateness(number: int) -> int:
    """By how many samples a sound is moved: every second one by none, the others by a part of a hop."""
    return int(np.random.default_rng([number, 77]).integers(1, HOP_LENGTH)) if number % 2 else 0


def rows_name(sounds: SoundSet, frames: int, copy: int = 0) -> str:
    """Name of the file of a set of sounds, another one if the synthesiser, the features or the spoiling are others."""
    names = ",".join(p.name for p in sounds.parameters)
    identity = f"{VERSION} checksum {sounds.synth_sha256} {frames} {names}"
    if copy:
        identity += f" spoilt {SPOILING_VERSION} {copy}"
    return f"features-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.rows"
