"""Prove that streams of a model play the same in blocks of any number of samples as in whole hops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import counted
from ..model_file.controls import Scale
from ..model_file.document import Role
from ..model_file.golden import allowed_at
from ..model_file.graph_contract import AUDIO_OUTPUT
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream
from .check import Check, worst

FRAMES = 24


def check_blocks(graph: LoadedGraph) -> tuple[Check, ...]:
    """Play noise through streams in blocks that are no hops; compare with whole hops.

    Controls rest, but for triggers, which fire first: what is struck would be silent.
    """
    document = graph.document
    if document.golden is None:
        return ()
    hop = document.hop_length
    whole = _play(graph, hop)
    outputs = {f"output.{output.name}": output for output in document.outputs}
    checks = []
    for size in sorted({max(1, hop // 3), hop + 1}):
        for tensor, values in _play(graph, size).items():
            allowed = allowed_at(whole[tensor], document.golden.tolerance_of(tensor), outputs.get(tensor))
            checks.append(worst(tensor, counted(size, "sample"), values, whole[tensor], allowed))
    return tuple(checks)


def _play(graph: LoadedGraph, size: int) -> dict[str, NDArray[np.float32]]:
    """Play in blocks of this many samples, with the delay of the blocks taken out: outputs by tensor name."""
    document = graph.document
    samples = FRAMES * document.hop_length
    stream = open_stream(graph, block_size=size if size == document.hop_length else None)
    for control in document.controls:
        if control.scale is Scale.TRIGGER:
            strike = (control.maximum,) * control.size if control.is_vector else control.maximum
            stream.set(**{control.name: strike})
    if document.role is Role.GENERATOR:
        sizes = [min(size, samples - start) for start in range(0, samples, size)]
        return {AUDIO_OUTPUT: np.concatenate([stream.generate(count) for count in sizes], axis=1)}
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (document.channels, samples)).astype(np.float32)
    delay = stream.latency_samples - document.latency_samples if document.role is Role.EFFECT else 0
    sound = np.pad(sound, ((0, 0), (0, delay)))
    blocks = [sound[:, start : start + size] for start in range(0, sound.shape[1], size)]
    if document.role is Role.EFFECT:
        played = np.concatenate([stream.process(block) for block in blocks], axis=1)
        return {AUDIO_OUTPUT: played[:, delay:]}
    found = [stream.analyze(block) for block in blocks]
    return {f"output.{name}": np.concatenate([part[name] for part in found], axis=-1) for name in found[0]}
