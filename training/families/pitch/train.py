"""Trains the pitch tracker on synthesised sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ...errors import RunError
from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from .data import PitchData
from .losses import pitch_loss
from .model import HOP_LENGTH, new_network
from .settings import PitchSettings, PitchSize

WARM_STEPS, LOWEST_RATE = 200, 5e-4


class PitchTrainer(Trainer):
    """Lets the network learn pitch and voicing."""

    def __init__(
        self, data: PitchData, settings: PitchSettings, size: PitchSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device = data, settings, torch.device(device)
        self.network = new_network(size).to(self.device)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.98),
        )
        learner = Learner("network", self.network, self.optimiser)
        self.average = learner.average
        super().__init__(
            settings.seed,
            [Stage("learning", settings.steps)],
            [learner],
        )

    def begin(self) -> None:
        """Take the weights to begin with, if there are any; a run that goes on does without their file."""
        if self.settings.begin:
            self._load(Path(self.settings.begin))

    def _load(self, path: Path) -> None:
        try:
            for network in (self.network, self.average):
                network.load_state_dict(load_file(path))
        except (SafetensorError, OSError, RuntimeError) as error:
            raise RunError(
                f"{path} does not hold weights of a pitch network of this size ({str(error).splitlines()[0]});"
                " leave --begin out or give others."
            ) from error

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        set_rate(self.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        sounds = self.data.batch(int(random.integers(1 << 40)), self.device)
        hops = sounds.audio.reshape(len(sounds.audio), -1, HOP_LENGTH)
        logits, _ = self.network(hops, self.network.initial_state(len(hops)))
        pitch, voicing = pitch_loss(logits, sounds)
        return self.learn(pitch + voicing, parts={"pitch": pitch, "voicing": voicing})


make_trainer = PitchTrainer
