"""Trains the toy."""

import numpy as np
import torch

from training.loop.schedule import set_rate, warm_cosine
from training.loop.trainer import Learner, Stage, Trainer

from .data import ToyData
from .model import Residual
from .settings import ToySettings, ToySize


class ToyTrainer(Trainer):
    """Makes the residual small."""

    def __init__(self, data: ToyData, settings: ToySettings, size: ToySize, device: str) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device = data, settings, device
        self.model, self.average = Residual(size).to(device), Residual(size).to(device)
        self.optimiser = torch.optim.Adam(self.model.parameters())
        learner = Learner("model", self.model, self.average, self.optimiser)
        super().__init__(settings.seed, [Stage("learning", settings.steps)], [learner])

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        set_rate(self.optimiser, warm_cosine(self.settings.learning_rate, self.done / self.steps, 1.0))
        loss = self.residual(self.model, random.integers(len(self.data.pairs), size=self.settings.batch))
        self.learn(loss)
        return {"loss": float(loss.detach())}

    def residual(self, model: Residual, indices: np.ndarray) -> torch.Tensor:
        """Mean square of what is left of the second hop of each pair."""
        audio = torch.from_numpy(self.data.pairs[indices]).to(self.device)
        outputs, _ = model({"audio": audio[:, None]}, model.initial_state(len(audio)))
        return outputs["audio"][..., model.hop_length :].square().mean()


def make_trainer(data: ToyData, settings: ToySettings, size: ToySize, device: str) -> ToyTrainer:
    return ToyTrainer(data, settings, size, device)
