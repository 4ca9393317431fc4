"""Measures of parameter estimates: errors of parameters, distances of the sounds made from them, refinement."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.progress import track

from benchmarks.common import bootstrap
from benchmarks.parameters.parameter_sounds import KnownSound, identifiable, matched, play
from brainsynth import Renderer, refine
from plugin_host.matching.inference import ParameterModel
from plugin_host.matching.sound_distances import distances
from plugin_host.model_file.controls import Scale
from plugin_host.synths.parameters import to_unit

AUDIBLE_DB = 0.5
MOMENTS_S = (0.1, 0.25, 0.5, 1.0)
RENDERS = 50
Figure = dict[str, float]


def interval(values: Sequence[float] | np.ndarray) -> Figure:
    """Give the mean of the finite values and its interval; NaN if there are none."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return {"mean": float("nan"), "low": float("nan"), "high": float("nan")}
    return bootstrap.interval(values)


def interval_of_sounds(errors: np.ndarray, counted: np.ndarray) -> Figure:
    """Give the mean of errors (N, P) where they count; whole sounds are resampled, as the errors of one are correlated."""
    return bootstrap.interval_of_groups((errors * counted).sum(axis=1), counted.sum(axis=1))


class TestedModel:
    """A model under test and its synth.

    Parameters
    ----------
    model : ParameterModel
        Of the synth that the renderer plays.
    renderer : Renderer
        Of its synth.
    """

    def __init__(self, model: ParameterModel, renderer: Renderer) -> None:
        self.model, self.renderer = model, renderer
        self.parameters = renderer.synth.parameters
        self.stepped = np.array([p.scale in (Scale.CHOICE, Scale.INTEGER) for p in self.parameters])
        self.choices = np.array([p.scale is Scale.CHOICE for p in self.parameters])

    def estimate(self, audio: np.ndarray) -> np.ndarray:
        """Estimate the parameters of a sound, (P,) from 0 to 1."""
        synth = self.renderer.synth
        target, _ = self.model.target_of(audio, synth.sample_rate)
        return synth.to_unit(self.model.estimate(target).values)

    def errors(self, found: np.ndarray, true: np.ndarray) -> np.ndarray:
        """Absolute errors (P,) as parts of the ranges, 0 or 1 for a choice; interchangeable voices matched."""
        error = np.abs(found - matched(self.parameters, found, true))
        return np.where(self.choices, (error > 1e-6).astype(float), error)

    def errors_over_time(self, sound: KnownSound) -> list[float]:
        """Mean error at `MOMENTS_S` of a sound, as the model gives it live."""
        synth, document = self.renderer.synth, self.model.model.document
        target, _ = self.model.target_of(sound.audio, synth.sample_rate)
        found = self.model.model.stream().analyze(target[None])
        values = np.stack([found[p.name][0] for p in self.parameters], axis=1)
        values = np.clip(values, [p.minimum for p in self.parameters], [p.maximum for p in self.parameters])
        units = to_unit(self.parameters, values)
        hops = [int(moment * synth.sample_rate / document.hop_length) - 1 for moment in MOMENTS_S]
        return [float(self.errors(units[hop], sound.unit).mean()) for hop in hops]

    def seconds(self, audio: np.ndarray, runs: int = 30) -> float:
        """Median time from a sound to its parameters."""
        taken = []
        for _ in range(runs):
            started = time.perf_counter()
            target, _ = self.model.target_of(audio, self.renderer.synth.sample_rate)
            self.model.estimate(target)
            taken.append(time.perf_counter() - started)
        return float(np.median(taken))


