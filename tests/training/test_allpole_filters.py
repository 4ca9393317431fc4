"""Linear prediction and moving all-pole filters, against scipy's independent forms of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import linalg, signal
from torch import Tensor

from tests.contract import BrokenContract, check_block
from training.dsp.allpole import MovingFilter, PolynomialResponse, inverse, warping
from training.dsp.levinson import Levinson, StepUp

ORDER, HOP, N_FFT, RATE = 16, 128, 2048, 24000


def random_reflections(*shape: int, spread: float = 0.6) -> Tensor:
    """Reflection coefficients as voices have them: the first two strong, the others anything."""
    random = torch.Generator().manual_seed(3)
    area = spread * torch.randn(*shape, ORDER, generator=random, dtype=torch.float64)
    area[..., 0] -= 1.5
    area[..., 1] += 0.7
    return area.tanh()


def autocorrelation(a: np.ndarray) -> np.ndarray:
    response = np.asarray(signal.lfilter([1], a, np.eye(1, 200_000)[0]))
    return np.array([response[: len(response) - lag] @ response[lag:] for lag in range(len(a))])


def test_levinson_solves_the_normal_equations() -> None:
    r = np.fft.irfft(np.random.default_rng(0).uniform(0.01, 5.0, (3, 129)))[:, : ORDER + 1]
    reflections, error = Levinson(ORDER)(torch.from_numpy(r))
    a = StepUp(ORDER)(reflections).numpy()
    for row, polynomial, left in zip(r, a, error.numpy(), strict=True):
        wanted = -linalg.solve_toeplitz(row[:ORDER], row[1:])
        np.testing.assert_allclose(polynomial[1:], wanted, atol=1e-12)
        assert left[0] == pytest.approx(row @ polynomial, rel=1e-10)


def test_a_filter_comes_back_from_its_autocorrelation() -> None:
    reflections = random_reflections(4, spread=0.2)
    r = np.stack([autocorrelation(a) for a in StepUp(ORDER)(reflections).numpy()])
    found, error = Levinson(ORDER)(torch.from_numpy(r))
    torch.testing.assert_close(found, reflections, atol=1e-9, rtol=0)
    torch.testing.assert_close(error, torch.ones(4, 1, dtype=torch.float64), atol=1e-9, rtol=0)


def test_reflection_coefficients_below_one_are_stable_filters_and_others_are_not() -> None:
    random = torch.Generator().manual_seed(1)
    reflections = 1.998 * torch.rand(200, ORDER, generator=random, dtype=torch.float64) - 0.999
    radii = [np.abs(np.roots(a)).max() for a in StepUp(ORDER)(reflections).numpy()]
    assert max(radii) < 1.0
    reflections[:, 5] = 1.05
    radii = [np.abs(np.roots(a)).max() for a in StepUp(ORDER)(reflections).numpy()]
    assert min(radii) > 1.0


def test_response_is_that_of_the_widened_filter() -> None:
    a = StepUp(ORDER)(random_reflections(1, 5))
    real, imaginary = inverse(*PolynomialResponse(ORDER, N_FFT, 20.0, RATE)(a))
    for n in range(5):
        widened = a[0, n].numpy() * np.exp(-np.pi * 20.0 / RATE) ** np.arange(ORDER + 1)
        _, wanted = signal.freqz([1], widened, worN=N_FFT // 2 + 1, include_nyquist=True)
        found = real[0, n].numpy() + 1j * imaginary[0, n].numpy()
        np.testing.assert_allclose(found, wanted, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize("semitones", [-12.0, -5.0, 3.0, 12.0])
def test_warping_moves_resonances_by_semitones(semitones: float) -> None:
    pole = 0.995 * np.exp(2j * np.pi * 700 / RATE)
    a = torch.zeros(1, 1, ORDER + 1, dtype=torch.float64)
    a[0, 0, :3] = torch.from_numpy(np.poly([pole, pole.conj()]).real.copy())
    warp = warping(torch.full((1, 1, 1), semitones, dtype=torch.float64))
    real, imaginary = inverse(*PolynomialResponse(ORDER, 8192, 0.0, RATE)(a, warp))
    peak = int((real.square() + imaginary.square())[0, 0].argmax()) * RATE / 8192
    assert peak == pytest.approx(700 * 2 ** (semitones / 12), rel=0.015)


def filtered(sound: Tensor, reflections: Tensor) -> tuple[Tensor, np.ndarray]:
    """The sound through the filters, and the last filter's widened polynomial."""
    a = StepUp(ORDER)(reflections)
    parts = inverse(*PolynomialResponse(ORDER, N_FFT, 20.0, RATE)(a))
    response = torch.stack(parts, 2).float().expand(1, sound.shape[1], -1, -1)
    block = MovingFilter(HOP, N_FFT).eval()
    state = block.initial_state(1)
    state["response"] = response[:, :1].clone()  # as if it had stood still before
    y, _ = block((sound, response), state)
    return y, a[0, -1].numpy() * np.exp(-np.pi * 20.0 / RATE) ** np.arange(ORDER + 1)


def test_a_filter_that_stands_still_filters_as_scipy_does() -> None:
    sound = torch.randn(1, 120, HOP, generator=torch.Generator().manual_seed(0))
    reflections = random_reflections(1, 1, spread=0.3)
    y, a = filtered(sound, reflections)
    wanted = signal.lfilter([1], a, sound.flatten().numpy())
    # What has not died away within the transform is lost; that much is the slowest pole's.
    allowed = np.abs(np.roots(a)).max() ** (N_FFT - HOP) + 1e-5
    assert allowed < 1e-3
    assert np.abs(y.flatten().numpy() - wanted).max() < 4 * allowed * np.abs(wanted).max()


def test_moving_filter_keeps_the_contract() -> None:
    random = torch.Generator().manual_seed(0)
    sound = 0.05 * torch.randn(1, 40, HOP, generator=random)
    parts = inverse(
        *PolynomialResponse(ORDER, N_FFT, 20.0, RATE)(StepUp(ORDER)(random_reflections(1, 40, spread=0.2)))
    )
    response = torch.stack(parts, 2).float()
    check_block(MovingFilter(HOP, N_FFT), (sound, response))

    class Forgetful(MovingFilter):
        def forward(self, x, state):
            y, next_state = super().forward(x, state)
            return y, next_state | {"ringing": next_state["ringing"] * 0}

    # It is found whatever else is: a state that is lost is one that never moves, too.
    with pytest.raises(BrokenContract, match="ringing"):
        check_block(Forgetful(HOP, N_FFT), (sound, response))


def test_filters_that_jump_stay_within_bounds() -> None:
    sound = torch.randn(1, 200, HOP, generator=torch.Generator().manual_seed(0))
    random = torch.Generator().manual_seed(8)
    reflections = (1.5 * torch.randn(1, 200, ORDER, generator=random, dtype=torch.float64)).tanh() * 0.999
    a = StepUp(ORDER)(reflections)
    parts = inverse(*PolynomialResponse(ORDER, N_FFT, 20.0, RATE)(a))
    block = MovingFilter(HOP, N_FFT)
    y, _ = block((sound, torch.stack(parts, 2).float()), block.initial_state(1))
    loudest = max(
        np.abs(
            signal.lfilter(
                [1], row * np.exp(-np.pi * 20.0 / RATE) ** np.arange(ORDER + 1), np.eye(1, 20_000)[0]
            )
        ).sum()
        for row in a[0].numpy()
    )
    assert torch.isfinite(y).all()
    assert y.abs().max() < loudest * sound.abs().max()
