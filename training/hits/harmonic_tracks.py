"""How strong the harmonics of a note are, and what lies between them, moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .losses import nepers, weighted
from .partial_tracks import AUDIBLE_DB, N_FFT, WINDOW, under_window
from .voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE, Parts

HIGHEST_HZ = 0.45 * SAMPLE_RATE
FLAT_DB, TONAL_DB = 3.0, 15.0
"""How far a harmonic lies above what is beside it to be heard as noise, and from where on it is a tone."""


@dataclass(frozen=True)
class HarmonicTracks:
    """Harmonics of a sound, each frame's under a window that begins with it, (N, H) float16 each.

    Attributes
    ----------
    levels : nepers
        Of the amplitudes.
    between : nepers
        Of the magnitudes of noise, half of the fundamental above each harmonic.
    tonal, audible : from 0 to 1
        How far it is a tone, and how far it is heard beside the strongest of all.
    """

    levels: NDArray[np.float16]
    between: NDArray[np.float16]
    tonal: NDArray[np.float16]
    audible: NDArray[np.float16]

    @classmethod
    def of(cls, samples: NDArray[np.float32], note: float, count: int) -> HarmonicTracks:
        """Measure the harmonics of a sound (T,) at multiples of its note's frequency; of note 0 none counts."""
        frames = -(-len(samples) // HOP_LENGTH)
        if not note:
            return cls(*np.zeros((4, frames, count), np.float16))
        padded = np.pad(samples, (0, frames * HOP_LENGTH + N_FFT - len(samples)))
        views = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[: frames * HOP_LENGTH : HOP_LENGTH]
        f_hz = 440.0 * 2 ** ((note - 69.0) / 12.0) * np.arange(1, count + 1)
        whole = np.concatenate([f_hz, f_hz * (1 + 0.5 / np.arange(1, count + 1))])
        turns = np.exp(-2j * np.pi / SAMPLE_RATE * np.outer(np.arange(N_FFT), whole)).astype(np.complex64)
        power = np.square(np.abs((views * WINDOW) @ turns))
        on, beside = np.split(power, 2, 1)
        below_db = 10 * np.log10(np.maximum(on, 1e-12) / max(float(on.max()), 1e-12))
        above_db = 10 * np.log10(np.maximum(on, 1e-12) / np.maximum(beside, 1e-12))
        there = f_hz < HIGHEST_HZ
        found = (
            0.5 * np.log(np.maximum(on * (4.0 / WINDOW.sum() ** 2), 1e-10)),
            0.5 * np.log(np.maximum(beside / np.square(WINDOW).sum(), 1e-10)),
            np.clip((above_db - FLAT_DB) / (TONAL_DB - FLAT_DB), 0.0, 1.0) * there,
            np.clip(1.0 + below_db / AUDIBLE_DB, 0.0, 1.0) * there,
        )
        return cls(*(values.astype(np.float16) for values in found))


def harmonic_losses(
    parts: Parts, tracks: Sequence[HarmonicTracks], rows: NDArray[np.int64], note: Tensor
) -> tuple[Tensor, Tensor]:
    """Compare harmonics by their level, and say how much more noise there is between them than is right; in nepers.

    Parameters
    ----------
    parts : Parts
        Whose last sinusoids are the harmonics, (B, N, ...).
    tracks : sequence of HarmonicTracks
        Of B sounds.
    rows : (B, N)
        Which frames of the sounds the parts are.
    note : (B, N, 1)
    """
    levels, between, tonal, audible = (torch.from_numpy(values).to(note) for values in _rows_of(tracks, rows))
    count = levels.shape[-1]
    made = under_window(parts.amplitudes[..., -count:].square())
    kept = slice(made.shape[1])
    tones = (nepers(made) - levels[:, kept]).abs()
    power = parts.noise.unflatten(-1, (NOISE_HOPS, BANDS)).square().mean(2)
    place = ((note - 69.0) / 12.0).exp2() * 440.0 * (torch.arange(1, count + 1).to(note) + 0.5)
    place = (place * (2.0 * (BANDS - 1) / SAMPLE_RATE)).clamp(0.0, BANDS - 1.001)
    low = place.floor().long()
    share = place - low
    at = power.gather(-1, low) * (1 - share) + power.gather(-1, low + 1) * share
    hiss = (nepers(under_window(at)) - between[:, kept]).clamp_min(0.0)
    return weighted(tones, (tonal * audible)[:, kept]), weighted(hiss, audible[:, kept])


def _rows_of(tracks: Sequence[HarmonicTracks], rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    found: list[list[NDArray[np.float32]]] = [[], [], [], []]
    for track, wanted in zip(tracks, rows, strict=True):
        inside = (wanted >= 0) & (wanted < len(track.levels))
        kept = np.clip(wanted, 0, len(track.levels) - 1)
        for values, name in zip(found, ("levels", "between", "tonal", "audible"), strict=True):
            factor = inside[:, None] if name in ("tonal", "audible") else 1.0
            values.append((getattr(track, name)[kept] * factor).astype(np.float32))
    return [np.stack(values) for values in found]
