"""Ctrl-C and SIGTERM, wherever they come, leave a checkpoint of whole steps or none."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.families.toy import FAMILY, data
from tests.families.toy.settings import ToySettings
from tests.support.trainings import Recorder, assert_same_run
from training.data.source import Source
from training.loop.interruptions import Interruptions
from training.loop.run import Run, open_run
from training.loop.session import Session
from training.loop.train import train
from training.loop.trainer import Learner, Trainer

SETTINGS = ToySettings(steps=6, batch=4)


@pytest.fixture(autouse=True)
def usual_signals() -> Iterator[None]:
    """Whoever starts the suite may have others, such as a shell that puts it in the background."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 48_000), 48_000)
    return Source(path)


def train_whole(source: Source, out: Path) -> None:
    train(FAMILY, source, out, SETTINGS, device="cpu")


def interrupt_once(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, *numbers: int, at: int = 3
) -> None:
    """Raise signals just before a method's work, the ``at``-th time that it is called, and just after it."""
    called: list[int] = []
    original = getattr(owner, name)

    def interrupted(self: object, *arguments: object) -> object:
        called.append(1)
        result = original(self, *arguments)
        if len(called) == at:
            for number in numbers:
                signal.raise_signal(number)
        return result

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(
    ("owner", "name", "done"),
    [(Learner, "descend", 3), (Learner, "clip", 2), (Trainer, "step", 3), (Session, "_tell", 3)],
)
@pytest.mark.parametrize(
    ("number", "ended"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_training_that_is_interrupted_anywhere_goes_on_to_the_same_bits(
    owner: type,
    name: str,
    done: int,
    number: int,
    ended: type[BaseException],
    source: Source,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train_whole(source, tmp_path / "whole")
    with monkeypatch.context() as patched:
        interrupt_once(patched, owner, name, number)
        with pytest.raises(ended) as raised:
            train_whole(source, tmp_path / "halves")
    if ended is SystemExit:
        assert raised.value.code == 128 + number  # type: ignore[attr-defined]
    assert open_run(tmp_path / "halves").metadata["step"] == done
    train_whole(source, tmp_path / "halves")
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_a_second_interrupt_ends_at_once_and_saves_nothing_half_done(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        interrupt_once(patched, Learner, "descend", signal.SIGINT, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            train_whole(source, tmp_path / "run")
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_an_interrupt_while_a_checkpoint_is_written_loses_no_step(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_once(monkeypatch, Trainer, "tensors", signal.SIGINT, at=1)
    with pytest.raises(KeyboardInterrupt):
        train_whole(source, tmp_path / "run")
    assert open_run(tmp_path / "run").metadata["step"] == 6


def test_an_interrupt_in_preparation_leaves_no_folder(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "prepare", lambda *_: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit):
        train_whole(source, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_was_not_measured_when_it_was_interrupted_is_measured_later(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_whole(source, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr("tests.families.toy.measures.measure", lambda *_: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train_whole(source, tmp_path / "run")
    assert open_run(tmp_path / "run").metadata["figures"] == {}
    train_whole(source, tmp_path / "run")
    figures = open_run(tmp_path / "run").metadata["figures"]
    assert figures == open_run(tmp_path / "whole").metadata["figures"] != {}


def test_signals_are_given_back_and_those_of_others_are_left_alone() -> None:
    with Interruptions():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interruptions():
        signal.raise_signal(signal.SIGINT)


def test_training_goes_on_in_another_thread_too(source: Source, tmp_path: Path) -> None:
    thread = threading.Thread(target=train_whole, args=(source, tmp_path / "run"))
    thread.start()
    thread.join()
    assert open_run(tmp_path / "run").metadata["step"] == 6


def test_a_reporter_that_fails_loses_no_step(source: Source, tmp_path: Path) -> None:
    class Failing(Recorder):
        def step(self, progress: object) -> None:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        train(FAMILY, source, tmp_path / "run", SETTINGS, device="cpu", report=Failing())
    assert Run(tmp_path / "run", {}).newest_step() == 1
