"""A step computes on the trainer's device alone: here torch's "meta", whose tensors meet no others and have no values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.toy_synth import SIZE, ToySounds
from training.families.lpc.settings import LpcSize
from training.families.lpc.tracker import HOP_LENGTH as LPC_HOP
from training.families.lpc.tracker import new_tracker
from training.families.parameters.data import ParameterData
from training.families.parameters.settings import ParameterSettings
from training.families.parameters.train import ParameterTrainer
from training.families.pitch.model import HOP_LENGTH as PITCH_HOP
from training.families.pitch.model import new_network
from training.families.pitch.settings import PitchSize
from training.families.timbre.data import TimbreData
from training.families.timbre.features import Corpus, Features
from training.families.timbre.settings import TimbreSettings, TimbreSize
from training.families.timbre.train import TimbreTrainer
from training.loop.report import Silent
from training.loop.trainer import Trainer
from training.streaming.contract import StreamingModule

META = torch.device("meta")


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Tensor]]:
    """Go back along the gradient, and leave out what asks for values."""
    learned: list[Tensor] = []

    def learn(
        self: Trainer, loss: Tensor, *_: str, parts: dict[str, Tensor] | None = None
    ) -> dict[str, float]:
        loss.backward()
        learned.append(loss)
        return dict.fromkeys(["loss", *(parts or {})], 0.0)

    monkeypatch.setattr(Trainer, "learn", learn)
    yield learned
    assert learned
    assert all(loss.device == META for loss in learned)


def test_tensors_of_two_devices_do_not_meet() -> None:
    with pytest.raises(RuntimeError, match="device"):
        torch.cat([torch.zeros(1), torch.zeros(1, device=META)])


def test_a_step_of_the_parameter_analyzer(learning: list[Tensor]) -> None:
    settings = ParameterSettings(steps=2, batch=4)
    data = ParameterData(ToySounds(24), settings, Silent())
    trainer = ParameterTrainer(data, settings, SIZE, "meta")
    trainer.step()
    assert trainer.analyzer.network.enter.weight.grad is not None
    features, _ = data.rows[data.held_out]
    last = torch.full((len(features), 1), features.shape[1] - 1, device=META)
    assert trainer.average.network.at(features.to(META), last).device == META


@pytest.mark.usefixtures("learning")
@pytest.mark.parametrize("taught", [0.0, 1.0])
def test_a_step_of_the_timbre_model(taught: float) -> None:
    random, frames = np.random.default_rng(0), 80
    size = TimbreSize(width=16, hidden=12, partitions=3, bands=9)
    features = Features(
        random.normal(0, 0.1, frames * 128).astype(np.float32),
        np.full(frames, 220, np.float32),
        np.ones(frames, np.float32),
        np.full(frames, -20, np.float32),
        np.full((frames, 64), -3, np.float16),
        np.full((frames, 9), -3, np.float16),
    )
    corpus = Corpus.of(features)
    settings = TimbreSettings(steps=2, taught=taught, batch=2, excerpt_frames=40)
    trainer = TimbreTrainer(TimbreData(corpus, corpus), settings, size, "meta")
    trainer.step()


@pytest.mark.parametrize(
    ("network", "hop"),
    [
        (new_network(PitchSize(width=16, hidden=8)), PITCH_HOP),
        (new_tracker(LpcSize(16, 12)).front_end, LPC_HOP),
    ],
)
def test_a_network_of_pitch_or_spectra(network: StreamingModule, hop: int) -> None:
    moved = network.to(META)
    found, _ = moved(torch.zeros(2, 20, hop, device=META), moved.initial_state(2))
    tensors = found if isinstance(found, tuple) else (found,)
    assert all(tensor.device == META for tensor in tensors)
