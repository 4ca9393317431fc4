"""Training the pitch tracker: what its loss asks for and when, its sounds, and a training that begins with other weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.support.trainings import train_family
from training.analysis.bundled_weights import WEIGHTS
from training.analysis.pitch_network import PITCH_BINS
from training.data.source import Source
from training.errors import RunError
from training.families.pitch.data import PitchData
from training.families.pitch.draws import Draws
from training.families.pitch.losses import CAUTION, LABEL_DELAY, pitch_loss
from training.families.pitch.measures import pitch_figures
from training.families.pitch.model import HOP_LENGTH, SAMPLE_RATE, new_network
from training.families.pitch.settings import PitchSettings, PitchSize
from training.families.pitch.sounds import SyntheticSounds, draw_sounds
from training.families.pitch.train import PitchTrainer
from training.loop.run import open_run

CPU = torch.device("cpu")
TINY = PitchSettings(steps=3, batch=2, excerpt_frames=40, begin=str(WEIGHTS))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def truth(midi: torch.Tensor, voiced: torch.Tensor) -> SyntheticSounds:
    """A truth without sound, all of it certain."""
    return SyntheticSounds(torch.zeros(1, 32 * midi.shape[1]), midi, voiced, torch.ones_like(midi))


def test_what_the_loss_asks_for_is_the_pitch_so_many_hops_before() -> None:
    midi = torch.cat([torch.full((1, 10), 60.2), torch.full((1, 10), 67.4)], 1)
    voiced = (torch.arange(20) >= 5).float()[None]
    logits = torch.zeros(1, 20, PITCH_BINS + 1, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.1)
    for _ in range(300):
        optimiser.zero_grad()
        sum(pitch_loss(logits, truth(midi, voiced)), torch.zeros(())).backward()
        optimiser.step()
    found = new_network(PitchSize()).midi(logits.detach()[:, :, :-1])[0, :, 0]
    late = 5 + LABEL_DELAY
    torch.testing.assert_close(found[late:].float(), midi[0, 5:-LABEL_DELAY], atol=0.03, rtol=0)
    assert ((logits[0, :, -1] > 0).tolist()) == [False] * late + [True] * (20 - late)
    # Of frames without a pitch none is asked.
    assert not logits[0, :late, :-1].any()


def test_to_call_noise_voiced_costs_more_than_to_miss_a_tone() -> None:
    midi, logits = torch.full((1, 8), 60.0), torch.zeros(1, 8, PITCH_BINS + 1)
    false_alarm = logits.index_fill(2, torch.tensor([PITCH_BINS]), 2.0)
    missed = logits.index_fill(2, torch.tensor([PITCH_BINS]), -2.0)
    alarm_cost = pitch_loss(false_alarm, truth(midi, torch.zeros(1, 8)))[1]
    miss_cost = pitch_loss(missed, truth(midi, torch.ones(1, 8)))[1]
    assert float(alarm_cost / miss_cost) == pytest.approx(CAUTION, rel=1e-5)


@torch.no_grad()
def test_a_trained_network_finds_the_pitch_of_the_sounds() -> None:
    sounds = draw_sounds(Draws(SAMPLE_RATE, HOP_LENGTH, CPU, 5), 12, 300)
    network = new_network(PitchSize())
    network.load_state_dict(load_file(WEIGHTS))
    hops = sounds.audio.reshape(12, -1, HOP_LENGTH)
    logits, _ = network(hops, network.initial_state(12))
    f0_hz, voicing = network.decode(logits[:, :, :-1]).squeeze(2), logits[:, :, -1].sigmoid()
    figures = pitch_figures(f0_hz, voicing, sounds)
    assert figures["right"] > 0.9
    assert figures["median_cents"] < 12
    assert figures["voicing_wrong"] < 0.15
    moved = SyntheticSounds(sounds.audio, sounds.midi + 1, sounds.voiced, sounds.weight)
    assert pitch_figures(f0_hz, voicing, moved)["right"] < 0.1


def test_a_training_begins_with_the_weights_that_it_is_given(tmp_path: Path) -> None:
    bundled = load_file(WEIGHTS)
    trainer = PitchTrainer(PitchData(TINY), TINY, PitchSize())
    trainer.begin()
    for weights in (trainer.network.state_dict(), trainer.average.state_dict()):
        assert weights.keys() == bundled.keys()
        assert all(torch.equal(weights[name], value) for name, value in bundled.items())
    done = train_family("pitch", Source(), tmp_path / "run", TINY, PitchSize())
    assert done.steps == [1, 2, 3]
    learned = open_run(tmp_path / "run").tensors
    steps = [(learned[f"network.{name}"] - value).abs().max() for name, value in bundled.items()]
    # Three steps of Adam, which moves a weight by about the rate: the weights have moved, and not far.
    assert 0 < float(max(steps)) < 3 * TINY.learning_rate


def test_a_run_goes_on_without_the_weights_that_it_began_with(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(WEIGHTS.read_bytes())
    settings = replace(TINY, begin=str(weights))
    train_family("pitch", Source(), tmp_path / "run", settings, PitchSize(), interrupt_at=1)
    weights.unlink()
    assert train_family("pitch", Source(), tmp_path / "run", settings, PitchSize()).steps == [2, 3]


def test_a_run_knows_the_weights_that_it_began_with_by_what_they_hold(tmp_path: Path) -> None:
    weights, moved, run = tmp_path / "weights.safetensors", tmp_path / "moved.safetensors", tmp_path / "run"
    weights.write_bytes(WEIGHTS.read_bytes())
    train_family("pitch", Source(), run, replace(TINY, begin=str(weights)), PitchSize(), interrupt_at=1)
    weights.rename(moved)
    settings = replace(TINY, begin=str(moved))
    train_family("pitch", Source(), run, settings, PitchSize(), interrupt_at=2)
    others = {name: value + 1 for name, value in load_file(moved).items()}
    save_file(others, moved)
    with pytest.raises(RunError, match=f"the weights of {moved} are not those that .* was begun with"):
        train_family("pitch", Source(), run, settings, PitchSize())


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not hold weights of a pitch network of this size"):
        train_family("pitch", Source(), tmp_path / "run", TINY, PitchSize(width=24, hidden=16))
