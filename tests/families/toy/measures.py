"""What is measured of the toy."""

import numpy as np
import torch

from training.loop.logs import Measured

from .losses import residual_loss
from .train import ToyTrainer


@torch.no_grad()
def measure(trainer: ToyTrainer, pairs: np.ndarray) -> Measured:
    left = residual_loss(trainer.learner.average, trainer.pairs)
    return Measured({"residual_db": float(10 * torch.log10(left + 1e-12))})
