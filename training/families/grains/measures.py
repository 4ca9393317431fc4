"""What is measured of a model of grains: held-out sounds made again, what its spaces hold, and the map."""

from __future__ import annotations

import numpy as np
import torch

from ...hits.data import HitsData
from ...hits.losses import FFT_SIZES, divergence, hit_loss
from ...hits.sound_map import map_picture
from ...hits.sounds import cut
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...loop.logs import Measured, above_each_other, spectrogram_picture
from .events import event_frames
from .paths import paths_of
from .sound_map import places_of
from .train import GrainsTrainer

SHOWN = 12
ACTIVE = 0.01
"""Variance of a mean over sounds from which a number of a place counts as in use (Burda et al. 2016)."""


@torch.no_grad()
def measure(trainer: GrainsTrainer, data: HitsData) -> Measured:
    """Make held-out sounds again, from their grains and from their places, beside the recorded.

    Where nothing is held out, they are of what was trained on, and the figures say so.
    """
    sounds, side = (data.held_out, "held_out") if data.held_out else (data.train, "trained_on")
    shown = [sounds[i] for i in torch.linspace(0, len(sounds) - 1, min(SHOWN, len(sounds))).long().tolist()]
    frames = event_frames(trainer.size)
    grains, events = trainer.grains.average, trainer.events.average
    paths = paths_of(grains, shown, frames, trainer.device)
    recorded = torch.from_numpy(np.stack([cut(sound.samples, 0, frames * HOP_LENGTH) for sound in shown]))
    z, loudness, onset = paths.z[0], paths.loudness_db[0], paths.onset[0]
    notes = [sound.note for sound in shown]
    from_grains = trainer.play(z, loudness, notes)
    place, log_variance = events.encoder.whole(z, loudness, onset)
    age = torch.arange(frames, device=z.device)[None, :, None].expand(len(z), -1, -1).float()
    path, level = events.decoder(place.expand(-1, frames, -1), age)
    from_places = trainer.play(path, level, notes)
    every = places_of(events, trainer.paths_recorded())
    variances = every.var(0, correction=0)
    centre, spread = events.priors(trainer.classes_of(shown))
    nats = divergence(place, log_variance, centre, spread).mean((0, 1))
    figures = {
        f"grains/loss/{side}": float(hit_loss(from_grains, recorded, FFT_SIZES)),
        f"events/loss/{side}": float(hit_loss(from_places, recorded, FFT_SIZES)),
        "events/active_numbers": float((variances > ACTIVE).sum()),
        "events/nats": float(nats.sum()),
        **{f"events/nats_of_number/{i:02d}": float(value) for i, value in enumerate(nats)},
    }
    made = {"recorded": recorded, "from_grains": from_grains, "from_places": from_places}
    flat = {name: sound.flatten().cpu() for name, sound in made.items()}
    pictures = {
        name: above_each_other(spectrogram_picture(flat["recorded"], 2), spectrogram_picture(flat[name], 2))
        for name in ("from_grains", "from_places")
    }
    pictures["map"] = map_picture(every.cpu(), [sound.label for sound in data.train])
    return Measured(figures, pictures, {name: (sound, SAMPLE_RATE) for name, sound in flat.items()})
