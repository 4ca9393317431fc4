"""All-pole filters that move, without a loop over samples: their responses, and hops of sound sent through them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..streaming.contract import State, StreamingModule, recent
from ..streaming.operators import take
from ..streaming.transform import Transform, fourier_gains

NARROWEST_HZ = 20.0


def warping(semitones: Tensor) -> Tensor:
    """Coefficient of the all-pass that moves low frequencies up by ``semitones``, for `PolynomialResponse`."""
    return -(semitones * (math.log(2.0) / 24.0)).tanh()


class PolynomialResponse(nn.Module):
    """A(z) around the unit circle, from 0 Hz to the Nyquist frequency.

    The frequency axis may be bent by an all-pass of first order (Oppenheim and Johnson 1972): what was at f, well below the
    Nyquist frequency, then is at f (1 - w) / (1 + w). The all-pass maps the inside of the unit circle to itself, so a
    stable filter stays one. Evaluated by Clenshaw's recurrence in double precision: a sum of float32 products
    would lose the depth of a sharp resonance.

    Parameters
    ----------
    order : int
    n_fft : int
    narrowest_hz, sample_rate : float
        By so much every pole is widened (A(z / g), the bandwidth expansion of speech coders), so that a filter's
        response fades out within the transform.

    Shapes: ``a`` (B, N, P + 1) float64, ``warp`` (B, N, 1) float64 or None -> real and imaginary parts,
    (B, N, n_fft // 2 + 1) each.
    """

    cosine: Tensor
    sine: Tensor
    widening: Tensor

    def __init__(self, order: int, n_fft: int, narrowest_hz: float, sample_rate: int) -> None:
        super().__init__()
        angle = 2 * math.pi / n_fft * torch.arange(n_fft // 2 + 1).double()
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)
        radius = math.exp(-math.pi * narrowest_hz / sample_rate)
        self.register_buffer("widening", radius ** torch.arange(order + 1).double(), persistent=False)

    def forward(self, a: Tensor, warp: Tensor | None = None) -> tuple[Tensor, Tensor]:
        cosine, sine = self.cosine, self.sine
        if warp is not None:
            square = warp * warp
            beneath = 1.0 + square - 2.0 * warp * cosine
            cosine, sine = ((1.0 + square) * cosine - 2.0 * warp) / beneath, (1.0 - square) * sine / beneath
        first, *others = (a * self.widening).split(1, -1)
        twice = 2.0 * cosine
        later, b = torch.zeros_like(first), others[-1]
        for coefficient in reversed(others[:-1]):
            later, b = b, coefficient + twice * b - later
        return first + b * cosine - later, -b * sine


def inverse(real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
    """One over a complex number."""
    square = real * real + imaginary * imaginary
    return real / square, -imaginary / square


class MovingFilter(StreamingModule):
    """Sends sound through a filter that is given anew every hop.

    Each hop is split into what fades out, which meets the filter of the hop before, and what fades in, which meets
    its own; both ring on to the end of the transform and are added up. A sample thus goes through the two
    filters around it, in parts that add up to one: filters that stand still filter exactly, to what has died away after
    ``n_fft - hop_length`` samples, and what comes out is bounded however they move.

    Parameters
    ----------
    hop_length : int
    n_fft : int
        A multiple of the hop.

    Shapes: ``x`` (B, N, hop_length), ``response`` (B, N, 2, n_fft // 2 + 1) real and imaginary -> (B, N, hop_length).
    """

    fades: Tensor
    pair: Tensor
    spectrum: Tensor
    waves: Tensor
    parts: Tensor

    def __init__(self, hop_length: int, n_fft: int) -> None:
        super().__init__()
        self.hop_length, self.n_fft, self.hops = hop_length, n_fft, n_fft // hop_length
        bins = n_fft // 2 + 1
        waves = [(k, sine) for sine in (False, True) for k in range(bins)]
        gains = fourier_gains(n_fft)[:bins].repeat(2)
        self.analysis = Transform(n_fft, 16, hop_length // 16, waves)
        self.synthesis = Transform(n_fft, 16, n_fft // 16, waves, gains)
        rise = torch.sin(math.pi / 2 * (torch.arange(hop_length) + 0.5) / hop_length).square()
        fades = torch.stack([1 - rise, rise]).reshape(2, hop_length // 16, 16)
        self.register_buffer("fades", fades, persistent=False)
        self.register_buffer("pair", torch.arange(2), persistent=False)
        self.register_buffer("spectrum", self.analysis.indices.reshape(2, bins), persistent=False)
        order = torch.zeros(self.synthesis.size, dtype=torch.int64)
        order[self.synthesis.indices] = torch.arange(len(waves))
        self.register_buffer("waves", order, persistent=False)
        # In a row of pieces of one hop, the j-th of the frame that came j hops ago.
        piece = torch.arange(self.hops)
        self.register_buffer("parts", (self.hops - 1 - piece) * self.hops + piece, persistent=False)

    @property
    def length(self) -> int:
        """Samples that it rings."""
        return self.n_fft - self.hop_length

    def own_state(self, batch: int) -> State:
        return {
            "response": torch.zeros(batch, 1, 2, self.n_fft // 2 + 1),
            "ringing": torch.zeros(batch, self.hops - 1, self.hops, self.hop_length),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        sound, response = x
        batch = sound.shape[0]
        responses, last = recent(state["response"], response, self.pair)
        real, imaginary = responses.unbind(3)
        # Correlations with sines are minus the imaginary parts of a spectrum.
        faded = sound.reshape(batch, -1, 1, *self.fades.shape[1:]) * self.fades
        parts = take(self.analysis.analyse(faded.flatten(1, 2)), 2, self.spectrum)
        cosines, sines = parts.reshape(batch, -1, 2, *self.spectrum.shape).unbind(3)
        product = [cosines * real + sines * imaginary, sines * real - cosines * imaginary]
        spectrum = torch.cat(product, -1).sum(2)
        y = self.synthesis.synthesise(take(spectrum, 2, self.waves))
        history = torch.cat([state["ringing"], y.reshape(batch, -1, self.hops, self.hop_length)], 1)
        indices = torch.arange(sound.shape[1], device=sound.device)[:, None] * self.hops + self.parts
        y = take(history.flatten(1, 2), 1, indices).sum(2)
        return y, {"response": last, "ringing": history[:, 1 - self.hops :]}
