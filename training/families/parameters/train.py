"""Trains a network that hears a synthesiser's parameters in its sounds."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import RunError, TrainingError
from ...loop.run import Run
from ...loop.trainer import Trainer, train_until
from .features import level_db
from .logs import ParameterLogs, Resynthesis
from .losses import ParameterLoss
from .model import ParameterAnalyzer, ParameterSize
from .rows import FeatureRows, rows_name
from .sounds import EndlessParameterSounds, ParameterSounds, SoundParameter, describe

FEWEST_SOUNDS = 20
HELD_OUT_EVERY, MOST_HELD_OUT = 40, 512
EARLIEST = 6  # hops: what is asked for before is nearly all guesswork
WARM_STEPS = 200


class SoundsError(TrainingError, ValueError):
    """Sounds that a model cannot be trained on."""


@dataclass(frozen=True)
class ParameterTraining:
    """Settings of a training run; the run's folder remembers them.

    Attributes
    ----------
    steps : int
        Optimiser steps in all.
    batch : int
        Sounds a step.
    moments : int
        Hops of each sound at which it is asked for the parameters, the last one always among them.
    early : float
        Weight of the hops before the last beside it.
    passes : int
        How often a batch of endless sounds is gone through before the next is rendered.
    """

    steps: int = 12000
    batch: int = 48
    moments: int = 3
    early: float = 0.3
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    passes: int = 4
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """What a caller may show: the step done of how many, the last loss, sounds a second, seconds left."""

    step: int
    steps: int
    loss: float
    rate: float
    seconds_left: float


def shared_facts(sounds: ParameterSounds | EndlessParameterSounds) -> ParameterSounds:
    """What holds for all sounds."""
    return sounds.held_out if isinstance(sounds, EndlessParameterSounds) else sounds


def split_numbers(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the sounds to train on, and of every fortieth, kept aside; of few sounds every fourth."""
    numbers = np.arange(count)
    apart = numbers % (HELD_OUT_EVERY if count >= 10 * HELD_OUT_EVERY else 4) == 0
    held_out = numbers[apart][:MOST_HELD_OUT]
    return np.setdiff1d(numbers, held_out), held_out


