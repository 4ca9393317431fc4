"""Cross-synthesis of two recordings: the filter of one on the excitation of the other."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError, counted
from ..playing.model import Model
from ..streaming.input_checks import as_rows, check_sample_rate
from ..streaming.rate_conversion import resample
from .neural_effect import NeuralEffect

CROSS_MODEL = "ar.cross"


def cross_synthesize(
    filter_audio: NDArray[np.floating],
    filter_rate: float,
    excitation: NDArray[np.floating],
    sample_rate: float,
    model: Model | str | PathLike[str] = CROSS_MODEL,
    **controls: Any,
) -> NDArray[np.float32]:
    """Send a sound through the filter of another.

    Parameters
    ----------
    filter_audio : array
        (C, T) or (T,): the sound whose filter is taken, as of a voice; channels are mixed. Where it is shorter than the
        other, silence follows.
    filter_rate : float
        Its sample rate in Hz.
    excitation : array
        (C, T) or (T,): the sound that is filtered, as of strings.
    sample_rate : float
        Its sample rate in Hz.
    model : Model, str or path
        An effect of two channels, that whose filter is taken first; the bundled one unless given.
    **controls
        Values of the model's controls; of the bundled one ``amount``, ``dynamics``, ``formant_shift``, ``gain``.

    Returns
    -------
    array
        float32, of the shape of `excitation` and on its time line.

    Raises
    ------
    StreamError
        For audio or a rate that cannot be taken, or a model that is not of two channels.
    ControlError
        For an unknown control or a value out of range.
    """
    effect = NeuralEffect(model, **controls)
    name = f"effect {effect.model.name!r}"
    if effect.model.document.channels != 2:
        raise StreamError(
            f"{name} has {counted(effect.model.document.channels, 'channel')}; cross-synthesis needs a model of two,"
            f" such as {CROSS_MODEL!r}"
        )
    taken = np.mean(as_rows(filter_audio, name), axis=0)
    rate, its_rate = check_sample_rate(sample_rate, name), check_sample_rate(filter_rate, name)
    taken = resample(taken, its_rate, rate)
    rows = as_rows(excitation, name)
    first = np.zeros(rows.shape[1], np.float32)
    shared = min(len(first), len(taken))
    first[:shared] = taken[:shared]
    made = [effect(np.stack([first, row]), rate)[0] for row in rows]
    return np.stack(made).reshape(np.shape(excitation))


def repeat_until(audio: NDArray[Any], length: int) -> NDArray[Any]:
    """Repeat a sound (C, T) until it is at least ``length`` samples long, and cut it there; a longer one is left alone."""
    if audio.shape[1] >= length:
        return audio
    return np.tile(audio, (1, -(-length // audio.shape[1])))[:, :length]
