"""What is measured of a model of one-shots: held-out sounds made again, what its space holds, and the map."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...hits.losses import FFT_SIZES, divergence, hit_loss
from ...hits.sound_map import map_picture
from ...hits.sounds import cut
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...loop.logs import Measured, Projected, above_each_other, spectrogram_picture
from .data import OneshotsData
from .encoder import QUIET_DB
from .train import OneshotsTrainer

SHOWN = 12
ACTIVE = 0.01
"""Variance of a mean over sounds from which a number of a place counts as in use (Burda et al. 2016)."""

REST_S = 0.2
SPRITE = 64
"""Height and width of a picture in the projector, which takes squares."""


@torch.no_grad()
def measure(trainer: OneshotsTrainer, data: OneshotsData) -> Measured:
    """Make held-out sounds again from their places, each beside the recorded.

    Where nothing is held out, they are of what was trained on, and the figures say so.
    """
    sounds, side = (data.held_out, "held_out") if data.held_out else (data.train, "trained_on")
    shown = [sounds[i] for i in torch.linspace(0, len(sounds) - 1, min(SHOWN, len(sounds))).long().tolist()]
    model, frames = trainer.learner.average, trainer.frames
    recorded = torch.from_numpy(np.stack([cut(sound.samples, 0, frames * HOP_LENGTH) for sound in shown]))
    place, log_variance = model.encoder.place(trainer.see(shown))
    notes = trainer.notes_of(shown, np.random.default_rng(0), frames)
    made = trainer.play(place, notes)
    centre, spread = model.priors(trainer.classes_of(shown))
    nats = divergence(place, log_variance, centre, spread).mean(0)
    places = trainer.places().cpu()
    figures = {
        f"loss/{side}": float(hit_loss(made, recorded, FFT_SIZES)),
        "active_numbers": float((places.var(0, correction=0) > ACTIVE).sum()),
        "nats": float(nats.sum()),
        **{f"nats_of_number/{i:02d}": float(value) for i, value in enumerate(nats)},
    }
    pictures, pairs = {"map": map_picture(places, [sound.label for sound in data.train])}, {}
    for sound, before, after in zip(shown, recorded, made, strict=True):
        name = f"recorded_and_made_again/{sound.name}"
        rest = torch.zeros(round(REST_S * SAMPLE_RATE))
        pairs[name] = (
            torch.cat([before[: len(sound.samples)], rest, after[: len(sound.samples)]]),
            SAMPLE_RATE,
        )
        pictures[name] = above_each_other(spectrogram_picture(before), spectrogram_picture(after))
    return Measured(figures, pictures, pairs, {"places": projected(trainer, data, places)})


def projected(trainer: OneshotsTrainer, data: OneshotsData, places: Tensor) -> Projected:
    """Show places (S, P) in TensorBoard's projector, each with its name and what the encoder sees of it."""
    seen = trainer.seen[0, : len(places)].cpu()
    level = (
        10.0
        * (seen / seen.amax((1, 2), keepdim=True).clamp_min(1e-20)).clamp_min(10 ** (-QUIET_DB / 10)).log10()
    )
    pictures = (1.0 + level / QUIET_DB).transpose(1, 2).flip(1)[:, None]
    sprites = F.interpolate(pictures, (SPRITE, SPRITE))
    names = [(data.classes[sound.label] if data.classes else "", sound.name) for sound in data.train]
    return Projected(places, ("class", "name"), names, sprites)
