"""Prove what a file alone can prove of a model's latency.

What comes out has no mark of when it went in, so a latency can be shown to be too small, not to be right. That a model
does not know its future follows from its blocks: see `block_check` and `golden_check`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control
from ..model_file.document import ModelDocument, Role
from ..model_file.graph_contract import AUDIO_OUTPUT
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream
from .check import MOST_SAMPLES, Check

BEFORE, AFTER = 32, 32
"""Frames before the input changes, and after it the latency and so many."""

FAINTEST = 1e-4
"""A change counts from this share of the largest: rounding is below it."""

SOFT, LOUD = 0.05, 0.5
"""Of the noise before and after the change: a model that hears in coarse steps may take two noises of one level for one."""

MOSTLY = 0.7
"""From this correlation on an output is its input, delayed: half of its power."""

NEAR_S = 0.001

Outputs = Mapping[str, NDArray[np.float32]]


def check_latency(graph: LoadedGraph) -> tuple[Check, ...]:
    """Show that a model answers within its latency and, of one that passes its input on, that it is late by just that.

    Returns
    -------
    ``reaction``
        How long after a change of the input the output changes: at most the latency and a hop.
    ``delay``
        Only where most of an effect's output is its input, delayed: by how much that differs from the latency, at
        most a millisecond.

    Neither, where more than `MOST_SAMPLES` would have to be played.
    """
    document = graph.document
    frames = BEFORE + AFTER - (-document.latency_samples // document.hop_length)
    if document.channels * frames * document.hop_length > MOST_SAMPLES:
        return ()
    is_generator = document.role is Role.GENERATOR
    inputs = [control.name for control in document.controls] if is_generator else ["audio"]
    played, changed = (_play(graph, frames, names) for names in ([], inputs))
    checks = [_reaction(document, played, changed)]
    if is_generator and checks[0].error == float("inf"):
        # With all controls at their ends there may be nothing to hear: a place where no sound was learned.
        each = (_reaction(document, played, _play(graph, frames, [name])) for name in inputs)
        checks = [min(each, key=lambda check: check.error)]
    if document.role is Role.EFFECT:
        checks += _delay(document, _sound(document, frames, False), played[AUDIO_OUTPUT])
    return tuple(checks)


def _reaction(document: ModelDocument, played: Outputs, changed: Outputs) -> Check:
    hop = document.hop_length
    delays = {
        tensor: _first_change(values, changed[tensor]) * (1 if tensor == AUDIO_OUTPUT else hop) - BEFORE * hop
        for tensor, values in played.items()
    }
    tensor = min(delays, key=delays.__getitem__)
    # A change before that of the input is none that the input has made.
    delay = delays[tensor] if delays[tensor] >= 0 else float("inf")
    return Check(tensor, "reaction", delay, document.latency_samples + hop, "samples")


def _first_change(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Give the place on the last axis where two outputs begin to differ; infinity if they never do."""
    differences = np.abs(before.astype(np.float64) - after).reshape(-1, before.shape[-1]).max(0)
    largest = differences.max()
    return float(np.argmax(differences > FAINTEST * largest)) if largest > 0 else float("inf")


def _delay(
    document: ModelDocument, audio: NDArray[np.float32], played: NDArray[np.float32]
) -> tuple[Check, ...]:
    n_fft = 2 * audio.shape[1]
    spectra, answers = (np.fft.rfft(x.astype(np.float64), n_fft) for x in (audio, played))
    powers = np.sqrt(np.outer((audio**2).sum(1), (played**2).sum(1)))
    products = np.fft.irfft(spectra.conj()[:, None] * answers, n_fft)[..., : audio.shape[1]]
    alike = (np.abs(products) / np.maximum(powers, 1e-12)[..., None]).reshape(-1, audio.shape[1]).max(0)
    delay = int(np.argmax(alike))
    if alike[delay] < MOSTLY:
        return ()
    error = abs(delay - document.latency_samples)
    return (Check(AUDIO_OUTPUT, "delay", error, round(NEAR_S * document.sample_rate), "samples"),)


def _play(graph: LoadedGraph, frames: int, changed: Sequence[str]) -> Outputs:
    """Play the same for `BEFORE` frames, and then other values of the inputs that are named: outputs by tensor name."""
    document = graph.document
    stream = open_stream(graph, block_size=document.hop_length)
    if document.role is Role.GENERATOR:
        curves = {
            control.name: _curve(control, frames, control.name in changed) for control in document.controls
        }
        return {AUDIO_OUTPUT: stream.generate(frames * document.hop_length, **curves)}
    sound = _sound(document, frames, bool(changed))
    if document.role is Role.EFFECT:
        return {AUDIO_OUTPUT: stream.process(sound)}
    return {f"output.{name}": values for name, values in stream.analyze(sound).items()}


def _sound(document: ModelDocument, frames: int, is_changed: bool) -> NDArray[np.float32]:
    start = BEFORE * document.hop_length
    shape = (document.channels, frames * document.hop_length)
    first, second = np.random.default_rng(0).uniform(-1.0, 1.0, (2, *shape)).astype(np.float32)
    first, second = first * SOFT, second * LOUD
    return np.concatenate([first[:, :start], (second if is_changed else first)[:, start:]], axis=1)


def _curve(control: Control, frames: int, is_changed: bool) -> NDArray[np.float32]:
    """Give a control at its default and then, if changed, at the end of its range that is farther away."""
    rest = np.broadcast_to(np.asarray(control.default, dtype=np.float32), control.size)
    rows = np.repeat(rest[:, None], frames, axis=1)
    if is_changed:
        is_low = rest - control.minimum < control.maximum - rest
        rows[:, BEFORE:] = np.where(is_low, control.maximum, control.minimum)[:, None]
    return rows if control.is_vector else rows[0]
