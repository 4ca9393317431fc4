"""What triggers start: the contract, and what they mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.contract import check_block
from training.dsp.partials import Partials
from training.dsp.transients import Transients
from training.streaming.sample_hold import Age, SampleHold

RATE, HOP = 44100, 128


def triggers(frames: int, *at: int) -> Tensor:
    fires = torch.zeros(1, frames, dtype=torch.int64)
    fires[0, list(at)] = 1
    return fires


def test_values_are_held_and_frames_are_counted_in_any_blocks() -> None:
    fires = triggers(40, 3, 4, 17)
    check_block(SampleHold(2), (torch.randn(1, 40, 2), fires))
    check_block(Age(), fires)


def test_what_is_held_is_what_was_there_at_the_trigger() -> None:
    values = torch.arange(1.0, 9.0).reshape(1, 8, 1)
    hold = SampleHold(1)
    held, state = hold((values, triggers(8, 2, 5)), hold.initial_state())
    assert held[0, :, 0].tolist() == [0, 0, 3, 3, 3, 6, 6, 6]
    held, _ = hold((values * 10, triggers(8, 1)), state)
    assert held[0, :2, 0].tolist() == [6, 20]
    age = Age()
    count, state = age(triggers(6, 2), age.initial_state())
    assert count[0].tolist() == [-1, -1, 0, 1, 2, 3]
    assert age(triggers(2), state)[0][0].tolist() == [4, 5]


def bank(frames: int, f_hz: float, phase: float, *at: int) -> tuple[Tensor, ...]:
    ones = torch.ones(1, frames, 2)
    trigger = triggers(frames, *at).float()[..., None]
    return 0.25 * ones, f_hz * ones, phase * ones, trigger


def test_partials_keep_the_contract() -> None:
    torch.manual_seed(0)
    amplitudes, f_hz, phases = torch.rand(1, 40, 5), 2000 * torch.rand(1, 40, 5), torch.rand(1, 40, 5)
    check_block(Partials(5, RATE, HOP), (amplitudes, f_hz, phases, triggers(40, 7, 20).float()[..., None]))


def test_a_trigger_sets_phases_to_the_sample() -> None:
    partials = Partials(2, RATE, HOP)
    y, _ = partials(bank(30, 440.0, 0.3, 4, 19), partials.initial_state())
    sound = y.flatten().numpy()
    time = np.arange(len(sound) - 20 * HOP) / RATE
    # A frame after the trigger what rang before is gone.
    wanted = 0.5 * np.cos(2 * np.pi * (440.0 * (time + HOP / RATE) + 0.3))
    np.testing.assert_allclose(sound[20 * HOP :], wanted, atol=2e-5)


def test_a_second_trigger_does_not_cut_off_what_rings() -> None:
    partials, again = Partials(2, RATE, HOP), 32 * HOP

    def play(*at: int) -> np.ndarray:
        # A quarter of a cycle on at each frame, so that the second trigger comes at a peak.
        amplitudes, *rest = bank(60, RATE / (4 * HOP), 0.0, *at)
        amplitudes[:, : at[0]] = 0.0
        y, _ = partials((amplitudes, *rest), partials.initial_state())
        return y.flatten().numpy()

    both, first, second = play(0, 32), play(0), play(32)
    assert abs(first[again]) > 0.4, "the old sound is not at a peak"
    old = both - second
    # It goes on from where it was, in its own direction, and is gone a frame later.
    np.testing.assert_allclose(old[again : again + 3], first[again : again + 3], atol=2e-3)
    assert (
        np.abs(np.diff(old[again - 1 : again + HOP + 1])).max()
        < 2 * np.abs(np.diff(first[again - HOP : again])).max()
    )
    assert np.abs(old[again + HOP :]).max() < 1e-5


def test_transients_keep_the_contract_and_end() -> None:
    torch.manual_seed(0)
    transients = Transients(3, HOP, 4)
    torch.nn.init.normal_(transients.waves)
    begun = torch.randn(1, 20, 3) * triggers(20, 2, 3, 18)[..., None]
    check_block(transients, begun)
    y, _ = transients(torch.eye(3)[None, :1] * triggers(9, 1)[..., None], transients.initial_state())
    wave = (transients.waves * transients.fade)[0]
    torch.testing.assert_close(y.flatten()[HOP : 5 * HOP], wave)
    assert y.flatten()[:HOP].abs().max() == y.flatten()[5 * HOP :].abs().max() == 0


@pytest.mark.parametrize("f_hz", [55.0, 440.0, 2000.0])
def test_partials_are_sinusoids_of_their_frequency(f_hz: float) -> None:
    partials = Partials(2, RATE, HOP)
    y, _ = partials(bank(345, f_hz, 0.0, 0), partials.initial_state())
    sound = y.flatten().numpy()
    peak = np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 20)))
    assert peak * RATE / (1 << 20) == pytest.approx(f_hz, abs=0.5)
    assert np.abs(sound).max() == pytest.approx(0.5, rel=1e-3)
