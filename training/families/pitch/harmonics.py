"""What a tone consists of: harmonics of a random timbre, and partials below the fundamental."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...dsp.units import midi_to_hz
from .draws import Draws
from .melodies import envelopes

HARMONICS = 110


@dataclass(frozen=True)
class Timbre:
    """How strong the harmonics of each sound are.

    Attributes
    ----------
    level_db : (B, K) of each harmonic, whatever its frequency.
    slope_db : (B, 1, 1) for each octave of the harmonic's number.
    formant_hz, formant_db, formant_width : (B, 4, 1), the width in octaves.
    highpass_hz : (B, 1, 1), 0 for none.
    wobble : (B, 1) by how much levels wander, 0 to 1.
    """

    level_db: Tensor
    slope_db: Tensor
    formant_hz: Tensor
    formant_db: Tensor
    formant_width: Tensor
    highpass_hz: Tensor
    wobble: Tensor

    @classmethod
    def draw(cls, draws: Draws, size: int, k: Tensor) -> Timbre:
        """Draw the timbres of ``size`` sounds with the harmonics ``k`` (K,)."""
        spread = draws.uniform((size, 1), 0, 5.5)
        level = draws.normal(size, HARMONICS) * spread
        odd = draws.chance((size, 1), 0.2) * draws.uniform((size, 1), 5, 45)
        level = level - odd * (k % 2 == 0) * (k < 14)
        weak = draws.chance((size, 1), 0.2) * draws.uniform((size, 1), 5, 32)
        slope = draws.uniform((size, 1, 1), -18, 1)
        # A few sounds are nearly sines (flute, whistle).
        pure = draws.chance((size, 1, 1), 0.12) > 0
        slope = torch.where(pure, draws.uniform((size, 1, 1), -40, -18), slope)
        # Arguments are evaluated in their order, which is that of the draws.
        return cls(
            level_db=level - weak * (k == 1),
            slope_db=slope,
            formant_hz=torch.exp(draws.uniform((size, 4, 1), math.log(150), math.log(5000))),
            formant_db=draws.uniform((size, 4, 1), -14, 22),
            formant_width=draws.uniform((size, 4, 1), 0.25, 0.9),
            highpass_hz=torch.exp(draws.uniform((size, 1, 1), math.log(20), math.log(900)))
            * draws.chance((size, 1, 1), 0.5),
            wobble=draws.uniform((size, 1), 0, 1) ** 2,
        )

    def spectrum_db(self, frequency: Tensor, k: Tensor, rows: Tensor) -> Tensor:
        """Level in dB of partials at (R, K, N) Hz with the slopes and formants of the sounds ``rows``."""
        db = self.slope_db[rows] * torch.log2(k)[:, None]
        octave = torch.log2(frequency.clamp_min(10))
        for i in range(4):
            centre = torch.log2(self.formant_hz[rows, i : i + 1])
            width = self.formant_width[rows, i : i + 1]
            db = db + self.formant_db[rows, i : i + 1] * torch.exp(-0.5 * ((octave - centre) / width) ** 2)
        return db - 12 * torch.log2(1 + (self.highpass_hz[rows] / frequency.clamp_min(10)) ** 2) / 2


def harmonics(draws: Draws, midi: Tensor, gate: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
    """Give tones (B, T) and their envelopes (B, T) from pitch and gate (B, N) and phase (B, T) in cycles."""
    size, frames = midi.shape
    envelope = envelopes(draws, gate)
    k = torch.arange(1, HARMONICS + 1, device=draws.device).float()
    f0 = midi_to_hz(midi)
    stretch = torch.sqrt(1 + 10 ** draws.uniform((size, 1), -6, -3.3) * draws.chance((size, 1), 0.3) * k**2)
    offset = draws.uniform((size, HARMONICS))
    timbre = Timbre.draw(draws, size, k)
    out = torch.zeros(size, frames * draws.hop_length, device=draws.device)
    envelope_db = 20 * torch.log10(envelope + 1e-5)
    brightness = draws.uniform((size, 1), 0, 0.5)
    cycles, turns = (phase % 1.0).float(), phase.float()
    wobble = draws.smooth(draws.normal(size, frames), torch.full((size, 1), 15.0, device=draws.device))
    for start in range(0, HARMONICS, 5):
        rows = (f0.amin(1) * (start + 1) < 0.49 * draws.sample_rate).nonzero()[:, 0]
        if not len(rows):
            break
        order = k[start : start + 5]
        spread, shift = stretch[rows, start : start + 5, None], offset[rows, start : start + 5, None]
        frequency = f0[rows, None] * order[:, None] * spread
        db = timbre.spectrum_db(frequency, order, rows)
        db = db + timbre.level_db[rows, start : start + 5, None]
        # Louder is brighter, as on most instruments: high partials follow the envelope more than low ones.
        db = db + envelope_db[rows, None] * brightness[rows, :, None] * torch.log2(order)[:, None] * 0.3
        db = db + wobble[rows, None] * 12 * timbre.wobble[rows, :, None] * torch.cos(shift * 6.28)
        amplitude = (db * 0.11513).exp() * (frequency < 0.49 * draws.sample_rate)
        amplitude = draws.to_samples(amplitude.reshape(-1, frames)).reshape(len(rows), -1, out.shape[1])
        # An integer multiple of the wrapped phase, and the small excess of a stretched partial.
        angle = (
            cycles[rows, None] * order[:, None] + turns[rows, None] * (order[:, None] * (spread - 1)) + shift
        )
        out.index_add_(0, rows, (amplitude * torch.sin(angle * (2 * math.pi))).sum(1))
    envelope = draws.to_samples(envelope)
    out = out / out.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9) * 0.1
    return out * envelope * (draws.uniform((size, 1)) > 0.06), envelope


def subharmonics(draws: Draws, harmonic: Tensor, midi: Tensor, phase: Tensor) -> Tensor:
    """Faint, unsteady partials at half or a third of f0 and its multiples, as an overblown pipe has them."""
    size, frames = midi.shape
    divisor = torch.where(draws.chance((size, 1), 0.75) > 0, 2.0, 3.0)
    level = harmonic.square().mean(1, keepdim=True).sqrt()
    level = level * 10 ** (draws.uniform((size, 1), -50, -22) / 20) * draws.chance((size, 1), 0.4)
    wobble = (
        draws.smooth(draws.normal(size, frames), torch.full((size, 1), 6.0, device=draws.device)).abs() * 4
    )
    total = torch.zeros_like(harmonic)
    for order in (1, 2, 3, 4, 5, 7):
        audible = (order % divisor != 0) & (midi_to_hz(midi).amax(1, keepdim=True) * order < divisor * 5800)
        strength = draws.uniform((size, 1), 0.2, 1.0) * audible
        cycles = (phase % divisor.double()).float() * (order / divisor) + draws.uniform((size, 1))
        total = total + strength * torch.sin(2 * math.pi * cycles)
    return total * level * draws.to_samples(wobble)
