"""How far an LPC network's estimates are off."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from .envelopes import DB_A_NEPER, itakura_saito, log_spectral_distance, reflections_db
from .tracker import LpcNetwork
from .training_batch import BINS, RECORDED_BINS, TrainingBatch


def lpc_loss(network: LpcNetwork, batch: TrainingBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """Envelope, level, voicing and pitch where they are known, Itakura-Saito divergence of recordings.

    Returns
    -------
    The loss, and its parts: ``distance_db``, ``voicing``, ``pitch``, ``divergence``.
    """
    (reflections, gain_db, voicing, logits), _ = network(batch.inputs, network.initial_state(len(batch.long)))
    # As ratios: a tenth better counts as much where the envelope is nearly known as where noise hides it.
    distance = log_spectral_distance(reflections_db(reflections, BINS).float(), batch.envelope_db)
    level = (gain_db.squeeze(2) - batch.gain_db).abs()
    cross = F.binary_cross_entropy_with_logits(voicing.squeeze(2), batch.voicing, reduction="none")
    pitch = -(batch.pitch * logits.log_softmax(-1)).sum(-1)
    parts = {
        "distance_db": _mean(distance, batch.known),
        "voicing": _mean(cross, batch.known),
        "pitch": _mean(pitch, batch.pitched),
    }
    nearness = _mean(distance.log(), batch.known) + 0.1 * _mean(level, batch.known)
    loss = 2.0 * nearness + 2.0 * parts["voicing"] + 0.3 * parts["pitch"]
    rows = batch.sounding.amax(1) > 0
    if rows.any():
        envelope = reflections_db(reflections[rows], RECORDED_BINS) + gain_db[rows]
        power = batch.power[rows].double()
        # Below -60 dB of a frame's mean power nothing is asked; order 16 could not follow.
        faintest = power.mean(-1, keepdim=True) * 1e-6 + 1e-10
        divergence = itakura_saito(power + faintest, (envelope / DB_A_NEPER).exp() + faintest).float()
        # The lines of a high note fit no envelope; where the divergence is large, it counts by its logarithm.
        parts["divergence"] = _mean(divergence.log1p(), batch.sounding[rows])
        loss = loss + 2.0 * parts["divergence"]
    return loss, parts


def _mean(x: Tensor, weight: Tensor) -> Tensor:
    return (x * weight).sum() / weight.sum().clamp_min(1.0)
