"""How much each partial and each band of noise wanders in the recordings beyond what a decoder of means plays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from torch import Tensor

from ...data.harmonic_analysis import harmonic_levels
from .excerpts import VOICED
from .features import Corpus
from .losses import render, scores
from .model import HOP_LENGTH, SAMPLE_RATE, Instrument

EXCERPTS, EXCERPT_FRAMES, EDGE_FRAMES = 24, 300, 30
LARGEST_SWELL_DB = 15.0
SLOW_FRAMES = 112
"""What is slower than 0.3 s is a course of the note, which the decoder knows or does not know, and no wandering."""

AUDIBLE_NEPERS = 5.0
"""Of levels that are farther below the strongest of their kind, a reading says little."""

TRIAL_DEPTH, LARGEST_DEPTH = 0.2, 0.35
NEIGHBOURS, FEWEST_TONES = 2, 3


def fitted_depths(instrument: Instrument, corpus: Corpus) -> NDArray[np.float32]:
    """Measure how much the levels of an instrument wander while a tone is held.

    Levels are read off the spectra of held tones, as recorded, as the instrument plays them without any wandering, and as it
    plays them with all levels wandering equally. A depth is what brings the second variance to the first. So what a
    reading adds by itself, and what follows the player's dynamics, does not count.

    Parameters
    ----------
    instrument : Instrument
        Trained.
    corpus : Corpus
        Recordings of it.

    Returns
    -------
    (harmonics + bands,) float32
        Standard deviations in nepers, zeros where the recordings hold no held tones.
    """
    rows = held_tones(corpus)
    wander = instrument.wander
    if not len(rows):
        return np.zeros(len(wander.depth), np.float32)
    recorded = np.concatenate([corpus.harmonics[rows], corpus.bands[rows]], -1).astype(np.float32)
    played = [_played_levels(instrument, corpus, rows, depth) for depth in (0.0, TRIAL_DEPTH)]
    audible = _audible(recorded, instrument.decoder.harmonics)
    own, still, trial = (_variances(levels) for levels in (recorded, *played))
    wanted, gained = _typical(own - still, audible), _typical(trial - still, audible)
    parts = np.split(np.arange(recorded.shape[-1]), [instrument.decoder.harmonics])
    tones = audible.sum(0)
    depths = [_depths(wanted[part], gained[part], tones[part]) for part in parts]
    return np.concatenate(depths).astype(np.float32)


def held_tones(corpus: Corpus) -> NDArray[np.int64]:
    """Choose excerpts of tones that are held: frames (E, EXCERPT_FRAMES), E up to `EXCERPTS`, spread over the corpus."""
    found, first = [], 0
    for length in corpus.lengths:
        for start in range(first, first + length - EXCERPT_FRAMES + 1, EXCERPT_FRAMES // 2):
            rows = slice(start, start + EXCERPT_FRAMES)
            loudness = corpus.loudness_db[rows]
            if (corpus.voicing[rows] > VOICED).all() and np.ptp(loudness) < LARGEST_SWELL_DB:
                found.append(start)
        first += length
    chosen = np.linspace(0, len(found) - 1, min(len(found), EXCERPTS)).round().astype(int)
    starts = np.array(found, np.int64)[chosen] if found else np.zeros(0, np.int64)
    return starts[:, None] + np.arange(EXCERPT_FRAMES)


@torch.no_grad()
def _played_levels(
    instrument: Instrument, corpus: Corpus, rows: NDArray[np.int64], depth: float
) -> NDArray[np.float32]:
    """Play held tones with all levels wandering so much, and read their levels: (E, N, harmonics + bands)."""
    device = instrument.wander.depth.device
    found = []
    for index, excerpt in enumerate(rows):
        f0, score = (x.to(device) for x in scores(corpus, excerpt[None]))
        moved = _wandering(instrument, index, depth)
        counter = torch.full((1, 1, 1), index * EXCERPT_FRAMES, dtype=torch.int64, device=device)
        sound = render(instrument, f0, score, counter, wander=moved)[0].cpu().numpy()
        harmonics, bands = instrument.decoder.harmonics, instrument.decoder.bands
        levels = harmonic_levels(sound, corpus.f0_hz[excerpt], SAMPLE_RATE, HOP_LENGTH, harmonics, bands)
        found.append(np.concatenate(levels, -1))
    return np.stack(found).astype(np.float32)


def _wandering(instrument: Instrument, index: int, depth: float) -> Tensor:
    frames = index * EXCERPT_FRAMES + torch.arange(EXCERPT_FRAMES, device=instrument.wander.depth.device)
    return instrument.wander.noise(frames[None, :, None]) * depth


def _audible(levels: NDArray[np.float32], harmonics: int) -> NDArray[np.bool_]:
    """Which levels (E, S) of which tones are heard at all beside the strongest of their kind."""
    kinds = np.split(levels.mean(1), [harmonics], -1)
    return np.concatenate([kind > kind.max(-1, keepdims=True) - AUDIBLE_NEPERS for kind in kinds], -1)


def _variances(levels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the variance (E, S) of levels (E, N, S) beside the level of the whole, without what is slow."""
    inner = levels[:, EDGE_FRAMES:-EDGE_FRAMES].astype(np.float64)
    inner = inner - 0.5 * np.log(np.exp(2 * inner).sum(-1, keepdims=True))
    window = np.ones((1, SLOW_FRAMES, 1))
    frames = fftconvolve(np.ones((1, inner.shape[1], 1)), window, "same")
    return (inner - fftconvolve(inner, window, "same", axes=1) / frames).var(1)


def _typical(values: NDArray[np.float64], audible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the median (S,) of values (E, S) over the tones in which a level is heard; 0 where these are few."""
    typical = np.ma.median(np.ma.masked_array(values, ~audible), axis=0).filled(0.0)
    return np.where(audible.sum(0) >= FEWEST_TONES, typical, 0.0)


def _depths(wanted: NDArray[Any], gained: NDArray[Any], tones: NDArray[Any]) -> NDArray[np.float64]:
    """Turn variances that are wanting (S,), and those that the trial added, into depths, smoothed with their neighbours.

    Each counts by the number of tones in which it is heard.
    """
    window, weight = np.ones(2 * NEIGHBOURS + 1), np.where(tones >= FEWEST_TONES, tones, 0)

    def summed(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.convolve(values * weight, window, "same")

    known = summed(np.ones(len(weight))) > 0
    if not known.any():
        return np.zeros(len(weight))
    share = summed(wanted) / np.maximum(summed(gained), 1e-9)
    depth = TRIAL_DEPTH * np.sqrt(np.clip(share, 0.0, (LARGEST_DEPTH / TRIAL_DEPTH) ** 2))
    return np.interp(np.arange(len(weight)), np.flatnonzero(known), depth[known])
