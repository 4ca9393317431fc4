"""A pitch tracker without weights, to compare the network with: normalised autocorrelation, one window for each lag.

The normalised square difference function of McLeod and Wyvill (2005, "A smarter way to find pitch"), summed for each lag
over about one period of that lag, so that a high pitch need not wait for the window that a low one needs.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from training.analysis.loudness import Loudness, a_weighting_kernels
from training.analysis.pitch_network import lowpass_fir
from training.analysis.tracker import F0, FAINTEST_DB, LOUDNESS, VOICING
from training.streaming.contract import Carry, State, StreamingModule, recent
from training.streaming.layers import FilterBank, fir_kernels
from training.streaming.model import StreamingModel

RATE = 12000
LONGEST_LAG = 292  # samples at 12 kHz: 41.1 Hz
SHORTEST_LAG = 3.75  # 3200 Hz
FINE_FROM, FINE_TO = 2, 12  # lags in between are sampled every quarter of a sample
SHORTEST_WINDOW = 6  # hops, 16 ms: less answers sooner and errs more under noise
ENOUGH = (1.35, 0.45)
VOICED_FROM = 0.45


def highpass_response(cutoff_hz: float, sample_rate: int, taps: int) -> np.ndarray:
    """Impulse response of a second-order Butterworth high-pass (bilinear transform), faded out over its last third."""
    k, response = math.tan(math.pi * cutoff_hz / sample_rate), np.zeros(taps)
    norm = 1 / (1 + math.sqrt(2) * k + k * k)
    feedback = (2 * (k * k - 1) * norm, (1 - math.sqrt(2) * k + k * k) * norm)
    for n, x in enumerate((norm, -2 * norm, norm, *[0.0] * (taps - 3))):
        response[n] = x - sum(a * response[n - 1 - i] for i, a in enumerate(feedback) if n > i)
    fade = taps // 3
    response[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return response


def to_12k_above_rumble(hop_length: int, taps: int = 384) -> Tensor:
    """Kernels of a filter bank that gives the samples of each hop at a quarter of the rate, without what is below 120 Hz.

    Rumble and pink noise would correlate at every short lag; the harmonics of a low note are enough to find its period.
    """
    lowpass = lowpass_fir(0.42 / 4, 72).numpy()
    response = np.convolve(lowpass, highpass_response(120.0, 4 * RATE, taps - len(lowpass) + 1))
    return fir_kernels(torch.from_numpy(response), hop_length // 4, 4)


class NormalisedAutocorrelation(StreamingModule):
    """Similarity of a sound to itself at lags of 0 to `LONGEST_LAG` samples, -1 to 1.

    n(lag) = 2 sum x[t] x[t - lag] / sum (x[t]^2 + x[t - lag]^2) (McLeod and Wyvill 2005, equation 4), over the newest
    samples: as many as the lag has, and at least `SHORTEST_WINDOW` hops. The sums of each hop are kept for the next ones.

    Shapes: (B, N, hop_length) -> (B, N, LONGEST_LAG + 1).
    """

    indices: Tensor
    window: Tensor
    hops: Tensor
    weights: Tensor

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.hop_length, self.lags = hop_length, LONGEST_LAG + 1
        past = -(-LONGEST_LAG // hop_length)
        lag = torch.arange(self.lags)
        newest = past * hop_length + torch.arange(hop_length)
        self.register_buffer("indices", (newest - lag[:, None]).flatten(), persistent=False)
        self.register_buffer("window", torch.arange(past + 1), persistent=False)
        length = (lag / hop_length).clamp_min(SHORTEST_WINDOW)
        age = torch.arange(math.ceil(length.max())).flip(0)
        self.register_buffer("hops", torch.arange(len(age)), persistent=False)
        weights = (length - age[:, None]).clamp(0, 1)
        self.register_buffer("weights", torch.cat([2 * weights, weights], 1), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "past": torch.zeros(batch, len(self.window) - 1, self.hop_length),
            "sums": torch.zeros(batch, len(self.hops) - 1, 2 * self.lags),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        padded, past = recent(state["past"], x, self.window)
        earlier = padded.flatten(2).index_select(2, self.indices).unflatten(2, (self.lags, self.hop_length))
        products = (earlier * x.unsqueeze(2)).sum(-1)
        energy = (earlier * earlier).sum(-1)
        each = torch.cat([products, energy + energy[:, :, :1]], -1)
        sums, kept = recent(state["sums"], each, self.hops)
        sums = sums.reshape(x.shape[0], -1, *self.weights.shape)
        shared, both = (sums * self.weights).sum(2).split(self.lags, -1)
        return shared / (both + 1e-9), {"past": past, "sums": kept}


class PeriodPicker(torch.nn.Module):
    """The period of a sound from its normalised autocorrelation: the first peak that is high enough.

    Peaks count from the first negative value on and are refined by a parabola; high enough is ``1.35 * highest - 0.45``:
    close to the highest where the sound is clearly periodic, further below where noise makes heights uncertain.

    Shapes: (B, N, LONGEST_LAG + 1) -> period in samples and height of its peak, -1 without any, (B, N, 1) each.
    """

    lag: Tensor
    refine: Tensor
    order: Tensor
    slopes: Tensor
    curves: Tensor

    def __init__(self) -> None:
        super().__init__()
        fine = torch.arange(FINE_FROM, FINE_TO, 0.25)
        lag = torch.cat([fine, torch.arange(FINE_TO, LONGEST_LAG + 1)])
        self.register_buffer("refine", interpolation(fine, 8), persistent=False)
        self.register_buffer("lag", lag[1:-1], persistent=False)
        order = torch.arange(len(lag) - 2, 0, -1) * (lag[1:-1] >= SHORTEST_LAG)
        self.register_buffer("order", order.float(), persistent=False)
        # Coefficients of the parabola through three points, for the rise before the middle one and the rise after it.
        before, after = lag[1:-1] - lag[:-2], lag[2:] - lag[1:-1]
        self.register_buffer(
            "slopes", torch.stack([after / before, before / after]) / (before + after), persistent=False
        )
        self.register_buffer(
            "curves", torch.stack([-1 / before, 1 / after]) / (before + after), persistent=False
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine_height = x[:, :, : len(self.refine)] @ self.refine
        height = torch.cat([fine_height, x[:, :, FINE_TO:]], -1)
        middle = height[:, :, 1:-1]
        rise, rise_after = middle - height[:, :, :-2], height[:, :, 2:] - middle
        fallen = (middle < 0).float().cumsum(-1) > 0
        peak = (rise > 0) & (rise_after <= 0) & (middle > 0) & fallen & (self.order > 0)
        slope = rise * self.slopes[0] + rise_after * self.slopes[1]
        curve = rise * self.curves[0] + rise_after * self.curves[1]
        offset = torch.where(peak, -0.5 * slope / torch.where(peak, curve, -1.0), 0.0)
        top = torch.where(peak, middle + 0.5 * slope * offset, -1.0)
        enough = top.amax(-1, keepdim=True) * ENOUGH[0] - ENOUGH[1]
        first = ((peak & (top >= enough)).float() * self.order).argmax(-1, keepdim=True)
        return (self.lag + offset).gather(2, first), top.gather(2, first)


def interpolation(indices: Tensor, half: int) -> Tensor:
    """Matrix from an even function at whole numbers to its values at ``indices``: windowed sincs of 2 ``half`` points."""
    lags = torch.arange(-half, int(indices.max()) + half + 1).double()
    distance = indices.double() - lags[:, None]
    window = (distance.abs() < half) * torch.cos(math.pi * distance / (2 * half)) ** 2
    kernel = torch.sinc(distance) * window
    kernel = kernel / kernel.sum(0)
    return (kernel[half:] + F.pad(kernel[:half].flip(0), (0, 0, 1, len(kernel) - 2 * half - 1))).float()


class AutocorrelationAnalyzer(StreamingModel):
    """Audio in; ``f0_hz``, ``voicing`` and ``loudness_db`` out, as `PitchAnalyzer` gives them, with no network."""

    family = "pitch"
    role = "analyzer"
    description = "Causal pitch tracker by normalised autocorrelation, with voicing, and A-weighted loudness"
    outputs = (F0, VOICING, LOUDNESS)

    def __init__(self) -> None:
        super().__init__()
        parts = a_weighting_kernels(self.sample_rate, self.hop_length), to_12k_above_rumble(self.hop_length)
        self.sizes = [len(part) for part in parts]
        length = max(part.shape[1] for part in parts)
        self.filters = FilterBank(
            torch.cat([F.pad(part, (length - part.shape[1], 0)) for part in parts]), self.hop_length
        )
        self.loudness = Loudness()
        self.likeness = NormalisedAutocorrelation(self.hop_length // 4)
        self.picker = PeriodPicker()

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        hops = audio.reshape(audio.shape[0], -1, self.hop_length)
        weighted, at_12k = carry("filters", hops).split(self.sizes, -1)
        loudness = carry("loudness", weighted)
        period, height = self.picker(carry("likeness", at_12k))
        f0 = (RATE / period).clamp(F0.minimum, F0.maximum)
        voicing = torch.minimum((height - VOICED_FROM) * 10, loudness - FAINTEST_DB).sigmoid()
        values = {"f0_hz": f0, "voicing": voicing, "loudness_db": loudness}
        return {f"control.{name}": value.squeeze(2) for name, value in values.items()}, carry.next_state
