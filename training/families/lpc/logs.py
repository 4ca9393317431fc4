"""What TensorBoard shows of an AR training: losses, held-out distances, and envelopes beside the true ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from .batch import Heard
from .excerpts import draw_synthetic
from .losses import log_spectral_distance, reflections_db

if TYPE_CHECKING:
    from .train import ArTrainer

SCALARS_EVERY, MEASURED_EVERY = 20, 300
EXCERPTS, SHOWN = 48, 6


class ArLogs:
    """Writes scalars every 20 steps; every 300 the distance from the true envelopes of held-out sounds, and pictures."""

    def __init__(self, folder: Path, trainer: ArTrainer) -> None:
        from .train import HELD_OUT_SHARE

        self.writer = SummaryWriter(str(folder), purge_step=trainer.done)
        self.trainer = trainer
        rows = range(0, len(trainer.sounds), HELD_OUT_SHARE)
        frames = trainer.settings.excerpt_frames
        excerpts = draw_synthetic(trainer.sounds, rows, np.random.default_rng(1), EXCERPTS, frames)
        self.noisy = Heard.of(trainer.hearing, excerpts.to(trainer.device))
        self.clean = Heard.of(trainer.hearing, excerpts.to(trainer.device).without_noise())

    def after_step(self, loss: float, parts: dict[str, float], rate: float) -> None:
        """Log what is due after the trainer's last step."""
        step = self.trainer.done
        if step % SCALARS_EVERY == 0:
            self.writer.add_scalar("loss/all", loss, step)
            for name, part in parts.items():
                self.writer.add_scalar(f"loss/{name}", part, step)
            self.writer.add_scalar("steps_per_second", rate, step)
        if step % MEASURED_EVERY == 0 or step == self.trainer.settings.steps:
            self._measure(step)

    @torch.no_grad()
    def _measure(self, step: int) -> None:
        network = self.trainer.average
        for name, heard in (("clean", self.clean), ("noisy", self.noisy)):
            state = network.initial_state(len(heard.long))
            (reflections, gain_db, _, _), _ = network(heard.told, state)
            bins = heard.envelope_db.shape[-1]
            found = reflections_db(reflections, bins).float()
            distance = log_spectral_distance(found, heard.envelope_db)
            mean = (distance * heard.known).sum() / heard.known.sum()
            self.writer.add_scalar(f"held_out/{name}_distance_db", float(mean), step)
            wanted = heard.envelope_db + heard.gain_db[:, :, None]
            self.writer.add_image(f"{name}/found", _picture((found + gain_db)[:SHOWN]), step)
            self.writer.add_image(f"{name}/true", _picture(wanted[:SHOWN]), step)
        self.writer.flush()

    def close(self) -> None:
        """Write out what is left."""
        self.writer.close()


def _picture(envelopes_db: Tensor) -> Tensor:
    """Envelopes (B, N, bins) side by side as a grey picture (1, bins, B * N), -10 dB white and -90 dB black."""
    return ((envelopes_db.flatten(0, 1).T + 90) / 80).clamp(0, 1).flip(0)[None].cpu()
