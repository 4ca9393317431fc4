"""Refine parameters to fit a sound by a search that renders with Csound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import MissingPackageError, UsageError
from ..synths.parameters import from_unit
from ..synths.renderer import Renderer
from ..synths.synth import Synth
from .sound_distances import MssTarget
from .starts import at_pitch, pitch_parameters, starts
from .target_sound import from_onset, loudest_db

LEVEL_WEIGHT = 0.1
"""What 1 dB of difference in level counts beside 1 dB of `mss`, which is blind to level."""

SHARE_FOR_STEPS = 0.3
"""Part of the renders that integers and choices may take."""

LEAST_LOOKS, HOPELESS = 4, 1.5
"""So many other beginnings than the estimate are looked at; it is left alone if the best costs so many times as much."""

LOOKS_FIRST, SHARE_OF_LOOKS = 6, 0.3
"""Else so many come first, and afterwards this part of the renders, between small changes of the best."""

PARENTS = 3
CHANGED = 0.5
"""Which of the best points are changed, and in how many of their parameters."""

SMALLEST_CHANGE, LARGEST_CHANGE = 0.03, 0.3
WANDERING = 100
"""Renders after which the best is refined and nothing else is tried."""

DEFAULT_SPREAD = 0.03
_SMALLEST_SPREAD, _LARGEST_SPREAD = 0.004, 0.12
_SPREAD_ELSEWHERE = 0.08
_SMALLEST_GENERATION = 6


@dataclass(frozen=True)
class Refinement:
    """What a search has found.

    Parameters
    ----------
    values : dict of str to float or str
        In the parameters' units; choices by their words.
    mss_before, mss_after : float
        Distance of the target from the start and from what was found, in dB; the second is never larger.
    renders : int
        How many sounds were rendered.
    interrupted : bool
        Whether Ctrl-C ended the search before its time.
    """

    values: dict[str, float | str]
    mss_before: float
    mss_after: float
    renders: int
    interrupted: bool = False


def refine(
    target: NDArray[np.float32],
    renderer: Renderer,
    start: Mapping[str, Any],
    renders: int = 50,
    *,
    pitch_hz: float | None = None,
    near: Sequence[NDArray[np.float64]] = (),
    spread: ArrayLike | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int, float], None] = lambda *_: None,
) -> Refinement:
    """Search for parameters whose sound is nearer to a target, by `sound_distances.mss`.

    First other beginnings are looked at, see `starts`. If they are hopeless beside the estimate, the synth made the sound or
    one much like it: other values of integers and choices are tried, one at a time; then the covariance matrix adaptation
    evolution strategy (Hansen 2016, arXiv 1604.00772) moves all continuous parameters. Else the search wanders: further
    beginnings, and changes of the best three points in half of their parameters (an evolution strategy with a mutation
    step drawn anew each time); with many renders it ends with covariance matrix adaptation, too. Ctrl-C ends the search,
    and gives what was found so far, once the start has been rendered.

    Parameters
    ----------
    target : array
        (T,) at the synth's rate, from its onset on; see `target_sound.as_target`.
    renderer : Renderer
        Of the synth.
    start : mapping of str to float or str
        Where to begin: an estimate. Defaults for what is not given.
    renders : int
        How many sounds may be rendered, 2 or more; the start is the first.
    pitch_hz : float, optional
        The pitch that was heard in the target; see `starts.PITCH`.
    near : sequence of (P,) arrays, optional
        Points of the unit cube that the search may begin at, the best first; see `known_sounds`.
    spread : array_like, optional
        (P,) how far the start may be off, as a part of each parameter's range; 0.03 if not given.
    seed : int
        Of the search.
    on_progress : callable
        Called after each render with the number of renders, how many there may be, and the least distance so far.

    Raises
    ------
    ControlError
        If the synth does not take the start's values.
    UsageError
        For fewer than 2 renders.
    MissingPackageError
        If cma is not installed.
    """
    check_renders(renders)
    cma = _load_cma()
    trials = _Trials(target, renderer, start, renders, on_progress)
    parameters = renderer.synth.parameters
    sigmas = np.broadcast_to(DEFAULT_SPREAD if spread is None else spread, len(parameters))
    try:
        random = np.random.default_rng(seed)
        points = starts(renderer.synth, trials.best.unit, pitch_hz, near, random)
        if _estimate_is_good(trials, points):
            _try_steps(trials)
        else:
            keeps_pitch = _pitch_keeper(renderer.synth, pitch_hz)
            _wander(trials, points, keeps_pitch, random)
            sigmas = np.full(len(parameters), _SPREAD_ELSEWHERE)
            sigmas[keeps_pitch(trials.best.unit)] = _SMALLEST_SPREAD
        _search(cma, trials, np.clip(sigmas, _SMALLEST_SPREAD, _LARGEST_SPREAD), seed)
    except KeyboardInterrupt:
        return trials.result(interrupted=True)
    return trials.result()


def unrefined(target: NDArray[np.float32], renderer: Renderer, start: Mapping[str, Any]) -> Refinement:
    """Give a start as what a search has found that was interrupted before it began; see `refine`."""
    return _Trials(target, renderer, start, 1, lambda *_: None).result(interrupted=True)


def check_renders(renders: int) -> None:
    """Raise UsageError for fewer renders than the start and one more."""
    if renders < 2:
        raise UsageError(
            f"refinement by {renders} renders was asked for; needed are 2 or more, and 50 are good"
        )


@dataclass(frozen=True)
class _Point:
    """A point of the unit cube, its values in the parameters' units, and how near its sound is."""

    unit: NDArray[np.float64]
    values: NDArray[np.float64]
    mss: float = np.inf
    cost: float = np.inf


