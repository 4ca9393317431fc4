"""Every streaming block keeps the contract, and does what its name says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.contract import BrokenContract, check_block
from training.analysis.loudness import FLOOR_DB, Loudness, a_weighting_gain, a_weighting_kernels
from training.analysis.pitch_network import (
    CENTS_PER_BIN,
    FLOOR,
    GAIN,
    LOWEST_MIDI,
    PITCH_BINS,
    PitchFeatures,
    PitchNetwork,
    lowpass_fir,
    recent_window,
)
from training.dsp.noise import FilteredNoise, NoiseSpectra, StruckNoise
from training.dsp.oscillator import HarmonicOscillator
from training.dsp.reverb import Reverb, convolve
from training.streaming.contract import State, StreamingModule
from training.streaming.layers import FilterBank, LanedFilterBank, OverlapAdd, StreamingGRU, fir_kernels
from training.streaming.operators import (
    gru,
    held,
    last_kept,
    look_up,
    one_softplus,
    softplus,
    squares,
    sum_of_squares,
)

HOP, RATE = 128, 48000


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


def play_oscillator(f0: Tensor, amplitudes: Tensor, oscillator: HarmonicOscillator) -> np.ndarray:
    with torch.no_grad():
        y, _ = oscillator((f0, amplitudes), oscillator.initial_state(f0.shape[0]))
    return y.flatten(1)[0].numpy()


@pytest.mark.parametrize("batch", [1, 3])
def test_blocks_keep_the_contract(batch: int) -> None:
    hops = torch.randn(batch, 40, HOP)
    check_block(FilterBank(torch.randn(5, 300), HOP), hops, 1e-5)
    check_block(LanedFilterBank(torch.randn(5, 100), HOP, 4), hops, 1e-5)
    check_block(OverlapAdd(HOP), torch.randn(batch, 40, 2 * HOP))
    check_block(StreamingGRU(6, 11), torch.randn(batch, 40, 6))
    check_block(Loudness(), hops, 1e-5)
    check_block(PitchNetwork(32), torch.randn(batch, 40, 32), 1e-4)
    check_block(FilteredNoise(HOP), torch.rand(batch, 40, 65))
    room = Reverb(HOP, 9)
    torch.nn.init.normal_(room.impulse_response, std=0.1)
    check_block(room, hops, 1e-5)
    f0 = 100 + 300 * torch.rand(batch, 40, 1)
    check_block(HarmonicOscillator(RATE, HOP), (f0, torch.rand(batch, 40, 64)), 1e-5)
    check_block(StruckNoise(HOP), (torch.rand(batch, 40, 65), (torch.rand(batch, 40, 1) < 0.2).float()))


class Forgetful(StreamingModule):
    """A running sum that forgets its state, to break the contract on purpose."""

    def own_state(self, batch: int) -> State:
        return {"sum": torch.zeros(batch, 1, 1)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        y = x.cumsum(1)
        return y, {"sum": y[:, -1:]}


class Idle(Forgetful):
    """Carries a state that never changes."""

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return x, state


def test_contract_check_can_fail() -> None:
    x = torch.ones(1, 30, 1)
    with pytest.raises(BrokenContract, match="in blocks"):
        check_block(Forgetful(), x)
    with pytest.raises(BrokenContract, match="all zeros"):
        check_block(Forgetful(), 0 * x)
    with pytest.raises(BrokenContract, match="empty"):
        check_block(Forgetful(), x[:, :0])
    with pytest.raises(BrokenContract, match="never changes"):
        check_block(Idle(), x)


def test_gru_in_onnx_layout_equals_torch() -> None:
    block = StreamingGRU(5, 7)
    x, hidden = torch.randn(1, 20, 5), torch.randn(1, 1, 7)
    with torch.no_grad():
        expected, _ = block(x, {"hidden": hidden})
        y, last = gru(x, hidden, *block._onnx_weights())
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(last[0], expected[:, -1])


def test_filter_bank_is_a_fir_filter() -> None:
    taps, x = torch.randn(100).double(), torch.randn(1, 12, HOP)
    bank = FilterBank(fir_kernels(taps, HOP // 4, 4), HOP)
    y, _ = bank(x, bank.initial_state(1))
    expected = np.convolve(x.flatten().numpy(), taps.numpy())[: 12 * HOP][3::4]
    np.testing.assert_allclose(y.flatten().numpy(), expected, atol=1e-4)


def test_a_filter_bank_in_lanes_filters_each_lane_as_a_hop() -> None:
    kernels, hops = torch.randn(5, 100), torch.randn(2, 12, HOP)
    bank, lanes = FilterBank(kernels, HOP // 4), LanedFilterBank(kernels, HOP, 4)
    expected, _ = bank(hops.reshape(2, -1, HOP // 4), bank.initial_state(2))
    found, _ = lanes(hops, lanes.initial_state(2))
    torch.testing.assert_close(found.flatten(1, 2), expected)


def test_operators_of_graphs_compute_what_torch_does() -> None:
    x, table = 30 * torch.randn(1, 6, 4), torch.randn(50)
    places = torch.randint(50, (2, 3, 4))
    torch.testing.assert_close(look_up(table, places), table[places])
    torch.testing.assert_close(sum_of_squares(x, [2]), (x * x).sum(2))
    torch.testing.assert_close(squares(x, [1, 2]), (x * x).sum((1, 2)))
    torch.testing.assert_close(softplus(x), (1 + x.double().exp()).log().float())
    torch.testing.assert_close(one_softplus(x), softplus(x))


@pytest.mark.parametrize("voiced", [[0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 1], [0, 1, 1, 0]])
def test_what_is_kept_last_is_held(voiced: list[int]) -> None:
    before, x = torch.tensor(-1.0).reshape(1, 1, 1), torch.arange(4.0).reshape(1, 4, 1)
    expected, last = [], -1.0
    for frame, is_kept in enumerate(voiced):
        last = float(frame) if is_kept else last
        expected.append(last)
    keep = torch.tensor(voiced).bool().reshape(1, 4, 1)
    assert last_kept(before, x, keep).flatten().tolist() == expected
    assert held(before, x, keep).flatten().tolist() == expected


def test_features_of_pitch_are_levels_of_its_bins() -> None:
    features = PitchFeatures(32)
    x = torch.randn(1, 60, 32) * 0.1
    found, _ = features(x, features.initial_state(1))
    sound = x.flatten().double().numpy()
    at_6k = np.convolve(sound, lowpass_fir(0.40 / 2, 36).numpy())[: len(sound)][1::2]
    powers = []
    for samples, length, period, bins in ((at_6k, 384, 512, 128), (sound, 288, 264, 88)):
        frame = samples[-length:] * recent_window(length).numpy()
        waves = np.exp(-2j * np.pi * np.outer(np.arange(1, bins + 1), np.arange(length)) / period)
        powers.append(np.abs(waves @ frame) ** 2 * GAIN**2)
    power = np.concatenate(powers)
    level = np.log(power + FLOOR * power.mean() + 1.0)
    expected = (level - level.mean()) / level.std()
    np.testing.assert_allclose(found[-1].numpy(), expected[features.order.numpy()], atol=2e-4)
    assert sorted(features.order.tolist()) == list(range(features.size))


def test_oscillator_plays_the_harmonics_it_is_given() -> None:
    f0 = torch.full((1, 375, 1), 220.0)
    amplitudes = torch.zeros(1, 375, 64)
    amplitudes[:, :, [0, 2, 40]] = torch.tensor([0.5, 0.25, 0.1])
    y = play_oscillator(f0, amplitudes, HarmonicOscillator(RATE, HOP))[RATE // 2 :]
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)))) / (len(y) / 4)
    for harmonic, level in ((1, 0.5), (3, 0.25), (41, 0.1)):
        assert spectrum[round(220 * harmonic / 2)] == pytest.approx(level, rel=0.01)
    assert spectrum[round(220 * 2 / 2)] < 1e-4


def test_oscillator_against_sines_one_by_one() -> None:
    frames = 60
    f0 = 150 + 150 * torch.rand(1, frames, 1)
    amplitudes = torch.rand(1, frames, 64) * 0.02
    y = play_oscillator(f0, amplitudes, HarmonicOscillator(RATE, HOP))
    # Straight from the definition, in float64: sample by sample a ramp of frequency and of each amplitude.
    ramp = (np.arange(HOP) + 1) / HOP
    after = f0.flatten().double().numpy()
    before = np.concatenate([[0.0], after[:-1]])
    start = np.concatenate([[0.0], np.cumsum((before + after) / 2)[:-1]])
    inside = before[:, None] * (ramp - ramp**2 / 2) + after[:, None] * ramp**2 / 2
    cycles = (start[:, None] + inside).ravel() * HOP / RATE
    levels = np.concatenate([np.zeros((1, 64)), amplitudes[0].numpy()])
    levels = (levels[:-1, None] * (1 - ramp)[:, None] + levels[1:, None] * ramp[:, None]).reshape(-1, 64)
    expected = sum(levels[:, k - 1] * np.sin(2 * np.pi * k * cycles) for k in range(1, 65))
    np.testing.assert_allclose(y, expected, atol=1e-4)


def test_nothing_sounds_above_the_nyquist_frequency() -> None:
    # From 300 Hz a leap to 4000 Hz: of 64 harmonics only five stay below 24 kHz, and none may fold back.
    f0 = torch.full((1, 200, 1), 4000.0)
    y = play_oscillator(f0, torch.full((1, 200, 64), 0.1), HarmonicOscillator(RATE, HOP))[HOP * 20 :]
    spectrum = np.abs(np.fft.rfft(y[:14400] * np.hanning(14400)))
    frequencies = np.fft.rfftfreq(14400, 1 / RATE)
    tone = np.min(np.abs(frequencies[:, None] - 4000 * np.arange(1, 6)), 1) < 50
    assert spectrum[~tone].max() < 1e-4 * spectrum.max()


def test_phase_does_not_drift_over_ten_minutes() -> None:
    frames, f0_hz = 600 * RATE // HOP, 440.03125
    oscillator = HarmonicOscillator(RATE, HOP)
    cycles = torch.zeros(0)
    phase, before = oscillator.initial_state(1)["phase"], torch.zeros(1, 1, dtype=torch.float64)
    for start in range(0, frames, 25_000):
        f0 = torch.full((1, min(25_000, frames - start)), f0_hz, dtype=torch.float64)
        ends = torch.stack([torch.cat([before, f0[:, 1:]], 1), f0], 2)
        phases = oscillator._phase(ends, phase)
        cycles = torch.cat([ends, phases], 2)[:, -1].float() @ oscillator.motion
        phase, before = phases[:, -1:], f0[:, -1:]
    samples = np.arange(frames * HOP - HOP, frames * HOP) + 1.0
    expected = (
        f0_hz * (samples - HOP / 2) / RATE
    )  # the first frame glides from 0 Hz: half a hop is lost there
    apart = cycles[0].numpy() - expected % 1.0
    assert np.abs(apart - np.round(apart)).max() < 3e-7


def test_noise_is_white_has_unit_power_and_never_repeats() -> None:
    noise = FilteredNoise(HOP)
    with torch.no_grad():
        y, _ = noise(torch.ones(1, 6000, 65), noise.initial_state(1))
    x = y.flatten().numpy()[HOP:]
    assert x.std() == pytest.approx(1.0, abs=0.02)
    power = np.abs(np.fft.rfft(x[: 3000 * 250].reshape(-1, 250) * np.hanning(250), axis=1)) ** 2
    levels = 10 * np.log10(power.mean(0)[3:-3])
    assert levels.max() - levels.min() < 1.2
    spectrum = np.fft.rfft(x, 1 << 21)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2) / np.sum(x**2)
    assert np.abs(correlation[4:700_000]).max() < 0.02


def test_noise_that_is_struck_is_there_at_once_and_as_loud_as_ever() -> None:
    noise = StruckNoise(HOP)
    magnitudes = torch.zeros(4000, 3, 65)
    magnitudes[:, 1:] = 1.0
    struck = torch.zeros(4000, 3, 1)
    struck[:, 1] = 1.0
    counters = torch.arange(4000)[:, None, None] * 7
    with torch.no_grad():
        y, _ = noise((magnitudes, struck), noise.initial_state(4000) | {"spectra.counter": counters})
    level = y.square().mean(0).sqrt()
    assert level[0].abs().max() == 0
    np.testing.assert_allclose(level[1:].flatten()[8:], 1.0, atol=0.2)


def test_noise_follows_its_bands() -> None:
    noise = FilteredNoise(HOP)
    bands = torch.zeros(1, 3000, 65)
    bands[:, :, 20:24] = 1.0  # 7.5 to 8.6 kHz
    with torch.no_grad():
        y, _ = noise(bands, noise.initial_state(1))
    power = np.abs(np.fft.rfft(y.flatten().numpy().reshape(-1, 1280) * np.hanning(1280), axis=1)).mean(0) ** 2
    frequencies = np.fft.rfftfreq(1280, 1 / RATE)
    inside = (frequencies > 7000) & (frequencies < 9200)
    assert power[inside].sum() > 0.99 * power.sum()


def test_noise_depends_on_the_counter_alone() -> None:
    spectra = NoiseSpectra(torch.arange(258))
    first, state = spectra(torch.zeros(1, 5, 1), spectra.initial_state(1))
    later, _ = spectra(torch.zeros(1, 5, 1), state)
    again, _ = spectra(torch.zeros(1, 10, 1), spectra.initial_state(1))
    assert not torch.equal(first, later)
    assert torch.equal(torch.cat([first, later], 1), again)


def test_reverb_is_convolution() -> None:
    room = Reverb(HOP, 12)
    torch.nn.init.normal_(room.impulse_response, std=0.1)
    x = torch.randn(2, 50, HOP)
    with torch.no_grad():
        y, _ = room(x, room.initial_state(2))
        whole = convolve(x.flatten(1), room.impulse_response)
    response = room.impulse_response.detach().numpy()
    expected = np.convolve(x[0].flatten().numpy(), response)[: 50 * HOP]
    np.testing.assert_allclose(y[0].flatten().numpy(), expected, atol=2e-4)
    np.testing.assert_allclose(whole[0].numpy(), expected, atol=2e-4)


@pytest.mark.parametrize("peak", [0.0, 2.3, 5.0, 150.7, 291.5, 295.0])
def test_pitch_is_the_mean_around_the_peak(peak: float) -> None:
    logits = -((torch.arange(PITCH_BINS) - peak) ** 2) / 2
    midi = PitchNetwork(32).midi(logits.reshape(1, 1, -1)).item()
    first = min(max(round(peak) - 5, 0), PITCH_BINS - 11)
    bins = np.arange(first, first + 11)
    weights = np.exp(-((bins - peak) ** 2) / 2)
    expected = LOWEST_MIDI + CENTS_PER_BIN / 100 * (weights @ bins) / weights.sum()
    assert midi == pytest.approx(expected, abs=1e-5)


def test_a_weighting_curve() -> None:
    # IEC 61672-1, table 3; its nominal frequencies stand for powers of 10 ** 0.1.
    for tenths, level in ((15, -39.4), (18, -26.2), (21, -16.1), (30, 0.0), (36, 1.0), (39, -1.1)):
        assert 20 * np.log10(a_weighting_gain(np.array(10 ** (tenths / 10)))) == pytest.approx(
            level, abs=0.06
        )


@pytest.mark.parametrize("frequency", [110.0, 440.0, 1000.0, 5000.0])
def test_loudness_of_a_tone(frequency: float) -> None:
    time = torch.arange(HOP * 200) / RATE
    tone = 0.5 * torch.sin(2 * math.pi * frequency * time).reshape(1, -1, HOP)
    bank, loudness = FilterBank(a_weighting_kernels(RATE, HOP), HOP), Loudness()
    weighted, _ = bank(tone, bank.initial_state(1))
    y, _ = loudness(weighted, loudness.initial_state(1))
    expected = 20 * np.log10(0.5 / math.sqrt(2) * a_weighting_gain(np.array(frequency)))
    assert y[0, 50:].mean().item() == pytest.approx(expected, abs=0.7)


def test_loudness_of_silence_is_the_floor() -> None:
    loudness = Loudness()
    y, _ = loudness(torch.zeros(1, 5, HOP), loudness.initial_state(1))
    assert y.unique().tolist() == [FLOOR_DB]
