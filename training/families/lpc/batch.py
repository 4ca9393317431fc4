"""What the AR model is asked in training, and how far its answers are off."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ...analysis.pitch_network import CENTS_PER_BIN, LOWEST_MIDI, PITCH_BINS
from ...streaming.contract import Carry
from .analyzer import HOP_LENGTH, PITCHED_FROM, ArNetwork
from .excerpts import Excerpts
from .losses import DB_A_NEPER, envelope_db, itakura_saito, log_spectral_distance, reflections_db
from .spectra import DELAY_HOPS, Hearing, short_window

WARM_FRAMES = 12  # the long window is not full yet
BINS, RECORDED_BINS = 129, 257
SURE = 0.9  # of the bundled tracker, that a recording has a pitch


def clean_power(clean: Tensor) -> Tensor:
    """Power spectra around what each frame speaks of, 1 for white noise of variance 1.

    Shapes: (B, N * hop) -> (B, N, `RECORDED_BINS`) float64.
    """
    n_fft = 2 * (RECORDED_BINS - 1)
    window = short_window(n_fft).to(clean.device)
    # Frame n speaks of the end of hop n - DELAY_HOPS.
    before = n_fft // 2 + (DELAY_HOPS - 1) * HOP_LENGTH
    padded = F.pad(clean.double(), (before, n_fft))
    frames = padded.unfold(1, n_fft, HOP_LENGTH)[:, : clean.shape[1] // HOP_LENGTH]
    spectrum = torch.view_as_real(torch.fft.rfft(frames * (window / window.square().sum().sqrt())))
    return spectrum.square().sum(-1)


@dataclass(frozen=True)
class Heard:
    """Excerpts as the network is told of them, and what it ought to answer; all (B, N, ...)."""

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
    def of(cls, hearing: Hearing, excerpts: Excerpts) -> Heard:
        """Let excerpts be heard, and prepare the answers."""
        count = len(excerpts.audio)
        audio = excerpts.audio.reshape(count, -1, HOP_LENGTH)
        (slow, long, short, answers, features), _ = hearing(audio, hearing.initial_state(count))
        cold = torch.ones_like(excerpts.known)
        cold[:, :WARM_FRAMES] = 0.0
        known, sounding = excerpts.known * cold, excerpts.sounding * cold
        pitch, pitched = true_pitch(hearing, excerpts)
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
    def told(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What goes into the network."""
        return self.slow, self.long, self.short, self.answers, self.features

    def rows(self, chosen: Tensor) -> Heard:
        """Take some of the excerpts."""
        return Heard(*(getattr(self, name)[chosen] for name in Heard.__dataclass_fields__))


def true_pitch(hearing: Hearing, excerpts: Excerpts) -> tuple[Tensor, Tensor]:
    """Distributions over pitch bins (B, N, PITCH_BINS), and 1 where they are to be believed (B, N).

    Where the pitch is known, a Gaussian around it (Kim et al. 2018). In recordings, what the bundled tracker hears in the
    clean sound where it is sure: to be heard under noise as well.
    """
    position = (excerpts.midi - LOWEST_MIDI) * (100 / CENTS_PER_BIN)
    bins = torch.arange(PITCH_BINS, device=position.device)
    around = torch.exp(-0.5 * ((bins - position[:, :, None]) / 0.9) ** 2)
    around = around / around.sum(-1, keepdim=True).clamp_min(1e-9)
    pitched = excerpts.known * (excerpts.voicing > PITCHED_FROM)
    rows = excerpts.sounding.amax(1) > 0
    if rows.any():
        clean = excerpts.clean[rows].reshape(int(rows.sum()), -1, HOP_LENGTH)
        answers = hearing.hear_pitch(Carry(hearing, hearing.initial_state(len(clean))), clean)
        around[rows] = answers[..., :PITCH_BINS].softmax(-1)
        pitched[rows] = excerpts.sounding[rows] * (answers[..., PITCH_BINS].sigmoid() > SURE)
    return around, pitched


def ar_loss(network: ArNetwork, heard: Heard) -> tuple[Tensor, dict[str, Tensor]]:
    """Envelope, level, voicing and pitch where they are known, Itakura-Saito divergence of recordings.

    Returns
    -------
    The loss, and its parts: ``distance_db``, ``voicing``, ``pitch``, ``divergence``.
    """
    (reflections, gain_db, voicing, logits), _ = network(heard.told, network.initial_state(len(heard.long)))
    # As ratios: a tenth better counts as much where the envelope is nearly known as where noise hides it.
    distance = log_spectral_distance(reflections_db(reflections, BINS).float(), heard.envelope_db)
    level = (gain_db.squeeze(2) - heard.gain_db).abs()
    cross = F.binary_cross_entropy_with_logits(voicing.squeeze(2), heard.voicing, reduction="none")
    pitch = -(heard.pitch * logits.log_softmax(-1)).sum(-1)
    parts = {
        "distance_db": _mean(distance, heard.known),
        "voicing": _mean(cross, heard.known),
        "pitch": _mean(pitch, heard.pitched),
    }
    nearness = _mean(distance.log(), heard.known) + 0.1 * _mean(level, heard.known)
    loss = 2.0 * nearness + 2.0 * parts["voicing"] + 0.3 * parts["pitch"]
    rows = heard.sounding.amax(1) > 0
    if rows.any():
        envelope = reflections_db(reflections[rows], RECORDED_BINS) + gain_db[rows]
        power = heard.power[rows].double()
        # Below -60 dB of a frame's mean power nothing is asked; order 16 could not follow.
        faintest = power.mean(-1, keepdim=True) * 1e-6 + 1e-10
        divergence = itakura_saito(power + faintest, (envelope / DB_A_NEPER).exp() + faintest).float()
        # The lines of a high note fit no envelope; where the divergence is large, it counts by its logarithm.
        parts["divergence"] = _mean(divergence.log1p(), heard.sounding[rows])
        loss = loss + 2.0 * parts["divergence"]
    return loss, parts


def _mean(x: Tensor, weight: Tensor) -> Tensor:
    return (x * weight).sum() / weight.sum().clamp_min(1.0)
