"""A run that goes on: with the same sounds wherever they lie, with more steps, in its logs, and on another device."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.families.toy import FAMILY
from tests.families.toy.settings import ToySettings
from tests.support.trainings import Recorder, assert_same_run
from training.data.recordings import file_hash
from training.data.source import Source
from training.errors import RecordingsError, RunError
from training.loop.exports import provenance_of
from training.loop.run import open_run
from training.loop.schedule import warmth
from training.loop.train import train
from training.loop.trainer import Learner, Stage, Trainer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a", "b"):
        sound = np.random.default_rng(ord(name)).uniform(-0.5, 0.5, 24_000)
        soundfile.write(folder / f"{name}.wav", sound, 48_000)
    return folder


def do(folder: Path, out: Path, steps: int, interrupt_at: int = 0, batch: int = 4) -> Recorder:
    recorder = Recorder(interrupt_at)
    try:
        train(
            FAMILY, Source(folder), out, ToySettings(steps=steps, batch=batch), device="cpu", report=recorder
        )
    except KeyboardInterrupt:
        assert interrupt_at
    return recorder


def test_the_same_recordings_in_another_place_go_on(folder: Path, tmp_path: Path) -> None:
    do(folder, tmp_path / "whole", 4)
    do(folder, tmp_path / "run", 4, interrupt_at=2)
    moved = folder.rename(tmp_path / "moved")
    assert do(moved, tmp_path / "run", 4).steps == [3, 4]
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_a_recording_is_hashed_once_until_it_is_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened, original = folder / "a.wav", [], Path.open

    def watched(self: Path, *arguments: Any) -> Any:
        opened.append(self)
        return original(self, *arguments)

    monkeypatch.setattr(Path, "open", watched)
    first = file_hash(path)
    assert file_hash(path) == first
    assert opened == [path]
    with original(path, "ab") as file:
        file.write(b"more")
    assert file_hash(path) != first


@pytest.mark.parametrize("elsewhere", [False, True])
def test_other_recordings_are_refused_wherever_they_lie(
    elsewhere: bool, folder: Path, tmp_path: Path
) -> None:
    do(folder, tmp_path / "run", 4, interrupt_at=2)
    other = Path(shutil.copytree(folder, tmp_path / "other")) if elsewhere else folder
    soundfile.write(other / "a.wav", np.zeros(24_000), 48_000)
    with pytest.raises(RunError, match=r"recordings of .* are not those that .* was begun with"):
        do(other, tmp_path / "run", 4)
    assert open_run(tmp_path / "run").metadata["step"] == 2


def test_a_finished_run_is_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    do(folder, tmp_path / "run", 4)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file() and path.name != "config.json"]
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    assert do(folder, tmp_path / "run", 4).steps == []
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files} == before
    assert len(list((tmp_path / "run" / "logs").iterdir())) == 1
    assert open_run(tmp_path / "run").metadata["figures"]


def test_a_finished_run_can_be_lengthened(folder: Path, tmp_path: Path) -> None:
    do(folder, tmp_path / "run", 4)
    said = do(folder, tmp_path / "run", 7)
    assert said.steps == [5, 6, 7]
    assert "lengthened at step 4, from 4 steps to 7" in said.warnings[0]
    checkpoint = open_run(tmp_path / "run")
    assert checkpoint.config["settings"]["steps"] == 4
    assert provenance_of(checkpoint, "noise")["training"] == (
        "7 of 7 steps (begun with 4, lengthened to 7 at step 4), seed 0"
    )
    assert do(folder, tmp_path / "run", 7).steps == []
    # The toy's rate is constant: more steps are the same as if they had been asked for at once.
    do(folder, tmp_path / "whole", 7)
    assert_same_run(tmp_path / "whole", tmp_path / "run")


def test_a_lengthened_run_that_is_stopped_goes_on_to_the_same_bits(folder: Path, tmp_path: Path) -> None:
    for name, interrupt_at in (("whole", 0), ("halves", 6)):
        do(folder, tmp_path / name, 4, interrupt_at=3)
        do(folder, tmp_path / name, 8, interrupt_at)
    do(folder, tmp_path / "halves", 8)
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    assert open_run(tmp_path / "halves").config["lengthened"] == [[3, 8]]


@pytest.mark.parametrize("steps", [1, 3])
def test_a_run_is_not_shortened(steps: int, folder: Path, tmp_path: Path) -> None:
    do(folder, tmp_path / "run", 4, interrupt_at=2)
    with pytest.raises(RunError, match=f"--steps is {steps}; the run has done 2 steps of 4"):
        do(folder, tmp_path / "run", steps)


def test_a_run_is_not_lengthened_when_it_is_refused(folder: Path, tmp_path: Path) -> None:
    do(folder, tmp_path / "run", 4)
    with pytest.raises(RunError, match=r"settings\.batch"):
        do(folder, tmp_path / "run", 8, batch=5)
    assert "lengthened" not in open_run(tmp_path / "run").config


def test_a_run_is_not_lengthened_when_its_sounds_cannot_be_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(folder, tmp_path / "run", 4, interrupt_at=2)

    def fail(*_: object) -> None:
        raise RecordingsError("mine cannot be read.")

    with monkeypatch.context() as patched:
        patched.setattr("tests.families.toy.data.prepare", fail)
        with pytest.raises(RecordingsError, match="cannot be read"):
            do(folder, tmp_path / "run", 8)
    assert do(folder, tmp_path / "run", 4).steps == [3, 4]


def test_logs_keep_the_step_at_which_a_run_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.loop.session.LOSSES_EVERY", 1)
    do(folder, tmp_path / "run", 6, interrupt_at=3)
    do(folder, tmp_path / "run", 6)
    log = EventAccumulator(str(tmp_path / "run" / "logs")).Reload()
    assert [event.step for event in log.Scalars("learning/loss")] == [1, 2, 3, 4, 5, 6]


class Staged(Trainer):
    def __init__(self, *steps: int) -> None:
        module = torch.nn.Linear(1, 1)
        learner = Learner("net", module, torch.optim.SGD(module.parameters(), 0.1))
        super().__init__(0, [Stage(f"stage {i}", count) for i, count in enumerate(steps)], [learner])

    def rates(self) -> list[float]:
        found = []
        for done in range(self.steps):
            self.done = done
            found.append(self.rate(2.0, 50, 0.1))
        return found


@pytest.mark.parametrize("steps", [(600,), (40,), (5,), (100, 200), (0, 30)])
def test_every_stage_warms_up_in_a_tenth_of_its_steps_and_falls_to_its_end(steps: tuple[int, ...]) -> None:
    rates, first = Staged(*steps).rates(), 0
    for count in filter(None, steps):
        stage = np.array(rates[first : first + count])
        warm = min(50, max(1, count // 10))
        cosine = 0.1 + 0.9 * (0.5 + 0.5 * np.cos(np.pi * np.arange(count) / count))
        rise = np.minimum((np.arange(count) + 1) / warm, 1)
        np.testing.assert_allclose(stage, 2.0 * rise * cosine)
        assert stage.argmax() == warm - 1
        first += count


def test_a_warm_up_is_over_when_it_says_so() -> None:
    assert [warmth(done, 1000, 4) for done in (0, 1, 3)] == [0.25, 0.5, 1.0]
    assert warmth(9, 100, 200) == 1.0


@pytest.mark.parametrize(
    ("steps", "longer"), [((4, 6), [4, 11]), ((4, 0), [9, 0]), ((0, 4), [0, 9]), ((4,), [9])]
)
def test_further_steps_belong_to_the_last_stage_that_has_any(
    steps: tuple[int, ...], longer: list[int]
) -> None:
    trainer = Staged(*steps)
    trainer.lengthen(trainer.steps + 5)
    assert [stage.steps for stage in trainer.stages] == longer
    assert trainer.steps == sum(longer)
