"""What an LPC network is trained on: excerpts of Csound sounds and of recordings, with noise and with the truth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...dsp.units import hz_to_midi
from .sounds import EXCITATION, AllPoleSounds, f0_hz, polynomial, sections
from .spectra import DELAY_HOPS

HOP_LENGTH, SAMPLE_RATE = 128, 24000
FIRST_SPLICE = 7200  # samples, 0.3 s
CLEAN, SILENT = 0.35, 0.07  # shares of excerpts without noise, of pieces that are silence
SPLICE = 128  # samples around a splice of which nothing is asked
QUIET_DB = -65.0  # of a hop of a recording: below, nothing is learned from it


@dataclass(frozen=True)
class Excerpts:
    """Sounds as the model is given them, and what it ought to say.

    Attributes
    ----------
    audio : (B, N * hop) float32, with noise.
    clean : (B, N * hop) float32, without.
    a : (B, N, 17) float64, the true polynomials; of recordings (unknown) anything.
    gain_db, voicing, midi : (B, N) of the excitation; pitch as a MIDI note number.
    known, sounding : (B, N) 1 where the filter is known, and where a recording sounds; else 0.
    """

    audio: Tensor
    clean: Tensor
    a: Tensor
    gain_db: Tensor
    voicing: Tensor
    midi: Tensor
    known: Tensor
    sounding: Tensor

    def to(self, device: torch.device) -> Excerpts:
        """Move everything to a device."""
        return Excerpts(*(getattr(self, name).to(device) for name in Excerpts.__dataclass_fields__))

    def without_noise(self) -> Excerpts:
        """The same without noise."""
        return replace(self, audio=self.clean)


@dataclass(frozen=True)
class Medley:
    """Pieces of Csound sounds one after another, and where each sample of them comes from.

    Attributes
    ----------
    audio : (B, T) float32
    row, moment : (B, T) number of the sound, and seconds since its beginning.
    gain_db : (B, T) by how much it was made louder; below -100 where there is silence.
    near_splice : (B, T) bool
    """

    audio: np.ndarray
    row: np.ndarray
    moment: np.ndarray
    gain_db: np.ndarray
    near_splice: np.ndarray

    @classmethod
    def draw(
        cls, sounds: AllPoleSounds, rows: Sequence[int], random: np.random.Generator, count: int, samples: int
    ) -> Medley:
        """Draw ``count`` medleys of one to four of the sounds ``rows``, each at a level of its own."""
        shape = count, samples
        audio, moment, gain = (np.zeros(shape, np.float32) for _ in range(3))
        row, near = np.zeros(shape, np.int32), np.zeros(shape, bool)
        length = sounds.audio.shape[1]
        for i in range(count):
            ends = random.integers(FIRST_SPLICE, max(samples, FIRST_SPLICE + 1), random.integers(0, 4))
            borders = sorted(
                {0, samples, *(int(e) for e in ends if e < samples), *range(length, samples, length)}
            )
            for begin, end in itertools.pairwise(borders):
                which, first = (
                    rows[int(random.integers(len(rows)))],
                    int(random.integers(length - (end - begin) + 1)),
                )
                level = random.uniform(-30.0, 0.0) - 200.0 * (random.random() < SILENT)
                audio[i, begin:end] = sounds.audio[which, first : first + end - begin] * 10 ** (level / 20)
                row[i, begin:end], gain[i, begin:end] = which, level
                moment[i, begin:end] = (np.arange(end - begin) + first) / SAMPLE_RATE
                near[i, max(begin - SPLICE, 0) : begin + SPLICE] = begin > 0
        return cls(audio, row, moment, gain, near)

    def values(self, sounds: AllPoleSounds, indices: np.ndarray) -> dict[str, Tensor]:
        """The sounds' parameters at these samples, (B, N) each."""
        return {
            name: torch.from_numpy(values[self.row[:, indices]]) for name, values in sounds.values.items()
        }


