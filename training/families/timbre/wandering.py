"""How much each partial and each band of noise wanders in the recordings beyond what a decoder of means plays.

How much beside each other is read off single levels; how much in all off octave bands, of which one holds several levels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from torch import Tensor

from ...data.harmonic_analysis import harmonic_levels
from ...dsp.units import hz_to_midi
from .excerpts import VOICED
from .features import Corpus
from .losses import render, scores
from .model import HOP_LENGTH, PITCHES_MIDI, SAMPLE_RATE, Instrument

EXCERPTS, EXCERPT_FRAMES, EDGE_FRAMES = 24, 300, 30
LARGEST_SWELL_DB = 15.0
SLOW_FRAMES = 112
"""What is slower than 0.3 s is a course of the note, which the decoder knows or does not know, and no wandering."""

AUDIBLE_NEPERS = 5.0
"""Of levels that are farther below the strongest of their kind, a reading says little."""

TRIAL_DEPTH, LARGEST_DEPTH = 0.2, 0.35
NEIGHBOURS, FEWEST_TONES = 2, 3
PITCH_EXCERPTS, NEAR_SEMITONES, FAR_TONES = 96, 3.0, 4.0
LEAST_TIMES, MOST_TIMES = 0.3, 2.5
OCTAVE_FFT, LOWEST_OCTAVE_HZ, STRONG_DB = 2048, 125.0, 50.0
SLOWEST_S = 0.5


def fitted_wandering(
    instrument: Instrument, corpus: Corpus
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how much the levels of an instrument wander while a tone is held.

    Levels are read off the spectra of held tones, as recorded, as the instrument plays them without any wandering, and as it
    plays them with all levels wandering equally. A depth is what brings the second variance to the first. So what a
    reading adds by itself, and what follows the player's dynamics, does not count. Then octave bands are compared in the
    same way, by pitch: players move high notes of an oboe more than low ones.

    Parameters
    ----------
    instrument : Instrument
        Trained.
    corpus : Corpus
        Recordings of it.

    Returns
    -------
    depths : (harmonics + bands,) float32
        Standard deviations in nepers, zeros where the recordings hold no held tones.
    by_pitch : (pitches,) float32
        Times that at each of `PITCHES_MIDI`; ones where the recordings hold no held tones.
    """
    few, many = held_tones(corpus, EXCERPTS), held_tones(corpus, PITCH_EXCERPTS)
    if not len(few):
        return np.zeros(len(instrument.wander.depth), np.float32), np.ones(len(PITCHES_MIDI), np.float32)
    depths = _depths_of_levels(instrument, corpus, few)
    return depths.astype(np.float32), _by_pitch(instrument, corpus, many, depths).astype(np.float32)