def measure_parameters(
    tested: TestedModel, sounds: Sequence[KnownSound], found: np.ndarray
) -> dict[str, Any]:
    """Measure errors of parameters, of all and of those that can be identified.

    Parameters
    ----------
    tested : TestedModel
        The model and its synth.
    sounds : sequence of KnownSound
        N of them.
    found : ndarray
        (N, P) estimates, from 0 to 1.

    Returns
    -------
    dict
        By group of parameters.
    """
    errors = np.stack([tested.errors(f, s.unit) for f, s in zip(found, sounds, strict=True)])
    pairs = [identifiable(tested.renderer, sound) for sound in track(sounds, "changing", transient=True)]
    changes = np.stack([changes for changes, _ in pairs])
    is_identifiable = changes > np.array([[floor] for _, floor in pairs])
    is_audible = changes > AUDIBLE_DB
    numbers, choices = ~tested.choices[None], tested.choices[None]
    everything = np.ones_like(is_identifiable)
    figures: dict[str, Any] = {
        "noise_floor_db": float(np.median([floor for _, floor in pairs])),
        "identifiable": interval_of_sounds(errors, is_identifiable & numbers),
        "audible": interval_of_sounds(errors, is_audible & numbers),
        "all": interval_of_sounds(errors, everything & numbers),
        "share_identifiable": float(is_identifiable.mean()),
        "share_audible": float(is_audible.mean()),
    }
    if tested.choices.any():
        figures |= {
            "choices_right_identifiable": interval_of_sounds(1 - errors, is_identifiable & choices),
            "choices_right_audible": interval_of_sounds(1 - errors, is_audible & choices),
            "choices_right_all": interval_of_sounds(1 - errors, everything & choices),
        }
    figures["parameters"] = {
        p.name: {
            "identifiable": interval(errors[is_identifiable[:, i], i]),
            "audible": interval(errors[is_audible[:, i], i]),
            "all": interval(errors[:, i]),
            "share_identifiable": float(is_identifiable[:, i].mean()),
            "share_audible": float(is_audible[:, i].mean()),
            "median": float(np.median(errors[:, i])),
        }
        for i, p in enumerate(tested.parameters)
    }
    return figures


def measure_sounds(
    tested: TestedModel, sounds: Sequence[KnownSound], units: Callable[[int], np.ndarray]
) -> dict[str, Any]:
    """Play parameters and measure the distances to the sounds.

    Parameters
    ----------
    tested : TestedModel
        Its synth plays.
    sounds : sequence of KnownSound
        The targets.
    units : callable
        Gives the parameters (P,) for a sound by its number.

    Returns
    -------
    dict
        Of each distance its mean and interval, and the mean error of all parameters.
    """
    rate = tested.renderer.synth.sample_rate
    rows: dict[str, list[float]] = {"parameter_error": []}
    for number, sound in enumerate(track(sounds, "playing", transient=True)):
        unit = units(number)
        rows["parameter_error"].append(float(tested.errors(unit, sound.unit).mean()))
        for name, value in distances(sound.audio, play(tested.renderer, unit), rate).items():
            rows.setdefault(name, []).append(value)
    return {name: interval(values) for name, values in rows.items()} | {
        "mss_median": float(np.median(rows["mss"]))
    }


def measure_refinement(
    tested: TestedModel, sounds: Sequence[KnownSound], found: np.ndarray
) -> dict[str, Any]:
    """Refine estimates by 50 renders each and measure how often and by how much that helps."""
    before, after, taken, errors = [], [], [], []
    synth = tested.renderer.synth
    for sound, unit in zip(track(sounds, "refining", transient=True), found, strict=True):
        target, _ = tested.model.target_of(sound.audio, synth.sample_rate)
        started = time.perf_counter()
        refined = refine(target, tested.renderer, synth.from_unit(unit), RENDERS, spread=tested.model.spread)
        taken.append(time.perf_counter() - started)
        before.append(refined.mss_before)
        after.append(refined.mss_after)
        errors.append(float(tested.errors(synth.to_unit(refined.values), sound.unit).mean()))
    ratios = np.array(after) / np.maximum(before, 1e-9)
    return {
        "sounds": len(before),
        "share_improved": interval((np.array(after) < np.array(before) - 1e-6).astype(float)),
        "mss_before": interval(before),
        "mss_after": interval(after),
        "median_ratio": float(np.median(ratios)),
        "parameter_error": interval(errors),
        "seconds": float(np.median(taken)),
    }
