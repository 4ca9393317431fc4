"""Tracks what an all-pole model of a sound consists of: filter, gain, voicing and pitch."""

from __future__ import annotations

import math

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ...analysis.bundled_weights import WEIGHTS
from ...dsp.hold import PitchHold
from ...dsp.levinson import Levinson
from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.layers import StreamingGRU, dense
from .periodicity import PitchCorrection, ResidualPeriodicity
from .settings import LpcSize
from .spectra import (
    BANDS,
    DELAY_HOPS,
    FAINTEST_DB,
    LONG_HOPS,
    LOUD,
    SHORT_HOPS,
    SpectralFrontEnd,
    WindowedPower,
    autocorrelation_matrix,
    band_curves,
    short_window,
)

ORDER = 16
SAMPLE_RATE, HOP_LENGTH = 24000, 128
STEEPEST = 0.99999  # reflection coefficients stay within it
WHITENING = 1e-7  # of the power: noise added at -70 dB, so that a pure tone does not make a singular matrix
QUIETEST_DB = -60.0  # a carrier below it is not raised further
PITCHED_FROM = 0.3  # of the excitation: with a smaller share of pulses the last pitch is kept
GAIN_RANGE_DB = (FAINTEST_DB, 20.0)


def noise_floor() -> Tensor:
    """What is added to an autocorrelation, in parts of its power and, times `LOUD`, as it is: (2, P + 1)."""
    zeroth = (torch.arange(ORDER + 1) == 0).double()
    return torch.stack([zeroth * WHITENING, zeroth])


class EnvelopeNetwork(StreamingModule):
    """Chooses filter, gain and voicing.

    It does not draw the filter: it weighs the three power spectra, band by band, and the Levinson-Durbin recursion turns
    what is left into reflection coefficients, to which a correction is added in the domain of their area functions (half
    the log area ratio). Without any learning this is linear prediction; what is learned is what to believe.

    Inputs: ``slow``, ``long``, ``short``, ``features`` of `.spectra.SpectralFrontEnd`. Outputs: reflection coefficients
    (B, N, 16), within -1..1; gain in dB (B, N, 1); its last hidden layer, for what comes after it (B, N, width).
    """

    long_curves: Tensor
    short_curves: Tensor
    long_lags: Tensor
    short_lags: Tensor
    floor: Tensor

    def __init__(self, size: LpcSize) -> None:
        super().__init__()
        self.size = size
        self.enter = dense(SpectralFrontEnd.size, size.width)
        self.mix = dense(size.width, size.width)
        self.gru = StreamingGRU(size.width, size.hidden)
        self.leave = dense(size.width + size.hidden, size.width)
        self.head = nn.Linear(size.width, 3 * BANDS + ORDER + 1)
        self.levinson = Levinson(ORDER)
        for name, n_fft in (("long", LONG_HOPS * HOP_LENGTH), ("short", SHORT_HOPS * HOP_LENGTH)):
            self.register_buffer(f"{name}_curves", band_curves(n_fft, SAMPLE_RATE).float(), persistent=False)
            self.register_buffer(f"{name}_lags", autocorrelation_matrix(n_fft, ORDER), persistent=False)
        self.register_buffer("floor", noise_floor(), persistent=False)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
            self.head.bias[: 3 * BANDS] = -1.0

    def forward(
        self, x: tuple[Tensor, Tensor, Tensor, Tensor], state: State
    ) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        slow, long, short, features = x
        now = self.mix(self.enter(features))
        hidden = self.leave(torch.cat([now, carry("gru", now)], -1))
        *masks, correction, gain = self.head(hidden).split([BANDS] * 3 + [ORDER, 1], -1)
        curves = (self.long_curves, self.long_curves, self.short_curves)
        slow, long, short = (
            power * (mask.clamp(-12.0, 3.0) @ curve).exp()
            for power, mask, curve in zip((slow, long, short), masks, curves, strict=True)
        )
        r = ((slow + long).double() @ self.long_lags + short.double() @ self.short_lags) * LOUD
        predicted, error = self.levinson(r + r[..., :1] * self.floor[0] + self.floor[1])
        area = 0.5 * ((1.0 + predicted) / (1.0 - predicted)).log() + correction.double()
        reflections = area.tanh().float() * STEEPEST
        gain_db = error.log().float() * (10 / math.log(10)) + (10.0 * gain + FAINTEST_DB)
        return (reflections, gain_db, hidden), carry.next_state


