"""The voice of hits: sinusoids with phase below, noise with short windows, and transients that a trigger starts."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from ..dsp.noise import StruckNoise
from ..dsp.partials import Partials
from ..dsp.transients import Transients
from ..streaming.contract import Carry, State, StreamingModule

SAMPLE_RATE, HOP_LENGTH = 44100, 128
LOWEST_HZ, HIGHEST_HZ = 35.0, 2200.0
NOISE_HOPS, BANDS = 2, 65
TRANSIENT_FRAMES = 8


@dataclass(frozen=True)
class Parts:
    """What a voice plays, a frame each: linear amplitudes, frequencies in Hz, phases in cycles.

    Attributes
    ----------
    noise : (B, N, NOISE_HOPS * BANDS)
    amplitudes, f_hz, phases : (B, N, K) of sinusoids; the phases count where a trigger is.
    transients : (B, N, J), counting where a trigger is.
    """

    noise: Tensor
    amplitudes: Tensor
    f_hz: Tensor
    phases: Tensor
    transients: Tensor

    def rows(self, kept: slice) -> Parts:
        """Take some of the frames."""
        return Parts(*(getattr(self, each.name)[:, kept] for each in fields(self)))


def band_octaves(count: int, highest_hz: float = HIGHEST_HZ) -> float:
    """Octaves from one sinusoid's band to the next."""
    return math.log2(highest_hz / LOWEST_HZ) / (count - 1)


def partial_centres(count: int, highest_hz: float = HIGHEST_HZ) -> Tensor:
    """Frequencies (count,) in Hz in the middles of the sinusoids' bands, evenly on a logarithmic axis."""
    return LOWEST_HZ * (highest_hz / LOWEST_HZ) ** (torch.arange(count) / (count - 1))


def partial_reach(count: int, highest_hz: float = HIGHEST_HZ) -> float:
    """Octaves by which a sinusoid may leave its centre: a little into its neighbours' bands."""
    return 0.6 * band_octaves(count, highest_hz)


class Voice(StreamingModule):
    """Turns parts into sound.

    A voice lags by ``lag_frames``. It sounds as it should after ``lead_frames``, and goes on for ``tail_frames``.

    Shapes: parts, trigger (B, N, 1) of zeros and ones -> two sounds (B, N, HOP_LENGTH), what is determined and noise.
    """

    lag_frames, lead_frames, tail_frames = 0, TRANSIENT_FRAMES + 1, TRANSIENT_FRAMES
    counter = "noise.spectra.counter"

    def __init__(self, partials: int, transients: int) -> None:
        super().__init__()
        self.partials = Partials(partials, SAMPLE_RATE, HOP_LENGTH)
        self.transients = Transients(transients, HOP_LENGTH, TRANSIENT_FRAMES)
        self.noise = StruckNoise(HOP_LENGTH // NOISE_HOPS, BANDS)

    def begin(self, waves: Tensor) -> None:
        """Let the first transients be these waveforms (J, T)."""
        self.transients.waves.data[: len(waves)] = waves

    def forward(self, x: tuple[Parts, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        parts, trigger = x
        carry = Carry(self, state)
        tones = carry("partials", (parts.amplitudes, parts.f_hz, parts.phases, trigger))
        struck = carry("transients", parts.transients * trigger)
        hops = parts.noise.reshape(parts.noise.shape[0], -1, BANDS)
        first = F.pad(trigger, (0, NOISE_HOPS - 1)).reshape(trigger.shape[0], -1, 1)
        noise = carry("noise", (hops, first)).reshape(tones.shape)
        return (tones + struck, noise), carry.next_state
