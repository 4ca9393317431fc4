"""What is measured of music: how surprising songs kept aside are."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...loop.logs import Measured
from ...loop.trainer import Trainer
from .classic import ClassicTrainer, unpredicted
from .data import MusicData, Song
from .losses import surprise
from .train import MusicTrainer, beat_of


def measure(trainer: Trainer, data: MusicData) -> Measured:
    """Measure the averaged weights on the songs kept aside, or on those learned from if there are none."""
    songs = data.held_out or data.train
    if isinstance(trainer, ClassicTrainer):
        return Measured({"unpredicted": unpredicted(trainer.learner.average, songs)})
    assert isinstance(trainer, MusicTrainer)
    nats = mean_surprise(trainer, songs)
    return Measured({"nats": sum(nats), **{f"nats_{q + 1}": value for q, value in enumerate(nats)}})


@torch.no_grad()
def mean_surprise(trainer: MusicTrainer, songs: Sequence[Song]) -> list[float]:
    """Give the mean negative log-likelihood in nats of each codebook's codes in songs, each told its beats."""
    predictor = trainer.learner.average.eval()
    total, count = torch.zeros(trainer.size.codebooks), 0
    for song in songs:
        codes = trainer.codes_of(song)[0][None]
        beat = beat_of(song, 0, codes.shape[1] - 1)[None]
        total += surprise(predictor, codes[:, :-1], beat, codes[:, 1:]) * (codes.shape[1] - 1)
        count += codes.shape[1] - 1
    return (total / count).tolist()
