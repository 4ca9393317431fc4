"""Prove that an effect is silent again when its tail is over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..model_file.document import Role
from ..model_file.graph_contract import AUDIO_OUTPUT
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream
from .check import MOST_SAMPLES, Check

SILENT = 1e-4
"""-80 dB: what is left of a sound after its tail may have this peak."""

SOUND_S, AFTER_S = 0.5, 1.0


def check_tail(graph: LoadedGraph) -> tuple[Check, ...]:
    """Play noise, then silence; compare what is heard after latency and tail with what silence alone gives.

    An effect may hum or hiss by itself, with another phase or pitch after a sound than before any. So levels are
    compared: the peak of a second after the tail may be `SILENT`, or twice the peak of that second without any sound.

    Returns
    -------
    One check; none of another role than an effect, or where more than `MOST_SAMPLES` would have to be played.
    """
    document = graph.document
    rate, hop = document.sample_rate, document.hop_length
    if document.role is not Role.EFFECT:
        return ()
    sound = _whole(SOUND_S * rate, hop)
    end = sound + document.latency_samples + document.tail_samples
    samples = _whole(end + AFTER_S * rate, hop)
    if document.channels * samples > MOST_SAMPLES:
        return ()
    silence = np.zeros((document.channels, samples), dtype=np.float32)
    noise = silence.copy()
    noise[:, :sound] = np.random.default_rng(0).uniform(-0.5, 0.5, (document.channels, sound))
    left, idle = (_peak(graph, audio, end) for audio in (noise, silence))
    return (Check(AUDIO_OUTPUT, "tail", left, max(SILENT, 2.0 * idle)),)


def _whole(samples: float, hop: int) -> int:
    return int(-(-samples // hop)) * hop


def _peak(graph: LoadedGraph, audio: NDArray[np.float32], start: int) -> float:
    played = open_stream(graph, block_size=graph.document.hop_length).process(audio)
    return float(np.max(np.abs(played[:, start:])))
