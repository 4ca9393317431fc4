"""Trains a model of any family, or goes on with one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ..data.source import Source
from ..errors import MemoryShortageError, SettingsError
from .family import Family
from .logs import LOSSES_EVERY, Logs
from .report import Progress, Reporter, Silent
from .run import Run
from .trainer import Trainer

CHECKPOINT_EVERY_S = 30.0


def train(
    family: Family,
    source: Source,
    out: Path,
    settings: Any = None,
    size: Any = None,
    device: str | None = None,
    report: Reporter | None = None,
) -> Path:
    """Train a model, or go on with one, and return the run's folder.

    Stops cleanly on KeyboardInterrupt with a checkpoint written; calling it again goes on where it was, also after a kill.

    Parameters
    ----------
    family : Family
    source : Source
        What is learned from.
    out : Path
        The run's folder, new or begun with the same settings.
    settings, size : the family's dataclasses; their defaults if not given.
    device : "cpu", "cuda" (or one of several, "cuda:1") or None for CUDA where there is one.
    report : Reporter, optional
        Takes note of what goes on.

    Raises
    ------
    training.errors.TrainingError
        If there is nothing to learn from, or the folder belongs to another run.
    """
    settings, size, report = settings or family.settings(), size or family.size(), report or Silent()
    torch.set_flush_denormal(True)  # numbers that are nearly zero cost many times as much
    device = _find_device(device)
    config = {"family": family.name, **family.identify(source)}
    run = Run(out, config | {"settings": asdict(settings), "size": asdict(size)})
    try:
        with _memory_shortage_in_words():
            data = family.prepare(replace(source, prepared=run.prepared()), settings, size, report)
            trainer: Trainer = family.make_trainer(data, settings, size, device)
            run.keep_prepared(getattr(data, "prepared", {}))
    except BaseException:
        run.discard_unless_learned()
        raise
    figures: dict[str, float] = {}
    checkpoint = run.latest()
    if checkpoint is None:
        trainer.begin()
    else:
        trainer.restore(checkpoint.tensors, checkpoint.metadata)
        figures = checkpoint.metadata.get("figures", {})
    with closing(Logs(run.logs, trainer.done)) as logs, _memory_shortage_in_words():
        _Session(family, data, trainer, run, logs, report, figures).go_on()
    return out


def _find_device(name: str | None) -> str:
    has_cuda = torch.cuda.is_available()
    if name is None:
        return "cuda" if has_cuda else "cpu"
    if name != "cpu" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise SettingsError(f"--device is {name!r}; needed is cpu or cuda.")
    if name != "cpu" and not has_cuda:
        raise SettingsError(
            f"--device is {name!r}, and PyTorch finds no CUDA here; leave it out, or take cpu."
        )
    return name


@contextmanager
def _memory_shortage_in_words() -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch's own error is a RuntimeError like any other.
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate" not in str(error):
            raise
        raise MemoryShortageError(
            "these settings need more memory than there is; make the batch, the excerpts or the sizes smaller."
        ) from error


class _Session:
    """The steps that one process does: with logs, measurements, and a checkpoint every half minute and at the end."""

    def __init__(
        self,
        family: Family,
        data: Any,
        trainer: Trainer,
        run: Run,
        logs: Logs,
        report: Reporter,
        figures: Mapping[str, float],
    ) -> None:
        self.family, self.data, self.trainer = family, data, trainer
        self.run, self.logs, self.report, self.figures = run, logs, report, dict(figures)
        self.first, self.began = trainer.done, time.monotonic()

    def go_on(self) -> None:
        """Do steps until there are as many as wanted, with a last checkpoint however it ends."""
        saved = time.monotonic()
        try:
            while self.trainer.done < self.trainer.steps:
                self._step()
                if time.monotonic() - saved > CHECKPOINT_EVERY_S:
                    self._save()
                    saved = time.monotonic()
        finally:
            self._save()

    def _step(self) -> None:
        trainer, stage = self.trainer, self.trainer.stage
        losses = trainer.step()
        rate = (trainer.done - self.first) / max(time.monotonic() - self.began, 1e-9)
        left = (trainer.steps - trainer.done) / rate
        if trainer.done % LOSSES_EVERY == 0:
            self.logs.write_losses(trainer.done, losses, stage, rate)
        if trainer.done % self.family.measure_every == 0 or trainer.done == trainer.steps:
            measured = self.family.measure(trainer, self.data)
            self.figures = dict(measured.figures)
            self.logs.write_measured(trainer.done, measured)
        self.report.step(Progress(trainer.done, trainer.steps, stage, losses["loss"], rate, left))

    def _save(self) -> None:
        said = getattr(self.data, "metadata", {})
        metadata = {**said, **self.trainer.metadata(), "figures": self.figures}
        self.run.save(self.trainer.done, self.trainer.tensors(), metadata)