class ParameterTrainer(Trainer):
    """Holds the analyzer, its slowly following average and the optimiser; `step` is one step.

    What a step does depends on its number, the sounds and the seed alone, so that a run that was stopped goes on exactly.
    """

    def __init__(
        self,
        sounds: ParameterSounds,
        settings: ParameterTraining,
        size: ParameterSize,
        device: str = "cpu",
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, torch.device(device)
        self.parameters = tuple(SoundParameter.of(p) for p in sounds.parameters)
        self.analyzer = ParameterAnalyzer(self.parameters, sounds.duration_s, size).to(self.device)
        self.average = ParameterAnalyzer(self.parameters, sounds.duration_s, size).to(self.device)
        self.loss = ParameterLoss(self.parameters, self.analyzer.decoder)
        matrices = [p for p in self.analyzer.parameters() if p.ndim > 1]
        others = [p for p in self.analyzer.parameters() if p.ndim < 2]
        groups = [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        super().__init__("analyzer", self.analyzer, self.average, optimiser)

    def suit(self, heard: Tensor) -> None:
        """Take the mean and spread of features (B, N, F) as those of all that will be heard."""
        flat = heard[heard[..., -1] > 0].double()
        for analyzer in (self.analyzer, self.average):
            analyzer.network.mean.copy_(flat.mean(0))
            analyzer.network.spread.copy_(flat.std(0).clamp_min(0.05))

    def step(self, heard: Tensor, unit: Tensor) -> float:
        """Do one step with features (B, N, F) and parameters (B, P) of some sounds, and return its loss."""
        random = np.random.default_rng([self.settings.seed, self.done])
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        last = heard.shape[1] - 1
        frames = random.integers(min(EARLIEST, last), last + 1, (len(heard), self.settings.moments))
        frames[:, 0] = last
        logits = self.analyzer.network.at(heard.to(self.device), torch.from_numpy(frames).to(self.device))
        costs = self.loss(logits, unit.to(self.device)).mean(-1)
        loss = costs[:, 0].mean() + self.settings.early * costs[:, 1:].mean()
        self.learn(loss)
        return float(costs[:, 0].mean().detach())

    def _learning_rate(self) -> float:
        s = self.settings
        warm = min(1.0, (self.done + 1) / min(WARM_STEPS, max(1, s.steps // 10)))
        return s.learning_rate * warm * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * self.done / s.steps)))

    @torch.no_grad()
    def units(self, heard: Tensor) -> Tensor:
        """What the averaged network makes of whole sounds: (B, N, F) -> (B, P), 0 to 1."""
        last = torch.full((len(heard), 1), heard.shape[1] - 1)
        network = self.average.network
        logits = [
            network.at(part.to(self.device), frames.to(self.device))
            for part, frames in zip(heard.split(64), last.split(64), strict=True)
        ]
        return self.average.decoder.units(torch.cat(logits)[:, 0]).cpu()


class Lessons:
    """Which sounds each step is trained on: all of a set in a new order each time, or batch after batch of endless ones."""

    def __init__(
        self,
        sounds: ParameterSounds | EndlessParameterSounds,
        settings: ParameterTraining,
        frames: int,
        on_sound: Callable[[str, int, int], None],
    ) -> None:
        self.settings, self.frames, self.on_sound = settings, frames, on_sound
        self.endless = sounds if isinstance(sounds, EndlessParameterSounds) else None
        self.kept = shared_facts(sounds)
        path = self.kept.cache / rows_name(self.kept, frames) if self.kept.cache else None
        self.rows = FeatureRows(self.kept, frames, path, lambda n, m: on_sound("listening", n, m))
        everything = np.arange(len(self.kept))
        train, held_out = split_numbers(len(self.kept)) if self.endless is None else (everything, everything)
        # Silence tells nothing of what made it.
        self.numbers, self.held_out = (n[self.rows.heard[n]] for n in (train, held_out))
        if min(len(self.numbers), len(self.held_out)) == 0:
            raise SoundsError(
                f"{len(everything)} sounds of {self.kept.synth} are silent; look at its levels."
            )
        self._rows, self._round, self._order = self.rows, -1, (-1, self.numbers)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Give features and parameters for a step."""
        first = step if self.endless is None else self._go_to_round(self.endless, step)
        size = min(self.settings.batch, len(self.numbers))
        lap, place = divmod(first, len(self.numbers) // size)
        key = (self._round + 1) * 1_000_003 + lap
        if self._order[0] != key:
            random = np.random.default_rng([self.settings.seed, key])
            self._order = (key, random.permutation(self.numbers))
        return self._rows[self._order[1][place * size : (place + 1) * size]]

    def loudest_db(self) -> tuple[float, float, float]:
        """The 5th, 50th and 95th percentile of the level of sounds' loudest moments, of those kept aside."""
        levels = level_db(self.rows[self.held_out][0])
        low, median, high = np.percentile(levels.amax((1, 2)).numpy(), [5, 50, 95])
        return float(low), float(median), float(high)

    def _go_to_round(self, endless: EndlessParameterSounds, step: int) -> int:
        """Render the batch that a step belongs to if it is another one, and give the step's number within it."""
        size = min(self.settings.batch, endless.batch_size)
        length = self.settings.passes * (endless.batch_size // size)
        round_number, first = divmod(step, length)
        if round_number != self._round:
            title = f"batch {round_number + 1}"
            with endless.batch(round_number) as sounds:
                self._rows = FeatureRows(sounds, self.frames, None, lambda n, m: self.on_sound(title, n, m))
            self._round, self.numbers = round_number, np.flatnonzero(self._rows.heard)
        return first


def train_params(
    sounds: ParameterSounds | EndlessParameterSounds,
    out: Path,
    settings: ParameterTraining | None = None,
    size: ParameterSize | None = None,
    device: str | None = None,
    resynthesise: Resynthesis | None = None,
    on_sound: Callable[[str, int, int], None] = lambda *_: None,
    on_step: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Train a parameter analyzer, or go on with one, and return the run's folder.

    Stops cleanly on KeyboardInterrupt with a checkpoint written; calling it again goes on where it was, also after a kill.

    Parameters
    ----------
    sounds : ParameterSounds or EndlessParameterSounds
    out : Path
        The run's folder, new or begun with the same settings.
    device : "cpu", "cuda" or None for CUDA where there is one.
    resynthesise : callable, optional
        Renders parameters (P,) from 0 to 1 as a sound (T,), for the pictures in the logs.
    on_sound : called while sounds are listened to, with what is done, how many are done and how many there are.

    Raises
    ------
    SoundsError, RunError
    """
    settings, size = settings or ParameterTraining(), size or ParameterSize()
    torch.set_flush_denormal(True)  # numbers that are nearly zero cost many times as much
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    facts = shared_facts(sounds)
    if len(facts) < FEWEST_SOUNDS:
        raise SoundsError(
            f"{len(facts)} sounds are too few to train on; generate {FEWEST_SOUNDS} or more,"
            " and 20,000 or more for a good model."
        )
    if facts.sample_rate != ParameterAnalyzer.sample_rate:
        raise SoundsError(
            f"{facts.synth} plays at {facts.sample_rate} Hz; write sr = {ParameterAnalyzer.sample_rate} into it."
        )
    config: dict[str, Any] = {
        "family": "parameters",
        "synth": facts.synth,
        "synth_sha256": facts.synth_sha256,
        "sounds": len(facts),
        "endless": sounds.batch_size if isinstance(sounds, EndlessParameterSounds) else 0,
        "duration_s": facts.duration_s,
        "parameters": describe([SoundParameter.of(p) for p in facts.parameters]),
        "settings": vars(settings).copy(),
        "size": size.asdict(),
    }
    _refuse_another_synth(out, facts)
    run = Run(out, config)
    trainer = ParameterTrainer(facts, settings, size, device)
    checkpoint = run.latest()
    if checkpoint is not None:
        trainer.restore(checkpoint[0], checkpoint[1]["step"])
    lessons = Lessons(sounds, settings, trainer.analyzer.frames, on_sound)
    if checkpoint is None:
        trainer.suit(lessons.batch(0)[0])
    facts_of_run = {"trained": {"loudest_db": lessons.loudest_db()}}
    with closing(ParameterLogs(run.logs, trainer, lessons, resynthesise)) as logs:
        began, first = time.monotonic(), trainer.done

        def step() -> None:
            loss = trainer.step(*lessons.batch(trainer.done))
            seconds = time.monotonic() - began
            rate = (trainer.done - first) * settings.batch / max(seconds, 1e-9)
            left = (settings.steps - trainer.done) * settings.batch / max(rate, 1e-9)
            on_step(Progress(trainer.done, settings.steps, loss, rate, left))
            logs.after_step(loss, rate)

        train_until(settings.steps, trainer, step, run, lambda: facts_of_run | logs.figures)
    return out


def _refuse_another_synth(out: Path, facts: ParameterSounds) -> None:
    """Say in a few words what `Run` would tell by listing all parameters."""
    written = out / "config.json"
    if not written.is_file():
        return
    begun = json.loads(written.read_text())
    if begun.get("synth_sha256", facts.synth_sha256) != facts.synth_sha256:
        raise RunError(
            f"{out} was begun with another synth, or another version of it ({begun.get('synth')}), than {facts.synth};"
            " choose another --out."
        )
