"""Train in tests: a reporter that remembers what it was given and can interrupt, and a run to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.data.source import Source
from training.families import find_family
from training.loop.report import Progress, Silent
from training.loop.run import open_run
from training.loop.train import train


class Recorder(Silent):
    """Remembers steps and warnings, and interrupts as Ctrl-C would after a step."""

    def __init__(self, interrupt_at: int = 0) -> None:
        self.interrupt_at = interrupt_at
        self.steps: list[int] = []
        self.stages: list[str] = []
        self.warnings: list[str] = []

    def step(self, progress: Progress) -> None:
        self.steps.append(progress.step)
        self.stages.append(progress.stage)
        if progress.step == self.interrupt_at:
            raise KeyboardInterrupt

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)


def train_family(
    name: str, source: Source, out: Path, settings: Any, size: Any, interrupt_at: int = 0
) -> Recorder:
    """Train on the CPU, and give what was reported; an interrupt ends it quietly."""
    recorder = Recorder(interrupt_at)
    try:
        train(find_family(name), source, out, settings, size, "cpu", recorder)
    except KeyboardInterrupt:
        assert interrupt_at
    return recorder


def assert_same_run(one: Path, other: Path) -> None:
    """Compare the newest checkpoints of two runs bit by bit."""
    first, second = open_run(one), open_run(other)
    assert first.metadata["step"] == second.metadata["step"]
    assert first.tensors.keys() == second.tensors.keys()
    assert any(name.startswith("optimiser.") for name in first.tensors)
    for name, value in first.tensors.items():
        assert torch.equal(value, second.tensors[name]), name


def log_of(run: Path) -> EventAccumulator:
    """Read what TensorBoard shows of a run, which has to be what its newest checkpoint says was measured."""
    log = EventAccumulator(str(run / "logs")).Reload()
    checkpoint = open_run(run)
    for name, value in checkpoint.metadata["figures"].items():
        last = log.Scalars(name)[-1]
        assert (last.step, last.value) == (checkpoint.measured_at, pytest.approx(value, rel=1e-6)), name
    return log
