"""Trains a timbre model on recordings of one instrument.

Two lessons. First the decoder is taught levels: harmonics and noise as read off each frame's spectrum, without making a
sound, which is fast. Then it listens: sound is made and compared by a multi-scale spectral loss, and the room is learned.
"""

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
from torch import Tensor

from ...analysis.bundled_weights import load_analyzer
from ...data.recordings import find_recordings, split_recordings
from ...dsp.reverb import convolve
from ...dsp.units import DB, hz_to_midi
from ...errors import RecordingsError
from ...loop.run import Run
from ...loop.spectral_losses import FFT_SIZES, level_loss, loudness_loss, multi_scale_spectral_loss
from ...loop.trainer import Trainer, train_until
from ...streaming.contract import Carry
from .features import Features, features_of
from .logs import TimbreLogs
from .model import Instrument, TimbreSize

SAMPLE_RATE, HOP_LENGTH = 48000, 128
SHORTEST_S = 10.0
LISTEN_SIZES_A_STEP = 3
ROOM_RATE = 0.5
DYNAMICS_DB = 8.0
ELSEWHERE_SEMITONES, ELSEWHERE_DB = 12.0, 12.0


@dataclass(frozen=True)
class TimbreTraining:
    """Settings of a training run; the run's folder remembers them.

    Attributes
    ----------
    steps : int
        Optimiser steps in all.
    taught : float
        Share of the steps spent on levels before listening begins, 0..1.
    batch, excerpt_frames : int
        Excerpts per listening step, and frames in each (375 a second). Level steps take four times as many.
    seed : int
    """

    steps: int = 2600
    taught: float = 0.6
    batch: int = 6
    excerpt_frames: int = 300
    learning_rate: float = 3e-3
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """What a caller may show: the step done of how many, the lesson, the last loss, steps a second."""

    step: int
    steps: int
    lesson: str
    loss: float
    rate: float


def gather_features(
    recordings: Path, size: TimbreSize, report: Callable[[str, int, int], None] = lambda *_: None
) -> tuple[Features, Features, list[str]]:
    """Return features to train on, features held out, and sentences about recordings left out.

    Raises
    ------
    RecordingsError
        If there is less than ten seconds that sounds, in all.
    """
    train, held_out = split_recordings(find_recordings(recordings))
    analyzer, left_out = load_analyzer(), []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small products, one after another: a second thread only waits
    parts: dict[bool, list[Features]] = {True: [], False: []}
    every = [(p, True) for p in train] + [(p, False) for p in held_out]
    for i, (path, for_training) in enumerate(every):
        report(path.name, i, len(every))
        try:
            features = features_of(path, analyzer, size.harmonic_rows * size.harmonic_columns, size.bands)
        except RecordingsError as error:
            left_out.append(str(error))
            continue
        if features.loudness_db.max() < -70.0:
            left_out.append(f"{path} is silent; left out.")
            continue
        parts[for_training].append(features)
    torch.set_num_threads(threads)
    if not parts[True]:
        raise RecordingsError(f"{recordings} holds no recording that sounds: {'; '.join(left_out[:3])}")
    whole = Features.concatenate(parts[True])
    seconds = float((whole.loudness_db > -70.0).sum()) * HOP_LENGTH / SAMPLE_RATE
    if seconds < SHORTEST_S:
        raise RecordingsError(
            f"{recordings} holds {seconds:.1f} s of sound; at least {SHORTEST_S:.0f} s are needed,"
            " and ten minutes or more are good."
        )
    if not (whole.voicing > 0.5).mean() > 0.05:
        raise RecordingsError(
            f"{recordings} holds hardly any pitched sound; timbre transfer needs a pitched, monophonic instrument."
        )
    return whole, Features.concatenate(parts[False] or parts[True][-1:]), left_out


