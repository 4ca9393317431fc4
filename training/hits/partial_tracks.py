"""What of a sound is steady tone and what is noise, in the bands of the sinusoids, moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .voice import BANDS, HIGHEST_HZ, HOP_LENGTH, LOWEST_HZ, SAMPLE_RATE, band_octaves, partial_centres

N_FFT = 2048
WINDOW = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
STEADY, UNSTEADY = 0.004, 0.015
"""Up to which share of its frequency a band's frequencies may differ to be one tone, and from which on they are noise."""

AUDIBLE_DB = 60.0


@dataclass(frozen=True)
class PartialTracks:
    """Tones and noise of a sound in the bands of the sinusoids, each frame's under a window that begins with it.

    Attributes
    ----------
    f_hz : (N, K) float32
        The mean frequency in each band, by power.
    weights : (N, K) float32
        The band's amplitude beside the largest of all, from 0 to 1.
    amplitudes : (N, K) float32
        Of a sinusoid of that band's power.
    steady : (N, K) float32
        How far the band is one audible tone, from 0 to 1.
    hiss : (N, L) float32
        Magnitude of noise in those of the voice's bands that lie where the sinusoids are, if what is no tone were noise.
    audible : (N, L) float32
        From 0, what is 60 dB below the loudest band of all, to 1.
    """

    f_hz: NDArray[np.float32]
    weights: NDArray[np.float32]
    amplitudes: NDArray[np.float32]
    steady: NDArray[np.float32]
    hiss: NDArray[np.float32]
    audible: NDArray[np.float32]

    @property
    def count(self) -> int:
        """K, the number of bands."""
        return self.f_hz.shape[1]


@dataclass(frozen=True)
class Targets:
    """The same of excerpts, (B, N, ...) each."""

    f_hz: Tensor
    weights: Tensor
    amplitudes: Tensor
    steady: Tensor
    hiss: Tensor
    audible: Tensor

    def to(self, device: torch.device) -> Targets:
        """Move them."""
        return Targets(*(getattr(self, each.name).to(device) for each in fields(self)))


def track_partials(samples: NDArray[np.float32], count: int, highest_hz: float = HIGHEST_HZ) -> PartialTracks:
    """Measure the tones in bands, and what is none.

    Parameters
    ----------
    samples : (T,)
    count : int
        K, the number of bands from 35 Hz on.
    highest_hz : float
        In the middle of the last.
    """
    bins = int(2 * highest_hz / SAMPLE_RATE * N_FFT / 2) + 4
    power, f = turning(samples, bins)
    frames = len(power)
    spacing = band_octaves(count, highest_hz)
    band = np.round(np.log2(np.maximum(f, 1.0) / LOWEST_HZ) / spacing).astype(int)
    inside = (band >= 0) & (band < count)
    rows = np.broadcast_to(np.arange(frames)[:, None], band.shape)
    sums = np.zeros((3, frames, count))
    for total, value in zip(sums, (power, power * f, power * f * f), strict=True):
        np.add.at(total, (rows[inside], band[inside]), value[inside])
    totals = np.maximum(sums[0], 1e-20)
    centres = partial_centres(count, highest_hz).numpy()
    mean = np.where(sums[0] > 0, sums[1] / totals, centres)
    spread = np.sqrt(np.maximum(sums[2] / totals - mean**2, 0.0)) / mean
    tonal = np.clip((UNSTEADY - spread) / (UNSTEADY - STEADY), 0.0, 1.0)
    noise = power * np.where(inside, 1.0 - np.take_along_axis(tonal, np.clip(band, 0, count - 1), 1), 1.0)
    share = noise_bands(bins, int(highest_hz / (SAMPLE_RATE / 2 / (BANDS - 1))))
    energy = float(np.square(WINDOW).sum())
    found = (
        mean,
        np.sqrt(sums[0] / max(float(sums[0].max(initial=0.0)), 1e-20)),
        np.sqrt(sums[0] * (4.0 / (N_FFT * energy))),
        tonal * audible(sums[0]),
        np.sqrt(noise @ share / energy),
        audible(power @ share),
    )
    return PartialTracks(*(values.astype(np.float32) for values in found))


def turning(samples: NDArray[np.float32], bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give powers and frequencies in Hz of the lowest bins of a sound (T,), each frame's of a window that begins with it.

    Frequencies are measured by the turn of phases from one sample to the next (Flanagan and Golden 1966). All bins that hear
    one tone turn alike, however it decays; those that hear noise differ. Shapes: (N, bins) twice.
    """
    frames = -(-len(samples) // HOP_LENGTH)
    padded = np.pad(samples, (0, frames * HOP_LENGTH + N_FFT + 1 - len(samples)))
    starts = HOP_LENGTH * np.arange(frames)
    views = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)
    now, next_ = (np.fft.rfft(views[starts + i] * WINDOW)[:, :bins] for i in (0, 1))
    return np.abs(now) ** 2, np.angle(next_ * now.conj()) * (SAMPLE_RATE / (2 * np.pi))


def stack(tracks: Sequence[PartialTracks], rows: NDArray[np.int64], gains: NDArray[np.float64]) -> Targets:
    """Take rows (B, N) of sounds at gains of their own; outside of a sound nothing counts."""
    found: dict[str, list[NDArray[np.float32]]] = {each.name: [] for each in fields(PartialTracks)}
    for track, wanted, gain in zip(tracks, rows, gains.tolist(), strict=True):
        length = len(track.f_hz)
        inside = ((wanted >= 0) & (wanted < length)).astype(np.float32)[:, None]
        factors = {"weights": inside, "steady": inside, "audible": inside, "amplitudes": gain, "hiss": gain}
        for name, values in found.items():
            values.append(getattr(track, name)[np.clip(wanted, 0, length - 1)] * factors.get(name, 1.0))
    return Targets(**{name: torch.from_numpy(np.stack(rows)).float() for name, rows in found.items()})


def under_window(power: Tensor) -> Tensor:
    """Give powers (B, N, K), one a frame, as the window hears them: (B, N - 15, K)."""
    frames = N_FFT // HOP_LENGTH
    shares = torch.from_numpy(np.square(WINDOW).reshape(frames, -1).sum(1)).to(power)
    return (
        F.conv1d(power.transpose(1, 2).flatten(0, 1)[:, None], (shares / shares.sum())[None, None])[:, 0]
        .unflatten(0, (power.shape[0], -1))
        .transpose(1, 2)
    )


def noise_bands(bins: int, count: int) -> NDArray[np.float64]:
    """Mean over bins in the voice's bands of noise, which are triangles: (bins, count)."""
    place = np.arange(bins) * (2.0 * (BANDS - 1) / N_FFT)
    triangles = np.maximum(1.0 - np.abs(place[:, None] - np.arange(count)), 0.0)
    return triangles / triangles.sum(0)


def audible(power: NDArray[np.float64], range_db: float = AUDIBLE_DB) -> NDArray[np.float64]:
    """From 0, so far below the highest, to 1."""
    share = power / max(float(power.max(initial=0.0)), 1e-20)
    return np.clip(1.0 + 10.0 * np.log10(np.maximum(share, 1e-12)) / range_db, 0.0, 1.0)
