"""What is measured of one-shots is what a listener would say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.hits.descriptors import DESCRIPTORS
from training.hits.voice import SAMPLE_RATE

TIME = torch.arange(SAMPLE_RATE // 2) / SAMPLE_RATE


def tone(f_hz: float, fall: float = 10.0) -> Tensor:
    return torch.sin(2 * torch.pi * f_hz * TIME) * (-fall * TIME).exp()


def hiss(fall: float = 10.0) -> Tensor:
    return torch.randn(len(TIME), generator=torch.Generator().manual_seed(0)) * (-fall * TIME).exp()


CLICKED = tone(100.0) + 3 * hiss(2000.0)


@pytest.mark.parametrize(
    ("name", "less", "more"),
    [
        ("decay", tone(200.0, 20.0), tone(200.0, 5.0)),
        ("brightness", tone(200.0), tone(2000.0)),
        ("low_end", tone(400.0), tone(400.0) + tone(60.0)),
        ("click", tone(100.0), CLICKED),
        ("noise", tone(400.0), tone(400.0) + hiss()),
    ],
)
def test_more_of_it_is_more_at_any_level(name: str, less: Tensor, more: Tensor) -> None:
    measured, _ = DESCRIPTORS[name]
    low, high, soft = measured(torch.stack([less, more, more * 0.1])).tolist()
    assert high > low + 0.5
    assert soft == pytest.approx(high, abs=0.01)


def test_decay_is_the_time_in_which_the_energy_falls_by_20_db() -> None:
    measured, _ = DESCRIPTORS["decay"]
    # The energy falls as the square of the level: exp(-2 * 10 * t) = 1 / 100.
    assert 2 ** float(measured(hiss(10.0)[None])) == pytest.approx(0.23, rel=0.05)
