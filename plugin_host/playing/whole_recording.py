"""Run a whole recording through a model, with the model's latency taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..model_file.document import Role
from ..streaming.input_checks import as_rows, check_channels, check_sample_rate

if TYPE_CHECKING:
    from .model import Model


def render(
    model: Model, audio: NDArray[np.floating], sample_rate: float, controls: Mapping[str, float | str]
) -> Any:
    """Run a recording through an effect or analyzer.

    Parameters
    ----------
    model : Model
        An effect or an analyzer.
    audio : array
        (C, T), or (T,) for one channel: floating-point samples from -1 to 1.
    sample_rate : float
        Of the recording, in Hz, 1000 to 768000.
    controls : mapping of str to float or str
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
    name = f"{model.document.role} {model.name!r}"
    if model.document.role is Role.GENERATOR:
        raise StreamError(f"{name} takes no audio: make a stream and call generate")
    rate = check_sample_rate(sample_rate, name)
    rows = as_rows(audio, name)
    stream = model.stream(rate, check_channels(len(rows), model.document.channels, name))
    stream.set(**controls)
    if model.document.role is Role.ANALYZER:
        return _analyze(model, stream.analyze(rows), stream.flush())
    # Silence after the end pushes out what the latency still holds back.
    silence = np.zeros((len(rows), stream.latency_samples), dtype=np.float32)
    played = np.concatenate([stream.process(rows), stream.process(silence)], axis=1)
    return played[:, stream.latency_samples :].reshape(np.shape(audio))


def _analyze(
    model: Model,
    frames: dict[str, NDArray[np.float32]],
    rest: dict[str, NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    lag = round(model.document.latency_samples / model.document.hop_length)
    return {name: np.concatenate([values, rest[name]], axis=1)[:, lag:] for name, values in frames.items()}