def draw_synthetic(
    sounds: AllPoleSounds, rows: Sequence[int], random: np.random.Generator, count: int, frames: int
) -> Excerpts:
    """Draw excerpts whose filters are known.

    Parameters
    ----------
    rows : which of the sounds to use.
    count, frames : how many excerpts, and hops in each.
    """
    medley = Medley.draw(sounds, rows, random, count, frames * HOP_LENGTH)
    # A frame describes the end of a hop, DELAY_HOPS before its own.
    indices = ((np.arange(frames) + 1 - DELAY_HOPS) * HOP_LENGTH).clip(0)
    values = medley.values(sounds, indices)
    moments = torch.from_numpy(medley.moment[:, indices])[:, :, None]
    level = medley.gain_db[:, indices]
    known = (level > -100.0) & ~medley.near_splice[:, indices]
    return Excerpts(
        torch.from_numpy(add_noise(medley.audio, random)),
        torch.from_numpy(medley.audio),
        polynomial(sections(values, moments, SAMPLE_RATE).squeeze(2).double()),
        torch.from_numpy(level) + 20 * math.log10(EXCITATION),
        values["voicing"],
        hz_to_midi(f0_hz(values, moments.squeeze(2))),
        torch.from_numpy(known.astype(np.float32)),
        torch.zeros(count, frames),
    )


def draw_recorded(
    recordings: Sequence[np.ndarray], random: np.random.Generator, count: int, frames: int
) -> Excerpts:
    """Draw excerpts of recordings (T,), each at a random level; long ones are drawn from more often."""
    samples = frames * HOP_LENGTH
    lengths = np.array([len(r) for r in recordings], float)
    clean = np.zeros((count, samples), np.float32)
    for i, row in enumerate(random.choice(len(recordings), count, p=lengths / lengths.sum())):
        recording = recordings[row]
        first = int(random.integers(max(1, len(recording) - samples // 2)))
        piece = recording[first : first + samples]
        peak = max(float(np.abs(piece).max(initial=0.0)), 1e-4)
        clean[i, : len(piece)] = piece * (10 ** (random.uniform(-35.0, 0.0) / 20) / peak)
    power = np.square(clean.reshape(count, frames, HOP_LENGTH), dtype=np.float64).mean(2)
    sounding = np.roll(10 * np.log10(power + 1e-12) > QUIET_DB, DELAY_HOPS, 1)
    sounding[:, : 2 * DELAY_HOPS] = False
    nothing = torch.zeros(count, frames)
    flat = torch.zeros(count, frames, 17, dtype=torch.float64)
    flat[..., 0] = 1.0
    return Excerpts(
        torch.from_numpy(add_noise(clean, random)),
        torch.from_numpy(clean),
        flat,
        nothing,
        nothing,
        nothing,
        nothing,
        torch.from_numpy(sounding.astype(np.float32)),
    )


def join(parts: Sequence[Excerpts]) -> Excerpts:
    """Put batches together."""
    return Excerpts(*(torch.cat([getattr(p, name) for p in parts]) for name in Excerpts.__dataclass_fields__))


def add_noise(clean: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Add noise to most rows (B, T): half of it white, half sloping down, at 0 to 40 dB below the sound's mean power."""
    count, samples = clean.shape
    spectrum = np.fft.rfft(random.standard_normal((count, samples)))
    hertz = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 20.0)
    slope = random.uniform(-1.0, 0.1, (count, 1)) * (random.random((count, 1)) < 0.5)
    noise = np.fft.irfft(spectrum * (hertz / 1000.0) ** slope, n=samples)
    noise /= np.maximum(np.sqrt(np.mean(noise**2, 1, keepdims=True)), 1e-9)
    below_db = random.uniform(0.0, 40.0, (count, 1)) + 200.0 * (random.random((count, 1)) < CLEAN)
    level = np.sqrt(np.mean(clean.astype(np.float64) ** 2, 1, keepdims=True)) * 10 ** (-below_db / 20)
    return (clean + noise * level).astype(np.float32)
