"""Scores as other players might have given them, so that a tone stays itself under gestures that were not recorded."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...dsp.units import hz_to_midi
from .excerpts import VOICED
from .features import Corpus

DYNAMICS_DB, SHARE_OF_DYNAMICS = 6.0, 0.6
TREMBLE_DB, TREMBLE_FRAMES = 5.0, (12, 100)
STEEPNESS, SHARE_OF_STEEPNESS, STEEP_DB = (0.4, 1.6), 0.6, 20.0
SOUNDING_DB = 40.0
BESIDE_SEMITONES = 2.5
SOFT_PERCENT, LOUD_PERCENT = 25.0, 75.0
BEYOND_DB, SHARE_BEYOND = 24.0, 0.5
LOWEST_MIDI, HIGHEST_MIDI = 20, 120


class AnotherPlayer:
    """Changes scores as another player's gestures might have.

    Only the decoder's network is given such a score; its levels still follow the true loudness. What changes:

    - Small wiggles of loudness, pitch and voicing, which give the recorded player away.
    - The course of a note: how steeply it begins and ends, and how it swells. How loud the note is in all stays as it was:
      soft notes are darker, and the network can learn that only where it is told.
    - What is played as loud as anybody has at its pitch may be said to be louder still, and what is as soft, softer: low
      notes of a flute were only ever recorded soft, and a loud low note is to sound like the loudest of these.

    Parameters
    ----------
    corpus : Corpus
        What was played, which tells what is loud and what is soft at each pitch.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._soft_db, self._loud_db = played_levels(corpus)

    def __call__(self, score: Tensor, random: np.random.Generator) -> Tensor:
        """Change scores (B, N, 5) on the CPU."""
        count, frames = score.shape[:2]
        width = int(random.integers(1, 24))
        midi, loudness, voicing, gains = score.split([1, 1, 1, 2], -1)
        beyond = self._beyond_db(score[:, :, :3].numpy(), random)
        padded = functional.pad(loudness.transpose(1, 2), (width - 1, 0), mode="replicate")
        loudness = functional.avg_pool1d(padded, width, 1).transpose(1, 2)

        def drawn(size: float, *shape: int) -> Tensor:
            return _tensor(random.normal(0.0, size, shape))

        moved = beyond + _dynamics_db(count, frames, random) + _tremble_db(count, frames, random)
        loudness = _steeper(loudness, random) + _tensor(moved) + drawn(0.7, count, frames, 1)
        midi = midi + drawn(0.25, count, 1, 1) + drawn(0.1, count, frames, 1)
        sure = torch.from_numpy(random.random((count, 1, 1)) < 0.5)
        voicing = torch.where(sure, (voicing > VOICED).float(), voicing)
        return torch.cat([midi, loudness, voicing, gains], -1)

    def _beyond_db(self, score: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float64]:
        """Draw by how much notes (B, N, 3) are said to be louder or softer than anybody played: (B, 1, 1)."""
        midi, loudness, voicing = np.moveaxis(score, -1, 0)
        sounding = (voicing > VOICED) & (loudness > loudness.max(1, keepdims=True) - SOUNDING_DB)
        sounding[~sounding.any(1)] = True
        held = np.ma.masked_array(loudness, ~sounding)
        level_db = np.ma.median(held, axis=1).filled(0.0)
        pitch = np.ma.median(np.ma.masked_array(midi, ~sounding), axis=1).filled(0.0)
        note = np.clip(np.round(pitch).astype(int) - LOWEST_MIDI, 0, len(self._loud_db) - 1)
        way = np.sign((level_db >= self._loud_db[note]) * 1.0 - (level_db <= self._soft_db[note]))
        chosen = random.random(len(score)) < SHARE_BEYOND
        return (way * chosen * random.uniform(0.0, BEYOND_DB, len(score)))[:, None, None]


def played_levels(corpus: Corpus) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give what is soft and what is loud among an instrument's notes, in dB, at each semitone from `LOWEST_MIDI` on."""
    pitched = corpus.voicing > VOICED
    sounding = pitched & (corpus.loudness_db > corpus.loudness_db[pitched].max() - SOUNDING_DB)
    midi = hz_to_midi(torch.from_numpy(corpus.f0_hz[sounding])).numpy()
    order = np.argsort(midi)
    midi, loudness = midi[order], corpus.loudness_db[sounding][order]
    semitones = np.arange(LOWEST_MIDI, HIGHEST_MIDI)
    first = np.searchsorted(midi, semitones - BESIDE_SEMITONES)
    last = np.searchsorted(midi, semitones + BESIDE_SEMITONES)
    played = np.flatnonzero(last > first)
    levels = np.array(
        [np.percentile(loudness[first[k] : last[k]], [SOFT_PERCENT, LOUD_PERCENT]) for k in played]
    )
    soft, loud = (np.interp(semitones, semitones[played], column) for column in levels.T)
    return soft, loud


def _steeper(loudness: Tensor, random: np.random.Generator) -> Tensor:
    """Let some notes (B, N, 1) begin and end more or less steeply, without a change of what is loudest in them."""
    count = len(loudness)
    steepness = np.exp(random.uniform(np.log(STEEPNESS[0]), np.log(STEEPNESS[1]), (count, 1, 1)))
    steepness[random.random(count) >= SHARE_OF_STEEPNESS] = 1.0
    times = _tensor(steepness)
    loudest = torch.quantile(loudness, 0.9, dim=1, keepdim=True)
    below = loudness - loudest
    near = below.clamp(-STEEP_DB, STEEP_DB)
    return loudest + near * times + (below - near)


def _dynamics_db(count: int, frames: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw slow changes of loudness in dB (B, N, 1), large for some excerpts and small for others."""
    time = np.arange(frames) / frames
    waves = np.zeros((count, frames))
    for k in range(1, 4):
        phase = random.uniform(0.0, 2 * np.pi, (count, 1))
        waves += random.normal(0.0, 1 / (1 + 0.5 * k), (count, 1)) * np.cos(np.pi * k * time + phase)
    depth = DYNAMICS_DB * (random.random((count, 1)) < SHARE_OF_DYNAMICS) * random.random((count, 1))
    return (waves * depth)[:, :, None]


def _tremble_db(count: int, frames: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw quicker changes of loudness in dB (B, N, 1), straight from one random level to the next."""
    every = int(random.integers(*TREMBLE_FRAMES))
    position = np.arange(frames) / every
    levels = random.normal(0.0, 1.0, (count, frames // every + 2))
    before = position.astype(int)
    between = position - before
    course = levels[:, before] * (1 - between) + levels[:, before + 1] * between
    depth = TREMBLE_DB * (random.random((count, 1)) < SHARE_OF_DYNAMICS) * random.random((count, 1))
    return (course * depth)[:, :, None]


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