def trained_range(features: Features) -> dict[str, tuple[float, float, float]]:
    """The 5th, 50th and 95th percentile of pitch and loudness where the instrument sounds."""
    sounding = (features.voicing > 0.5) & (features.loudness_db > features.loudness_db.max() - 40.0)
    chosen = {"f0_hz": features.f0_hz[sounding], "loudness_db": features.loudness_db[sounding]}
    return {
        name: (float(low), float(median), float(high))
        for name, (low, median, high) in ((k, np.percentile(v, [5, 50, 95])) for k, v in chosen.items())
    }


def scores(features: Features, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return f0 (B, N, 1) and score (B, N, 5) of the frames ``rows`` (B, N)."""
    f0 = torch.from_numpy(features.f0_hz[rows])[:, :, None]
    heard = torch.from_numpy(np.stack([features.loudness_db[rows], features.voicing[rows]], -1))
    return f0, torch.cat([hz_to_midi(f0), heard, torch.zeros_like(heard)], -1)


def render(
    instrument: Instrument, f0: Tensor, score: Tensor, noise_from: Tensor, told: Tensor | None = None
) -> Tensor:
    """Play excerpts from a state of rest: (B, N * hop_length).

    The same as the instrument's own forward at full reverb, but with the room as one long convolution, which trains faster.

    Parameters
    ----------
    f0 : (B, N, 1) Hz
    score : (B, N, 5), see `training.families.timbre.model.Decoder`.
    noise_from : (B, 1, 1) where the noise counters begin.
    told : (B, N, 5) what the decoder's network is told instead of the score, in training.
    """
    synthesizer = instrument.synthesizer
    decoder = instrument.decoder
    nepers, _ = decoder.nepers(score, decoder.initial_state(len(score)), told)
    harmonics, noise = nepers.exp().split([decoder.harmonics, decoder.bands], -1)
    state = synthesizer.initial_state(len(score)) | {"noise.spectra.counter": noise_from}
    dry = synthesizer.dry(Carry(synthesizer, state), f0, harmonics, noise).flatten(1)
    return dry + convolve(dry, synthesizer.room.impulse_response)


class TimbreTrainer(Trainer):
    """Holds the instrument, its slowly following average and the optimiser; `step` is one step.

    What a step does depends on its number and the seed alone, so that a run that was stopped goes on exactly.
    """

    def __init__(
        self, features: Features, settings: TimbreTraining, size: TimbreSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.size, self.device = settings, size, torch.device(device)
        self.features = features
        self.instrument = Instrument(SAMPLE_RATE, HOP_LENGTH, size).to(self.device)
        self.average = Instrument(SAMPLE_RATE, HOP_LENGTH, size).to(self.device)
        room = self.instrument.synthesizer.room.impulse_response
        others = [p for p in self.instrument.parameters() if p is not room]
        # Adam moves each tap as far as any weight: at the full rate the room begins as noise.
        groups = [{"params": others, "share": 1.0}, {"params": [room], "share": ROOM_RATE}]
        optimiser = torch.optim.Adam(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        super().__init__("instrument", self.instrument, self.average, optimiser, largest_gradient=3.0)
        sounding = features.loudness_db > -70.0
        starts = np.flatnonzero(sounding[: max(1, features.frames - settings.excerpt_frames)])
        self.starts = starts if len(starts) else np.zeros(1, np.int64)

    @property
    def lesson(self) -> str:
        """Which lesson the next step belongs to."""
        return "levels" if self.done < self.settings.taught * self.settings.steps else "listening"

    def step(self) -> float:
        """Do one step and return its loss."""
        random = np.random.default_rng([self.settings.seed, self.done])
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate() * group["share"]
        loss = self._levels(random) if self.lesson == "levels" else self._listening(random)
        self.learn(loss)
        return float(loss.detach())

    def _learning_rate(self) -> float:
        """Each lesson warms up and falls along a cosine; listening goes more carefully."""
        s = self.settings
        border = s.taught * s.steps
        if self.lesson == "levels":
            share, top = self.done / max(border, 1), s.learning_rate
        else:
            share, top = (self.done - border) / max(s.steps - border, 1), s.learning_rate * 0.4
        warm = min(1.0, (self.done + 1) / 50)
        return top * warm * (0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))))

    def _excerpts(self, random: np.random.Generator, count: int) -> np.ndarray:
        """Draw excerpts that begin where something sounds: numbers of frames (count, N)."""
        frames = min(self.settings.excerpt_frames, self.features.frames)
        first = np.minimum(random.choice(self.starts, count), self.features.frames - frames)
        return first[:, None] + np.arange(frames)

    def _as_another_player(self, score: Tensor, random: np.random.Generator) -> Tensor:
        """What the decoder is told in training: the score as other players' gestures might have made it.

        Small wiggles of loudness, pitch and voicing give the recorded player away, and so does the course of the dynamics.
        The levels still follow the true loudness: a tone stays itself under dynamics that its instrument never had.
        """
        count, frames = score.shape[:2]
        width = int(random.integers(1, 24))
        midi, loudness, voicing, gains = score.split([1, 1, 1, 2], -1)
        padded = torch.nn.functional.pad(loudness.transpose(1, 2), (width - 1, 0), mode="replicate")
        loudness = torch.nn.functional.avg_pool1d(padded, width, 1).transpose(1, 2)

        def drawn(size: float, *shape: int) -> Tensor:
            return self._tensor(random.normal(0.0, size, shape))

        loudness = loudness + drawn(0.7, count, frames, 1) + self._dynamics(count, frames, random)
        midi = midi + drawn(0.25, count, 1, 1) + drawn(0.1, count, frames, 1)
        sure = torch.from_numpy(random.random((count, 1, 1)) < 0.5).to(self.device)
        voicing = torch.where(sure, (voicing > 0.5).float(), voicing)
        return torch.cat([midi, loudness, voicing, gains], -1)

    def _dynamics(self, count: int, frames: int, random: np.random.Generator) -> Tensor:
        """Draw slow changes of loudness in dB (B, N, 1), large for some excerpts and small for others."""
        time = np.arange(frames) / frames
        waves = np.zeros((count, frames))
        for k in range(4):
            phase = random.uniform(0.0, 2 * np.pi, (count, 1)) * (k > 0)
            waves += random.normal(0.0, 1 / (1 + 0.5 * k), (count, 1)) * np.cos(np.pi * k * time + phase)
        depth = DYNAMICS_DB * (random.random((count, 1)) < 0.6) * random.random((count, 1))
        change = waves * depth + random.normal(0.0, 1.0, (count, 1))
        return self._tensor(change[:, :, None])

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)

    def _levels(self, random: np.random.Generator) -> Tensor:
        rows = self._excerpts(random, 4 * self.settings.batch)
        f0, score = (x.to(self.device) for x in scores(self.features, rows))
        decoder = self.instrument.decoder
        made, _ = decoder.nepers(
            score, decoder.initial_state(len(rows)), self._as_another_player(score, random)
        )
        tones = torch.from_numpy(self.features.harmonics[rows]).to(self.device).float()
        bands = torch.from_numpy(self.features.bands[rows]).to(self.device).float()
        below = f0 * self.instrument.synthesizer.oscillator.numbers < 0.46 * SAMPLE_RATE
        loudness, voicing = score[:, :, 1:2], score[:, :, 2:3]
        heard = (loudness > -75.0).float()
        count = tones.shape[-1]
        pitched = level_loss(made[:, :, :count], tones, voicing * heard * below)
        return pitched + 0.5 * level_loss(made[:, :, count:], bands, heard)

    def _listening(self, random: np.random.Generator) -> Tensor:
        rows = self._excerpts(random, self.settings.batch)
        f0, score = (x.to(self.device) for x in scores(self.features, rows))
        hop = np.arange(HOP_LENGTH)
        sound = self.features.audio[(rows[:, :, None] * HOP_LENGTH + hop).reshape(len(rows), -1)]
        wanted = torch.from_numpy(sound).to(self.device)
        noise_from = torch.from_numpy(random.integers(0, 1 << 30, (len(rows), 1, 1))).to(self.device)
        made = render(self.instrument, f0, score, noise_from, self._as_another_player(score, random))
        sizes = [int(n) for n in random.choice(FFT_SIZES, LISTEN_SIZES_A_STEP, replace=False)]
        loss = multi_scale_spectral_loss(made, wanted, sizes)
        loss = loss + loudness_loss(made, wanted, torch.zeros_like(wanted[:, :1]), SAMPLE_RATE)
        few = slice(0, (len(rows) + 1) // 2)
        return loss + self._loudness_elsewhere(f0[few], score[few], wanted[few], noise_from[few], random)

    def _loudness_elsewhere(
        self, f0: Tensor, score: Tensor, wanted: Tensor, noise_from: Tensor, random: np.random.Generator
    ) -> Tensor:
        """Ask for other pitches and levels than were recorded: how that sounds nobody knows, but how loud it must be."""
        semitones, louder = (
            self._tensor(random.uniform(-most, most, (len(score), 1, 1)))
            for most in (ELSEWHERE_SEMITONES, ELSEWHERE_DB)
        )
        nothing = torch.zeros_like(score[:, :, :2])
        moved = torch.cat(
            [score[:, :, :1] + semitones, score[:, :, 1:2] + louder, score[:, :, 2:3], nothing], -1
        )
        made = render(self.instrument, f0 * (semitones * (math.log(2) / 12)).exp(), moved, noise_from)
        return loudness_loss(made, wanted, louder[:, :, 0] * DB, SAMPLE_RATE)


def train_timbre(
    recordings: Path,
    out: Path,
    settings: TimbreTraining | None = None,
    size: TimbreSize | None = None,
    device: str | None = None,
    on_features: Callable[[str, int, int], None] = lambda *_: None,
    on_step: Callable[[Progress], None] = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train a timbre model, or go on with one, and return the run's folder.

    Stops cleanly on KeyboardInterrupt with a checkpoint written; calling it again goes on where it was, also after a kill.

    Parameters
    ----------
    recordings : Path
        A folder of recordings of one monophonic, pitched instrument, nested or not.
    out : Path
        The run's folder, new or begun with the same settings.
    device : "cpu", "cuda" or None for CUDA where there is one.

    Raises
    ------
    RecordingsError, RunError
    """
    settings, size = settings or TimbreTraining(), size or TimbreSize()
    torch.set_flush_denormal(True)  # numbers that are nearly zero cost many times as much
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    config: dict[str, Any] = {"family": "timbre", "recordings": str(recordings.resolve())}
    config |= {"settings": vars(settings).copy(), "size": size.asdict()}
    find_recordings(recordings)
    run = Run(out, config)
    features, held_out, left_out = gather_features(recordings, size, on_features)
    for sentence in left_out:
        on_warning(sentence)
    trainer = TimbreTrainer(features, settings, size, device)
    if checkpoint := run.latest():
        tensors, facts = checkpoint
        trainer.restore(tensors, facts["step"])
    facts = {
        "trained": trained_range(features),
        "seconds": features.frames * HOP_LENGTH / SAMPLE_RATE,
        "held_out_seconds": held_out.frames * HOP_LENGTH / SAMPLE_RATE,
    }
    with closing(TimbreLogs(run.logs, held_out, trainer)) as logs:

        def step() -> None:
            began, lesson = time.monotonic(), trainer.lesson
            loss = trainer.step()
            rate = 1 / max(time.monotonic() - began, 1e-9)
            on_step(Progress(trainer.done, settings.steps, lesson, loss, rate))
            logs.after_step(lesson, loss, rate)

        train_until(settings.steps, trainer, step, run, lambda: facts)
    return out
