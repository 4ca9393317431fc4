"""Directions of the space that mean something, found in the model's own sounds and checked on fresh ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from ...hits.descriptors import DESCRIPTORS
from ...hits.voice import HOP_LENGTH
from .decoder import Oneshots
from .model import Knob

FITTED, BESIDE = 64, 6
"""Sounds that are drawn, and others around each of them."""

CHECKED, STEPS = 24, 5
CHOOSING_SEED, CHECKING_SEED = 1, 2
TURN = 2.0
"""How far a knob reaches, in spreads of the places."""

AROUND = 0.7
"""How far the others lie from the sound that they are drawn around, in the same."""

RIDGE = 3.0
GOOD, ENOUGH = 0.9, 0.7
"""Rank correlation from which a direction is taken at once, and below which a knob is not offered."""

LONGEST_FRAMES = 260
AT_ONCE = 8


def find_knobs(model: Oneshots, places: Tensor, labels: Sequence[int], notes: Sequence[float]) -> list[Knob]:
    """Find a direction for each descriptor, and keep those that do what they say.

    Around many drawn sounds others are drawn, and it is measured how they differ. A linear fit gives what each number of
    a place does; the direction of a knob raises its own descriptor and no other, or just its own where
    that does not follow. Which is better is seen on fresh sounds, and how good it is on others.

    Parameters
    ----------
    model : Oneshots
    places : (S, P)
        Of the sounds that were learned from.
    labels : sequence of int
        Their classes.
    notes : sequence of float
        Lowest, middle and highest note, empty for a model without notes.
    """
    draw = _Draws(model, places, labels, notes)
    random = np.random.default_rng(0)
    middle, note = draw.sounds(FITTED, random)
    around = _normal(random, (FITTED, BESIDE, places.shape[1])) * AROUND
    moved = middle[:, None] + around * draw.spread
    measured = draw.measure(moved.flatten(0, 1), note.repeat_interleave(BESIDE)).unflatten(
        0, (FITTED, BESIDE)
    )
    effects = _effects(around, measured)
    # Of each descriptor its own change and none of the others', and its own alone.
    ways = [torch.linalg.pinv(effects), effects.T]
    knobs: list[Knob] = []
    for number, (name, (_, text)) in enumerate(DESCRIPTORS.items()):
        best = (-2.0, torch.zeros(0))
        for way in ways:
            direction = TURN * way[:, number] / way[:, number].norm().clamp_min(1e-6) * draw.spread
            best = max(
                best,
                (draw.rank_correlation(direction, number, CHOOSING_SEED), direction),
                key=lambda one: one[0],
            )
            if best[0] >= GOOD:
                break
        found = draw.rank_correlation(best[1], number, CHECKING_SEED)
        if found >= ENOUGH:
            said = f"{text}; rank correlation with what is measured {found:.2f}"
            knobs.append(Knob(name, said, best[1].contiguous()))
    return knobs


class _Draws:
    """Plays and measures places of a model."""

    def __init__(
        self, model: Oneshots, places: Tensor, labels: Sequence[int], notes: Sequence[float]
    ) -> None:
        self.model, self.notes = model.eval(), notes
        self.places, self.labels = places, torch.tensor(labels)
        within = torch.stack([self._within(label) for label in self.labels.unique()])
        self.spread = within.mean(0).clamp_min(1e-3).sqrt()
        self.frames = min(model.decoder.frames, LONGEST_FRAMES)

    def _within(self, label: Tensor) -> Tensor:
        return self.places[self.labels == label].var(0, correction=0)

    def sounds(self, count: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw places (count, P) near the sounds that were learned from, each class as often, and notes (count,)."""
        classes = self.labels.unique()
        label = classes[torch.from_numpy(random.integers(len(classes), size=count))]
        chosen = [int(random.choice(np.flatnonzero((self.labels == one).numpy()))) for one in label]
        near = self.places[chosen] + 0.5 * self.spread * _normal(random, (count, self.places.shape[1]))
        low, _, high = self.notes or (60.0, 60.0, 60.0)
        return near, torch.from_numpy(random.uniform(low, high, count)).float()

    @torch.no_grad()
    def measure(self, places: Tensor, notes: Tensor) -> Tensor:
        """Play places (M, P) and measure all descriptors: (M, D)."""
        found: list[Tensor] = []
        age = torch.arange(self.frames).float()[None, :, None]
        for place, note in zip(places.split(AT_ONCE), notes.split(AT_ONCE), strict=True):
            every = age.expand(len(place), -1, -1)
            told = note[:, None, None].expand_as(every) if self.model.decoder.harmonics else None
            parts = self.model.decoder(place[:, None].expand(-1, self.frames, -1), every, told)
            state = self.model.voice.initial_state(len(place))
            (determined, hiss), _ = self.model.voice((parts, (every == 0).float()), state)
            sound = (determined + hiss).reshape(len(place), self.frames * HOP_LENGTH)
            found.append(torch.stack([measured(sound) for measured, _ in DESCRIPTORS.values()], 1))
        return torch.cat(found)

    def rank_correlation(self, direction: Tensor, descriptor: int, seed: int) -> float:
        """Mean over fresh sounds of Spearman's correlation of a knob's turn with what is measured."""
        random = np.random.default_rng(seed)
        middle, note = self.sounds(CHECKED, random)
        turns = torch.linspace(-1.0, 1.0, STEPS)
        moved = middle[:, None] + turns[:, None] * direction
        measured = self.measure(moved.flatten(0, 1), note.repeat_interleave(STEPS))[:, descriptor]
        ranks = torch.from_numpy(rankdata(measured.unflatten(0, (CHECKED, STEPS)).numpy(), axis=1))
        ranks = ranks - ranks.mean(1, keepdim=True)
        wanted = torch.arange(STEPS) - (STEPS - 1) / 2
        # Where nothing changes, all ranks are one.
        lengths = (ranks.square().sum(1) * wanted.square().sum()).sqrt().clamp_min(1e-6)
        return float(((ranks * wanted).sum(1) / lengths).mean())


def _effects(around: Tensor, measured: Tensor) -> Tensor:
    """What each number of a place does to each descriptor, in the descriptors' spreads: (D, P).

    Parameters
    ----------
    around : (M, K, P)
        How far K places lie from each of M.
    measured : (M, K, D)
    """
    away = (around - around.mean(1, keepdim=True)).flatten(0, 1)
    change = (measured - measured.mean(1, keepdim=True)).flatten(0, 1)
    spread = change.std(0).clamp_min(1e-6)
    # What changes very much in a few sounds is not what a knob is for.
    change = (change / spread).clamp(-3.0, 3.0)
    square = away.T @ away + RIDGE * torch.eye(away.shape[1])
    return torch.linalg.solve(square, away.T @ change).T


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(random.standard_normal(shape)).float()
