"""A sound that is dropped in, found better than the encoder hears it: by search on its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import MissingPackageError
from ..matching.sound_distances import MssTarget
from ..streaming.rate_conversion import resample
from .instrument import Grains, from_onset, read_sound
from .spots import Spot, spot_of_sound

SPREAD = 0.5
"""How far the first places that are tried lie around what the encoder heard."""


def fit_spot(
    path: Path,
    grains: Grains,
    evaluations: int,
    *,
    seed: int = 0,
    on_progress: Callable[[int, int, float], None] = lambda *_: None,
) -> Spot:
    """Search for the place whose event is nearest to a sound, by `mss`, from what the encoder hears on.

    The covariance matrix adaptation evolution strategy (Hansen 2016) moves the place. The result is never further away than
    the beginning.

    Parameters
    ----------
    path : Path
        The sound.
    grains : Grains
    evaluations : int
        How many events are played, some 30 to 50 ms each.
    seed : int
    on_progress : callable
        Takes how many are done, of how many, and the least distance in dB.

    Raises
    ------
    MissingPackageError
        If cma is not installed.
    """
    try:
        import cma
    except ImportError as error:
        raise MissingPackageError("the search needs cma: pip install 'brainsynth[synth]'") from error
    spot = spot_of_sound(path, grains)
    sound, rate = read_sound(path)
    target = resample(np.ascontiguousarray(sound.mean(0)), rate, grains.sample_rate)
    target = from_onset(target)[: grains.frames * grains.hop_length]
    wanted = MssTarget(target, grains.sample_rate)
    control = grains.events.controls["place"]

    def distance(place: np.ndarray) -> float:
        sound = grains.play_event(place.astype(np.float32), note=spot.note)
        return wanted.mss(np.pad(sound, (0, max(0, len(target) - len(sound))))[: len(target)])

    best, least, done = spot.place, distance(spot.place), 1
    options = {"verbose": -9, "seed": seed + 1, "bounds": [control.minimum, control.maximum]}
    search = cma.CMAEvolutionStrategy(spot.place.astype(float), SPREAD, options)
    while done < evaluations:
        places = search.ask()[: evaluations - done]
        found = [distance(place) for place in places]
        if len(places) == search.popsize:
            search.tell(places, found)
        done += len(places)
        if min(found) < least:
            least, best = min(found), np.asarray(places[int(np.argmin(found))], np.float32)
        on_progress(done, evaluations, least)
    return Spot(spot.name, best, spot.latent, spot.note)
