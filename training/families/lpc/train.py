"""Trains the LPC network on Csound sounds whose filters are known, and on recordings, whose filters must explain them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from .data import LpcData
from .excerpts import draw_recorded, draw_synthetic, join
from .losses import lpc_loss
from .settings import LpcSettings, LpcSize
from .tracker import new_tracker
from .training_batch import TrainingBatch

POOL_BATCHES, POOL_TURNS = 8, 4
"""So many batches are drawn at a time, and trained on so many times: their features take longer than learning."""

WARM_STEPS, LOWEST_RATE = 100, 0.02
HELD_OUT_EXCERPTS = 48


class LpcTrainer(Trainer):
    """Lets the network learn filters, gain, voicing and pitch."""

    def __init__(self, data: LpcData, settings: LpcSettings, size: LpcSize, device: str = "cpu") -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.device = data, settings, torch.device(device)
        tracker = new_tracker(size).to(self.device)
        self.front_end, self.network = tracker.front_end, tracker.network
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98)
        )
        learner = Learner("network", self.network, self.optimiser, slowness=0.997)
        self.average = learner.average
        super().__init__(
            settings.seed,
            [Stage("learning", settings.steps)],
            [learner],
        )
        self._pool: tuple[int, TrainingBatch] | None = None

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        set_rate(self.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        loss, parts = lpc_loss(self.network, self._batch())
        return self.learn(loss, parts=parts)

    @cached_property
    def held_out(self) -> dict[str, TrainingBatch]:
        """Excerpts of sounds that are kept aside, ``clean`` and ``noisy``."""
        random, frames = np.random.default_rng(1), self.settings.excerpt_frames
        excerpts = draw_synthetic(self.data.sounds, self.data.held_out, random, HELD_OUT_EXCERPTS, frames).to(
            self.device
        )
        chosen = {"clean": excerpts.without_noise(), "noisy": excerpts}
        return {name: TrainingBatch.of(self.front_end, one) for name, one in chosen.items()}

    def _batch(self) -> TrainingBatch:
        number, position = divmod(self.done, POOL_BATCHES * POOL_TURNS)
        if self._pool is None or self._pool[0] != number:
            self._pool = None  # its memory is needed for the next
            self._pool = number, self._draw(number)
        pool, size = self._pool[1], self.settings.batch
        turn, batch = divmod(position, POOL_BATCHES)
        # Rows that are one half synthetic, one half recorded stay in step: each batch has both.
        order = np.random.default_rng([self.settings.seed, number, turn, 1]).permutation(
            POOL_BATCHES * size // 2
        )
        chosen = order[batch * size // 2 : (batch + 1) * size // 2]
        return pool.rows(
            torch.from_numpy(np.concatenate([chosen, chosen + POOL_BATCHES * size // 2])).to(self.device)
        )

    def _draw(self, number: int) -> TrainingBatch:
        s, data = self.settings, self.data
        random = np.random.default_rng([s.seed, number, 0])
        half = POOL_BATCHES * s.batch // 2
        first = draw_synthetic(data.sounds, data.train, random, half, s.excerpt_frames)
        if data.recordings:
            second = draw_recorded(data.recordings, random, half, s.excerpt_frames)
        else:
            second = draw_synthetic(data.sounds, data.train, random, half, s.excerpt_frames)
        return TrainingBatch.of(self.front_end, join([first, second]).to(self.device))


make_trainer = LpcTrainer
