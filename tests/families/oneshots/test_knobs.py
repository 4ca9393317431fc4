"""Knobs are found in a model's own sounds, and only those that do what they say are offered."""

from __future__ import annotations

import pytest
import torch

from tests.families.oneshots.test_model import SIZE, made
from training.families.oneshots import knobs
from training.hits.descriptors import DESCRIPTORS


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FITTED": 12, "BESIDE": 4, "CHECKED": 6}.items():
        monkeypatch.setattr(knobs, name, value)


def test_what_follows_its_measure_is_offered_and_what_does_not_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = made(0, True)
    with torch.no_grad():
        model.decoder.head.weight.zero_()  # no place makes a difference
    monkeypatch.setattr(knobs, "ENOUGH", 0.99)
    places, labels = torch.randn(10, SIZE.places, generator=torch.Generator().manual_seed(0)), [0] * 10
    assert knobs.find_knobs(model, places, labels, [50.0, 60.0, 70.0]) == []
    monkeypatch.setattr(knobs, "ENOUGH", -1.0)
    found = knobs.find_knobs(made(0, True), places, labels, [50.0, 60.0, 70.0])
    assert [knob.name for knob in found] == list(DESCRIPTORS)
    assert all(knob.direction.shape == (SIZE.places,) and "correlation" in knob.text for knob in found)
    again = knobs.find_knobs(made(0, True), places, labels, [50.0, 60.0, 70.0])
    assert all(torch.equal(one.direction, other.direction) for one, other in zip(found, again, strict=True))
