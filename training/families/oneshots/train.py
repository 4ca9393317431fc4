"""Trains a model of one-shots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...hits.harmonic_tracks import HarmonicTracks, harmonic_losses
from ...hits.losses import FFT_SIZES, divergence, frequency_loss, hit_loss, tone_losses, with_silence
from ...hits.partial_tracks import stack
from ...hits.sounds import Sound, cut, shares
from ...hits.voice import HOP_LENGTH, TRANSIENT_FRAMES, Parts
from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from ...streaming.contract import State
from .data import OneshotsData
from .decoder import Oneshots
from .encoder import Spectrogram, event_frames
from .losses import attack_loss, drawn, free_share, in_bands
from .settings import OneshotsSettings, OneshotsSize

PLACES = "map.places"
WARM_STEPS, LOWEST_RATE = 50, 0.05
SCALES_A_STEP = 3
ATTACK_WEIGHT, FREQUENCY_WEIGHT, STRAY_WEIGHT = 0.3, 2.0, 1.0
TONE_WEIGHT, SURPLUS_WEIGHT, HISS_WEIGHT, FREE_WEIGHT = 0.2, 0.2, 0.2, 0.1
OFFSETS = (0, 32, 64, 96)
"""Samples of a frame at which sounds begin when they are heard, so that the encoder knows all."""

NOTES_OF_NONE = (36.0, 84.0)
"""Sounds without a note are told any of these, so that they do not depend on it."""

SET_IN_FRAMES = 2
"""Played before an excerpt that begins within a sound, for the voice to set in."""

AT_ONCE = 4
"""Heard at once; more do not fit the cache of a processor, and take twice as long."""


class OneshotsTrainer(Trainer):
    """Lets encoder, decoder and voice learn together, from parts of sounds."""

    def __init__(
        self, data: OneshotsData, settings: OneshotsSettings, size: OneshotsSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.size, self.device = data, settings, size, torch.device(device)
        model = Oneshots(size, len(data.classes), data.pitched).to(self.device)
        optimiser = torch.optim.Adam(model.parameters(), settings.learning_rate, (0.9, 0.98))
        self.learner = Learner("model", model, optimiser, largest_gradient=3.0)
        super().__init__(settings.seed, [Stage("learning", settings.steps)], [self.learner])
        self.sounds = [*data.train, *data.changed]
        self.shares = shares(self.sounds)
        self.frames = event_frames(size)
        self._tracks: dict[int, HarmonicTracks] = {}
        # What the encoder sees of a sound has no weights in it, so that it is computed once.
        recorded = torch.stack([self.see(data.train, offset) for offset in OFFSETS])
        changed = self.see(data.changed).expand(len(OFFSETS), -1, -1, -1)
        self.seen = torch.cat([recorded, changed], 1)

    def begin(self) -> None:
        """Let the transients begin as what onsets have in common: their strongest principal components."""
        onsets = np.stack([cut(s.samples, 0, TRANSIENT_FRAMES * HOP_LENGTH) for s in self.data.train])
        onsets = onsets / (np.linalg.norm(onsets, axis=1, keepdims=True) + 1e-6)
        _, _, rows = np.linalg.svd(onsets, full_matrices=False)
        waves = torch.from_numpy(rows[: self.size.transients].astype(np.float32)).to(self.device)
        for module in (self.learner.module, self.learner.average):
            module.voice.transients.waves.data[: len(waves)] = waves

    @torch.no_grad()
    def see(self, sounds: Sequence[Sound], offset: int = 0) -> Tensor:
        """What the encoder sees of whole sounds, begun so many samples late: (S, SLOTS, bands)."""
        spectrogram = Spectrogram(self.frames).to(self.device)
        seen = torch.zeros(len(sounds), *spectrogram.shape, device=self.device)
        for first in range(0, len(sounds), AT_ONCE):
            group = sounds[first : first + AT_ONCE]
            # After the longest of them there is silence, which adds nothing.
            hops = min(max(len(sound.samples) for sound in group) // HOP_LENGTH + 2, self.frames)
            whole = np.stack([cut(sound.samples, -offset, hops * HOP_LENGTH) for sound in group])
            seen[first : first + AT_ONCE] = spectrogram.whole(
                torch.from_numpy(whole).to(self.device).unflatten(1, (-1, HOP_LENGTH))
            )
        return seen

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        torch.manual_seed(int(random.integers(1 << 30)))
        set_rate(self.learner.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        model, frames = self.learner.module, self.settings.excerpt_frames
        chosen = random.choice(len(self.sounds), self.settings.batch, p=self.shares)
        sounds = [self.sounds[i] for i in chosen]
        mean, log_variance = model.encoder.place(self.seen[int(random.integers(len(OFFSETS))), chosen])
        centre, spread = model.priors(self.classes_of(sounds))
        begin = self._begin_within(sounds, random)
        early = np.where(begin > 0, begin - SET_IN_FRAMES, 0)
        age = torch.from_numpy(early[:, None] + np.arange(frames + SET_IN_FRAMES)).to(self.device)[..., None]
        place = drawn(mean, log_variance)[:, None].expand(-1, age.shape[1], -1)
        notes = self.notes_of(sounds, random, age.shape[1])
        parts = model.decoder(place, age.float(), notes)
        (determined, noise), _ = model.voice((parts, (age == 0).float()), self._voice_state(random))
        first = torch.from_numpy(begin - early).to(self.device)[:, None, None]
        rows = first + torch.arange(frames, device=self.device)[:, None]
        determined, noise = (
            sound.gather(1, rows.expand(-1, -1, HOP_LENGTH)).flatten(1) for sound in (determined, noise)
        )
        starts, length = begin * HOP_LENGTH, frames * HOP_LENGTH
        wanted = _stacked([cut(s.samples, start, length) for s, start in zip(sounds, starts, strict=True)])
        wanted = wanted.to(self.device)
        ages = age[..., 0].cpu().numpy()
        targets = stack([sound.tracks for sound in sounds], ages, np.ones(len(sounds)))
        targets, count = targets.to(self.device), self.size.partials
        tones, surplus, hiss = tone_losses(in_bands(parts, count), targets)
        strays = tones.new_zeros(())
        if notes is not None:
            tracks = [self._harmonics(i) for i in chosen.tolist()]
            harmonic = harmonic_losses(parts, tracks, ages, notes)
            tones, strays = tones + harmonic[0], harmonic[1]
            surplus, hiss = surplus + harmonic[2], hiss + harmonic[3]
        early = torch.from_numpy(begin == 0).to(self.device)
        made, led = (with_silence(x, early) for x in (determined + noise, wanted))
        losses = {
            "sound": hit_loss(made, led, self._scales(random)),
            "attack": attack_loss(determined, wanted, torch.from_numpy(begin)),
            "octaves": frequency_loss(parts.f_hz[..., :count], targets.f_hz, targets.weights),
            "strays": strays,
            "tones": tones,
            "surplus": surplus,
            "hiss": hiss,
            "free": free_share(parts, count, [bool(sound.note) for sound in sounds]),
            "nats": divergence(mean, log_variance, centre, spread).sum(-1).mean(),
        }
        loss = losses["sound"] + ATTACK_WEIGHT * losses["attack"] + FREQUENCY_WEIGHT * losses["octaves"]
        loss = (
            loss
            + STRAY_WEIGHT * strays
            + TONE_WEIGHT * tones
            + HISS_WEIGHT * hiss
            + FREE_WEIGHT * losses["free"]
        )
        return self.learn(loss + self.settings.place_weight * losses["nats"], parts=losses)

    def tensors(self) -> dict[str, Tensor]:
        """Beside what all trainers keep, where the sounds lie, for the map in the exports."""
        return super().tensors() | {PLACES: self.places().cpu().contiguous()}

    @torch.no_grad()
    def places(self) -> Tensor:
        """Where the sounds lie that are learned from as they are recorded: (S, P)."""
        return self.learner.average.encoder.place(self.seen[0, : len(self.data.train)])[0]

    def classes_of(self, sounds: Sequence[Sound]) -> Tensor:
        """Weights of classes (B, K), one for each sound's own; K is 0 where there are none."""
        labels = torch.tensor([sound.label for sound in sounds])
        count = len(self.data.classes)
        return F.one_hot(labels, max(count, 1)).float()[:, :count].to(self.device)

    def notes_of(self, sounds: Sequence[Sound], random: np.random.Generator, frames: int) -> Tensor | None:
        """Notes (B, N, 1) of sounds, and of those that have none any; None for a model without notes."""
        if not self.data.pitched:
            return None
        others = random.uniform(*NOTES_OF_NONE, len(sounds))
        notes = [sound.note or other for sound, other in zip(sounds, others, strict=True)]
        return torch.tensor(notes, dtype=torch.float32, device=self.device)[:, None, None].expand(
            -1, frames, -1
        )

    @torch.no_grad()
    def play(self, places: Tensor, notes: Tensor | None) -> Tensor:
        """Play whole sounds at places (B, P) and notes (B, N, 1) with the averaged weights: (B, T)."""
        model = self.learner.average
        age = torch.arange(self.frames, device=self.device)[None, :, None].expand(len(places), -1, -1)
        parts: Parts = model.decoder(places[:, None].expand(-1, self.frames, -1), age.float(), notes)
        (determined, noise), _ = model.voice(
            (parts, (age == 0).float()), model.voice.initial_state(len(places))
        )
        return (determined + noise).flatten(1).cpu()

    def _begin_within(self, sounds: Sequence[Sound], random: np.random.Generator) -> NDArray[np.int64]:
        """Frames at which excerpts begin: half at the onset, the others anywhere that sounds, after the transients."""
        lengths = np.array([len(sound.samples) // HOP_LENGTH for sound in sounds])
        room = np.maximum(lengths - self.settings.excerpt_frames // 4, 1)
        begin = (random.random(len(sounds)) * room).astype(np.int64)
        begin[: len(sounds) // 2] = 0
        return np.where(begin < TRANSIENT_FRAMES, 0, begin)

    def _harmonics(self, index: int) -> HarmonicTracks:
        """What is measured once of a sound."""
        if index not in self._tracks:
            sound = self.sounds[index]
            self._tracks[index] = HarmonicTracks.of(sound.samples, sound.note, self.size.harmonics)
        return self._tracks[index]

    def _voice_state(self, random: np.random.Generator) -> State:
        """A voice at rest, whose noise begins anywhere."""
        start = torch.from_numpy(random.integers(0, 1 << 30, (self.settings.batch, 1, 1)))
        return self.learner.module.voice.initial_state(self.settings.batch) | {
            "noise.spectra.counter": start.to(self.device)
        }

    def _scales(self, random: np.random.Generator) -> list[int]:
        fitting = [n for n in FFT_SIZES if n < self.settings.excerpt_frames * HOP_LENGTH]
        return [int(n) for n in random.choice(fitting, SCALES_A_STEP, replace=False)]


def _stacked(rows: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(rows))


make_trainer = OneshotsTrainer
