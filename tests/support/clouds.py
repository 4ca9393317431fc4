"""Clouds of places that were never heard."""

import torch

from training.hits.clouds import ClassClouds


def clouds(places: int, classes: int) -> ClassClouds:
    """Give 60 drawn places, the classes' in a row, as clouds."""
    random = torch.Generator().manual_seed(5)
    labels = [number % max(classes, 1) for number in range(60)]
    drawn = torch.randn(60, places, generator=random) + 2 * torch.tensor(labels)[:, None]
    return ClassClouds.of(drawn, labels, classes)
