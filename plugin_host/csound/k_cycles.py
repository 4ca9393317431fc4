"""Say how many k-cycles are collected before a model runs, and what delay that makes."""

from __future__ import annotations

import math

from ..model_file.document import ModelDocument
from ..playing.model import Model

_SHORTEST_BLOCK = 32
"""Of a stream that converts rates, in samples: filters cost the same for one sample as for many."""


def cycles_per_block(document: ModelDocument, sample_rate: float, ksmps: int) -> int:
    """Give how many k-cycles to collect before the model runs.

    A whole hop where k-cycles fill it exactly, which costs no delay: the model would wait for it anyway. A
    block that is long enough where rates are converted. Else one.
    """
    if sample_rate != document.sample_rate:
        return math.ceil(_SHORTEST_BLOCK / ksmps)
    return max(1, document.hop_length // ksmps) if document.hop_length % ksmps == 0 else 1


def latency_samples(model: Model, sample_rate: float, ksmps: int) -> int:
    """Give by how many samples of the orchestra a model's output lags its input."""
    cycles = cycles_per_block(model.document, sample_rate, ksmps)
    stream = model.stream(sample_rate, block_size=cycles * ksmps)
    waiting = (cycles - 1) * ksmps if model.document.has_audio_input else 0
    return stream.latency_samples + waiting
