"""Render a synth: what is loaded once gives sound after sound, each as from a fresh process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import SynthError
from .kind import Player
from .kinds import hash_synth
from .parameters import from_unit
from .synth import Synth
from .telling_settings import telling_settings

_FEW = 3
_Render = Callable[[NDArray[np.float64]], NDArray[np.float32]]


class Renderer:
    """Renders one synth with any settings.

    Most orchestras give the same sound when their score is played again. One with a reverb or a random
    generator that all notes share need not. A new renderer tries it with the extremes of all parameters and every
    choice: if one sound differs by one bit from that of a fresh Csound, every sound gets a Csound of its own. Of a
    plugin, which is loaded anew for each sound, three are tried.
    What only few settings show, `verify` finds while sounds are made.

    Parameters
    ----------
    synth : Synth, str or path
        Rendered.
    rewinds : bool, optional
        Whether one player serves for all sounds, where that is known; by default it is tried.

    Attributes
    ----------
    rewinds : bool
        Whether one player, a Csound or a plugin, serves for all sounds.
    deterministic : bool
        Whether two fresh ones agree. They do not if the orchestra seeds its random numbers from the clock.

    Raises
    ------
    SynthError
        If the synth cannot be rendered.

    Notes
    -----
    Not for several threads at once; see `plugin_host.synths.render_crew`. Csound's lock on Python is released while it
    plays.
    """

    def __init__(self, synth: Synth | str | PathLike[str], rewinds: bool | None = None) -> None:
        self.synth = synth if isinstance(synth, Synth) else Synth(synth)
        self._player: Player | None = None
        self.rewinds = rewinds is not False
        self.deterministic = True
        if hash_synth(self.synth.path) != self.synth.sha256:
            raise SynthError(f"{self.synth.path} has changed since it was read; begin again")
        if rewinds is None:
            self._try_rewinding()

    def render(self, settings: Mapping[str, Any] | None = None) -> NDArray[np.float32]:
        """Render the synth's sound.

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
        # What loads a synth anew for each sound is always fresh, and costs a process.
        if not self.rewinds and not self.synth.kind.loads_anew:
            return self._render_afresh(values)
        if self._player is None:
            self._player = self.synth.open_player()
        sound, reusable = self._play(self._player, values)
        if not reusable:
            self.close()
        return sound

    def stop(self) -> None:
        """End a sound that another thread renders: a plugin's at once, with a SynthError there; Csound's at its end."""
        player = self._player
        if player is not None:
            player.stop()

    def close(self) -> None:
        """Free Csound or the plugin. It is loaded again if the renderer is used again."""
        if self._player is not None:
            self._player.close()
            self._player = None

    def _play(self, player: Player, values: NDArray[np.float64]) -> tuple[NDArray[np.float32], bool]:
        try:
            sound, reusable = player.perform(values)
        except (SynthError, KeyboardInterrupt):
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
        player = self.synth.open_player()
        try:
            return self._play(player, values)[0]
        finally:
            player.close()

    def _try_rewinding(self) -> None:
        """Render sounds one after another, then verify them in a second round: each has then been played before."""
        telling = islice(
            telling_settings(self.synth.parameters), _FEW if self.synth.kind.loads_anew else None
        )
        tried = [from_unit(self.synth.parameters, unit) for unit in telling]
        for values in tried:
            self._attempt(self.render_values, values)
        for values in tried:
            if not self.verify(values, self._attempt(self.render_values, values)):
                break
        self.close()

    def verify(self, values: NDArray[np.float64], sound: NDArray[np.float32] | None) -> bool:
        """Compare a sound with what a fresh player gives.

        From the first that differs on, every sound gets a player of its own, and `deterministic` says whether that
        helps.

        Parameters
        ----------
        values : ndarray, (P,)
            Of the parameters, in their units.
        sound : ndarray (C, T), or None
            What `render_values` gave; None if it failed.

        Returns
        -------
        bool
            Whether they are equal, bit by bit. Settings that fail in a fresh player too say nothing, and are.
        """
        fresh = self._attempt(self._render_afresh, values)
        if _are_equal(sound, fresh):
            return True
        self.close()
        self.rewinds = False
        self.deterministic = self.deterministic and _are_equal(
            self._attempt(self._render_afresh, values), fresh
        )
        return False

    @staticmethod
    def _attempt(render: _Render, values: NDArray[np.float64]) -> NDArray[np.float32] | None:
        try:
            return render(values)
        except SynthError:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _are_equal(one: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> bool:
    return other is None if one is None else other is not None and np.array_equal(one, other)


def render(synth: Synth | str | PathLike[str], **settings: Any) -> NDArray[np.float32]:
    """Render one sound; see `Renderer.render`.

    Parameters
    ----------
    synth : Synth, str or path
        A bundled synth's name, a path of a .csd or .vst3, or a `Synth`.
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
