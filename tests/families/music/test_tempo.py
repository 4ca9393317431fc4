"""A tempo that is told: as places between tempos, from songs at other speeds, and played."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from plugin_host.music.beats import Beats
from tests.support.loops import SETTINGS, SIZE, loop
from training.families.music.bands import HOP_LENGTH, SAMPLE_RATE, STEPS_PER_S
from training.families.music.byheart import ByHeart
from training.families.music.chroma import CLASSES
from training.families.music.data import MusicData, Song, frames_of
from training.families.music.liveliness import Liveliness
from training.families.music.loudness import Loudness
from training.families.music.model import Music
from training.families.music.player import Player
from training.families.music.settings import MusicSettings
from training.families.music.tempo import (
    BAR_PLACES,
    BEAT_PLACES,
    FASTEST_BPM,
    PLACES,
    SLOWEST_BPM,
    Pulse,
    TempoPlaces,
    learned_range,
    stretched,
    stretches,
)
from training.families.music.train import MusicTrainer


def test_a_tempo_is_shared_by_the_places_beside_it() -> None:
    places = TempoPlaces()(torch.tensor([[0.0], [SLOWEST_BPM], [100.0], [FASTEST_BPM], [1000.0]]))
    assert places.shape == (5, PLACES)
    assert torch.all(places[0] == 0)
    assert places[1, 0] == places[3, -1] == places[4, -1] == 1
    assert torch.allclose(places[1:].sum(1), torch.ones(4, dtype=torch.float64))
    assert (places[2] > 0).sum() == 2


def test_a_place_in_the_bar_is_shared_by_the_places_beside_it() -> None:
    bars = torch.tensor([[0.0], [1 / 32], [0.25], [7.9999], [0.3]])
    told = Pulse()(torch.full((5, 1), 100.0), bars)
    bar, beat = told[:, PLACES:].split([BAR_PLACES, BEAT_PLACES], -1)
    assert bar[0, 0] == beat[0, 0] == bar[2, 4] == beat[2, 0] == 1
    assert bar[1, 0] == bar[1, 1] == 0.5
    assert bar[3, 0] > 0.99  # the end of a bar is the beginning of the next
    assert torch.allclose(torch.stack([bar.sum(1), beat.sum(1)]), torch.ones(2, 5, dtype=torch.float64))
    assert torch.all(Pulse()(torch.zeros(5, 1), bars) == 0)


def test_spectra_are_read_at_a_speed() -> None:
    ramp = np.arange(100, dtype=np.float16)[:, None] * np.ones(3, np.float16)
    assert np.array_equal(stretched(ramp, 1.0), ramp)
    assert stretched(ramp, 2.0)[:, 0].tolist() == list(range(0, 100, 2))
    assert np.allclose(stretched(ramp, 0.5)[:, 1], np.arange(199) / 2)
    assert stretches(0.0) == [1.0]
    assert stretches(0.21) == pytest.approx([1, 1 / 1.21, 1 / 1.1, 1.1, 1.21])


@pytest.mark.parametrize(
    ("tempos_bpm", "found"),
    [
        ([100.0, 120.0, 0.0], (80, 150)),
        ([100.0, 0.0, 0.0], None),
        ([100.0, 0.0], None),
        ([100.0], None),
        ([42.0, 300.0], (SLOWEST_BPM, FASTEST_BPM)),
    ],
)
def test_what_was_learned_is_known(tempos_bpm: list[float], found: tuple[float, float] | None) -> None:
    assert learned_range(tempos_bpm, 0.25) == (found and pytest.approx(found))


def as_song(name: str, frames: NDArray[np.float16], beats: Beats) -> Song:
    return Song(name, frames, np.zeros((0, CLASSES), np.float16), np.zeros(0, np.float16), beats)


def song(steps_a_note: int) -> Song:
    """Notes of so many steps each, with the tempo that this is."""
    notes = [48, 55, 60, 67] * (64 // (4 * steps_a_note) or 1)
    frames = frames_of(loop(notes[: 64 // steps_a_note], 12))
    bpm = 60 * STEPS_PER_S / steps_a_note
    return Song(
        str(bpm),
        frames,
        np.zeros((0, CLASSES), np.float16),
        np.zeros(0, np.float16),
        Beats(bpm, np.arange(2) * 60 / bpm),
    )


@torch.no_grad()
def levels(model: Music, steps: int, tempo_bpm: float) -> torch.Tensor:
    """How loud each spectrum (M,) is of what is played from nothing."""
    inputs = {f"control.{c.name}": c.curve(steps) for c in model.controls}
    inputs["control.listen"].fill_(0)
    inputs["control.temperature"].fill_(0.5)
    inputs["control.tempo"].fill_(tempo_bpm)
    inputs["audio"] = torch.zeros(1, 1, steps * model.hop_length)
    y, _ = model(inputs, model.initial_state())
    return y["audio"].reshape(-1, model.hop_length).square().mean(-1).clamp_min(1e-8).log()


def music_of(trainer: MusicTrainer, tempos_bpm: tuple[float, float]) -> Music:
    """What was learned, with nothing that keeps it alive or away from the songs."""
    predictor, codes = trainer.learner.average.eval(), SIZE.codes
    player = Player(predictor, SIZE, Liveliness(codes), Loudness(codes), ByHeart(codes))
    return Music(player, predictor.codes, 0.0, tempos_bpm)


def test_a_tempo_that_is_told_is_played() -> None:
    slow, fast = song(16), song(8)
    torch.set_num_threads(1)
    settings = MusicSettings(**{**vars(SETTINGS), "steps": 500, "stretch": 0.0})
    trainer = MusicTrainer(MusicData([slow, fast], []), settings, SIZE)
    trainer.begin()
    while trainer.done < trainer.steps:
        trainer.step()
    model = music_of(trainer, (slow.tempo_bpm, fast.tempo_bpm))

    def likeness(tempo_bpm: float, lag: int) -> float:
        moving = torch.diff(levels(model, 400, tempo_bpm)[80:])
        return float(torch.corrcoef(torch.stack([moving[lag:], moving[:-lag]]))[0, 1])

    # Notes of eight steps return after eight; those of sixteen do not.
    assert likeness(fast.tempo_bpm, 8) > 0.5
    assert likeness(slow.tempo_bpm, 16) > 0.3
    assert likeness(slow.tempo_bpm, 8) < 0.2


def test_a_bar_is_kept_that_is_longer_than_what_was_heard_at_once() -> None:
    # A hit and a held note, 96 steps a bar: an excerpt of 40 does not show how long that is.
    steps = 96
    bar = 0.05 * np.sin(2 * np.pi * 220 * np.arange(steps * HOP_LENGTH) / SAMPLE_RATE).astype(np.float32)
    bar[: 6 * HOP_LENGTH] = 4 * loop([48])[: 6 * HOP_LENGTH]
    bpm = 4 * 60 * STEPS_PER_S / steps
    beats = Beats(bpm, np.arange(2) * 60 / bpm)
    torch.set_num_threads(1)
    settings = MusicSettings(
        **{**vars(SETTINGS), "steps": 400, "stretch": 0.0, "excerpt_s": 40 / STEPS_PER_S}
    )
    trainer = MusicTrainer(
        MusicData([as_song("bars", frames_of(np.tile(bar, 12)), beats)], []), settings, SIZE
    )
    trainer.begin()
    while trainer.done < trainer.steps:
        trainer.step()
    model = music_of(trainer, (bpm / 2, bpm * 2))
    level = levels(model, 1000, bpm)
    hits = np.flatnonzero(np.diff((level > level.max() - 2).numpy().astype(int)) == 1)
    assert len(hits) > 6
    late = (hits - np.median(hits % steps) + steps / 2) % steps - steps / 2
    assert np.mean(np.abs(late) <= 4) > 0.7
