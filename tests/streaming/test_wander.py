"""Slow noise on levels: as large as asked for, slow, other for each level, and the same at any block size."""

from __future__ import annotations

import numpy as np
import torch

from tests.contract import check_block
from training.dsp.wander import TABLE_FRAMES, Wander

RATE = 375.0


def wandering(levels: int = 20) -> Wander:
    wander = Wander(levels, RATE)
    wander.depth.copy_(torch.linspace(0.1, 0.5, levels))
    return wander


def test_it_keeps_the_contract_and_comes_round() -> None:
    wander = wandering()
    amount = torch.rand(1, 60, 1)
    check_block(wander, amount)
    once, state = wander(torch.ones(1, TABLE_FRAMES, 1), wander.initial_state())
    again, _ = wander(torch.ones(1, 50, 1), state)
    assert int(state["frame"]) == 0
    torch.testing.assert_close(again, once[:, :50])


def test_each_level_moves_by_its_depth_and_by_itself() -> None:
    wander = wandering()
    moved = wander(torch.ones(1, TABLE_FRAMES, 1), wander.initial_state())[0][0].numpy()
    np.testing.assert_allclose(moved.std(0), wander.depth, rtol=1e-4)
    np.testing.assert_allclose(moved.mean(0), 0.0, atol=1e-6)
    alike = np.corrcoef(moved.T) - np.eye(moved.shape[1])
    assert np.abs(alike).max() < 0.2
    spectrum = np.square(np.abs(np.fft.rfft(moved[:, 0])))
    hz = np.fft.rfftfreq(TABLE_FRAMES, 1 / RATE)
    assert spectrum[hz < 1.0].sum() < 1e-6 * spectrum.sum()
    assert 0.7 < spectrum[(hz >= 1.0) & (hz < 20.0)].sum() / spectrum.sum() < 0.97


def test_the_amount_scales_it_and_nothing_is_nothing() -> None:
    wander = wandering()
    amount = torch.cat([torch.zeros(1, 30, 1), torch.full((1, 30, 1), 2.0)], 1)
    moved, _ = wander(amount, wander.initial_state())
    plain, _ = wander(torch.ones(1, 60, 1), wander.initial_state())
    assert (moved[:, :30] == 0).all()
    torch.testing.assert_close(moved[:, 30:], 2 * plain[:, 30:])
    still = Wander(5, RATE)
    assert (still(torch.ones(1, 9, 1), still.initial_state())[0] == 0).all()
