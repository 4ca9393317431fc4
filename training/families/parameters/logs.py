"""What TensorBoard shows of a parameter training: loss, the error of each parameter, sounds and their resynthesis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ...loop.spectral_losses import magnitude_spectrogram
from .losses import parameter_errors

if TYPE_CHECKING:
    from .train import Lessons, ParameterTrainer

SCALARS_EVERY, FIGURES_EVERY, SOUNDS_EVERY = 20, 500, 2000
SOUNDS_SHOWN = 3

Resynthesis = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From parameters (P,), 0 to 1, to a sound (T,)."""


class ParameterLogs:
    """Writes scalars every 20 steps; every 500 the errors on sounds kept aside; every 2,000 sounds side by side.

    Attributes
    ----------
    figures : dict
        The last errors, and how many sounds they are of.
    """

    def __init__(
        self, folder: Path, trainer: ParameterTrainer, lessons: Lessons, resynthesise: Resynthesis | None
    ) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=trainer.done)
        self.trainer, self.resynthesise = trainer, resynthesise
        self.heard, self.unit = lessons.rows[lessons.held_out]
        self.sounds = [lessons.kept[int(i)] for i in lessons.held_out[:SOUNDS_SHOWN]]
        self.figures: dict[str, Any] = {}

    def after_step(self, loss: float, rate: float) -> None:
        """Log what is due after the trainer's last step."""
        step, last = self.trainer.done, self.trainer.done == self.trainer.settings.steps
        if step % SCALARS_EVERY == 0:
            self.writer.add_scalar("loss", loss, step)
            self.writer.add_scalar("sounds_per_second", rate, step)
        if step % FIGURES_EVERY == 0 or last:
            self._errors(step)
        if self.resynthesise is not None and (step % SOUNDS_EVERY == 0 or last):
            self._sounds(step, self.resynthesise)

    def _errors(self, step: int) -> None:
        errors = parameter_errors(self.trainer.parameters, self.trainer.units(self.heard), self.unit)
        self.figures = {"held_out": len(self.unit), "errors": errors}
        for name, error in errors.items():
            self.writer.add_scalar(f"error/{name}", error, step)
        self.writer.add_scalar("error_mean", float(np.mean(list(errors.values()))), step)
        self.writer.flush()

    def _sounds(self, step: int, resynthesise: Resynthesis) -> None:
        found = self.trainer.units(self.heard[: len(self.sounds)])
        for number, (sound, unit) in enumerate(zip(self.sounds, found, strict=True)):
            made = resynthesise(unit.numpy())
            pictures = [_picture(torch.from_numpy(np.ascontiguousarray(x))) for x in (sound, made)]
            frames = min(p.shape[2] for p in pictures)
            both = torch.cat([p[:, :, :frames] for p in pictures], 1)
            self.writer.add_image(f"sound_{number}/above_target_below_resynthesis", both, step)
        self.writer.flush()

    def close(self) -> None:
        """Write out what is left."""
        self.writer.close()


def _picture(sound: Tensor) -> Tensor:
    """A spectrogram up to 12 kHz as a grey picture (1, height, width), 0 dB white and -80 dB black."""
    level = magnitude_spectrogram(sound[None], 1024)[0, :256].log10() * 20 - 30
    return ((level + 80) / 80).clamp(0, 1).flip(0)[None]
