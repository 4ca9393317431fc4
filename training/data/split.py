"""What is trained on, and what is kept aside to measure by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingsError
from .copies import SoundPrint, groups_of_copies

HELD_OUT_SHARE = 0.1
SOUND_EVERY, MOST_SOUNDS = 40, 512
TRAINED_ON, HELD_OUT = "trained_on", "held_out"


@dataclass(frozen=True)
class Split:
    """Recordings on two sides.

    Attributes
    ----------
    train, held_out : list of Path
        Those to learn from, and those to measure by; the latter may be none.
    """

    train: list[Path]
    held_out: list[Path]

    def record(self, folder: Path) -> dict[str, list[str]]:
        """Write it as what a run keeps, see `split_recordings`: the paths below the folder of recordings."""
        sides = {TRAINED_ON: self.train, HELD_OUT: self.held_out}
        return {name: [name_below(path, folder) for path in paths] for name, paths in sides.items()}


def split_recordings(
    folder: Path,
    paths: Sequence[Path],
    prints: Mapping[Path, SoundPrint],
    prepared: Mapping[str, Any] | None = None,
) -> Split:
    """Split recordings that can be used, most to train on and some to measure by.

    Parameters
    ----------
    folder : Path
        Where they come from.
    paths : sequence of Path
        All that were found.
    prints : mapping of Path to SoundPrint
        What those hold that can be used; both sides keep this order.
    prepared : mapping, optional
        What a run that goes on has kept, see `Split.record`; empty if it was begun when names decided. None for a new run.

    Raises
    ------
    RecordingsError
        If one that the run was begun with is not there under its name, or cannot be used now.
    """
    if prepared is None:
        return split_by_content(prints)
    if HELD_OUT not in prepared:
        named = split_by_name(paths)
        train, held_out = ([p for p in side if p in prints] for side in (named.train, named.held_out))
        return Split(train, held_out) if train else Split(held_out, [])
    names = {name_below(path, folder): path for path in prints}
    missing = [name for side in (TRAINED_ON, HELD_OUT) for name in prepared[side] if name not in names]
    if missing:
        others = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise RecordingsError(
            f"{folder} does not hold {missing[0]}{others}, or not so that it can be used, and the run was begun with"
            " that; put it back, or choose another --output."
        )
    # What could not be used when the run began is left out for as long as it goes on.
    return Split(*([names[name] for name in prepared[side]] for side in (TRAINED_ON, HELD_OUT)))


def split_by_content(prints: Mapping[Path, SoundPrint]) -> Split:
    """Hold out one recording in ten, by a hash of its samples: more recordings do not change the side of those there are.

    Copies are on one side, and that is to be measured by if any of them is. Where that leaves one side empty, the sound
    nearest to it changes sides. One sound alone is trained on.
    """
    held_out = held_out_by_content(list(prints.values()))
    return _divide(list(prints), {path for path, apart in zip(prints, held_out, strict=True) if apart})


def held_out_by_content(sounds: Sequence[SoundPrint]) -> NDArray[np.bool_]:
    """Tell which sounds are held out, (N,); see `split_by_content`."""
    if not sounds:
        return np.zeros(0, bool)
    groups = groups_of_copies(sounds)
    lowest = np.ones(groups.max() + 1)
    np.minimum.at(lowest, groups, [sound.share for sound in sounds])
    held_out = lowest < HELD_OUT_SHARE
    if len(lowest) == 1:
        held_out[:] = False
    elif not held_out.any():
        held_out[lowest.argmin()] = True
    elif held_out.all():
        held_out[lowest.argmax()] = False
    return held_out[groups]


def split_by_name(paths: Sequence[Path]) -> Split:
    """Hold out one recording in ten, by a hash of its name: what the first version did, and the bundled models' split.

    With fewer than ten the hash may keep aside none or all; then the last one is kept aside, unless it is the only one.
    """
    held_out = {p for p in paths if int(hashlib.sha256(os.fsencode(p.name)).hexdigest(), 16) % 10 == 0}
    if len(held_out) in (0, len(paths)):
        held_out = set(paths[-1:]) if len(paths) > 1 else set()
    return _divide(paths, held_out)


def _divide(paths: Mapping[Path, Any] | Sequence[Path], held_out: set[Path]) -> Split:
    return Split([p for p in paths if p not in held_out], [p for p in paths if p in held_out])


def name_below(path: Path, folder: Path) -> str:
    """Give the path of a recording below the folder it is in, or its name if it is that itself."""
    return path.relative_to(folder).as_posix() if path != folder else path.name


def split_sounds(
    numbers: NDArray[np.int64], units: NDArray[np.float32], prepared: Mapping[str, Any] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split the sounds of a synthesiser: every fortieth by its number is kept aside, of few sounds every fourth.

    Sounds of the same parameters are on one side. A sound that is missing moves no other.

    Parameters
    ----------
    numbers : (N,)
        Rising; the numbers that the sounds keep if others are missing.
    units : (N, P)
        Their parameters.
    prepared : mapping, optional
        As for `split_recordings`; numbers take the place of paths.

    Returns
    -------
    Which to train on, and which are kept aside: places from 0, not numbers.
    """
    places = np.arange(len(numbers))
    if prepared is not None and HELD_OUT in prepared:
        apart = np.isin(numbers, prepared[HELD_OUT])
    else:
        every = SOUND_EVERY if len(numbers) >= 10 * SOUND_EVERY else 4
        if prepared is None:
            _, firsts, which = np.unique(units, axis=0, return_index=True, return_inverse=True)
            first = firsts[which.reshape(-1)]
            own = numbers
        else:  # a run of the first version: by places, whatever the parameters
            first, own = places, places
        leading = (own % every == 0) & (first == places)
        leading[0] |= not leading.any()
        apart = np.isin(first, places[leading][:MOST_SOUNDS])
    return places[~apart], places[apart]
