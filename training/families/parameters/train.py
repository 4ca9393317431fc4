"""Trains a network that estimates a synthesiser's parameters from its sound."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from .data import ParameterData
from .losses import ParameterLoss
from .model import ParameterAnalyzer
from .parameters import SoundParameter
from .settings import ParameterSettings, ParameterSize

EARLIEST = 6  # hops: what is asked for before is nearly all guesswork
WARM_STEPS, LOWEST_RATE = 200, 0.01


class ParameterTrainer(Trainer):
    """Lets an analyzer learn parameters."""

    def __init__(
        self, data: ParameterData, settings: ParameterSettings, size: ParameterSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device = data, settings, torch.device(device)
        self.parameters = tuple(SoundParameter.of(p) for p in data.sounds.parameters)
        duration_s = data.sounds.duration_s
        self.analyzer = ParameterAnalyzer(self.parameters, duration_s, size).to(self.device)
        self.loss = ParameterLoss(self.parameters, self.analyzer.decoder)
        matrices = [p for p in self.analyzer.parameters() if p.ndim > 1]
        others = [p for p in self.analyzer.parameters() if p.ndim < 2]
        groups = [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        learner = Learner("analyzer", self.analyzer, self.optimiser)
        self.average = learner.average
        super().__init__(
            settings.seed,
            [Stage("learning", settings.steps)],
            [learner],
        )

    def begin(self) -> None:
        """Take the mean and spread of the first batch's features as those of all that will come."""
        features, _ = self.data.batch(0)
        flat = features[features[..., -1] > 0].double()
        for analyzer in (self.analyzer, self.average):
            analyzer.network.mean.copy_(flat.mean(0))
            # A single hop has no spread that could be estimated.
            analyzer.network.spread.copy_(flat.std(0, correction=int(len(flat) > 1)).clamp_min(0.05))

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        features, unit = self.data.batch(self.done)
        set_rate(self.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        last = features.shape[1] - 1
        frames = random.integers(min(EARLIEST, last), last + 1, (len(features), self.settings.moments))
        frames[:, 0] = last
        logits = self.analyzer.network.at(features.to(self.device), torch.from_numpy(frames).to(self.device))
        costs = self.loss(logits, unit.to(self.device)).mean(-1)
        whole, early = costs[:, 0].mean(), costs[:, 1:].mean()
        learned = self.learn(whole + self.settings.early * early, parts={"whole": whole, "early": early})
        return {"loss": learned["whole"]}

    @torch.no_grad()
    def units(self, features: Tensor) -> Tensor:
        """What the averaged network makes of whole sounds: (B, N, F) -> (B, P), 0 to 1."""
        last = torch.full((len(features), 1), features.shape[1] - 1)
        network = self.average.network
        logits = [
            network.at(part.to(self.device), frames.to(self.device))
            for part, frames in zip(features.split(64), last.split(64), strict=True)
        ]
        return self.average.decoder.units(torch.cat(logits)[:, 0]).cpu()


make_trainer = ParameterTrainer
