"""How much levels wander is measured in recordings: what was put there is found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.analysis.bundled_weights import load_analyzer
from training.dsp.wander import Wander
from training.families.timbre.features import Corpus, analyse
from training.families.timbre.losses import render
from training.families.timbre.model import PITCHES_MIDI, Instrument
from training.families.timbre.settings import TimbreSize
from training.families.timbre.wandering import fitted_wandering, held_tones

PITCHES = (52.0, 60.0, 76.0)
SIZE = TimbreSize(width=24, hidden=16, partitions=4)


def instrument() -> Instrument:
    torch.manual_seed(3)
    return Instrument(48000, 128, SIZE).eval()


@torch.no_grad()
def recordings(player: Instrument, *depths: float, seconds: float = 12.0) -> Corpus:
    """Held tones of three pitches that the instrument plays, with levels that wander so much at each."""
    frames, parts = round(seconds * 375), []
    for index, (midi, depth) in enumerate(zip(PITCHES, depths, strict=True)):
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
    found, _ = fitted_wandering(player, recordings(player, depth, depth, depth))
    assert found.shape == (64 + 65,)
    # The first harmonics are what is heard of these tones.
    assert found[:8] == pytest.approx(np.full(8, depth), abs=0.05)


@pytest.mark.slow
def test_what_moves_more_at_some_pitches_is_found_there() -> None:
    torch.set_num_threads(1)
    player = instrument()
    _, found = fitted_wandering(player, recordings(player, 0.1, 0.1, 0.3))
    low, middle, high = np.interp(PITCHES, PITCHES_MIDI, found)
    assert low == pytest.approx(middle, rel=0.35)
    assert high > 1.8 * middle


def test_between_the_pitches_it_goes_smoothly_from_one_to_the_next() -> None:
    player = instrument()
    midi = torch.arange(30.0, 104.0, 0.1)
    score = torch.cat([midi[None, :, None], torch.zeros(1, len(midi), 4)], -1)
    curves = player.decoder.curves(score)
    depths = torch.full_like(player.wander.depth, 0.1)
    player.set_wandering(depths, torch.ones(len(PITCHES_MIDI)))
    torch.testing.assert_close((curves @ player.livelier)[:, 0], torch.ones(len(midi)), atol=5e-3, rtol=0)
    player.set_wandering(depths, torch.linspace(0.5, 1.5, len(PITCHES_MIDI)))
    by_pitch = (curves @ player.livelier)[:, 0]
    assert (by_pitch.diff() > 0).all()
    torch.testing.assert_close(by_pitch[300], torch.tensor(0.5 + (60 - 26) / 82), atol=0.01, rtol=0)
    assert torch.equal(player.wander.depth, depths)


def test_without_held_tones_nothing_wanders() -> None:
    rising = np.linspace(-90.0, 0.0, 400).astype(np.float32)
    flat, levels = np.ones(400, np.float32), np.zeros((400, 64), np.float16)
    corpus = Corpus(220 * flat, flat, rising, levels, levels, levels, (400,), 400)  # type: ignore[arg-type]
    assert held_tones(corpus, 24).shape == (0, 300)
    depths, by_pitch = fitted_wandering(instrument(), corpus)
    assert (depths == 0).all()
    assert (by_pitch == 1).all()
    held = Corpus(220 * flat, flat, -20 * flat, levels, levels, levels, (400,), 400)  # type: ignore[arg-type]
    assert held_tones(held, 24)[:, 0].tolist() == [0]
