"""Where the sounds that were learned from lie: places of events, and typical places of grains."""

from __future__ import annotations

import torch
from torch import Tensor

from .events import Events
from .paths import Paths

PLACES, LATENTS = "map.places", "map.latents"


@torch.no_grad()
def places_of(events: Events, paths: Paths) -> Tensor:
    """Hear whole events: (S, P)."""
    mean, _ = events.encoder.whole(paths.z[0], paths.loudness_db[0], paths.onset[0])
    return mean[:, 0]


def typical_latents(paths: Paths, latents: int) -> Tensor:
    """Mean places of the grains of each sound (S, Z), by their power."""
    power = 10 ** (paths.loudness_db[0] / 10)
    return (paths.z[0, ..., :latents] * power).sum(1) / power.sum(1).clamp_min(1e-12)
