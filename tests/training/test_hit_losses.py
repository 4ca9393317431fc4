"""Losses of hits hear what a spectral loss does not: an onset that clicks, and sinusoids where there is no tone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.hits.losses import hit_loss, tone_losses, with_silence
from training.hits.partial_tracks import stack, track_partials
from training.hits.voice import BANDS, NOISE_HOPS, SAMPLE_RATE, Parts, partial_centres

TIME = torch.arange(8192) / SAMPLE_RATE
SINE = torch.sin(2 * torch.pi * 300 * TIME)[None]
COSINE = torch.cos(2 * torch.pi * 300 * TIME)[None]
"""The same but for the click with which it begins."""


def test_a_click_at_the_beginning_is_heard() -> None:
    whole = float(hit_loss(COSINE, SINE))
    clicking, right = (with_silence(x, torch.tensor([True])) for x in (COSINE, SINE))
    led = float(hit_loss(clicking, right))
    assert led > 1.2 * whole


def test_silence_is_put_before_those_that_begin() -> None:
    both = torch.cat([SINE, SINE])
    led = with_silence(both, torch.tensor([True, False]))
    assert led.shape == both.shape
    assert torch.equal(led[1], both[1])
    assert torch.equal(led[0, 512:], both[0, :-512])
    assert float(led[0, :512].abs().max()) == 0


def parts_of(levels: dict[int, float], frames: int = 60) -> Parts:
    amplitudes = torch.zeros(1, frames, 32)
    for number, level in levels.items():
        amplitudes[..., number] = level
    f_hz = partial_centres(32).expand(1, frames, 32)
    return Parts(
        torch.zeros(1, frames, NOISE_HOPS * BANDS),
        amplitudes,
        f_hz,
        torch.zeros_like(f_hz),
        amplitudes[..., :2],
    )


@pytest.mark.parametrize(("others", "least", "most"), [({}, 0.0, 0.1), ({8: 0.01, 25: 0.01}, 0.3, 0.5)])
def test_sinusoids_beside_a_tone_cost_what_is_heard_of_them(
    others: dict[int, float], least: float, most: float
) -> None:
    tone = 0.3 * np.cos(2 * np.pi * float(partial_centres(32)[17]) * TIME.numpy())
    targets = stack([track_partials(tone.astype(np.float32), 32)], np.arange(40)[None], np.ones(1))
    tones, surplus, _ = tone_losses(parts_of({17: 0.3, **others}, 40), targets)
    assert float(tones) < 0.05
    assert least <= float(surplus) <= most
