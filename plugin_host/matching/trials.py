"""What a search has tried: points whose sounds were rendered and judged, and the best of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from ..synths.parameters import from_unit
from ..synths.render_crew import RenderCrew
from .sound_distances import MssTarget
from .target_sound import from_onset, loudest_db

LEVEL_WEIGHT = 0.1
"""What 1 dB of difference in level counts beside 1 dB of `mss`, which is blind to level."""

MOST_FAILURES = 20
"""After so many sounds that cannot be rendered a synth is given up: each may have taken a minute."""


@dataclass(frozen=True)
class Point:
    """A point of the unit cube, its values in the parameters' units, and how near its sound is."""

    unit: NDArray[np.float64]
    values: NDArray[np.float64]
    mss: float = np.inf
    cost: float = np.inf


class Trials:
    """Renders and judges points of the unit cube, and keeps the best.

    Parameters
    ----------
    target : array
        (T,) at the synth's rate, from its onset on.
    crew : RenderCrew
        Renders.
    start : mapping of str to float or str
        The first point, which is judged at once.
    most : int
        How many sounds may be rendered.
    on_progress : callable
        Called after each with how many were, how many may be, and the distance of the best so far.
    doubt_db : callable
        What a point (P,) costs beside its sound's distance.

    Attributes
    ----------
    best : Point
    judged : list of Point
        All, in the order in which they were asked for.
    failures : list of str
        Why some could not be rendered.

    Raises
    ------
    ControlError
        If the synth does not take the start's values.
    SynthError
        If the start cannot be rendered; later, if twenty could not.
    """

    def __init__(
        self,
        target: NDArray[np.float32],
        crew: RenderCrew,
        start: Mapping[str, Any],
        most: int,
        on_progress: Callable[[int, int, float], None],
        doubt_db: Callable[[NDArray[np.float64]], float] = lambda _: 0.0,
    ) -> None:
        self.synth, self.most = crew.renderer.synth, most
        self._crew = crew
        self._target = MssTarget(target, self.synth.sample_rate)
        self._level_db = loudest_db(target)
        self._on_progress, self._doubt_db = on_progress, doubt_db
        self.judged: list[Point] = []
        self.failures: list[str] = []
        # The start's own values, not their copy that went through the unit cube.
        self.best = Point(self.synth.to_unit(start), self.synth.values(start))
        self.mss_before = np.inf
        self._judge([self.best])
        self.mss_before = self.best.mss

    @property
    def done(self) -> int:
        """How many sounds were rendered."""
        return len(self.judged)

    @property
    def left(self) -> int:
        """How many more may be."""
        return self.most - self.done

    def judge(self, units: Sequence[NDArray[np.float64]]) -> list[float]:
        """Render points (P,), several at a time, and give their costs in the same order.

        A cost is a point's distance, a little for a level that is off, and what makes it doubtful; infinite if it cannot be
        rendered.
        """
        return self._judge([Point(unit.copy(), from_unit(self.synth.parameters, unit)) for unit in units])

    def _judge(self, points: Sequence[Point]) -> list[float]:
        heard = self._crew.hear([point.values for point in points], self._distance_and_cost)
        return [self._keep(point, found) for point, found in zip(points, heard, strict=True)]

    def _distance_and_cost(self, sound: NDArray[np.float32]) -> tuple[float, float]:
        mono = from_onset(sound.mean(axis=0))[: len(self._target.target)]
        mss = self._target.mss(mono)
        return mss, mss + LEVEL_WEIGHT * abs(loudest_db(mono) - self._level_db)

    def _keep(self, point: Point, found: tuple[float, float] | SynthError) -> float:
        if isinstance(found, SynthError):
            self.failures.append(str(found))
            if not self.judged:
                raise found
            if len(self.failures) >= MOST_FAILURES:
                raise too_many_failures(len(self.failures), self.done + 1, found)
        else:
            mss, cost = found
            point = Point(point.unit, point.values, mss, cost + self._doubt_db(point.unit))
        self.judged.append(point)
        if point.cost < self.best.cost and point.mss <= self.mss_before:
            self.best = point
        self._on_progress(self.done, self.most, self.best.mss)
        return point.cost


def too_many_failures(failed: int, tried: int, last: SynthError) -> SynthError:
    """Give the error with which a synth is given up."""
    return SynthError(
        f"{failed} of {tried} settings that were tried cannot be rendered, so the synth cannot be searched; the last: {last}"
    )
