"""The partials of a note, one near each multiple of its frequency, and what noise there is beside them, moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .losses import nepers, surplus_loss, weighted
from .partial_tracks import N_FFT, WINDOW, audible, noise_bands, turning, under_window
from .voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE, Parts

HIGHEST_HZ = 0.45 * SAMPLE_RATE
BIN_HZ = SAMPLE_RATE / N_FFT
ONE_TONE = 0.4
"""Bins by which the frequencies differ that a tone's bins hear, at most."""

FLAT, TONAL = 0.5, 0.9
"""Which share of a partial's power is one tone's where it is heard as noise, and from which on it is a tone."""

HEARD_DB = 80.0
"""Below the loudest band of all; what is softer is not heard."""

SILENT_NEPERS = -11.5


@dataclass(frozen=True)
class HarmonicTracks:
    """Partials of a note, each frame's under a window that begins with it, float16.

    Attributes
    ----------
    levels : (N, H) nepers
        Of the amplitudes.
    strays : (N, H)
        How far each lies from its multiple, in shares of the note's frequency: from -0.5 to 0.5, as bells have them.
    tonal, audible : (N, H) from 0 to 1
        How far it is a tone, and how far it is heard beside the strongest of all.
    hiss : (N, BANDS) nepers
        Of the magnitudes in the voice's bands of noise, if what is no tone were noise.
    noisy : (N, BANDS) from 0 to 1
        How far these bands are heard beside the loudest of all.
    """

    levels: NDArray[np.float16]
    strays: NDArray[np.float16]
    tonal: NDArray[np.float16]
    audible: NDArray[np.float16]
    hiss: NDArray[np.float16]
    noisy: NDArray[np.float16]

    @classmethod
    def of(cls, samples: NDArray[np.float32], note: float, count: int) -> HarmonicTracks:
        """Measure so many partials of a sound (T,), near the multiples of its note's frequency; of note 0 there are none."""
        frames = -(-len(samples) // HOP_LENGTH)
        if not note:
            none, bands = (np.zeros((frames, width), np.float16) for width in (count, BANDS))
            return cls(none + np.float16(SILENT_NEPERS), none, none, none, bands, bands)
        bins = N_FFT // 2 + 1
        power, f_hz = turning(samples, bins)
        f0_hz = 440.0 * 2 ** ((note - 69.0) / 12.0)
        number = np.rint(f_hz / f0_hz).astype(np.int64)
        inside = (number >= 1) & (number <= count)
        slot = (np.arange(frames)[:, None] * count + np.clip(number, 1, count) - 1)[inside]
        power_in, f_in = power[inside], f_hz[inside]
        strongest = np.zeros(frames * count)
        rising = np.argsort(power_in)
        # Of those that are written to one place, the last stays.
        strongest[slot[rising]] = f_in[rising]
        near = np.abs(f_in - strongest[slot]) < ONE_TONE * BIN_HZ
        size = frames * count
        whole, tone = np.zeros((2, size))
        np.add.at(whole, slot, power_in)
        np.add.at(tone, slot[near], power_in[near])
        share = tone / np.maximum(whole, 1e-20)
        multiples = np.arange(1.0, count + 1.0)
        there = multiples * f0_hz < HIGHEST_HZ
        tonal = (np.clip((share - FLAT) / (TONAL - FLAT), 0.0, 1.0)).reshape(frames, count) * there
        noise = power.copy()
        noise[inside] *= 1.0 - near * tonal.reshape(-1)[slot]
        energy = float(np.square(WINDOW).sum())
        in_bands = noise_bands(bins, BANDS)
        hiss = noise @ in_bands / energy
        found = (
            0.5 * np.log(np.maximum(tone * (4.0 / (N_FFT * energy)), 1e-10)).reshape(frames, count),
            np.where(strongest > 0, strongest / f0_hz, np.tile(multiples, frames)).reshape(frames, count) - multiples,
            tonal,
            audible(tone.reshape(frames, count)) * there,
            0.5 * np.log(np.maximum(hiss, 1e-10)),
            audible(power @ in_bands, HEARD_DB),
        )  # fmt: skip
        return cls(*(values.astype(np.float16) for values in found))


def harmonic_losses(
    parts: Parts, tracks: Sequence[HarmonicTracks], rows: NDArray[np.int64], note: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compare partials by their level and by where they lie; and say how much more there is than is right.

    Parameters
    ----------
    parts : Parts
        Whose last sinusoids are the partials, (B, N, ...).
    tracks : sequence of HarmonicTracks
        Of B sounds.
    rows : (B, N)
        Which frames of the sounds the parts are.
    note : (B, N, 1)

    Returns
    -------
    tones, strays, surplus, hiss
        Levels of partials in nepers, places in shares of the note's frequency, partials where there are none and noise in
        nepers.
    """
    levels, strays, tonal, audible, hiss, noisy = (
        torch.from_numpy(values).to(note) for values in _rows_of(tracks, rows)
    )
    count = levels.shape[-1]
    made = under_window(parts.amplitudes[..., -count:].square())
    kept = slice(made.shape[1])
    tones = (nepers(made) - levels[:, kept]).abs()
    multiples = torch.arange(1, count + 1).to(note)
    f0_hz = ((note - 69.0) / 12.0).exp2() * 440.0
    away = (parts.f_hz[..., -count:] / f0_hz - multiples - strays).abs()
    power = parts.noise.unflatten(-1, (NOISE_HOPS, BANDS)).square().mean(2)
    more = (nepers(under_window(power)) - hiss[:, kept]).clamp_min(0.0)
    return (
        weighted(tones, (tonal * audible)[:, kept]),
        weighted(away.clamp_max(1.0), tonal * audible),
        surplus_loss(made, (2.0 * levels[:, kept]).exp(), (tonal * audible)[:, kept]),
        weighted(more, noisy[:, kept]),
    )


def _rows_of(tracks: Sequence[HarmonicTracks], rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    names = ("levels", "strays", "tonal", "audible", "hiss", "noisy")
    counting = ("tonal", "audible", "noisy")
    found: list[list[NDArray[np.float32]]] = [[] for _ in names]
    for track, wanted in zip(tracks, rows, strict=True):
        inside = (wanted >= 0) & (wanted < len(track.levels))
        kept = np.clip(wanted, 0, len(track.levels) - 1)
        for values, name in zip(found, names, strict=True):
            factor = inside[:, None] if name in counting else 1.0
            values.append((getattr(track, name)[kept] * factor).astype(np.float32))
    return [np.stack(values) for values in found]
