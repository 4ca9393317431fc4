"""A figure that rises for good is told, once, also where a run was stopped in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.families.toy import FAMILY
from tests.families.toy.settings import ToySettings
from tests.support.trainings import Recorder
from training.data.source import Source
from training.loop.logs import Measured
from training.loop.overfit import OverfitWatch
from training.loop.train import train


@pytest.mark.parametrize(
    ("values", "told_at"),
    [
        ([5, 4, 3, 2], []),
        ([5, 4, 4.1, 3.9, 4.1, 3.8], []),
        ([5, 4, 4.1, 4.2, 4.3, 4.4], [4]),
        ([5, 4, 4.001, 4.01, 4.001], []),
        ([5, 4, 4.1, 4.2, 3, 3.1, 3.2], [4, 7]),
    ],
)
def test_it_is_told_when_two_in_a_row_are_above_the_best(values: list[float], told_at: list[int]) -> None:
    watch = OverfitWatch()
    assert [step for step, value in enumerate(values, 1) if watch.rises(value, step)] == told_at


def test_another_stage_has_another_best() -> None:
    watch = OverfitWatch()
    stages = ["first"] * 3 + ["second"] * 4
    rises = [
        watch.rises(value, step, stage)
        for step, (value, stage) in enumerate(zip([5, 4, 4.5, 5, 4.9, 5.1, 5.2], stages, strict=True), 1)
    ]
    assert rises == [False] * 6 + [True]
    assert watch.state() == (4.9, 5, 2, "second")


@pytest.mark.parametrize("stopped_at", [0, 3])
def test_a_training_tells_where_the_best_was(
    stopped_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 48_000)
    measured = iter([5.0, 4.0, 4.5, 4.75, 5.0, 5.25])
    monkeypatch.setattr("tests.families.toy.measures.measure", lambda *_: Measured({"error": next(measured)}))
    family = replace(FAMILY, falls="error", measure_every=1)
    arguments = family, Source(tmp_path / "noise.wav"), tmp_path / "run", ToySettings(steps=6, batch=4)
    if stopped_at:
        with pytest.raises(KeyboardInterrupt):
            train(*arguments, device="cpu", report=Recorder(interrupt_at=stopped_at))
    recorder = Recorder()
    train(*arguments, device="cpu", report=recorder)
    (told,) = recorder.warnings
    assert told.startswith("error was 4 at step 2 and is 4.75 at step 4: ")
    assert "about 2 --steps" in told
