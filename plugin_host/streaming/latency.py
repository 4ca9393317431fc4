"""Work out by how much a stream's output lags its input, cause by cause, and which blocks it can take.

After n input samples, the conversion to the model's rate has given m(n) samples, the graph has seen ``hop *
floor(m / hop)`` of them, and the conversion back has given y(n). The stream must hand out n samples by then,
so it starts with as many zeros as the largest shortfall ``n - y(n)`` over all n that can occur. At the
model's own rate, with blocks that are multiples of g, that is ``hop - g`` exactly when g divides the hop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..model_file.document import ModelDocument
from .rate_conversion import RateConversion

# Above this many cases per period the bound for all n is used, which is at most a sample or two larger.
_MAXIMUM_CASES = 1_000_000


@dataclass(frozen=True)
class Latency:
    """By how many samples, at the stream's rate, output lags input, by cause.

    Parameters
    ----------
    model : int
        The model's own structural delay; 0 for a causal model without look-ahead.
    reblocking : int
        Waiting until whole hops have come together.
    resampling : int
        The filters of the conversion to the model's rate and back; 0 at the model's own rate.
    background : int
        One block, where a worker thread computes while the last block plays.
    """

    model: int = 0
    reblocking: int = 0
    resampling: int = 0
    background: int = 0

    @property
    def total(self) -> int:
        """Their sum."""
        return self.model + self.reblocking + self.resampling + self.background


@dataclass(frozen=True)
class BlockPlan:
    """How long a stream withholds its output, and the step of which every block must be a multiple."""

    latency: Latency
    step: int


def plan_stream(document: ModelDocument, sample_rate: float, block_size: int | None) -> BlockPlan:
    """Find the smallest delay of a model's stream, by arithmetic alone: no stream is made.

    Parameters
    ----------
    document : ModelDocument
        What the model is.
    sample_rate : float
        Of the stream, in Hz.
    block_size : int or None
        As for `plan_blocks`.
    """
    inward = RateConversion.between(sample_rate, document.sample_rate)
    outward = RateConversion.between(document.sample_rate, sample_rate)
    back = outward if document.has_audio_output else None
    return plan_blocks(document.hop_length, block_size, inward, back, document.latency_samples)


def plan_blocks(
    hop_length: int,
    block_size: int | None,
    inward: RateConversion,
    outward: RateConversion | None,
    model_latency: int = 0,
) -> BlockPlan:
    """Find the smallest delay with which a stream never runs out of output.

    Parameters
    ----------
    hop_length : int
        Samples per frame of the model.
    block_size : int or None
        The size of the blocks to come, in samples at the stream's rate, or None for any sizes.
    inward, outward : RateConversion
        To the model's rate and back; `outward` is None where no audio comes out.
    model_latency : int
        The model's own delay, in samples at its own rate.

    Returns
    -------
    BlockPlan
        Exact where a period of the two rates and the hop has at most a million steps, else an upper bound.
    """
    period = inward.ratio.numerator * hop_length // math.gcd(inward.ratio.denominator, hop_length)
    step = 1 if block_size is None else math.gcd(block_size, period)
    resampling = _shortfall(1, step, period, inward, outward)
    total = _shortfall(hop_length, step, period, inward, outward)
    latency = Latency(
        model=round(model_latency * inward.ratio),
        reblocking=total - resampling,
        resampling=resampling,
    )
    return BlockPlan(latency, step)


def _shortfall(
    hop_length: int, step: int, period: int, inward: RateConversion, outward: RateConversion | None
) -> int:
    """Give the largest n - y(n) over the multiples n of `step`, which repeats with `period`."""
    back = outward or RateConversion.between(1, 1)
    largest = max(inward.ratio.numerator, inward.ratio.denominator)
    if period // step > _MAXIMUM_CASES or period * largest > 2**62:
        return math.ceil(inward.half_taps + (hop_length - 1 + back.half_taps) * inward.ratio)
    inputs = np.arange(step, period + 1, step, dtype=np.int64)
    # Negative counts stand for what a stream begun earlier would have given, so one period holds every case.
    whole_hops = inward.outputs_after(inputs) // hop_length * hop_length
    if outward is None:
        returned = whole_hops * inward.ratio.numerator // inward.ratio.denominator
    else:
        returned = outward.outputs_after(whole_hops)
    return int(np.max(inputs - returned))
