"""What is measured of music: how surprising songs kept aside are."""

from __future__ import annotations

import torch

from ...loop.logs import Measured
from ...loop.trainer import Trainer
from .classic import ClassicTrainer, unpredicted
from .data import MusicData
from .losses import surprise
from .train import MusicTrainer


@torch.no_grad()
def measure(trainer: Trainer, data: MusicData) -> Measured:
    """Measure the averaged weights on the songs kept aside, or on those learned from if there are none."""
    songs = data.held_out or data.train
    if isinstance(trainer, ClassicTrainer):
        return Measured({"unpredicted": unpredicted(trainer.learner.average, songs)})
    assert isinstance(trainer, MusicTrainer)
    predictor = trainer.learner.average.eval()
    total, count = torch.zeros(trainer.size.codebooks), 0
    for song in songs:
        codes = trainer.codes_of(song)[0][None]
        total += surprise(predictor, codes[:, :-1], codes[:, 1:]) * (codes.shape[1] - 1)
        count += codes.shape[1] - 1
    figures = {f"nats_{q + 1}": float(value / count) for q, value in enumerate(total)}
    return Measured({"nats": float(total.sum() / count), **figures})
