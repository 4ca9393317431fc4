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


def typical_latents(paths: Paths) -> Tensor:
    """Mean places of the grains of each sound (S, Z), by their power."""
    power = 10 ** (paths.loudness_db[0] / 10)
    return (paths.z[0] * power).sum(1) / power.sum(1).clamp_min(1e-12)


def principal_plane(values: Tensor) -> tuple[Tensor, Tensor]:
    """The plane (middle (P,), axes (P, 2)) in which values (S, P) differ most (Pearson 1901)."""
    middle = values.mean(0)
    _, _, rows = torch.linalg.svd(values - middle, full_matrices=False)
    axes = torch.zeros(values.shape[1], 2)
    axes[:, : min(2, len(rows))] = rows[:2].T
    # Of two directions the one whose largest number is positive: a picture that is drawn again is the same.
    strongest = axes.abs().argmax(0)
    return middle, axes * axes.gather(0, strongest[None]).sign()
