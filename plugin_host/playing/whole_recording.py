"""Run a whole recording through a model, with the model's latency taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import Role
from ..streaming.aligned import aligned, aligned_frames
from ..streaming.control_values import ControlValue
from ..streaming.input_checks import as_rows, check_channels, check_sample_rate
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream


def render(
    graph: LoadedGraph,
    audio: NDArray[np.floating],
    sample_rate: float,
    controls: Mapping[str, ControlValue],
) -> Any:
    """Run a recording through an effect or analyzer.

    Parameters
    ----------
    graph : LoadedGraph
        An effect or an analyzer.
    audio : array
        (C, T), or (T,) for one channel: floating-point samples from -1 to 1.
    sample_rate : float
        Of the recording, in Hz, 1000 to 768000.
    controls : mapping of str to value
        Values for the whole recording; the others have their defaults.

    Returns
    -------
    array or dict of str to array
        Effect: float32 of the shape of `audio`, on the same time line; what would ring on after the end is
        left out. Analyzer: for each output (C, N), with a frame for every hop begun.

    Raises
    ------
    StreamError
        For audio or a rate that cannot be taken, or a generator.
    ControlError
        For an unknown control or a value out of range.
    """
    document, name = graph.document, graph.label
    if document.role is Role.GENERATOR:
        raise StreamError(f"{name} takes no audio: make a stream and call generate")
    rate = check_sample_rate(sample_rate, name)
    rows = as_rows(audio, name)
    stream = open_stream(graph, rate, check_channels(len(rows), document.channels, name))
    stream.set(**controls)
    if document.role is Role.ANALYZER:
        parts = list(aligned_frames(stream, [rows]))
        return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    played = list(aligned(stream, [rows]))
    return np.concatenate([rows[:, :0], *played], axis=1).reshape(np.shape(audio))
