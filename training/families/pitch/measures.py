"""What is measured of a pitch network: how often it is right on sounds that it was not trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from ...dsp.units import hz_to_midi
from ...loop.logs import Measured
from .data import PitchData
from .losses import delayed
from .model import HOP_LENGTH
from .sounds import SyntheticSounds
from .train import PitchTrainer


@torch.no_grad()
def measure(trainer: PitchTrainer, data: PitchData) -> Measured:
    """Give the figures of the averaged network on sounds kept aside."""
    sounds, network = data.held_out(trainer.device), trainer.average
    hops = sounds.audio.reshape(len(sounds.audio), -1, HOP_LENGTH)
    logits, _ = network(hops, network.initial_state(len(hops)))
    f0_hz = network.decode(logits[:, :, :-1]).squeeze(2)
    return Measured(pitch_figures(f0_hz, logits[:, :, -1].sigmoid(), sounds))


def pitch_figures(f0_hz: Tensor, voicing: Tensor, truth: SyntheticSounds) -> dict[str, float]:
    """Share of surely voiced frames within 50 cents, octave errors, median error in cents, and errors of voicing."""
    midi, voiced, weight = (delayed(x) for x in (truth.midi, truth.voiced, truth.weight))
    sure = (voiced * weight) > 0.5
    cents = (100 * (hz_to_midi(f0_hz) - midi)).abs()[sure]
    return {
        "right": (cents < 50).float().mean().item(),
        "octave": ((cents > 1100) & (cents < 1300)).float().mean().item(),
        "median_cents": cents.median().item(),
        "voicing_wrong": ((voicing > 0.5).float() != voiced)[weight > 0.5].float().mean().item(),
    }
