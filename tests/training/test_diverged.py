"""What is no longer finite ends a training, and is never saved in the place of what was."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from tests.families.toy import FAMILY
from tests.families.toy import train as toy
from tests.families.toy.settings import ToySettings
from tests.support.trainings import Recorder
from training.data.source import Source
from training.errors import CheckpointError, DivergedError
from training.loop.logs import Measured
from training.loop.run import Run, open_run
from training.loop.train import train
from training.loop.trainer import Learner

SETTINGS = ToySettings(steps=6, batch=4)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 48_000)
    return Source(path)


@pytest.fixture
def run(source: Source, tmp_path: Path) -> Path:
    """A run that was stopped after three steps."""
    with pytest.raises(KeyboardInterrupt):
        train(FAMILY, source, tmp_path / "run", SETTINGS, device="cpu", report=Recorder(interrupt_at=3))
    return tmp_path / "run"


def go_on(run: Path, source: Source) -> list[str]:
    recorder = Recorder()
    train(FAMILY, source, run, SETTINGS, device="cpu", report=recorder)
    return recorder.warnings


def contents(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_it_and_keeps_what_was_saved(
    bad: float, run: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run)
    original, called = toy.residual_loss, []

    def spoiled(*arguments: Any) -> torch.Tensor:
        called.append(1)
        return original(*arguments) * (bad if len(called) == 2 else 1)

    monkeypatch.setattr(toy, "residual_loss", spoiled)
    with pytest.raises(DivergedError) as raised:
        go_on(run, source)
    said = str(raised.value)
    assert f"loss {bad}" in said
    assert "after 4 of 6 steps" in said
    assert "checkpoint of step 3 is kept" in said
    assert "lower learning rate" in said
    assert contents(run) == before


def test_the_part_of_a_loss_that_is_not_finite_is_named(source: Source, tmp_path: Path) -> None:
    learner = Learner("net", torch.nn.Linear(1, 1), torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1))
    trainer = toy.Trainer(0, [toy.Stage("only", 1)], [learner])
    with pytest.raises(DivergedError, match=r"\(voicing nan\)"):
        trainer.learn(torch.ones(()), parts={"pitch": torch.ones(()), "voicing": torch.tensor(math.nan)})


def test_a_gradient_that_is_not_finite_moves_nothing(
    run: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run)
    original = toy.residual_loss

    def steep(model: Any, pairs: torch.Tensor) -> torch.Tensor:
        # The slope of a square root at zero.
        return (
            original(model, pairs) + (model.predict.weight - model.predict.weight.detach()).abs().sum().sqrt()
        )

    monkeypatch.setattr(toy, "residual_loss", steep)
    with pytest.raises(DivergedError, match="gradient of the model is nan"):
        go_on(run, source)
    assert contents(run) == before


def test_weights_that_are_not_finite_are_not_saved(
    run: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run)
    original = Learner.descend

    def overflow(self: Learner[Any]) -> None:
        original(self)
        if self.steps == 6:
            with torch.no_grad():
                self.module.predict.weight[0, 0] = math.inf

    monkeypatch.setattr(Learner, "descend", overflow)
    with pytest.raises(DivergedError, match=r"weight model.predict.weight is not finite.*step 3 is kept"):
        go_on(run, source)
    assert contents(run) == before


def test_a_figure_that_is_not_finite_is_told(
    run: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.families.toy.measures.measure", lambda *_: Measured({"residual_db": math.nan}))
    (warning,) = go_on(run, source)
    assert "residual_db is nan at step 6" in warning
    assert open_run(run).metadata["step"] == 6


def test_a_checkpoint_of_an_earlier_version_that_holds_nan_is_passed_over(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", {})
    run.save(1, {"x": torch.ones(1)}, {})
    run.save(2, {"x": torch.tensor([math.nan])}, {})
    said: list[str] = []
    assert open_run(tmp_path / "run", said.append).metadata["step"] == 1
    assert "step_0000002" in said[0]
    run.save(3, {"x": torch.tensor([math.nan])}, {})
    with pytest.raises(CheckpointError, match="no checkpoint that can be read"):
        run.latest()