class LpcNetwork(StreamingModule):
    """All of the tracker that is learned: the envelope, then pitch and voicing of what it leaves.

    Inputs: those of `.spectra.SpectralFrontEnd`. Outputs: reflection coefficients (B, N, 16); gain in dB (B, N, 1); logits
    of the voicing (B, N, 1) and of pitch (B, N, PITCH_BINS).
    """

    def __init__(self, size: LpcSize) -> None:
        super().__init__()
        self.size = size
        self.envelope = EnvelopeNetwork(size)
        fall = DELAY_HOPS * HOP_LENGTH
        self.periodicity = ResidualPeriodicity(ORDER, LONG_HOPS * HOP_LENGTH, fall, SAMPLE_RATE)
        # Called as in checkpoints of the first version.
        self.opinion = PitchCorrection(size.width, size.width, size.hidden // 2)

    def forward(
        self, x: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], state: State
    ) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        slow, long, short, answers, features = x
        reflections, gain_db, hidden = carry("envelope", (slow, long, short, features))
        # The envelope is for the filter to be right, not for the pitch.
        periodicity = self.periodicity(long, reflections.detach())
        logits, voicing = carry("opinion", (periodicity, answers, hidden.detach()))
        return (reflections, gain_db, voicing, logits), carry.next_state


class LpcTracker(StreamingModule):
    """Tracks filter, gain, voicing and pitch, as they were `DELAY_HOPS` before.

    Shapes: (B, N, hop_length) -> reflection coefficients (B, N, 16); ``gain_db``, ``voicing`` (B, N, 1); ``midi`` (B, N, 1)
    float64, which keeps its value where there is no pitch.
    """

    def __init__(self, size: LpcSize) -> None:
        super().__init__()
        self.front_end = SpectralFrontEnd(SAMPLE_RATE, HOP_LENGTH)
        self.network = LpcNetwork(size)
        self.pitch_hold = PitchHold()

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        reflections, gain_db, voicing, logits = carry("network", carry("front_end", x))
        midi, voicing = self.front_end.pitch.midi(logits), voicing.sigmoid()
        midi = carry("pitch_hold", (midi, voicing + (0.5 - PITCHED_FROM)))
        return (reflections, gain_db.clamp(*GAIN_RANGE_DB), voicing, midi), carry.next_state


def new_tracker(size: LpcSize) -> LpcTracker:
    """Return a tracker whose network is new and whose pitch network is the bundled one."""
    tracker = LpcTracker(size)
    tracker.front_end.pitch.load_state_dict(load_file(WEIGHTS))
    return tracker.eval()


class Whitener(StreamingModule):
    """Linear prediction of a sound as it is: what whitens it.

    Shapes: (B, N, hop_length) -> reflection coefficients (B, N, 16), power in dB (B, N, 1), at least `QUIETEST_DB`, and the
    power spectrum (B, N, 257), double, all as they were `DELAY_HOPS` before.
    """

    lags: Tensor
    floor: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = short_window(2 * DELAY_HOPS * HOP_LENGTH)
        self.spectrum = WindowedPower(window, HOP_LENGTH)
        self.levinson = Levinson(ORDER)
        self.register_buffer("lags", autocorrelation_matrix(len(window), ORDER), persistent=False)
        self.register_buffer("floor", noise_floor(), persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        power = carry("spectrum", x).double()
        r = power @ self.lags * LOUD
        r = r + r[..., :1] * self.floor[0] + self.floor[1]
        reflections, _ = self.levinson(r)
        power_db = self.power_db(power).clamp_min(QUIETEST_DB)
        return (reflections.float() * STEEPEST, power_db, power), carry.next_state

    def power_db(self, power: Tensor) -> Tensor:
        """Level of a power spectrum (B, N, 257), double, in dB: (B, N, 1), at least `FAINTEST_DB`."""
        return (power @ self.lags[:, :1] * LOUD + 1.0).log().float() * (10 / math.log(10)) + FAINTEST_DB
