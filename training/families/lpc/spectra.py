"""What the LPC network is given: power spectra of two windows, and pitch.

Nothing here is learned with the model; the pitch network is the bundled one, `training.analysis.pitch_network`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...analysis.pitch_network import PITCH_BINS, PitchNetwork, lowpass_fir
from ...streaming.contract import Carry, State, StreamingModule, recent
from ...streaming.layers import FilterBank, fir_kernels
from ...streaming.operators import take
from ...streaming.transform import Transform

LONG_HOPS, SHORT_HOPS = 12, 4
SLOW_STEPS, SLOW_HOPS = 4, 4
"""The slowest spectrum is the mean of so many of the long ones, so many hops apart."""
DELAY_HOPS = 2
"""What is known at the end of a hop is the sound so many hops before: the middle of the short window."""
BANDS = 64
BEND_HZ = 2000.0  # bands are evenly wide below, evenly wide in octaves above
FAINTEST_DB = -100.0  # of the power of a full-scale square wave
LOUD = 10 ** (-FAINTEST_DB / 10)
"""Powers are multiplied by it before 1 is added to them: optimisers of graphs take an addend of 1e-10 for nothing."""


class WindowedPower(StreamingModule):
    """Power of the newest samples under a window, in bins from 0 Hz to the Nyquist frequency.

    White noise of variance 1 gives 1 in the mean.

    Parameters
    ----------
    window : (T,) tensor, a whole number of hops; it should begin and end at 0, for lags are circular.
    hop_length : int

    Shapes: (B, N, hop_length) -> (B, N, T // 2 + 1).
    """

    window: Tensor
    rows: Tensor
    parts: Tensor

    def __init__(self, window: Tensor, hop_length: int) -> None:
        super().__init__()
        self.hop_length, self.n_fft = hop_length, len(window)
        waves = [(k, sine) for sine in (False, True) for k in range(self.n_fft // 2 + 1)]
        self.transform = Transform(self.n_fft, 16, self.n_fft // 16, waves)
        window = window / window.square().sum().sqrt()
        self.register_buffer("window", window.reshape(-1, hop_length).double(), persistent=False)
        self.register_buffer("rows", torch.arange(len(self.window)), persistent=False)
        self.register_buffer("parts", self.transform.indices.reshape(2, -1), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, len(self.rows) - 1, self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x, self.rows)
        # In double precision: 70 dB below its strongest bin a spectrum of float32 differs from engine to engine.
        windowed = frames.double() * self.window
        if not torch.compiler.is_exporting():
            parts = torch.view_as_real(torch.fft.rfft(windowed.flatten(2)))
            return parts.square().sum(-1).float(), {"past": past}
        lanes = windowed.reshape(x.shape[0], -1, self.n_fft // 16, 16)
        parts = take(self.transform.analyse(lanes), 2, self.parts)
        return parts.square().sum(2).float(), {"past": past}


def long_window(length: int, fall: int) -> Tensor:
    """A Hann window that rises slowly and falls over its last ``fall`` samples, so that what is new counts early."""
    rise = torch.sin(math.pi / 2 * torch.arange(length - fall).double() / (length - fall)).square()
    return torch.cat([rise, torch.cos(math.pi / 2 * torch.arange(fall).double() / fall).square()])


def short_window(length: int) -> Tensor:
    """A Hann window (periodic), its middle in the middle."""
    return torch.sin(math.pi * torch.arange(length).double() / length).square()


def autocorrelation_matrix(n_fft: int, order: int) -> Tensor:
    """From a power spectrum to its autocorrelation at lags 0 to ``order``: (n_fft // 2 + 1, order + 1) float64."""
    bins = torch.arange(n_fft // 2 + 1).double()
    weight = torch.full_like(bins, 2.0 / n_fft)
    weight[0] = weight[-1] = 1.0 / n_fft
    return weight[:, None] * torch.cos(
        2 * math.pi / n_fft * torch.outer(bins, torch.arange(order + 1).double())
    )


def band_curves(n_fft: int, sample_rate: int) -> Tensor:
    """Triangles that overlap by half and add up to one, to half precision: (BANDS, n_fft // 2 + 1)."""
    hertz = torch.arange(n_fft // 2 + 1).double() * sample_rate / n_fft
    place = (hertz / BEND_HZ).log1p() / math.log1p(sample_rate / 2 / BEND_HZ) * (BANDS - 1)
    return (1 - (place - torch.arange(BANDS)[:, None]).abs()).clamp_min(0).half().double()


class BandLevels(nn.Module):
    """Log power in bands, in nepers of power, and how far the mean of the logarithms is below it.

    That is 0.6 for noise, and more for tones.

    Shapes: (B, N, bins) -> (B, N, BANDS) each.
    """

    means: Tensor

    def __init__(self, n_fft: int, sample_rate: int) -> None:
        super().__init__()
        curves = band_curves(n_fft, sample_rate)
        # The lowest triangles of a short transform may hold no bin; those take the nearest.
        hertz = torch.arange(BANDS).double() / (BANDS - 1) * math.log1p(sample_rate / 2 / BEND_HZ)
        nearest = (hertz.expm1() * BEND_HZ * n_fft / sample_rate).round().long()
        empty = curves.sum(1) < 0.5
        curves[empty, nearest[empty]] += 1.0
        # Rounded so that a file may hold them in half the space.
        means = (curves / curves.sum(1, keepdim=True)).half().float()
        self.register_buffer("means", means.T.contiguous(), persistent=False)

    def forward(self, power: Tensor) -> tuple[Tensor, Tensor]:
        scaled = power * LOUD + 1.0
        level = (scaled @ self.means).log()
        # ONNX Runtime's logarithm of float32 depends in its last bit on where in a tensor a number lies: frames would
        # differ from block to block.
        return level, level - scaled.double().log().float() @ self.means


class SlowSpectrum(StreamingModule):
    """Mean of a spectrum and those before it, some hops apart (Welch 1967): (B, N, bins) -> (B, N, bins)."""

    steps: Tensor

    def __init__(self, bins: int, count: int, hops: int) -> None:
        super().__init__()
        self.bins, self.past = bins, (count - 1) * hops
        self.register_buffer("steps", torch.arange(count) * hops, persistent=False)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, self.past, self.bins)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        padded = torch.cat([state["past"], x], 1)
        rows = torch.arange(x.shape[1], device=x.device)[:, None] + self.steps
        return take(padded, 1, rows).mean(2), {"past": padded[:, -self.past :]}


class SpectralFrontEnd(StreamingModule):
    """Three power spectra, pitch, and all the features that the network is given.

    The slow spectrum shows what stands still well, the short one what moves; the network weighs them.

    Shapes: (B, N, hop_length) at 24 kHz -> ``slow`` and ``long`` (B, N, 769) and ``short`` (B, N, 257) power, over 128, 64
    and 21 ms; ``answers`` of the pitch network (B, N, PITCH_BINS + 1); ``features`` (B, N, `size`).
    """

    size = 4 * BANDS + 3
    height: Tensor

    def __init__(self, sample_rate: int, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.long = WindowedPower(long_window(LONG_HOPS * hop_length, DELAY_HOPS * hop_length), hop_length)
        self.short = WindowedPower(short_window(SHORT_HOPS * hop_length), hop_length)
        self.slow = SlowSpectrum(self.long.n_fft // 2 + 1, SLOW_STEPS, SLOW_HOPS)
        self.long_bands = BandLevels(self.long.n_fft, sample_rate)
        self.short_bands = BandLevels(self.short.n_fft, sample_rate)
        # The pitch network runs at 12 kHz and gives a value every 32 samples there: twice a hop. The first one is of
        # 8 ms before it is given, which is `DELAY_HOPS` before the end of the hop.
        ratio = sample_rate // 12000
        self.to_12k = FilterBank(
            fir_kernels(lowpass_fir(0.42 / ratio, 18 * ratio), hop_length // ratio, ratio), hop_length
        )
        height = torch.linspace(-1.0, 1.0, PITCH_BINS)[:, None]
        self.register_buffer("height", height, persistent=False)
        self.answers = hop_length // ratio // 32
        self.pitch = PitchNetwork(32)

    @property
    def reach(self) -> int:
        """Hops after its own in which the spectra still hold a hop."""
        return len(self.long.rows) - 1 + self.slow.past

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        long, short = carry("long", x), carry("short", x)
        slow = carry("slow", long)
        slow_level, _ = self.long_bands(slow)
        long_level, flatness = self.long_bands(long)
        short_level, _ = self.short_bands(short)
        answers = self.track_pitch(carry, x)
        level = long_level.mean(-1, keepdim=True)
        features = torch.cat(
            [
                (long_level - level) * 0.3,
                short_level - long_level,
                slow_level - long_level,
                flatness - 0.6,
                level * 0.1 - 1.0,
                answers[..., PITCH_BINS:] * 0.2,
                (answers[..., :PITCH_BINS].softmax(-1) @ self.height),
            ],
            -1,
        )
        return (slow, long, short, answers, features), carry.next_state

    def track_pitch(self, carry: Carry, x: Tensor) -> Tensor:
        """Pitch alone, for comparison: (B, N, hop_length) -> ``answers``."""
        answers = carry("pitch", carry("to_12k", x).reshape(x.shape[0], -1, 32))
        return answers.reshape(x.shape[0], -1, self.answers, PITCH_BINS + 1)[:, :, 0]