def _depths_of_levels(instrument: Instrument, corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Find how much each level wanders by what its readings are wanting: (harmonics + bands,)."""
    recorded = np.concatenate([corpus.harmonics[rows], corpus.bands[rows]], -1).astype(np.float32)
    trials = (0.0, TRIAL_DEPTH)
    played = [_read(corpus, rows, _played(instrument, corpus, rows, depth), instrument) for depth in trials]
    audible = _audible(recorded, instrument.decoder.harmonics)
    own, still, trial = (_variances(levels) for levels in (recorded, *played))
    wanted, gained = _typical(own - still, audible), _typical(trial - still, audible)
    parts = np.split(np.arange(recorded.shape[-1]), [instrument.decoder.harmonics])
    tones = audible.sum(0)
    return np.concatenate([_depths(wanted[part], gained[part], tones[part]) for part in parts])


def _by_pitch(
    instrument: Instrument, corpus: Corpus, rows: NDArray[np.int64], depths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Find the factor of all depths with which octave bands move as much as in the recordings, at each of `PITCHES_MIDI`.

    Tones near a pitch count most, and all of them a little.
    """
    sounds = np.asarray(corpus.audio[rows], np.float32).reshape(len(rows), -1)
    recorded = _octaves_move(sounds)
    still, wandering = (_octaves_move(_played(instrument, corpus, rows, d)) for d in (0.0, depths))
    midi = np.median(hz_to_midi(torch.from_numpy(corpus.f0_hz[rows])).numpy(), axis=1)
    away = (np.array(PITCHES_MIDI)[:, None] - midi) / NEAR_SEMITONES
    weight = np.exp(-0.5 * away**2) + FAR_TONES / len(rows)
    weight /= weight.sum(1, keepdims=True)
    # Of deviations, not of variances: a few tones that a player makes much of would decide for all.
    own, least, most = ((weight @ np.sqrt(moving)) ** 2 for moving in (recorded, still, wandering))
    wanted, gained = own - least, most - least
    squares = np.clip(wanted / np.maximum(gained, 1e-9), LEAST_TIMES**2, MOST_TIMES**2)
    return np.sqrt(squares) if (gained > 0).all() else np.ones(len(PITCHES_MIDI))


def held_tones(corpus: Corpus, most: int) -> NDArray[np.int64]:
    """Choose excerpts of tones that are held: frames (E, EXCERPT_FRAMES), E up to so many, spread over the corpus."""
    found, first = [], 0
    for length in corpus.lengths:
        for start in range(first, first + length - EXCERPT_FRAMES + 1, EXCERPT_FRAMES // 2):
            rows = slice(start, start + EXCERPT_FRAMES)
            loudness = corpus.loudness_db[rows]
            if (corpus.voicing[rows] > VOICED).all() and np.ptp(loudness) < LARGEST_SWELL_DB:
                found.append(start)
        first += length
    chosen = np.linspace(0, len(found) - 1, min(len(found), most)).round().astype(int)
    starts = np.array(found, np.int64)[chosen] if found else np.zeros(0, np.int64)
    return starts[:, None] + np.arange(EXCERPT_FRAMES)


@torch.no_grad()
def _played(
    instrument: Instrument, corpus: Corpus, rows: NDArray[np.int64], depth: float | NDArray[np.float64]
) -> NDArray[np.float32]:
    """Play held tones (E, N) with levels that wander so much, all or each (S,): sounds (E, N * hop_length)."""
    device = instrument.wander.depth.device
    depths = torch.as_tensor(depth, dtype=torch.float32, device=device)
    sounds = []
    for index, excerpt in enumerate(rows):
        f0, score = (x.to(device) for x in scores(corpus, excerpt[None]))
        moved = _wandering(instrument, index) * depths
        counter = torch.full((1, 1, 1), index * EXCERPT_FRAMES, dtype=torch.int64, device=device)
        sounds.append(render(instrument, f0, score, counter, wander=moved)[0].cpu().numpy())
    return np.stack(sounds)


def _read(
    corpus: Corpus, rows: NDArray[np.int64], sounds: NDArray[np.float32], instrument: Instrument
) -> NDArray[np.float32]:
    """Read the levels of held tones (E, N) off their sounds (E, T): (E, N, harmonics + bands)."""
    harmonics, bands = instrument.decoder.harmonics, instrument.decoder.bands
    found = [
        np.concatenate(
            harmonic_levels(sound, corpus.f0_hz[excerpt], SAMPLE_RATE, HOP_LENGTH, harmonics, bands), -1
        )
        for excerpt, sound in zip(rows, sounds, strict=True)
    ]
    return np.stack(found).astype(np.float32)


def _octaves_move(sounds: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give how much octave bands of held tones (E, T) move beside the whole, as variances in dB^2 (E,).

    Of a tone the median of the bands counts that are within 50 dB of its strongest. What is slower than half a second
    does not.
    """
    hop = OCTAVE_FFT // 4
    frames = np.lib.stride_tricks.sliding_window_view(sounds, OCTAVE_FFT, axis=1)[:, ::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(OCTAVE_FFT), axis=-1)) ** 2
    octave = np.log2(np.maximum(np.fft.rfftfreq(OCTAVE_FFT, 1 / SAMPLE_RATE), 1.0) / LOWEST_OCTAVE_HZ)
    members = np.floor(octave)[:, None] == np.arange(8)
    bands, whole = power @ members, power.sum(-1, keepdims=True) + 1e-20
    level_db = 10 * np.log10(bands / whole + 1e-20)
    moving = _without_slow(level_db, round(SLOWEST_S * SAMPLE_RATE / hop)).var(1)
    mean = bands.mean(1)
    weak = mean < mean.max(-1, keepdims=True) * 10 ** (-STRONG_DB / 10)
    return np.ma.median(np.ma.masked_array(moving, weak), axis=1).filled(0.0)


def _wandering(instrument: Instrument, index: int) -> Tensor:
    """What a tone's levels are moved by at a depth of 1: (1, N, harmonics + bands)."""
    frames = index * EXCERPT_FRAMES + torch.arange(EXCERPT_FRAMES, device=instrument.wander.depth.device)
    return instrument.wander.noise(frames[None, :, None])


def _audible(levels: NDArray[np.float32], harmonics: int) -> NDArray[np.bool_]:
    """Which levels (E, S) of which tones are heard at all beside the strongest of their kind."""
    kinds = np.split(levels.mean(1), [harmonics], -1)
    return np.concatenate([kind > kind.max(-1, keepdims=True) - AUDIBLE_NEPERS for kind in kinds], -1)


def _variances(levels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the variance (E, S) of levels (E, N, S) beside the level of the whole, without what is slow."""
    inner = levels[:, EDGE_FRAMES:-EDGE_FRAMES].astype(np.float64)
    inner = inner - 0.5 * np.log(np.exp(2 * inner).sum(-1, keepdims=True))
    return _without_slow(inner, SLOW_FRAMES).var(1)


def _without_slow(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Take from values (E, N, S) their mean over so many frames around each."""
    window = np.ones((1, width, 1))
    frames = fftconvolve(np.ones((1, values.shape[1], 1)), window, "same")
    return values - fftconvolve(values, window, "same", axes=1) / frames


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
