"""What the numbers of a network mean to the voice: of hits, and of notes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...dsp.units import midi_to_hz
from ...hits.voice import BANDS, NOISE_HOPS, SAMPLE_RATE, Parts, partial_centres, partial_reach
from .settings import GrainsSize

NO_PITCH = "harmonics need a pitch"
HIGHEST_HARMONIC_HZ = 0.45 * SAMPLE_RATE


class Score(nn.Module):
    """Reads what a network gives as parts. Its first values are levels, one for each of `f_hz`; `others` follow."""

    pitched = False

    f_hz: Tensor
    centres: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.reach = partial_reach(size.partials, size.highest_hz)
        self.levels = [NOISE_HOPS * BANDS, size.partials]
        self.others = [size.partials, size.partials, size.transients]
        self.register_buffer("centres", partial_centres(size.partials, size.highest_hz), persistent=False)
        self.register_buffer("f_hz", torch.cat([_noise_hz(), self.centres]), persistent=False)

    def begin(self, bias: Tensor) -> None:
        """Let an untrained network play noise, and sinusoids beneath it."""
        bias[: self.levels[0]] = -3.0
        bias[self.levels[0] : sum(self.levels)] = -4.0

    def frequencies(self, midi: Tensor | None) -> Tensor:
        """Of the levels, in Hz: (L,)."""
        return self.f_hz

    def forward(self, levels: Tensor, others: Tensor, loudness: Tensor, midi: Tensor | None = None) -> Parts:
        noise, amplitudes = levels.split(self.levels, -1)
        detunes, phases, struck = others.split(self.others, -1)
        octaves = self.reach * torch.tanh(detunes)
        f_hz = self.centres * (octaves * math.log(2.0)).exp()
        return Parts(noise, amplitudes, f_hz, phases, struck * loudness)


class NoteScore(nn.Module):
    """The same for notes: its sinusoids are harmonics of a pitch that is told, as far up as there is room."""

    pitched = True
    orders: Tensor
    noise_hz: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.levels = [NOISE_HOPS * BANDS, size.harmonics]
        self.others = [size.harmonics, size.transients]
        self.register_buffer("orders", torch.arange(1.0, size.harmonics + 1), persistent=False)
        self.register_buffer("noise_hz", _noise_hz(), persistent=False)

    def begin(self, bias: Tensor) -> None:
        """Let an untrained network play harmonics that fall, and noise beneath them."""
        bias[: self.levels[0]] = -5.0
        bias[self.levels[0] : sum(self.levels)] = -2.0 - self.orders.log()

    def frequencies(self, midi: Tensor | None) -> Tensor:
        """Of the levels, in Hz, at pitches (B, N, 1): (B, N, L)."""
        if midi is None:
            raise ValueError(NO_PITCH)
        noise_hz = self.noise_hz.expand(*midi.shape[:2], -1)
        return torch.cat([noise_hz, midi_to_hz(midi).float() * self.orders], -1)

    def forward(self, levels: Tensor, others: Tensor, loudness: Tensor, midi: Tensor | None = None) -> Parts:
        if midi is None:
            raise ValueError(NO_PITCH)
        noise, amplitudes = levels.split(self.levels, -1)
        phases, struck = others.split(self.others, -1)
        # In float64: the phases of high harmonics would add rounding up.
        f_hz = midi_to_hz(midi.double()) * self.orders.double()
        audible = (f_hz < HIGHEST_HARMONIC_HZ).float()
        return Parts(noise, amplitudes * audible, f_hz * audible, phases, struck * loudness)


def _noise_hz() -> Tensor:
    return (torch.arange(BANDS) * (SAMPLE_RATE / 2 / (BANDS - 1))).repeat(NOISE_HOPS)