class _Trials:
    """Renders and judges points of the unit cube, and keeps the best."""

    def __init__(
        self,
        target: NDArray[np.float32],
        renderer: Renderer,
        start: Mapping[str, Any],
        most: int,
        on_progress: Callable[[int, int, float], None],
    ) -> None:
        self.renderer, self.most, self.done = renderer, most, 0
        self._target = MssTarget(target, renderer.synth.sample_rate)
        self._level_db = loudest_db(target)
        self._on_progress = on_progress
        # The start's own values, not their copy that went through the unit cube.
        self.best = _Point(renderer.synth.to_unit(start), renderer.synth.values(start))
        self._mss_before = np.inf
        self.judged: list[_Point] = []
        self.judge(self.best.unit, self.best.values)
        self._mss_before = self.best.mss

    @property
    def left(self) -> int:
        """How many more sounds may be rendered."""
        return self.most - self.done

    def judge(self, unit: NDArray[np.float64], values: NDArray[np.float64] | None = None) -> float:
        """Render a point and give its cost: its distance, and a little for a level that is off."""
        values = from_unit(self.renderer.synth.parameters, unit) if values is None else values
        sound = from_onset(self.renderer.render_values(values).mean(axis=0))[: len(self._target.target)]
        mss = self._target.mss(sound)
        cost = mss + LEVEL_WEIGHT * abs(loudest_db(sound) - self._level_db)
        self.done += 1
        self.judged.append(_Point(unit.copy(), values, mss, cost))
        if cost < self.best.cost and mss <= self._mss_before:
            self.best = self.judged[-1]
        self._on_progress(self.done, self.most, self.best.mss)
        return cost

    def result(self, interrupted: bool = False) -> Refinement:
        """Give the best point."""
        values = self.renderer.synth.name_values(self.best.values)
        return Refinement(values, float(self._mss_before), float(self.best.mss), self.done, interrupted)


def _try_steps(trials: _Trials) -> None:
    """Try the neighbours of integers and all words of choices, in turn, as far as their share of the renders goes."""
    parameters = trials.renderer.synth.parameters
    share = int(SHARE_FOR_STEPS * trials.left)
    tries: list[Sequence[tuple[int, float]]] = []
    for index, parameter in enumerate(parameters):
        steps = round(parameter.maximum - parameter.minimum)
        if not parameter.is_stepped or steps < 1:
            continue
        now = round(float(trials.best.unit[index]) * steps)
        others = range(steps + 1) if parameter.choices else (now - 1, now + 1)
        tries.append([(index, i / steps) for i in others if 0 <= i <= steps and i != now])
    # One of each parameter, then the next of each: a small share is spread over all.
    order = [turn[k] for k in range(max(map(len, tries), default=0)) for turn in tries if k < len(turn)]
    for index, value in order[:share]:
        unit = trials.best.unit.copy()
        unit[index] = value
        trials.judge(unit)


