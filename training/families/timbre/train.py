"""Trains a timbre model on recordings of one instrument, in two stages.

First the decoder learns levels: harmonics and noise as read off each frame's spectrum, without making a sound, which is
fast. Then sound is made and compared by a multi-scale spectral loss, and the room is learned.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from .augmentation import AnotherPlayer
from .data import TimbreData
from .excerpts import ExcerptDraw, Excerpts, with_strange_pitches
from .losses import TrainingBatch, levels_loss, loudness_elsewhere, scores, sound_loss, sounds_of
from .model import HOP_LENGTH, SAMPLE_RATE, Instrument
from .settings import TimbreSettings, TimbreSize
from .wandering import fitted_wandering

LEVELS, SOUND = "levels", "sound"
WANDER, WANDER_BY_PITCH = "wander", "wander_by_pitch"
"""Under which a finished run's checkpoint keeps how much each level wanders, and times that at which pitch."""
LEVEL_EXCERPTS = 4  # times as many excerpts a step where no sound is made
SOUND_RATE = 0.4
ROOM_RATE = 0.5
WARM_STEPS, LOWEST_RATE = 50, 0.05


class TimbreTrainer(Trainer):
    """Lets an instrument learn levels, then sound."""

    def __init__(
        self, data: TimbreData, settings: TimbreSettings, size: TimbreSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.corpus, self.device = settings, data.train, torch.device(device)
        self.instrument = Instrument(SAMPLE_RATE, HOP_LENGTH, size).to(self.device)
        room = self.instrument.synthesizer.room.impulse_response
        others = [p for p in self.instrument.parameters() if p is not room]
        # Adam moves each tap as far as any weight: at the full rate the room begins as noise.
        groups = [{"params": others, "share": 1.0}, {"params": [room], "share": ROOM_RATE}]
        self.optimiser = torch.optim.Adam(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        learner = Learner("instrument", self.instrument, self.optimiser, largest_gradient=3.0)
        self.average = learner.average
        levels = math.ceil(settings.taught * settings.steps)
        super().__init__(
            settings.seed,
            [Stage(LEVELS, levels), Stage(SOUND, settings.steps - levels)],
            [learner],
        )
        self._draw = ExcerptDraw(self.corpus, settings.excerpt_frames)
        self._another_player = AnotherPlayer(self.corpus)

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        levels = self.stage == LEVELS
        highest = self.settings.learning_rate * (
            1.0 if levels else SOUND_RATE
        )  # the second goes more carefully
        set_rate(self.optimiser, self.rate(highest, WARM_STEPS, LOWEST_RATE))
        return self.learn(self._levels(random) if levels else self._sound(random))

    def metadata(self) -> dict[str, Any]:
        """What has to be known beside the tensors; at the end also how much levels wander."""
        said = super().metadata()
        if self.done == self.steps:
            depths, by_pitch = fitted_wandering(self.average, self.corpus)
            said |= {WANDER: depths.tolist(), WANDER_BY_PITCH: by_pitch.tolist()}
        return said

    def _batch(self, count: int, random: np.random.Generator) -> tuple[Excerpts, Tensor, Tensor]:
        """Draw excerpts: their frames, f0 and score, not yet on the device."""
        drawn = self._draw(count, random)
        f0_hz = with_strange_pitches(self.corpus.f0_hz[drawn.rows], self.corpus.voicing[drawn.rows], random)
        return drawn, *scores(self.corpus, drawn.rows, f0_hz)

    def _played_otherwise(self, f0: Tensor, score: Tensor, random: np.random.Generator) -> TrainingBatch:
        otherwise = self._another_player(score, random)
        return TrainingBatch(*(x.to(self.device) for x in (f0, score, otherwise)))

    def _levels(self, random: np.random.Generator) -> Tensor:
        drawn, f0, score = self._batch(LEVEL_EXCERPTS * self.settings.batch, random)
        batch = self._played_otherwise(f0, score, random)
        tones, bands = (
            torch.from_numpy(levels[drawn.rows]).to(self.device).float()
            for levels in (self.corpus.harmonics, self.corpus.bands)
        )
        return levels_loss(self.instrument, batch, tones, bands)

    def _sound(self, random: np.random.Generator) -> Tensor:
        drawn, f0, score = self._batch(self.settings.batch, random)
        wanted = sounds_of(self.corpus, drawn.rows).to(self.device)
        noise_from = torch.from_numpy(random.integers(0, 1 << 30, (len(wanted), 1, 1))).to(self.device)
        batch = self._played_otherwise(f0, score, random)
        loss = sound_loss(self.instrument, batch, wanted, drawn.onsets, noise_from, random)
        few = slice(len(wanted) // 2, None)
        return loss + loudness_elsewhere(
            self.instrument, batch.f0_hz[few], batch.score[few], wanted[few], noise_from[few], random
        )


make_trainer = TimbreTrainer
