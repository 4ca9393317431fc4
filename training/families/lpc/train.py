"""Trains the AR model on Csound sounds whose filters are known, and on recordings, whose filters must explain them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from ...analysis.bundled_weights import WEIGHTS
from ...data.recordings import find_recordings, split_recordings
from ...errors import RecordingsError
from ...loop.run import Run
from ...loop.trainer import Trainer, train_until
from .analyzer import SAMPLE_RATE, ArEar, ArNetwork, ArSize
from .batch import Heard, ar_loss
from .excerpts import draw_recorded, draw_synthetic, join, read_recordings
from .logs import ArLogs
from .sounds import AllPoleSounds, KnownSounds

POOL_BATCHES, POOL_TURNS = 8, 4
"""So many batches are drawn and heard at a time, and trained on so many times: hearing takes longer than learning."""
HELD_OUT_SHARE = 10  # one sound in so many


@dataclass(frozen=True)
class ArTraining:
    """Settings of a training run; the run's folder remembers them.

    Attributes
    ----------
    steps : int
        Optimiser steps in all.
    batch, excerpt_frames : int
        Excerpts per step, and hops in each (187.5 a second). Half are recordings where there are any.
    recorded_s : float
        At most so many seconds of recordings are read.
    seed : int
    """

    steps: int = 3600
    batch: int = 12
    excerpt_frames: int = 144
    recorded_s: float = 1500.0
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """What a caller may show: the step done of how many, the last loss, steps a second."""

    step: int
    steps: int
    loss: float
    rate: float


def new_ear(size: ArSize) -> ArEar:
    """Return an ear whose network is new and whose pitch tracker is the bundled one."""
    ear = ArEar(size)
    ear.hearing.pitch.load_state_dict(load_file(WEIGHTS))
    return ear.eval()


class ArTrainer(Trainer):
    """Holds the network, its slowly following average and the optimiser; `step` is one step.

    What a step does depends on its number and the seed alone, so that a run that was stopped goes on exactly.
    """

    def __init__(
        self,
        sounds: AllPoleSounds,
        recordings: list[np.ndarray],
        settings: ArTraining,
        size: ArSize,
        device: str = "cpu",
    ) -> None:
        torch.manual_seed(settings.seed)
        self.sounds, self.recordings = sounds, recordings
        self.settings, self.size, self.device = settings, size, torch.device(device)
        ear = new_ear(size).to(self.device)
        self.hearing, self.network = ear.hearing, ear.network
        self.average = ArNetwork(size).to(self.device)
        optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98))
        super().__init__("network", self.network, self.average, optimiser, slowness=0.997)
        self.rows = [i for i in range(len(sounds)) if i % HELD_OUT_SHARE]
        self._pool: tuple[int, Heard] | None = None

    def step(self) -> tuple[float, dict[str, float]]:
        """Do one step and return its loss and the loss's parts."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        loss, parts = ar_loss(self.network, self._batch())
        self.learn(loss)
        return float(loss.detach()), {name: float(part.detach()) for name, part in parts.items()}

    def _learning_rate(self) -> float:
        share = self.done / self.settings.steps
        warm = min(1.0, (self.done + 1) / 100)
        return (
            self.settings.learning_rate
            * warm
            * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))))
        )

    def _batch(self) -> Heard:
        number, place = divmod(self.done, POOL_BATCHES * POOL_TURNS)
        if self._pool is None or self._pool[0] != number:
            self._pool = None  # its memory is needed for the next
            self._pool = number, self._draw(number)
        pool, size = self._pool[1], self.settings.batch
        turn, batch = divmod(place, POOL_BATCHES)
        # Rows that are one half synthetic, one half recorded stay in step: each batch has both.
        order = np.random.default_rng([self.settings.seed, number, turn, 1]).permutation(
            POOL_BATCHES * size // 2
        )
        chosen = order[batch * size // 2 : (batch + 1) * size // 2]
        return pool.rows(
            torch.from_numpy(np.concatenate([chosen, chosen + POOL_BATCHES * size // 2])).to(self.device)
        )

    def _draw(self, number: int) -> Heard:
        s = self.settings
        random = np.random.default_rng([s.seed, number, 0])
        half = POOL_BATCHES * s.batch // 2
        first = draw_synthetic(self.sounds, self.rows, random, half, s.excerpt_frames)
        if self.recordings:
            second = draw_recorded(self.recordings, random, half, s.excerpt_frames)
        else:
            second = draw_synthetic(self.sounds, self.rows, random, half, s.excerpt_frames)
        return Heard.of(self.hearing, join([first, second]).to(self.device))


def train_ar(
    sounds: KnownSounds,
    synth_sha256: str,
    out: Path,
    recordings: Path | None = None,
    settings: ArTraining | None = None,
    size: ArSize | None = None,
    device: str | None = None,
    on_reading: Callable[[str, int, int], None] = lambda *_: None,
    on_step: Callable[[Progress], None] = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train the AR model, or go on, and return the run's folder.

    Stops cleanly on KeyboardInterrupt with a checkpoint written; calling it again goes on where it was, also after a kill.

    Parameters
    ----------
    sounds : KnownSounds
        Rendered from ``allpole.csd``; one in ten is held out.
    synth_sha256 : str
        Of that file.
    out : Path
        The run's folder, new or begun with the same settings.
    recordings : Path, optional
        A folder of recordings of any kind, nested or not; one in ten is held out.
    device : "cpu", "cuda" or None for CUDA where there is one.

    Raises
    ------
    RecordingsError, RunError
    """
    settings, size = settings or ArTraining(), size or ArSize()
    torch.set_flush_denormal(True)  # numbers that are nearly zero cost many times as much
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    config: dict[str, Any] = {"family": "ar", "synth_sha256": synth_sha256, "sounds": len(sounds)}
    config |= {"recordings": str(recordings.resolve()) if recordings else None}
    config |= {"settings": vars(settings).copy(), "size": size.asdict()}
    paths = split_recordings(find_recordings(recordings))[0] if recordings else []
    run = Run(out, config)
    known = AllPoleSounds(sounds, SAMPLE_RATE)
    read, left_out = read_recordings(paths, settings.recorded_s, on_reading)
    for sentence in left_out:
        on_warning(sentence)
    if paths and not read:
        raise RecordingsError(f"{recordings} holds no recording that sounds: {'; '.join(left_out[:3])}")
    trainer = ArTrainer(known, read, settings, size, device)
    if checkpoint := run.latest():
        tensors, facts = checkpoint
        trainer.restore(tensors, facts["step"])
    facts = {
        "sounds": len(trainer.rows),
        "recordings": len(read),
        "recorded_s": sum(len(r) for r in read) / SAMPLE_RATE,
    }
    with closing(ArLogs(run.logs, trainer)) as logs:

        def step() -> None:
            began = time.monotonic()
            loss, parts = trainer.step()
            rate = 1 / max(time.monotonic() - began, 1e-9)
            on_step(Progress(trainer.done, settings.steps, loss, rate))
            logs.after_step(loss, parts, rate)

        train_until(settings.steps, trainer, step, run, lambda: facts)
    return out
