"""Synthesised sounds whose pitch is exactly known: what the pitch tracker is trained on.

Random notes with vibrato, glides and steps; random spectra (slope, formants, missing fundamentals, odd harmonics only),
slight inharmonicity, breath and bow noise, rooms, coloured background noise, silence and unpitched bursts.
All is drawn anew for each batch, on the device that trains.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .draws import Draws
from .harmonics import harmonics, subharmonics
from .melodies import melody, phases
from .noises import background, breath, in_rooms


@dataclass(frozen=True)
class SyntheticSounds:
    """A batch of sounds with their truth.

    Attributes
    ----------
    audio : (B, T) float32, within about -1..1.
    midi : (B, N) the pitch at the end of each hop, in MIDI note numbers.
    voiced : (B, N) 1 where a pitched sound stands out of the noise, else 0.
    weight : (B, N) below 1 where the truth is not decidable (first milliseconds of a note, faint tails).
    """

    audio: Tensor
    midi: Tensor
    voiced: Tensor
    weight: Tensor


def draw_sounds(draws: Draws, size: int, frames: int) -> SyntheticSounds:
    """Draw ``size`` sounds of ``frames`` hops each. The same seed gives the same sounds on the same kind of device."""
    midi, gate = melody(draws, size, frames)
    phase = phases(draws, midi)
    tone, envelope = harmonics(draws, midi, gate, phase)
    noise = breath(draws, envelope, phase) + background(draws, size, frames)
    noise = noise + subharmonics(draws, tone, midi, phase)
    audio = in_rooms(draws, tone + noise)
    voiced, weight = truth_of(tone, audio - tone, gate, draws.hop_length)
    peak = audio.abs().amax(1, keepdim=True).clamp_min(1e-6)
    gain = 10 ** (draws.uniform((size, 1), -45, 0) / 20)
    return SyntheticSounds(audio / peak * gain, midi, voiced, weight)


def truth_of(harmonic: Tensor, rest: Tensor, gate: Tensor, hop_length: int) -> tuple[Tensor, Tensor]:
    """Tell which frames are voiced, and how sure that is, by how far a tone (B, T) stands out of the rest (B, T)."""

    def level_db(x: Tensor) -> Tensor:
        power = x.reshape(len(x), -1, hop_length).square().mean(2)
        smooth = torch.nn.functional.avg_pool1d(power[:, None], 9, 1, 4, count_include_pad=False)[:, 0]
        return 10 * torch.log10(smooth + 1e-12)

    tone, noise = level_db(harmonic), level_db(rest)
    standing = tone - noise
    loud = tone - tone.amax(1, keepdim=True)
    voiced = ((standing > -3) & (loud > -45) & (tone > -80)).float()
    doubtful = (
        ((standing > -9) & (standing < 3)) | ((loud < -38) & (loud > -52)) | (gate < 0.5) & (voiced > 0)
    )
    return voiced, torch.where(doubtful, 0.25, 1.0)
