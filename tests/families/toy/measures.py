"""What is measured of the toy."""

import numpy as np
import torch

from training.loop.logs import Measured

from .data import ToyData
from .train import ToyTrainer


@torch.no_grad()
def measure(trainer: ToyTrainer, data: ToyData) -> Measured:
    left = trainer.residual(trainer.average, np.arange(len(data.pairs)))
    return Measured({"residual_db": float(10 * torch.log10(left + 1e-12))})
