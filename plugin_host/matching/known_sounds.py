"""Sounds of a synth that are known before a search begins: the nearest of a thousand, at no render's cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from ..files.processes import count_workers
from ..files.user_cache import remembered
from ..synths.parameters import from_unit
from ..synths.render_crew import RenderCrew
from ..synths.renderer import Renderer
from .sound_distances import RANGE_DB, mel_spectrogram_db
from .target_sound import from_onset
from .trials import too_many_failures

COUNT = 1000
WINDOW_S, HOP_S, BANDS = 0.025, 0.010, 64
USUAL = 0.95
"""Of a synth's own sounds so many have another one as near as what is called usual."""

GROUP = 5
"""Frames that are averaged: what is compared is coarse, and small to keep."""

MOST_FAILED = 100
"""If so many cannot be rendered, there are none."""

TRIED = 200
"""Sounds by which that is told."""

_VERSION = 1
_NO_PROGRESS: Callable[[int, int], None] = lambda *_: None  # noqa: E731


class KnownSounds:
    """Random sounds of a synth, and its presets. The user's cache keeps them.

    Parameters
    ----------
    renderer : Renderer
        Of the synth; renders what the cache does not hold.
    presets : sequence of mapping, optional
        Settings of the synth.
    on_progress : callable, optional
        Called with how many sounds are rendered, and of how many.
    workers : int
        How many are rendered at a time; 0 for one per core.

    Raises
    ------
    SynthError
        If a hundred of them cannot be rendered. One that cannot be is near to nothing.
    """

    def __init__(
        self,
        renderer: Renderer,
        presets: Sequence[Mapping[str, Any]] = (),
        on_progress: Callable[[int, int], None] = _NO_PROGRESS,
        workers: int = 0,
    ) -> None:
        synth = renderer.synth
        self._sample_rate, self._frames = synth.sample_rate, synth.frames
        random = np.random.default_rng(0).random((COUNT, len(synth.parameters)))
        self.units = np.concatenate([random, *(synth.to_unit(preset)[None] for preset in presets)])
        silence = self._picture(np.zeros(1, np.float32))
        count, size = len(self.units), len(silence)

        def render() -> NDArray[np.uint8]:
            found, failed = np.empty((count, size), np.uint8), 0
            settings = [from_unit(synth.parameters, unit) for unit in self.units]
            with RenderCrew(renderer, count_workers(workers)) as crew:
                for number, picture in enumerate(crew.hear(settings, self._picture_of)):
                    if isinstance(picture, SynthError):
                        failed += 1
                        if failed >= MOST_FAILED:
                            raise too_many_failures(failed, number + 1, picture)
                        picture = silence
                    found[number] = picture
                    on_progress(number + 1, count)
            return found

        self._depends_on = f"{_VERSION} {synth.sha256} {self._frames} {self.units.tobytes().hex()}"
        kept = remembered("known_sounds", self._depends_on, (count, size), np.uint8, render)
        # Their differences have a sign.
        self._pictures = kept.astype(np.int16)

    def nearest(self, target: NDArray[np.float32], count: int) -> NDArray[np.float64]:
        """Give where those lie in the unit cube that are nearest to a sound (T,), from its onset on: (count, P)."""
        apart = self._apart_db(self._picture(target))
        return self.units[np.argsort(apart, kind="stable")[:count]]

    def nearest_db(self, target: NDArray[np.float32]) -> float:
        """Give how far the nearest is from a sound (T,), in dB of their coarse spectrograms."""
        return float(self._apart_db(self._picture(target)).min())

    @cached_property
    def usual_db(self) -> float:
        """How far a sound of the synth is from the nearest known one, at most, but for one in twenty.

        The cache keeps it beside the sounds.
        """

        def measure() -> NDArray[np.float64]:
            apart = []
            for number, one in enumerate(self._pictures[:TRIED]):
                others = self._apart_db(one)
                others[number] = np.inf
                apart.append(others.min())
            return np.quantile(apart, [USUAL])

        return float(remembered("known_sounds", f"usual {self._depends_on}", (1,), np.float64, measure)[0])

    def _apart_db(self, one: NDArray[np.int16]) -> NDArray[np.float64]:
        return np.abs(self._pictures - one).mean(1)

    def _picture_of(self, sound: NDArray[np.float32]) -> NDArray[np.int16]:
        return self._picture(from_onset(sound.mean(axis=0)))

    def _picture(self, sound: NDArray[np.float32]) -> NDArray[np.int16]:
        """Give a coarse mel spectrogram (V,) of a sound (T,), in dB above the faintest."""
        whole = np.zeros(self._frames, np.float32)
        whole[: len(sound)] = sound[: self._frames]
        level_db = mel_spectrogram_db(whole, self._sample_rate, WINDOW_S, HOP_S, BANDS)
        above_db = level_db - level_db.max() + RANGE_DB
        groups = np.array_split(above_db, max(1, above_db.shape[1] // GROUP), axis=1)
        return np.concatenate([group.mean(1) for group in groups]).round().astype(np.int16)
