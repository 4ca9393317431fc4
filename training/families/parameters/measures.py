"""What is measured of a parameter analyzer: the error of each parameter, and sounds beside their resynthesis."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...loop.logs import Measured, above_each_other, spectrogram_picture
from .data import ParameterData
from .losses import parameter_errors
from .train import ParameterTrainer

SOUNDS_SHOWN = 3


def measure(trainer: ParameterTrainer, data: ParameterData) -> Measured:
    """Give the errors on sounds kept aside, and pictures of some of them above those of what was found."""
    features, unit = data.rows[data.held_out]
    found = trainer.units(features)
    errors = parameter_errors(trainer.parameters, found, unit)
    figures = {f"error/{name}": error for name, error in errors.items()}
    pictures = {}
    if data.resynthesise is not None:
        for number, index in enumerate(data.held_out[:SOUNDS_SHOWN]):
            sound = data.sounds[int(index)]
            if sound is not None:
                meant, made = _picture(sound), _picture(data.resynthesise(found[number].numpy()))
                pictures[f"sound_{number}/above_target_below_resynthesis"] = above_each_other(meant, made)
    return Measured(figures | {"error_mean": float(np.mean(list(errors.values())))}, pictures)


def _picture(sound: NDArray[np.float32]) -> Tensor:
    return spectrogram_picture(torch.from_numpy(np.ascontiguousarray(sound)))
