"""Trains the networks of music."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...loop.schedule import set_rate, warm_cosine, warmth
from ...loop.trainer import Learner, Stage, Trainer
from .bands import STEP_FRAMES, STEPS_PER_S
from .chroma import narrowed
from .classic import ClassicTrainer
from .data import MusicData, Song
from .losses import surprise
from .predictor import Predictor
from .settings import MusicSettings, MusicSize
from .tempo import stretches

WARM_STEPS, LOWEST_RATE = 50, 0.02
SONGS, KEPT_ASIDE = "songs.learned.", "songs.kept_aside."
SONGS_CHROMA, KEPT_ASIDE_CHROMA = "songs.learned_chroma.", "songs.kept_aside_chroma."
UNTOLD, TOLD_LATE = 0.25, 0.25
"""Shares of the excerpts whose beat is not told, so that it need not be, and told from some place within on."""

OWN_AFTER = 0.3
"""Share of the training after which the network hears some of its own guesses."""

SONGS_ALONE, ITSELF = "songs", "itself"


class MusicTrainer(Trainer):
    """Lets the network learn what follows, from excerpts of songs that begin at any of their spectra."""

    def __init__(
        self, data: MusicData, settings: MusicSettings, size: MusicSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.size, self.device = data, settings, size, torch.device(device)
        predictor = Predictor(size, settings.dropout).to(self.device)
        optimiser = torch.optim.AdamW(
            predictor.parameters(), settings.learning_rate, (0.9, 0.99), weight_decay=0.02
        )
        self.learner = Learner("predictor", predictor, optimiser)
        self.length = round(settings.excerpt_s * STEPS_PER_S)
        first = round(OWN_AFTER * settings.steps)
        stages = [Stage(SONGS_ALONE, first), Stage(ITSELF, settings.steps - first)]
        super().__init__(settings.seed, stages, [self.learner])

    def begin(self) -> None:
        """Find the codebooks, from all songs alike."""
        steps = torch.from_numpy(np.concatenate([song.steps() for song in self.data.train]))
        codes = self.learner.module.codes
        codes.fit(steps, torch.Generator().manual_seed(self.settings.seed))
        self.learner.average.codes.load_state_dict(codes.state_dict())

    @cached_property
    def train_codes(self) -> list[dict[float, list[Tensor]]]:
        """The codes of each song at each speed, see `codes_of`; one song alone is learned as it is."""
        alone = len(self.data.train) == 1
        return [
            {
                speed: self.codes_of(song, speed)
                for speed in stretches(0.0 if alone or not song.tempo_bpm else self.settings.stretch)
            }
            for song in self.data.train
        ]

    @torch.no_grad()
    def codes_of(self, song: Song, speed: float = 1.0) -> list[Tensor]:
        """Give the codes (N, Q) of a song, from its first and from its second spectrum on."""
        codes = self.learner.module.codes
        return [codes.encode(torch.from_numpy(song.steps(late, speed))) for late in range(STEP_FRAMES)]

    @cached_property
    def neighbours(self) -> Tensor:
        """How likely each code of a codebook is taken for each other: (Q, K, K)."""
        found = []
        for book in self.learner.module.codes.books:
            apart = torch.cdist(book, book).square()
            apart.fill_diagonal_(torch.inf)
            found.append(torch.softmax(-4 * apart / apart.min(-1, keepdim=True).values.clamp_min(1e-6), -1))
        return torch.stack(found)

    def tensors(self) -> dict[str, Tensor]:
        """Beside what all trainers keep, the codes and the chroma of the songs, for the exports."""
        kept_aside = [self.codes_of(song) for song in self.data.held_out]
        learned = [codes[1.0] for codes in self.train_codes]
        return (
            super().tensors()
            | _named(SONGS, learned)
            | _named(KEPT_ASIDE, kept_aside)
            | _named_chroma(SONGS_CHROMA, self.data.train)
            | _named_chroma(KEPT_ASIDE_CHROMA, self.data.held_out)
        )

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        torch.manual_seed(int(random.integers(1 << 30)))
        warm = warmth(self.done, self.steps, WARM_STEPS)
        rate = warm_cosine(self.settings.learning_rate, self.done / self.steps, warm, LOWEST_RATE)
        set_rate(self.learner.optimiser, rate)
        predictor = self.learner.module.train()
        excerpts, beat = self._excerpts(random)
        heard, true = self._blurred(excerpts[:, :-1]), excerpts[:, 1:]
        if self.settings.own and self.stage == ITSELF:
            own = predictor.guesses(heard, beat)
            taken = torch.rand(heard.shape[:2], device=self.device) < self.settings.own
            taken[:, 0] = False
            heard = torch.where(taken[..., None], own.roll(1, 1), heard)
        each = surprise(predictor, heard, beat, true)
        parts = {f"codebook_{q + 1}": value for q, value in enumerate(each)}
        return self.learn(each.sum(), parts=parts)

    def _excerpts(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw excerpts (B, length + 1, Q), all places of all songs alike, and the beat (B, length, 2) that is told."""
        songs = self.train_codes
        lengths = np.array([len(song[1.0][0]) for song in songs])
        chosen = random.choice(len(songs), self.settings.batch, p=lengths / lengths.sum())
        rows, beats = [], []
        for number in chosen:
            long_enough = [s for s, codes in songs[number].items() if len(codes[-1]) > self.length]
            speed = float(random.choice(long_enough))
            late = int(random.integers(STEP_FRAMES))
            codes = songs[number][speed][late]
            first = int(random.integers(len(codes) - self.length))
            rows.append(codes[first : first + self.length + 1])
            beat = beat_of(self.data.train[number], first, self.length, late, speed)
            beats.append(beat * torch.from_numpy(self._told(random))[:, None])
        return torch.stack(rows).to(self.device), torch.stack(beats).to(self.device)

    def _told(self, random: np.random.Generator) -> NDArray[np.bool_]:
        """Draw at which steps of an excerpt the beat is told (length,)."""
        chance, first = random.random(), random.integers(self.length)
        start = self.length if chance < UNTOLD else first if chance < UNTOLD + TOLD_LATE else 0
        return np.arange(self.length) >= start

    def _blurred(self, codes: Tensor) -> Tensor:
        """Take some codes for others beside them: (B, N, Q)."""
        mistaken = torch.rand(codes.shape, device=codes.device) < self.settings.blur
        others = [
            torch.multinomial(self.neighbours[q][codes[..., q].flatten()], 1).reshape(codes.shape[:2])
            for q in range(codes.shape[2])
        ]
        return torch.where(mistaken, torch.stack(others, -1), codes)


def beat_of(song: Song, first: int, count: int, late: int = 0, speed: float = 1.0) -> Tensor:
    """Give what is told with steps of a song: beats a minute and bars (count, 2), zeros where it has no tempo."""
    bars = song.bars(np.arange(first, first + count), late, speed)
    return torch.from_numpy(np.stack([np.full(count, song.tempo_bpm * speed), bars], -1)).float()


def _named(prefix: str, songs: list[list[Tensor]]) -> dict[str, Tensor]:
    return {
        f"{prefix}{number:04d}.{late}": codes.to(torch.int16)
        for number, song in enumerate(songs)
        for late, codes in enumerate(song)
    }


def _named_chroma(prefix: str, songs: list[Song]) -> dict[str, Tensor]:
    return {f"{prefix}{number:04d}": narrowed(song.chroma) for number, song in enumerate(songs)}


def make_trainer(data: MusicData, settings: MusicSettings, size: MusicSize, device: str = "cpu") -> Trainer:
    """Make the trainer of the model that the size names."""
    kind = ClassicTrainer if size.model == "classic" else MusicTrainer
    return kind(data, settings, size, device)
