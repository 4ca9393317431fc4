"""What is measured of an LPC network: its distance from the true envelopes of held-out sounds."""

from __future__ import annotations

import torch
from torch import Tensor

from ...loop.logs import Measured
from .data import LpcData
from .envelopes import log_spectral_distance, reflections_db
from .train import LpcTrainer

SHOWN = 6


@torch.no_grad()
def measure(trainer: LpcTrainer, data: LpcData) -> Measured:
    """Give log-spectral distances in dB, clean and noisy, and pictures of envelopes found and true."""
    network, figures, pictures = trainer.average, {}, {}
    for name, batch in trainer.held_out.items():
        (reflections, gain_db, _, _), _ = network(batch.inputs, network.initial_state(len(batch.long)))
        found = reflections_db(reflections, batch.envelope_db.shape[-1]).float()
        distance = log_spectral_distance(found, batch.envelope_db)
        figures[f"held_out/{name}_distance_db"] = float(
            (distance * batch.known).sum() / batch.known.sum().clamp_min(1.0)
        )
        wanted = batch.envelope_db + batch.gain_db[:, :, None]
        pictures[f"{name}/found"] = _picture((found + gain_db)[:SHOWN])
        pictures[f"{name}/true"] = _picture(wanted[:SHOWN])
    return Measured(figures, pictures)


def _picture(envelopes_db: Tensor) -> Tensor:
    """Envelopes (B, N, bins) side by side as a grey picture (1, bins, B * N), -10 dB white and -90 dB black."""
    return ((envelopes_db.flatten(0, 1).T + 90) / 80).clamp(0, 1).flip(0)[None].cpu()
