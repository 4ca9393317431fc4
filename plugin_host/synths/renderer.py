"""Render a synth: a score compiled once gives sound after sound, each as from a fresh process."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import SynthError
from .csound_score import CsoundScore
from .parameters import from_unit
from .synth import Synth, hash_synth


class Renderer:
    """Renders one synth with any settings.

    Most orchestras give the same sound when their score is played again. One with a reverb or a random
    generator that all notes share need not. A new renderer tries it: if a second sound differs by one bit from
    that of a fresh Csound, every sound gets a Csound of its own.

    Parameters
    ----------
    synth : Synth, str or path
        Rendered.

    Attributes
    ----------
    rewinds : bool
        Whether one Csound serves for all sounds.
    deterministic : bool
        Whether two fresh Csounds agree. They do not if the orchestra seeds its random numbers from the clock.

    Raises
    ------
    SynthError
        If the synth cannot be rendered.

    Notes
    -----
    Not for several threads at once. Csound's lock on Python is released while it plays.
    """

    def __init__(self, synth: Synth | str | PathLike[str]) -> None:
        self.synth = synth if isinstance(synth, Synth) else Synth(synth)
        self._names = tuple(parameter.name for parameter in self.synth.parameters)
        self._score: CsoundScore | None = None
        self.rewinds = True
        self.deterministic = True
        if hash_synth(self.synth.path) != self.synth.sha256:
            raise SynthError(f"{self.synth.path} has changed since it was read; begin again")
        self._try_rewinding()

    def render(self, settings: Mapping[str, Any] | None = None) -> NDArray[np.float32]:
        """Render the synth's score.

        Parameters
        ----------
        settings : mapping of str to float or str
            Values in the parameters' units; a choice by its word or position. Defaults for the others.

        Returns
        -------
        ndarray, (C, T) float32
            At the synth's rate; full scale is 1, and may be exceeded. As long as the score is with defaults:
            a longer sound is cut, a shorter one ends in silence.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range.
        SynthError
            If a note fails, or gives samples that are NaN or infinite.
        """
        return self.render_values(self.synth.values(settings or {}))

    def render_unit(self, unit: ArrayLike) -> NDArray[np.float32]:
        """Render with the settings that (P,) numbers from 0 to 1 mean; see `render`."""
        return self.render_values(from_unit(self.synth.parameters, unit))

    def render_values(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Render with (P,) values in the parameters' units, which are taken as they are; see `render`."""
        if not self.rewinds:
            return self._render_afresh(values)
        if self._score is None:
            self._score = CsoundScore(self.synth.path, self.synth.frames)
        sound, reusable = self._play(self._score, values)
        if not reusable:
            self.close()
        return sound

    def close(self) -> None:
        """Free Csound. It is compiled again if the renderer is used again."""
        if self._score is not None:
            self._score.close()
            self._score = None

    def _play(self, score: CsoundScore, values: NDArray[np.float64]) -> tuple[NDArray[np.float32], bool]:
        score.set(self._names, values)
        try:
            sound, reusable = score.perform()
        except SynthError:
            self.close()
            raise
        if not np.isfinite(sound).all():
            self.close()
            named = ", ".join(f"{name}={value}" for name, value in self.synth.name_values(values).items())
            raise SynthError(
                f"{self.synth.path} gave samples that are NaN or infinite (at {named}); keep its filters and feedback"
                " within bounds"
            )
        return sound, reusable

    def _render_afresh(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        score = CsoundScore(self.synth.path, self.synth.frames)
        try:
            return self._play(score, values)[0]
        finally:
            score.close()

    def _try_rewinding(self) -> None:
        """Compare sounds rendered after others, extremes among them, with those of a fresh Csound."""
        size = len(self._names)
        one, other = np.random.default_rng(size).uniform(0.1, 0.9, (2, size))
        try:
            first = self.render_unit(one)
            for extreme in (np.ones(size), np.zeros(size)):
                # Settings that fail say nothing about those that can be rendered.
                with contextlib.suppress(SynthError):
                    self.render_unit(extreme)
            later = (self.render_unit(other), self.render_unit(one))
            fresh = tuple(
                self._render_afresh(from_unit(self.synth.parameters, unit)) for unit in (other, one)
            )
        except SynthError:
            # Rewinding that could not be tried is not relied on.
            self.rewinds = False
        else:
            self.deterministic = np.array_equal(first, fresh[1])
            self.rewinds = all(map(np.array_equal, later, fresh))
        if not self.rewinds:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def render(synth: Synth | str | PathLike[str], **settings: Any) -> NDArray[np.float32]:
    """Render one sound; see `Renderer.render`.

    Parameters
    ----------
    synth : Synth, str or path
        A bundled synth's name, a path of a .csd, or a `Synth`.
    **settings : float or str
        Values in the parameters' units.

    Returns
    -------
    ndarray, (C, T) float32
        At the synth's rate.
    """
    renderer = Renderer(synth)
    with renderer:
        return renderer.render(settings)
