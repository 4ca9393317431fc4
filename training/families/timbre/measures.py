"""What is measured of a timbre model: how held-out recordings sound when they are resynthesised."""

from __future__ import annotations

import numpy as np
import torch

from ...loop.logs import Measured, spectrogram_picture
from ...loop.spectral_losses import multi_scale_spectral_loss
from .data import TimbreData
from .features import Corpus
from .losses import render, scores, sounds_of
from .model import SAMPLE_RATE
from .train import TimbreTrainer

EXCERPTS, EXCERPT_FRAMES = 4, 750


def excerpts_of(corpus: Corpus) -> np.ndarray:
    """Give the frames (EXCERPTS, N) of excerpts spread over the recordings that are long enough."""
    length = min(EXCERPT_FRAMES, max(corpus.lengths))
    frames = np.flatnonzero(np.repeat(corpus.lengths, corpus.lengths) >= length)
    middle = length // 2
    chosen = np.linspace(middle, len(frames) - length + middle, EXCERPTS).astype(int)
    return corpus.excerpts(frames[chosen], length)


@torch.no_grad()
def measure(trainer: TimbreTrainer, data: TimbreData) -> Measured:
    """Give the spectral loss on excerpts that were not trained on, and their sound beside the recorded.

    Where nothing is held out, they are of what was trained on, and the figure says so.
    """
    corpus, side = (data.held_out, "held_out") if data.held_out else (data.train, "trained_on")
    rows = excerpts_of(corpus)
    f0, score = (x.to(trainer.device) for x in scores(corpus, rows))
    counter = torch.zeros(EXCERPTS, 1, 1, dtype=torch.int64, device=trainer.device)
    recorded, made = sounds_of(corpus, rows), render(trainer.average, f0, score, counter).cpu()
    sounds = {"recorded": recorded.flatten(), "resynthesised": made.flatten()}
    return Measured(
        {f"loss/{side}": float(multi_scale_spectral_loss(made, recorded))},
        {name: spectrogram_picture(sound, hops=2) for name, sound in sounds.items()},
        {name: (sound, SAMPLE_RATE) for name, sound in sounds.items()},
    )
