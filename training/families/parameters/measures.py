"""What is measured of a parameter analyzer: the error of each parameter, and sounds beside their resynthesis."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...data.source import SoundSet
from ...loop.logs import Measured, above_each_other, spectrogram_picture
from .data import ParameterData
from .losses import parameter_errors
from .train import ParameterTrainer

SOUNDS_SHOWN, RECORDINGS_COMPARED = 3, 20
SHORTEST_SHOWN = 1024  # samples, a window of the picture


def measure(trainer: ParameterTrainer, data: ParameterData) -> Measured:
    """Give the errors on sounds kept aside, and pictures of some of them above those of what was found.

    With recordings whose parameters a search has found: how far the estimates are from those, on recordings kept aside, and
    how far these are from what the synthesiser makes of the estimates.
    """
    features, unit = data.rows[data.held_out]
    estimated = trainer.units(features)
    figures = _errors(trainer, estimated, unit, "error")
    pictures = _pictures(data, data.sounds, data.held_out, estimated, "sound")
    if data.found is not None and len(data.found.held_out):
        sounds, held_out = data.found.sounds, data.found.held_out
        features, unit = data.found.rows[held_out]
        estimated = trainer.units(features)
        figures |= _errors(trainer, estimated, unit, "found_error")
        figures |= _distance(data, sounds, held_out, estimated)
        pictures |= _pictures(data, sounds, held_out, estimated, "found")
    return Measured(figures, pictures)


def _errors(trainer: ParameterTrainer, estimated: Tensor, unit: Tensor, name: str) -> dict[str, float]:
    errors = parameter_errors(trainer.parameters, estimated, unit)
    each = {f"{name}/{parameter}": error for parameter, error in errors.items()}
    return each | {f"{name}_mean": float(np.mean(list(errors.values())))}


def _distance(
    data: ParameterData, sounds: SoundSet, held_out: NDArray[np.int64], estimated: Tensor
) -> dict[str, float]:
    """How far recordings are from what is made of their estimates: the mean of the first of them."""
    if data.resynthesise is None or data.distance is None:
        return {}
    apart = []
    for index, unit in zip(held_out[:RECORDINGS_COMPARED], estimated, strict=False):
        sound = sounds[int(index)]
        if sound is not None:
            apart.append(data.distance(sound, data.resynthesise(unit.numpy()), sounds.sample_rate))
    return {"found_distance_db": float(np.mean(apart))} if apart else {}


def _pictures(
    data: ParameterData, sounds: SoundSet, held_out: NDArray[np.int64], estimated: Tensor, name: str
) -> dict[str, Tensor]:
    if data.resynthesise is None:
        return {}
    pictures = {}
    for number, index in enumerate(held_out[:SOUNDS_SHOWN]):
        sound = sounds[int(index)]
        if sound is not None:
            meant, made = _picture(sound), _picture(data.resynthesise(estimated[number].numpy()))
            pictures[f"{name}_{number}/above_target_below_resynthesis"] = above_each_other(meant, made)
    return pictures


def _picture(sound: NDArray[np.float32]) -> Tensor:
    # Of what is silent, nothing is there.
    shown = np.pad(sound, (0, max(0, SHORTEST_SHOWN - len(sound))))
    return spectrogram_picture(torch.from_numpy(np.ascontiguousarray(shown)))
