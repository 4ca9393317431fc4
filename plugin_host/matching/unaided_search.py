"""Search settings of a synth for recordings, without a model that has an estimate to begin at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..synths.preset import find_presets
from ..synths.renderer import Renderer
from .heard_pitch import heard_pitch
from .inference import LEAST_NEAR, NEAR_SHARE
from .known_sounds import KnownSounds
from .refinement import Refinement, check_renders, refine, require_cma
from .target_sound import as_target, gain_into_range, loudest_db
from .usual_levels import usual_levels_db

SHORTEST_S = 1024 / 48_000
"""As for the analyzer: one hop."""


class UnaidedSearch:
    """Finds settings with which a synth comes near to recordings, by rendering.

    A search begins at the nearest of the synth's known sounds and presets, at the pitch that is heard, and at settings
    drawn at random; see `refinement.refine`. What is known of the synth is rendered once, when this is made. It pickles, so
    that several processes can search.

    Parameters
    ----------
    renderer : Renderer
        Of the synth.
    renders : int
        How many sounds may be rendered for each recording, 2 or more.
    workers : int
        How many of the known sounds are rendered at a time; 0 for one per core.
    on_preparation : callable
        Called with how many of them are rendered, and of how many.

    Raises
    ------
    UsageError
        For fewer than 2 renders.
    MissingPackageError
        If cma is not installed.
    SynthError
        If a hundred of the known sounds cannot be rendered, or those by which levels are told are all silent.
    """

    def __init__(
        self,
        renderer: Renderer,
        renders: int,
        workers: int = 0,
        on_preparation: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        check_renders(renders)
        require_cma()
        self.renders = renders
        synth = renderer.synth
        presets = [preset.values for preset in find_presets(synth)]
        self._presets = [synth.to_unit(values) for values in presets]
        # Where each sound takes long, only presets are known.
        self._known = KnownSounds(renderer, presets, on_preparation, workers) if renderer.rewinds else None
        self._levels_db = usual_levels_db(renderer, workers)
        self._sample_rate, self._frames = synth.sample_rate, synth.frames

    def target_of(self, audio: NDArray[np.floating], sample_rate: float) -> tuple[NDArray[np.float32], float]:
        """Give a recording as an analyzer of the synth's sounds hears it, and the gain in dB that it was given.

        Parameters
        ----------
        audio : array
            (C, T), floating-point samples, full scale 1.
        sample_rate : float
            Hz.

        Returns
        -------
        array, (T,) float32
            At the synth's rate, from its onset on, as long as the synth's sounds, or shorter where it is cut off; see
            `target_sound.as_target`.
        gain_db : float
            0 unless it is far louder or softer than the synth's sounds.

        Raises
        ------
        InferenceError
            If it is silent, or shorter than 21.3 ms.
        StreamError
            For audio or a rate that cannot be taken.
        """
        shortest = round(SHORTEST_S * self._sample_rate)
        target = as_target(audio, sample_rate, self._sample_rate, self._frames, shortest)
        gain_db = gain_into_range(loudest_db(target), *self._levels_db)
        return target * np.float32(10 ** (gain_db / 20)), gain_db

    def find(
        self,
        target: NDArray[np.float32],
        renderer: Renderer,
        on_progress: Callable[[int, int, float], None] = lambda *_: None,
    ) -> Refinement:
        """Search for a sound (T,) as `target_of` gives it; the same whenever and wherever it is done.

        Parameters
        ----------
        target : array
            (T,) at the synth's rate.
        renderer : Renderer
            Of the synth; renders one sound at a time.
        on_progress : callable
            Called after each render with how many there were, how many there may be, and the least distance so far.

        Raises
        ------
        SynthError
            If where it begins cannot be rendered, or twenty of what is tried.
        """
        count = max(LEAST_NEAR, int(NEAR_SHARE * self.renders))
        near = self._presets if self._known is None else list(self._known.nearest(target, count))
        return refine(
            target,
            renderer,
            None,
            self.renders,
            pitch_hz=heard_pitch(target, self._sample_rate),
            near=near,
            workers=1,
            on_progress=on_progress,
        )
