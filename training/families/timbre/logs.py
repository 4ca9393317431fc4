"""What TensorBoard shows of a timbre training: loss, held-out loss, spectrograms and sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from ...loop.spectral_losses import magnitude_spectrogram, multi_scale_spectral_loss
from .features import Features

if TYPE_CHECKING:
    from .train import TimbreTrainer

SCALARS_EVERY, SOUND_EVERY = 20, 500
EXCERPTS, EXCERPT_FRAMES = 4, 750


class TimbreLogs:
    """Writes scalars every 20 steps; every 500 held-out loss, and recorded and resynthesised sound side by side."""

    def __init__(self, folder: Path, held_out: Features, trainer: TimbreTrainer) -> None:
        self.writer = SummaryWriter(str(folder), purge_step=trainer.done)
        self.trainer = trainer
        frames = min(EXCERPT_FRAMES, held_out.frames)
        starts = np.linspace(0, held_out.frames - frames, EXCERPTS).astype(int)
        rows = starts[:, None] + np.arange(frames)
        self.rows, self.held_out = rows, held_out
        samples = rows[:, :, None] * 128 + np.arange(128)
        self.recorded = torch.from_numpy(held_out.audio[samples.reshape(EXCERPTS, -1)])

    def after_step(self, lesson: str, loss: float, rate: float) -> None:
        """Log what is due after the trainer's last step."""
        step = self.trainer.done
        if step % SCALARS_EVERY == 0:
            self.writer.add_scalar(f"loss/{lesson}", loss, step)
            self.writer.add_scalar("steps_per_second", rate, step)
        if step % SOUND_EVERY == 0 or step == self.trainer.settings.steps:
            self._sound(step)

    @torch.no_grad()
    def _sound(self, step: int) -> None:
        from .train import render, scores

        device = self.trainer.device
        f0, score = (x.to(device) for x in scores(self.held_out, self.rows))
        counter = torch.zeros(EXCERPTS, 1, 1, dtype=torch.int64, device=device)
        made = render(self.trainer.average, f0, score, counter).cpu()
        self.writer.add_scalar("loss/held_out", float(multi_scale_spectral_loss(made, self.recorded)), step)
        rate = 48000
        for name, sound in (("recorded", self.recorded), ("resynthesised", made)):
            line = sound.reshape(-1)
            peak = float(line.abs().max().clamp_min(1e-6))
            self.writer.add_audio(name, line / max(peak, 1.0), step, sample_rate=rate)
            self.writer.add_image(name, _picture(line), step)
        self.writer.flush()

    def close(self) -> None:
        """Write out what is left."""
        self.writer.close()


def _picture(sound: Tensor) -> Tensor:
    """A spectrogram up to 12 kHz as a grey picture (1, height, width), 0 dB white and -80 dB black."""
    level = magnitude_spectrogram(sound[None], 1024)[0, :256, ::2].log10() * 20 - 30
    return ((level + 80) / 80).clamp(0, 1).flip(0)[None]