def _estimate_is_good(trials: _Trials, points: Iterator[NDArray[np.float64]]) -> bool:
    """Look at some other beginnings, and tell whether none comes anywhere near the estimate."""
    estimate = trials.best.cost
    costs = [trials.judge(unit) for unit in islice(points, min(LEAST_LOOKS, trials.left - 1))]
    return not costs or min(costs) > HOPELESS * estimate


def _pitch_keeper(synth: Synth, pitch_hz: float | None) -> Callable[[NDArray[np.float64]], list[int]]:
    """Give what tells which parameters of a point (P,) are its pitch, if it has the one that was heard."""
    places = pitch_parameters(synth.parameters)

    def kept(unit: NDArray[np.float64]) -> list[int]:
        heard = at_pitch(synth.parameters, unit, pitch_hz)
        return places if pitch_hz and np.abs(heard - unit).max() < _SMALLEST_SPREAD else []

    return kept


def _wander(
    trials: _Trials,
    points: Iterator[NDArray[np.float64]],
    keeps_pitch: Callable[[NDArray[np.float64]], list[int]],
    random: np.random.Generator,
) -> None:
    """Judge further beginnings and changes of the best points by turns; a pitch that was heard is not changed."""
    last = WANDERING if trials.most >= 2 * WANDERING else trials.most
    while trials.done < last:
        if trials.done < LOOKS_FIRST or random.random() < SHARE_OF_LOOKS:
            trials.judge(next(points))
        else:
            best = sorted(trials.judged, key=lambda point: point.cost)[:PARENTS]
            weights = 1 / np.arange(1, len(best) + 1)
            unit = best[random.choice(len(best), p=weights / weights.sum())].unit
            trials.judge(_changed(unit, keeps_pitch(unit), random))


def _changed(
    unit: NDArray[np.float64], kept: Sequence[int], random: np.random.Generator
) -> NDArray[np.float64]:
    """Move some of a point's parameters (P,), by a little or much; what would leave its range comes back."""
    chosen = random.random(len(unit)) < CHANGED
    chosen[random.integers(len(unit))] = True
    chosen[kept] = False
    size = np.exp(random.uniform(np.log(SMALLEST_CHANGE), np.log(LARGEST_CHANGE)))
    moved = np.abs(unit + chosen * size * random.standard_normal(len(unit)))
    return np.clip(1 - np.abs(1 - moved), 0, 1)


def _search(cma: Any, trials: _Trials, sigmas: NDArray[np.float64], seed: int) -> None:
    """Move all continuous parameters from the best point on, by covariance matrix adaptation."""
    parameters = trials.renderer.synth.parameters
    free = np.flatnonzero([not parameter.is_stepped for parameter in parameters])
    if not len(free) or not trials.left:
        return
    generation = max(_SMALLEST_GENERATION, min(4 + int(3 * np.log(len(free))), trials.left // 4))
    options = {
        "bounds": [0, 1],
        "CMA_stds": sigmas[free],
        "popsize": generation,
        "seed": seed + 1,  # 0 would mean the clock
        "verbose": -9,
        "tolfun": 0,
        "tolx": 0,
    }
    fixed = trials.best.unit.copy()
    start = np.clip(fixed[free], 1e-3, 1 - 1e-3)
    if len(free) == 1:  # cma takes no single dimension: it gets a second one without meaning
        start, options["CMA_stds"] = np.append(start, 0.5), np.append(sigmas[free], sigmas[free])
    strategy = cma.CMAEvolutionStrategy(start, 1.0, options)
    while trials.left:
        points = strategy.ask()[: trials.left]
        costs = []
        for point in points:
            unit = fixed.copy()
            unit[free] = point[: len(free)]
            costs.append(trials.judge(unit))
        if len(points) == generation:
            strategy.tell(points, costs)


def _load_cma() -> Any:
    try:
        import cma
    except ImportError as error:
        raise MissingPackageError("refinement needs cma: pip install 'brainsynth[synth]'") from error
    return cma
