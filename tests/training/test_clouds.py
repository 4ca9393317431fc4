"""Clouds of places: drawn ones lie as measured ones do."""

from __future__ import annotations

import torch

from training.hits.clouds import ClassClouds


def test_what_is_drawn_lies_as_what_was_measured() -> None:
    torch.manual_seed(0)
    mix = torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.2, 0.0], [0.0, 0.0, 3.0]])
    groups = [torch.randn(400, 3) @ mix.T + 5.0, torch.randn(400, 3) - 5.0]
    labels = [0] * 400 + [1] * 400
    clouds = ClassClouds.of(torch.cat(groups), labels, 2)
    for label, group in enumerate(groups):
        weights = torch.zeros(20000, 2)
        weights[:, label] = 1.0
        centre, factor = clouds(weights)
        drawn = centre + (factor @ torch.randn(20000, 3, 1))[..., 0]
        torch.testing.assert_close(drawn.mean(0), group.mean(0), atol=0.1, rtol=0.05)
        torch.testing.assert_close(drawn.T.cov(), group.T.cov(), atol=0.1, rtol=0.1)


def test_classes_of_one_sound_spread_as_others_do() -> None:
    torch.manual_seed(0)
    many = torch.randn(200, 4) * torch.tensor([1.0, 2.0, 3.0, 0.5])
    clouds = ClassClouds.of(torch.cat([many, torch.ones(1, 4)]), [0] * 200 + [1], 2)
    _, factor = clouds(torch.tensor([[0.0, 1.0]]))
    spread = (factor @ factor.mT)[0].diagonal().sqrt()
    torch.testing.assert_close(spread, many.std(0) * (2 / 3) ** 0.5, atol=0.05, rtol=0.1)


def test_no_weights_mean_the_origin_and_no_classes_one_cloud() -> None:
    torch.manual_seed(0)
    places = torch.randn(100, 4)
    clouds = ClassClouds.of(places, [0, 1] * 50, 2)
    assert clouds(torch.zeros(1, 2))[0].abs().max() == 0
    centre, factor = ClassClouds.of(places, [0] * 100, 0)(torch.zeros(3, 7, 0))
    assert centre.shape == (3, 7, 4)
    assert centre.abs().max() == 0
    torch.testing.assert_close((factor[0, 0] @ factor[0, 0].T), places.T.cov(), atol=0.1, rtol=0.1)
