"""Refine parameters to fit a sound by a search that renders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import MissingPackageError, UsageError
from ..files.processes import count_workers
from ..synths.render_crew import RenderCrew
from ..synths.renderer import Renderer
from .starts import starts
from .synth_pitch import places_at_pitch
from .trials import Trials

TOGETHER = 4
"""So many points are chosen by what is known before them, however many can be rendered at once: results depend on it."""

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

OFF_PITCH_DB = 0.5
"""What a point costs that is not at the pitch that was heard: distances hardly tell a pitch from another, listeners do."""

DEFAULT_SPREAD = 0.03
_SMALLEST_SPREAD, _LARGEST_SPREAD = 0.004, 0.12
_SPREAD_ELSEWHERE = 0.08
_SMALLEST_GENERATION = 6
_COST_OF_FAILURE = 1e6


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
    failures : tuple of str
        Why some of the sounds could not be rendered, one sentence each.
    """

    values: dict[str, float | str]
    mss_before: float
    mss_after: float
    renders: int
    interrupted: bool = False
    failures: tuple[str, ...] = ()


def refine(
    target: NDArray[np.float32],
    renderer: Renderer,
    start: Mapping[str, Any] | None,
    renders: int = 50,
    *,
    pitch_hz: float | None = None,
    near: Sequence[NDArray[np.float64]] = (),
    spread: ArrayLike | None = None,
    seed: int = 0,
    workers: int = 0,
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
    start : mapping of str to float or str, or None
        Where to begin: an estimate. Defaults for what is not given. None where there is no estimate: the first of the other
        beginnings takes its place, and the search wanders.
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
    workers : int
        How many sounds may be rendered at a time; 0 for one per core. What is found does not depend on it.
    on_progress : callable
        Called after each render with the number of renders, how many there may be, and the least distance so far.

    Raises
    ------
    ControlError
        If the synth does not take the start's values.
    UsageError
        For fewer than 2 renders, or fewer than 0 workers.
    SynthError
        If the start cannot be rendered, or twenty of what is tried.
    MissingPackageError
        If cma is not installed.
    """
    check_renders(renders)
    cma = require_cma()
    parameters = renderer.synth.parameters
    sigmas = np.broadcast_to(DEFAULT_SPREAD if spread is None else spread, len(parameters))
    with RenderCrew(renderer, count_workers(workers)) as crew:
        random = np.random.default_rng(seed)
        estimate = None if start is None else renderer.synth.to_unit(start)
        points = starts(renderer.synth, estimate, pitch_hz, near, random)
        first = renderer.synth.from_unit(next(points)) if start is None else start
        at_pitch = partial(places_at_pitch, parameters, pitch_hz=pitch_hz)
        off_pitch_db = lambda unit: OFF_PITCH_DB if at_pitch(unit) == [] else 0.0  # noqa: E731
        trials = Trials(target, crew, first, renders, on_progress, off_pitch_db)
        held: list[int] = []
        try:
            if start is not None and _estimate_is_good(trials, points):
                _try_steps(trials)
            else:
                _wander(trials, points, at_pitch, random)
                sigmas = np.full(len(parameters), _SPREAD_ELSEWHERE)
                held = at_pitch(trials.best.unit) or []
            _search(cma, trials, np.clip(sigmas, _SMALLEST_SPREAD, _LARGEST_SPREAD), held, seed)
        except KeyboardInterrupt:
            return _result(trials, interrupted=True)
    return _result(trials)


def unrefined(target: NDArray[np.float32], renderer: Renderer, start: Mapping[str, Any]) -> Refinement:
    """Give a start as what a search has found that was interrupted before it began; see `refine`."""
    with RenderCrew(renderer, 1) as crew:
        return _result(Trials(target, crew, start, 1, lambda *_: None), interrupted=True)


def _result(trials: Trials, interrupted: bool = False) -> Refinement:
    return Refinement(
        trials.synth.name_values(trials.best.values),
        float(trials.mss_before),
        float(trials.best.mss),
        trials.done,
        interrupted,
        tuple(trials.failures),
    )


def check_renders(renders: int) -> None:
    """Raise UsageError for fewer renders than the start and one more."""
    if renders < 2:
        raise UsageError(
            f"refinement by {renders} renders was asked for; needed are 2 or more, and 50 are good"
        )


def _try_steps(trials: Trials) -> None:
    """Try the neighbours of integers and all words of choices, in turn, as far as their share of the renders goes."""
    parameters = trials.synth.parameters
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
    for begin in range(0, share, TOGETHER):
        together = order[:share][begin : begin + TOGETHER]
        trials.judge([_with(trials.best.unit, index, value) for index, value in together])


def _with(unit: NDArray[np.float64], index: int, value: float) -> NDArray[np.float64]:
    changed = unit.copy()
    changed[index] = value
    return changed


def _estimate_is_good(trials: Trials, points: Iterator[NDArray[np.float64]]) -> bool:
    """Look at some other beginnings, and tell whether none comes anywhere near the estimate."""
    estimate = trials.best.cost
    costs = trials.judge(list(islice(points, min(LEAST_LOOKS, trials.left - 1))))
    return not costs or min(costs) > HOPELESS * estimate


def _wander(
    trials: Trials,
    points: Iterator[NDArray[np.float64]],
    at_pitch: Callable[[NDArray[np.float64]], list[int] | None],
    random: np.random.Generator,
) -> None:
    """Judge further beginnings and changes of the best points by turns; a pitch that was heard is not changed."""
    last = WANDERING if trials.most >= 2 * WANDERING else trials.most
    while trials.done < last:
        best = sorted(trials.judged, key=lambda point: point.cost)[:PARENTS]
        weights = 1 / np.arange(1, len(best) + 1)
        units = []
        for number in range(trials.done, min(trials.done + TOGETHER, last)):
            if number < LOOKS_FIRST or random.random() < SHARE_OF_LOOKS:
                units.append(next(points))
            else:
                unit = best[random.choice(len(best), p=weights / weights.sum())].unit
                units.append(_changed(unit, at_pitch(unit) or [], random))
        trials.judge(units)


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


def _search(cma: Any, trials: Trials, sigmas: NDArray[np.float64], held: Sequence[int], seed: int) -> None:
    """Move all continuous parameters but for some from the best point on, by covariance matrix adaptation."""
    is_free = np.array([not parameter.is_stepped for parameter in trials.synth.parameters])
    is_free[list(held)] = False
    free = np.flatnonzero(is_free)
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
        units = np.tile(fixed, (len(points), 1))
        units[:, free] = [point[: len(free)] for point in points]
        costs = trials.judge(list(units))
        if len(points) == generation:
            strategy.tell(points, np.minimum(costs, _COST_OF_FAILURE).tolist())


def require_cma() -> Any:
    """Give the module that a search ends with; raises MissingPackageError if it is not installed."""
    try:
        import cma
    except ImportError as error:
        raise MissingPackageError("refinement needs cma: pip install 'brainsynth[synth]'") from error
    return cma
