"""What a beginning of a note costs, beside the rest."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.families.timbre.test_excerpts import corpus_of, note
from training.families.timbre.losses import ONSET_FFT_SIZES, TrainingBatch, render, scores, sound_loss
from training.families.timbre.model import Instrument
from training.families.timbre.settings import TimbreSize
from training.loop.spectral_losses import multi_scale_spectral_loss

FRAMES, ONSET = 60, 20


@torch.no_grad()
def test_beginnings_are_compared_once_more_by_themselves() -> None:
    torch.manual_seed(0)
    instrument = Instrument(48000, 128, TimbreSize(width=8, hidden=8, partitions=2))
    corpus = corpus_of(note(ONSET, FRAMES - ONSET), note(0, FRAMES))
    rows = np.stack([np.arange(FRAMES), FRAMES + np.arange(FRAMES)])
    f0, score = scores(corpus, rows)
    batch = TrainingBatch(f0, score, score)
    counter = torch.zeros(2, 1, 1, dtype=torch.int64)
    made = render(instrument, f0, score, counter)
    wanted = made.clone()
    click = slice((ONSET + 1) * 128, (ONSET + 3) * 128)
    wanted[0, click] += 0.1 * torch.randn(256)

    def loss(onsets: list[int]) -> float:
        random = np.random.default_rng(1)
        return float(sound_loss(instrument, batch, wanted, np.array(onsets, np.int64), counter, random))

    cut = slice((ONSET - 6) * 128, (ONSET + 24) * 128)
    alone = float(multi_scale_spectral_loss(made[:1, cut], wanted[:1, cut], ONSET_FFT_SIZES))
    assert alone > 1.3 * loss([])
    assert loss([ONSET]) - loss([]) == pytest.approx(alone, rel=1e-4)
    # Of the second excerpt nothing differs; near an end the cut is moved inwards.
    assert loss([FRAMES - 1]) - loss([]) < loss([ONSET]) - loss([])


def test_scores_take_another_pitch() -> None:
    corpus = corpus_of(note(0, 10))
    rows = np.arange(10)[None]
    f0, score = scores(corpus, rows, np.full((1, 10), 440.0, np.float32))
    assert (f0 == 440.0).all()
    torch.testing.assert_close(score[..., 0], torch.full((1, 10), 69.0))
    assert (score[..., 1] == -20.0).all()
