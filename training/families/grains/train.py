"""Trains a model of grains in two stages: grains first, then whole events on top of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...hits.data import HitsData
from ...hits.hearing import SILENT_DB
from ...hits.losses import (
    FFT_SIZES,
    attack_loss,
    divergence,
    frequency_loss,
    hit_loss,
    tone_losses,
    with_silence,
)
from ...hits.partial_tracks import stack
from ...hits.sounds import Sound, cut, shares
from ...hits.voice import HOP_LENGTH, TRANSIENT_FRAMES, Parts
from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Net, Stage, Trainer
from ...streaming.contract import State
from .changed_paths import changed_paths
from .events import Events, event_frames
from .excerpts import CONTEXT_FRAMES, draw_excerpts
from .grains import Grains
from .harmonics import harmonic_losses
from .losses import first_onsets_losses
from .paths import UNIT_SEMITONES, Paths, paths_of
from .settings import GrainsSettings, GrainsSize
from .sound_map import LATENTS, PLACES, places_of, typical_latents

GRAINS, EVENTS = "grains", "events"
WARM_STEPS, LOWEST_RATE = 50, 0.05
SCALES_A_STEP = 3
ONSET_WEIGHT, FREQUENCY_WEIGHT, ATTACK_WEIGHT = 0.3, 2.0, 0.15
TONE_WEIGHT, SURPLUS_WEIGHT, HISS_WEIGHT = 0.2, 0.2, 0.2
PATH_WEIGHT, LEVEL_WEIGHT = 0.3, 0.5
CLASS_KNOWN = 0.5
"""How often the grains' decoder is told the class, so that it plays with and without."""

CHANGED_PATHS, CHANGED_MOMENTS = 64, 48
"""How many changed paths events learn from in a step, and of each how many moments."""

SET_IN_FRAMES = 2
"""Played before an excerpt that begins within a sound, for the voice to set in."""


