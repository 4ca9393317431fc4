"""How loud a synth's sounds are, to which a recording is brought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from ..files.processes import count_workers
from ..files.user_cache import remembered
from ..synths.parameters import from_unit
from ..synths.render_crew import RenderCrew
from ..synths.renderer import Renderer
from .target_sound import AUDIBLE, loudest_db

COUNT = 100
"""Random sounds by which that is told."""

LOW, HIGH = 0.05, 0.95
_VERSION = 1


def usual_levels_db(renderer: Renderer, workers: int = 0) -> tuple[float, float]:
    """Give the range in which the loudest moments of nine in ten sounds of a synth lie, in dB of full scale.

    They are what a model of its parameters says of the sounds that it was trained on. The user's cache keeps them.

    Parameters
    ----------
    renderer : Renderer
        Of the synth.
    workers : int
        How many sounds are rendered at a time; 0 for one per core.

    Raises
    ------
    SynthError
        If all of a hundred random sounds are silent or cannot be rendered.
    """
    synth = renderer.synth
    units = np.random.default_rng(1).random((COUNT, len(synth.parameters)))

    def measure() -> NDArray[np.float64]:
        settings = [from_unit(synth.parameters, unit) for unit in units]
        with RenderCrew(renderer, count_workers(workers)) as crew:
            heard = list(crew.hear(settings, lambda sound: loudest_db(sound.mean(axis=0))))
        levels = [level for level in heard if not isinstance(level, SynthError)]
        audible = [level for level in levels if level > 20 * np.log10(AUDIBLE)]
        if not audible:
            raise SynthError(
                f"{COUNT} random sounds of {synth.path} are silent or cannot be rendered, so that no recording can be"
                " brought to its level; look at its levels"
            )
        return np.quantile(audible, [LOW, HIGH])

    depends_on = f"{_VERSION} {synth.sha256} {synth.frames} {units.tobytes().hex()}"
    low, high = remembered("usual_levels", depends_on, (2,), np.float64, measure).tolist()
    return low, high
