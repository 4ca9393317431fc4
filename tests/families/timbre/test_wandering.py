"""How much levels wander is measured in recordings: what was put there is found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.analysis.bundled_weights import load_analyzer
from training.dsp.wander import Wander
from training.families.timbre.features import Corpus, analyse
from training.families.timbre.losses import render
from training.families.timbre.model import Instrument
from training.families.timbre.settings import TimbreSize
from training.families.timbre.wandering import fitted_depths, held_tones

SIZE = TimbreSize(width=24, hidden=16, partitions=4)


def instrument() -> Instrument:
    torch.manual_seed(3)
    return Instrument(48000, 128, SIZE).eval()


@torch.no_grad()
def recordings(player: Instrument, depth: float, seconds: float = 12.0) -> Corpus:
    """Held tones that the instrument plays, with levels that wander so much."""
    frames, parts = round(seconds * 375), []
    for index, midi in enumerate((52.0, 57.0, 64.0)):
        wander = Wander(len(player.wander.depth), 375.0)
        places = index * 2500 + 17 + torch.arange(frames)[None, :, None]
        moved = wander.noise(places) * depth
        score = torch.tensor([midi, -25.0, 1.0, 0.0, 0.0]).expand(1, frames, 5)
        f0 = torch.full((1, frames, 1), 440.0 * 2 ** ((midi - 69) / 12))
        sound = render(player, f0, score, torch.full((1, 1, 1), index * 9999), wander=moved)[0].numpy()
        parts.append(Corpus.of(analyse(sound, load_analyzer(), 64, 65)))
    return Corpus.join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0.0, 0.1, 0.3])
def test_the_depth_of_what_was_played_is_found_again(depth: float) -> None:
    torch.set_num_threads(1)
    player = instrument()
    found = fitted_depths(player, recordings(player, depth))
    assert found.shape == (64 + 65,)
    # The first harmonics are what is heard of these tones.
    assert found[:8] == pytest.approx(np.full(8, depth), abs=0.05)


def test_without_held_tones_nothing_wanders() -> None:
    rising = np.linspace(-90.0, 0.0, 400).astype(np.float32)
    flat, levels = np.ones(400, np.float32), np.zeros((400, 64), np.float16)
    corpus = Corpus(220 * flat, flat, rising, levels, levels, levels, (400,), 400)  # type: ignore[arg-type]
    assert held_tones(corpus).shape == (0, 300)
    assert (fitted_depths(instrument(), corpus) == 0).all()
    held = Corpus(220 * flat, flat, -20 * flat, levels, levels, levels, (400,), 400)  # type: ignore[arg-type]
    assert held_tones(held)[:, 0].tolist() == [0]
