"""Excerpts as an LPC network is given them, and what it ought to answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ...analysis.pitch_network import CENTS_PER_BIN, LOWEST_MIDI, PITCH_BINS
from ...streaming.contract import Carry
from .envelopes import envelope_db
from .excerpts import Excerpts
from .spectra import DELAY_HOPS, SpectralFrontEnd, short_window
from .tracker import HOP_LENGTH, PITCHED_FROM

WARM_FRAMES = 12  # the long window is not full yet
BINS, RECORDED_BINS = 129, 257
SURE = 0.9  # of the bundled tracker, that a recording has a pitch


def clean_power(clean: Tensor) -> Tensor:
    """Power spectra around the moment that each frame describes, 1 for white noise of variance 1.

    Shapes: (B, N * hop) -> (B, N, `RECORDED_BINS`) float64.
    """
    n_fft = 2 * (RECORDED_BINS - 1)
    window = short_window(n_fft).to(clean.device)
    # Frame n describes the end of hop n - DELAY_HOPS.
    before = n_fft // 2 + (DELAY_HOPS - 1) * HOP_LENGTH
    padded = F.pad(clean.double(), (before, n_fft))
    frames = padded.unfold(1, n_fft, HOP_LENGTH)[:, : clean.shape[1] // HOP_LENGTH]
    spectrum = torch.view_as_real(torch.fft.rfft(frames * (window / window.square().sum().sqrt())))
    return spectrum.square().sum(-1)


@dataclass(frozen=True)
class TrainingBatch:
    """What goes into the network, and what ought to come out; all (B, N, ...)."""

    slow: Tensor
    long: Tensor
    short: Tensor
    answers: Tensor
    features: Tensor
    envelope_db: Tensor
    gain_db: Tensor
    voicing: Tensor
    pitch: Tensor
    pitched: Tensor
    known: Tensor
    power: Tensor
    sounding: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, front_end: SpectralFrontEnd, excerpts: Excerpts) -> TrainingBatch:
        """Compute spectra and features of excerpts, and the answers."""
        count = len(excerpts.audio)
        audio = excerpts.audio.reshape(count, -1, HOP_LENGTH)
        (slow, long, short, answers, features), _ = front_end(audio, front_end.initial_state(count))
        cold = torch.ones_like(excerpts.known)
        cold[:, :WARM_FRAMES] = 0.0
        known, sounding = excerpts.known * cold, excerpts.sounding * cold
        pitch, pitched = true_pitch(front_end, excerpts)
        power = clean_power(excerpts.clean).float()
        return cls(
            slow=slow,
            long=long,
            short=short,
            answers=answers,
            features=features,
            envelope_db=envelope_db(excerpts.a, BINS).float(),
            gain_db=excerpts.gain_db,
            voicing=excerpts.voicing,
            pitch=pitch,
            pitched=pitched * cold,
            known=known,
            power=power,
            sounding=sounding,
        )

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What goes into the network."""
        return self.slow, self.long, self.short, self.answers, self.features

    def rows(self, chosen: Tensor) -> TrainingBatch:
        """Take some of the excerpts."""
        return TrainingBatch(*(getattr(self, name)[chosen] for name in TrainingBatch.__dataclass_fields__))


def true_pitch(front_end: SpectralFrontEnd, excerpts: Excerpts) -> tuple[Tensor, Tensor]:
    """Distributions over pitch bins (B, N, PITCH_BINS), and 1 where they are to be believed (B, N).

    Where the pitch is known, a Gaussian around it (Kim et al. 2018). In recordings, what the bundled tracker finds in the
    clean sound where it is sure: to be found under noise as well.
    """
    position = (excerpts.midi - LOWEST_MIDI) * (100 / CENTS_PER_BIN)
    bins = torch.arange(PITCH_BINS, device=position.device)
    around = torch.exp(-0.5 * ((bins - position[:, :, None]) / 0.9) ** 2)
    around = around / around.sum(-1, keepdim=True).clamp_min(1e-9)
    pitched = excerpts.known * (excerpts.voicing > PITCHED_FROM)
    rows = excerpts.sounding.amax(1) > 0
    if rows.any():
        clean = excerpts.clean[rows].reshape(int(rows.sum()), -1, HOP_LENGTH)
        answers = front_end.track_pitch(Carry(front_end, front_end.initial_state(len(clean))), clean)
        around[rows] = answers[..., :PITCH_BINS].softmax(-1)
        pitched[rows] = excerpts.sounding[rows] * (answers[..., PITCH_BINS].sigmoid() > SURE)
    return around, pitched