class GrainsTrainer(Trainer):
    """Lets grains learn, then events."""

    def __init__(
        self, data: HitsData, settings: GrainsSettings, size: GrainsSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.size, self.device = data, settings, size, torch.device(device)
        self.grains = self._learner(GRAINS, Grains(size, len(data.classes)))
        self.events = self._learner(EVENTS, Events(size, len(data.classes)))
        first = math.ceil(settings.grains * settings.steps)
        stages = [Stage(GRAINS, first), Stage(EVENTS, settings.steps - first)]
        super().__init__(settings.seed, stages, [self.grains, self.events])
        self.sounds = [*data.train, *data.changed]
        self.shares = shares(self.sounds)
        self._paths: Paths | None = None

    def _learner(self, name: str, module: Net) -> Learner[Net]:
        module.to(self.device)
        optimiser = torch.optim.Adam(module.parameters(), self.settings.learning_rate, (0.9, 0.98))
        return Learner(name, module, optimiser, largest_gradient=3.0)

    def begin(self) -> None:
        """Let the transients begin as what onsets have in common: their strongest principal components."""
        onsets = np.stack([cut(s.samples, 0, TRANSIENT_FRAMES * HOP_LENGTH) for s in self.data.train])
        onsets = onsets / (np.linalg.norm(onsets, axis=1, keepdims=True) + 1e-6)
        _, _, rows = np.linalg.svd(onsets, full_matrices=False)
        waves = torch.from_numpy(rows[: self.size.transients].astype(np.float32)).to(self.device)
        for module in (self.grains.module, self.grains.average):
            module.voice.begin(waves)

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        torch.manual_seed(int(random.integers(1 << 30)))
        learner = self.grains if self.stage == GRAINS else self.events
        set_rate(learner.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        return self._grains(random) if self.stage == GRAINS else self._events(random)

    def _grains(self, random: np.random.Generator) -> dict[str, float]:
        chosen = self._choose(random, self.settings.batch)
        model, frames = self.grains.module, self.settings.excerpt_frames
        lag, lead = model.voice.lag_frames, model.voice.lead_frames
        excerpts = draw_excerpts([self.sounds[i] for i in chosen], frames + lag, random)
        hops = excerpts.sound.to(self.device).unflatten(1, (-1, HOP_LENGTH))
        heard, _ = model.encoder(hops, model.encoder.initial_state(len(hops)))
        # The encoder needs more time than the voice.
        hops, begins, mean, log_variance, loudness, onset = (
            each[:, CONTEXT_FRAMES - lead :] for each in (hops, excerpts.begins.to(self.device), *heard)
        )
        trigger = torch.where(begins.amax(1, keepdim=True) > 0, begins, onset)
        classes = self._told(chosen, random).expand(-1, mean.shape[1], -1)
        midi = None if excerpts.midi is None else excerpts.midi[:, CONTEXT_FRAMES - lead :].to(self.device)
        parts = model.decoder(_drawn(mean, log_variance), loudness, classes, midi)
        (determined, noise), _ = model.voice((parts, trigger), self._voice_state(model, random))
        made = (determined + noise)[:, lead + lag :].flatten(1)
        wanted = hops[:, lead : lead + frames].flatten(1)
        losses = {
            "sound": hit_loss(made, wanted, self._scales(random)),
            "nats": divergence(mean, log_variance)[:, lead:].sum(-1).mean(),
        }
        loss = losses["sound"]
        if isinstance(parts, Parts):
            waves, attack = first_onsets_losses(determined, noise, hops, trigger)
            losses |= {"onset": waves, "attack": attack}
            loss = loss + ONSET_WEIGHT * waves + ATTACK_WEIGHT * attack
            parts, targets = parts.rows(slice(lead, None)), excerpts.targets.to(self.device)
            if midi is None:
                losses["octaves"] = frequency_loss(parts.f_hz, targets.f_hz, targets.weights)
                loss = loss + FREQUENCY_WEIGHT * losses["octaves"]
                tones, surplus, hiss = tone_losses(parts, targets)
            else:
                tones, surplus, hiss = harmonic_losses(parts, hops[:, lead:].flatten(1), midi[:, lead:])
            losses |= {"tones": tones, "surplus": surplus, "hiss": hiss}
            loss = loss + TONE_WEIGHT * tones + SURPLUS_WEIGHT * surplus + HISS_WEIGHT * hiss
        return self.learn(loss + self.settings.grain_weight * losses["nats"], GRAINS, parts=losses)

    def _events(self, random: np.random.Generator) -> dict[str, float]:
        paths, grains, events = self.paths(), self.grains.average, self.events.module
        frames = self.settings.excerpt_frames
        chosen = self._choose(random, self.settings.batch)
        heard = paths.of(int(random.integers(paths.variants)), chosen)
        mean, log_variance = events.encoder.whole(*heard)
        centre, spread = events.priors(self.classes_of([self.sounds[i] for i in chosen]))
        place = _drawn(mean, log_variance)
        begin = self._begin_within(chosen, random)
        lag = grains.voice.lag_frames
        set_in = max(SET_IN_FRAMES, lag)
        early = np.maximum(begin - set_in, 0)
        ages = early[:, None] + np.arange(frames + set_in + lag)
        age = torch.from_numpy(ages).to(self.device)[..., None]
        z, loudness = events.decoder(place.expand(-1, ages.shape[1], -1), age.float())
        wanted_z, wanted_loudness, _ = (
            x.gather(1, age.clamp_max(x.shape[1] - 1).expand(-1, -1, x.shape[2])) for x in paths.of(0, chosen)
        )
        latents, midi = self.with_notes(z, [self.sounds[i].note for i in chosen])
        parts = grains.decoder(
            latents, loudness, self._told(chosen, random).expand(-1, ages.shape[1], -1), midi
        )
        (determined, noise), _ = grains.voice(
            (parts, (age == 0).to(z.dtype)), self._voice_state(grains, random)
        )
        first = torch.from_numpy(begin - early + lag).to(self.device)[:, None, None]
        rows = (first + torch.arange(frames, device=self.device)[:, None]).expand(-1, -1, HOP_LENGTH)
        made = (determined + noise).gather(1, rows).flatten(1)
        wanted = self._cut(chosen, begin, frames)
        attacks = torch.from_numpy(begin == 0).to(self.device)
        path, level = _path_losses(z, loudness, wanted_z, wanted_loudness)
        led = [with_silence(x, attacks) for x in (made, wanted)]
        losses = {
            "sound": hit_loss(led[0], led[1], self._scales(random)),
            "path": path,
            "level": level,
            "changed": self._changed_paths(random),
            "nats": divergence(mean, log_variance, centre, spread).sum(-1).mean(),
        }
        loss = losses["sound"] + PATH_WEIGHT * path + LEVEL_WEIGHT * level + losses["changed"]
        if isinstance(parts, Parts):
            if midi is None:
                targets = stack([self.sounds[i].tracks for i in chosen], ages, np.ones(len(chosen)))
                tones, surplus, hiss = tone_losses(parts, targets.to(self.device))
            else:
                whole = self._cut(chosen, early, ages.shape[1])
                tones, surplus, hiss = harmonic_losses(parts, whole, midi)
            attack = attack_loss(made[attacks], wanted[attacks])
            losses |= {"attack": attack, "tones": tones, "surplus": surplus, "hiss": hiss}
            loss = loss + ATTACK_WEIGHT * attack + TONE_WEIGHT * tones
            loss = loss + SURPLUS_WEIGHT * surplus + HISS_WEIGHT * hiss
        return self.learn(loss + self.settings.event_weight * losses["nats"], EVENTS, parts=losses)

    def _cut(self, chosen: NDArray[np.int64], first: NDArray[np.int64], frames: int) -> Tensor:
        """Take so many frames of sounds: (B, T)."""
        starts = (first * HOP_LENGTH).tolist()
        parts = [
            cut(self.sounds[i].samples, start, frames * HOP_LENGTH)
            for i, start in zip(chosen, starts, strict=True)
        ]
        return torch.from_numpy(np.stack(parts)).to(self.device)

    def _changed_paths(self, random: np.random.Generator) -> Tensor:
        """Loss of paths that no sound has, which cost no sound to compare."""
        events, chosen = self.events.module, self._choose(random, CHANGED_PATHS)
        labels = np.array([sound.label for sound in self.sounds])
        partners = np.array([random.choice(np.flatnonzero(labels == labels[i])) for i in chosen])
        heard, (wanted_z, wanted_loudness, _) = changed_paths(self.paths(), chosen, partners, random)
        mean, log_variance = events.encoder.whole(*heard)
        centre, spread = events.priors(self.classes_of([self.sounds[i] for i in chosen]))
        # More of the moments lie early, where more happens.
        ages = np.floor(random.random((len(chosen), CHANGED_MOMENTS)) ** 2 * wanted_z.shape[1])
        age = torch.from_numpy(ages).to(self.device)[..., None]
        place = _drawn(mean, log_variance).expand(-1, CHANGED_MOMENTS, -1)
        z, loudness = events.decoder(place, age.float())
        rows = age.long()
        path, level = _path_losses(
            z,
            loudness,
            wanted_z.gather(1, rows.expand(-1, -1, wanted_z.shape[2])),
            wanted_loudness.gather(1, rows),
        )
        nats = divergence(mean, log_variance, centre, spread).sum(-1).mean()
        return PATH_WEIGHT * path + LEVEL_WEIGHT * level + self.settings.event_weight * nats

    def paths(self) -> Paths:
        """The series of grains of what is learned from, as the first stage left its encoder."""
        if self._paths is None:
            self._paths = paths_of(self.grains.average, self.sounds, event_frames(self.size), self.device)
        return self._paths

    def paths_recorded(self) -> Paths:
        """The same of the recorded sounds alone, at any time."""
        if self.stage == EVENTS:
            return self.paths().of_first(len(self.data.train))
        return paths_of(self.grains.average, self.data.train, event_frames(self.size), self.device)

    def tensors(self) -> dict[str, Tensor]:
        """Beside what all trainers keep, where the sounds lie, for the map in the exports."""
        paths = self.paths_recorded()
        places = places_of(self.events.average, paths)
        return super().tensors() | {
            PLACES: places.cpu().contiguous(),
            LATENTS: typical_latents(paths, self.size.latents).cpu().contiguous(),
        }

    def classes_of(self, sounds: Sequence[Sound]) -> Tensor:
        """Weights of classes (B, 1, K), one for each sound's own; K is 0 where there are none."""
        labels = torch.tensor([sound.label for sound in sounds])
        count = len(self.data.classes)
        return F.one_hot(labels, max(count, 1)).float()[:, None, :count].to(self.device)

    def with_notes(self, z: Tensor, notes: Sequence[float]) -> tuple[Tensor, Tensor | None]:
        """Split what paths (B, N, Z + 1) say of sounds of these notes into places and pitches; other voices have none."""
        if not self.grains.module.decoder.pitched:
            return z, None
        z, beside = z[..., :-1], z[..., -1:]
        return z, torch.tensor(notes, device=z.device)[:, None, None] + UNIT_SEMITONES * beside

    @torch.no_grad()
    def play(self, z: Tensor, loudness_db: Tensor, notes: Sequence[float]) -> Tensor:
        """Play paths (B, N, ...) of no class, struck in their first frame, with the averaged weights: (B, T)."""
        model, lag = self.grains.average, self.grains.average.voice.lag_frames
        z = F.pad(z, (0, 0, 0, lag))
        loudness_db = F.pad(loudness_db, (0, 0, 0, lag), value=SILENT_DB)
        trigger = torch.zeros_like(loudness_db)
        trigger[:, 0] = 1.0
        z, midi = self.with_notes(z, notes)
        parts = model.decoder(z, loudness_db, z.new_zeros(*z.shape[:2], len(self.data.classes)), midi)
        (determined, noise), _ = model.voice((parts, trigger), model.voice.initial_state(len(z)))
        return (determined + noise)[:, lag:].flatten(1).cpu()

    def _choose(self, random: np.random.Generator, count: int) -> NDArray[np.int64]:
        return random.choice(len(self.sounds), count, p=self.shares)

    def _told(self, chosen: NDArray[np.int64], random: np.random.Generator) -> Tensor:
        """Weights of classes (B, 1, K): of some sounds their class, of the others nothing."""
        told = torch.from_numpy(random.random(len(chosen)) < CLASS_KNOWN).to(self.device)
        return self.classes_of([self.sounds[i] for i in chosen]) * told[:, None, None]

    def _begin_within(self, chosen: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Frames at which excerpts begin: half at the onset, the others anywhere that sounds, after the transients."""
        lengths = np.array([len(self.sounds[i].samples) // HOP_LENGTH for i in chosen])
        room = np.maximum(lengths - self.settings.excerpt_frames // 4, 1)
        begin = (random.random(len(chosen)) * room).astype(np.int64)
        begin[: len(chosen) // 2] = 0
        return np.where(begin < TRANSIENT_FRAMES, 0, begin)

    def _voice_state(self, model: Grains, random: np.random.Generator) -> State:
        """A voice at rest, whose noise begins anywhere."""
        start = torch.from_numpy(random.integers(0, 1 << 30, (self.settings.batch, 1, 1)))
        state, counter = model.voice.initial_state(self.settings.batch), model.voice.counter
        return state | {counter: start.to(self.device).reshape(state[counter].shape)}

    def _scales(self, random: np.random.Generator) -> list[int]:
        fitting = [n for n in FFT_SIZES if n < self.settings.excerpt_frames * HOP_LENGTH]
        return [int(n) for n in random.choice(fitting, SCALES_A_STEP, replace=False)]


def _path_losses(
    z: Tensor, loudness: Tensor, wanted_z: Tensor, wanted_loudness: Tensor
) -> tuple[Tensor, Tensor]:
    """Compare places (B, N, Z), where they are heard, and levels (B, N, 1)."""
    audible = ((wanted_loudness + 70.0) / 40.0).clamp(0.0, 1.0)
    path = (audible * (z - wanted_z).square().mean(-1, keepdim=True)).mean()
    return path, ((loudness - wanted_loudness).abs() / 10.0).mean()


def _drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


make_trainer = GrainsTrainer
