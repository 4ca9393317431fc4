"""Trains the toy."""

import numpy as np
import torch

from training.loop.trainer import Learner, Stage, Trainer

from .losses import residual_loss
from .model import Residual
from .settings import ToySettings, ToySize


class ToyTrainer(Trainer):
    """Lets the model learn from a few pairs a step."""

    def __init__(self, pairs: np.ndarray, settings: ToySettings, size: ToySize, device: str) -> None:
        torch.manual_seed(settings.seed)
        self.pairs, self.batch = torch.from_numpy(pairs).to(device), settings.batch
        self.model = Residual(size).to(device)
        self.learner = Learner("model", self.model, torch.optim.Adam(self.model.parameters(), settings.rate))
        super().__init__(settings.seed, [Stage("learning", settings.steps)], [self.learner])

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        pairs = self.pairs[random.integers(len(self.pairs), size=self.batch)]
        return self.learn(residual_loss(self.model, pairs))


make_trainer = ToyTrainer
