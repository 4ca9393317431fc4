"""The voice of ambience: noise under windows of 93 ms, for what has no attacks (Bitton et al. 2020, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...dsp.long_noise import LongNoise
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...streaming.contract import Carry, State, StreamingModule

WINDOW = 4096
BINS = WINDOW // 2


@dataclass(frozen=True)
class AmbientParts:
    """What this voice plays, a frame each.

    Attributes
    ----------
    noise : (B, N, BINS) linear.
    """

    noise: Tensor


class AmbientScore(nn.Module):
    """Reads what a network gives as magnitudes, one for each of `f_hz`."""

    pitched = False

    f_hz: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.levels, self.others = [BINS], []
        self.register_buffer("f_hz", torch.arange(BINS) * (SAMPLE_RATE / WINDOW), persistent=False)

    def begin(self, bias: Tensor) -> None:
        """Let an untrained network play quiet noise."""
        bias.fill_(-3.0)

    def frequencies(self, midi: Tensor | None) -> Tensor:
        """Of the levels, in Hz: (L,)."""
        return self.f_hz

    def forward(
        self, levels: Tensor, others: Tensor, loudness: Tensor, midi: Tensor | None = None
    ) -> AmbientParts:
        return AmbientParts(levels)


class AmbientVoice(StreamingModule):
    """Turns magnitudes into sound, which is loudest half a window after the frame that it belongs to.

    Shapes: parts, trigger (B, N, 1), of which it makes nothing -> two sounds (B, N, HOP_LENGTH), silence and noise.
    """

    lag_frames = lead_frames = WINDOW // 2 // HOP_LENGTH
    tail_frames = (WINDOW // 2 + WINDOW // 4) // HOP_LENGTH
    counter = "noise.count"

    def __init__(self) -> None:
        super().__init__()
        self.noise = LongNoise(HOP_LENGTH, WINDOW)

    def begin(self, waves: Tensor) -> None:
        """Take waveforms that sounds begin with; there is no use for them here."""

    def forward(self, x: tuple[AmbientParts, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        carry = Carry(self, state)
        noise = carry("noise", x[0].noise)
        return (torch.zeros_like(noise), noise), carry.next_state
