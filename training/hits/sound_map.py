"""A map of the sounds that were learned from: the plane in which their places differ most."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hsv_to_rgb

import torch
from torch import Tensor

from ..streaming.model import MapPoint

LONGEST_LABEL = 64
MAP_SIZE = 256


def principal_plane(values: Tensor) -> tuple[Tensor, Tensor]:
    """The plane (middle (P,), axes (P, 2)) in which values (S, P) differ most (Pearson 1901)."""
    middle = values.mean(0)
    _, _, rows = torch.linalg.svd(values - middle, full_matrices=False)
    axes = torch.zeros(values.shape[1], 2)
    axes[:, : min(2, len(rows))] = rows[:2].T
    # Of two directions the one whose largest number is positive: a picture that is drawn again is the same.
    strongest = axes.abs().argmax(0)
    return middle, axes * axes.gather(0, strongest[None]).sign()


def on_plane(plane: tuple[Tensor, Tensor], value: Tensor) -> tuple[float, float]:
    """Where a value (P,) lies on a plane."""
    middle, axes = plane
    x, y = (value - middle) @ axes
    return round(float(x), 4), round(float(y), 4)


def map_points(labels: Sequence[str], values: Tensor, plane: tuple[Tensor, Tensor]) -> list[MapPoint]:
    """Give values (S, P) as the points of a control's map; of long labels what they end in."""
    return [
        MapPoint(label[-LONGEST_LABEL:], *on_plane(plane, value), tuple(round(float(v), 4) for v in value))
        for label, value in zip(labels, values, strict=True)
    ]


def map_picture(places: Tensor, labels: Sequence[int]) -> Tensor:
    """Draw places (S, P) in their principal plane as dots (3, 256, 256), each class in a colour of its own."""
    middle, axes = principal_plane(places)
    spots = (places - middle) @ axes
    spots = spots / spots.abs().amax().clamp_min(1e-6)
    picture = torch.zeros(3, MAP_SIZE, MAP_SIZE)
    columns, rows = ((spots * 0.48 + 0.5) * MAP_SIZE).long().clamp(1, MAP_SIZE - 2).T
    count = max(labels) + 1
    colours = torch.tensor([hsv_to_rgb(label / count, 0.7, 1.0) for label in range(count)])
    for row, column, label in zip(rows.tolist(), columns.tolist(), labels, strict=True):
        dot = colours[label][:, None, None]
        picture[:, MAP_SIZE - 1 - row - 1 : MAP_SIZE - row + 1, column - 1 : column + 2] = dot
    return picture
