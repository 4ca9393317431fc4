"""The steps that one process does of a run: with logs, measurements and checkpoints."""

from __future__ import annotations

import math
import time
from typing import Any

from ..errors import DivergedError, counted
from .family import Family
from .interruptions import Interruptions
from .logs import LOSSES_EVERY, Logs
from .overfit import OverfitWatch
from .report import Progress, Reporter
from .run import Checkpoint, Run
from .trainer import Trainer

CHECKPOINT_EVERY_S = 30.0


class Session:
    """Does steps until there are as many as wanted, with a checkpoint every half minute and at the end.

    Parameters
    ----------
    family : Family
    data : what its ``prepare`` gave.
    trainer : Trainer
        At the step at which the run goes on.
    run : Run
    report : Reporter
    checkpoint : Checkpoint, optional
        Where the run goes on, None where it begins.
    """

    def __init__(
        self,
        family: Family,
        data: Any,
        trainer: Trainer,
        run: Run,
        report: Reporter,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.family, self.data, self.trainer, self.run, self.report = family, data, trainer, run, report
        said = checkpoint.metadata if checkpoint else {}
        self.figures: dict[str, float] = said.get("figures", {})
        self.measured_at = checkpoint.measured_at if checkpoint else 0
        self.overfit = OverfitWatch(*said.get("best", ()))

    def go_on(self, logs: Logs, interruptions: Interruptions) -> None:
        """Do the steps that are left.

        Raises
        ------
        DivergedError
            If a loss, a gradient or a weight is no longer finite. Nothing is saved then: what was saved before is good.
        UnwritableError
            If a checkpoint or the logs cannot be written.
        """
        interruptions.held = lambda: self.trainer.halfway
        try:
            self._go_on(logs, interruptions)
        except DivergedError as error:
            raise DivergedError(f"{error} {self._what_to_do()}") from error
        except BaseException:
            if not self.trainer.halfway:
                self._save()
            raise

    def _go_on(self, logs: Logs, interruptions: Interruptions) -> None:
        began = saved = time.monotonic()
        first = self.trainer.done
        self._measure_if_due(logs)  # it may have been interrupted just there
        while self.trainer.done < self.trainer.steps:
            stage = self.trainer.stage
            losses = self.trainer.step()
            rate = (self.trainer.done - first) / max(time.monotonic() - began, 1e-9)
            self._tell(logs, stage, losses, rate)
            interruptions.raise_arrived()
            if time.monotonic() - saved > CHECKPOINT_EVERY_S:
                self._save()
                saved = time.monotonic()
        self._save()
        interruptions.raise_arrived()

    def _tell(self, logs: Logs, stage: str, losses: dict[str, float], rate: float) -> None:
        done, steps = self.trainer.done, self.trainer.steps
        if done % LOSSES_EVERY == 0:
            logs.write_losses(done, losses, stage, rate)
        self._measure_if_due(logs)
        self.report.step(Progress(done, steps, stage, losses["loss"], rate, (steps - done) / rate))

    def _measure_if_due(self, logs: Logs) -> None:
        done = self.trainer.done
        if done == self.measured_at or (done % self.family.measure_every and done < self.trainer.steps):
            return
        self._check_weights()
        measured = self.family.measure(self.trainer, self.data)
        for name, value in measured.figures.items():
            if not math.isfinite(value):
                self.report.warn(
                    f"{name} is {value} at step {done}; the weights are finite, so training goes on."
                )
        self.figures, self.measured_at = dict(measured.figures), done
        if self.family.falls in measured.figures:
            self._warn_of_overfitting(measured.figures[self.family.falls])
        logs.write_measured(done, measured)

    def _warn_of_overfitting(self, value: float) -> None:
        best, step = self.overfit.best, self.overfit.step
        if self.overfit.rises(value, self.trainer.done, self.trainer.stage):
            self.report.warn(
                f"{self.family.falls} was {best:.4g} at step {step} and is {value:.4g} at step {self.trainer.done}: what is"
                f" trained on is being learned by heart. Take more recordings, or about {step} --steps."
            )

    def _check_weights(self) -> None:
        for learner in self.trainer.learners.values():
            learner.check_weights()

    def _save(self) -> None:
        self._check_weights()
        said = {**getattr(self.data, "metadata", {}), **self.trainer.metadata()}
        figures = {"figures": self.figures, "measured_at": self.measured_at, "best": self.overfit.state()}
        self.run.save(self.trainer.done, self.trainer.tensors(), said | figures)

    def _what_to_do(self) -> str:
        step = self.run.newest_step()
        kept = (
            "Nothing was saved yet."
            if step is None
            else f"The checkpoint of step {step} is kept, and export takes it."
        )
        return (
            f"after {self.trainer.done} of {counted(self.trainer.steps, 'step')}; the training has stopped. {kept}"
            " Train with a lower learning rate into another --output, or with sounds that are not as extreme."
        )
