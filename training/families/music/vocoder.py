"""Sound from magnitudes as they come, with phases found on the way.

Real-time iterative spectrogram inversion with look-ahead (Zhu, Beauregard and Wyse 2007): the newest frames are turned
into spectra and back some times, each time with the magnitudes that are wanted, together with what has been played, before
the oldest of them is played.

What is kept from frame to frame is in double precision and rounded. Phases found so depend on each other without end: the
last bits in which engines differ would be heard after half a second.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.operators import take
from ...streaming.scan import Scan
from .bands import FRAME_HOP, WINDOW
from .fourier import Fourier

OVERLAP = WINDOW // FRAME_HOP
AHEAD = OVERLAP - 1
"""Frames that a frame waits for those after it."""

ROUNDS = 4
GRID = 2.0**-16
"""To which frames that wait are rounded, in full scale."""

LATENCY_FRAMES = AHEAD + OVERLAP - 1
"""From a frame's first sample to when it is played, in frames; the frame that plays it is not counted."""


class Inversion(StreamingModule):
    """One frame of sound of one frame of magnitudes.

    Shapes: double precision (B, WINDOW / 2) -> (B, FRAME_HOP).
    """

    window: Tensor
    size: Tensor
    gain: Tensor
    faint: Tensor
    places: Tensor
    bins: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fourier = Fourier(WINDOW)
        hann = torch.hann_window(WINDOW, dtype=torch.float64)
        self.register_buffer("window", hann, persistent=False)
        self.register_buffer("size", hann.sum() / 2, persistent=False)
        # Overlapping windows, each taken twice, add up to a constant.
        self.register_buffer("gain", FRAME_HOP / hann.square().sum(), persistent=False)
        self.register_buffer(
            "places",
            (FRAME_HOP * torch.arange(AHEAD + 1)[:, None] + torch.arange(WINDOW)).int(),
            persistent=False,
        )
        # After silence a frame has the phases of this.
        random = torch.Generator().manual_seed(20070915)
        faint = 1e-5 * torch.randn(WINDOW, generator=random, dtype=torch.float64)
        self.register_buffer("faint", faint, persistent=False)
        # The last bin, of half the rate, is taken for its neighbour.
        self.register_buffer("bins", self.fourier.bins.clamp(max=WINDOW // 2 - 1).flatten(), persistent=False)

    def own_state(self, batch: int) -> State:
        return {
            "played": torch.zeros(batch, WINDOW - FRAME_HOP, dtype=torch.float64),
            "waiting": torch.zeros(batch, AHEAD, WINDOW, dtype=torch.float64),
            "magnitudes": torch.zeros(batch, AHEAD, WINDOW // 2, dtype=torch.float64),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        magnitudes = torch.cat([state["magnitudes"], x[:, None] * self.size], 1)
        wanted = take(magnitudes, 2, self.bins).unflatten(-1, self.fourier.bins.shape)
        played = F.pad(state["played"], (0, AHEAD * FRAME_HOP + FRAME_HOP))
        frames = torch.cat([state["waiting"], torch.zeros_like(state["waiting"][:, :1])], 1)
        for _ in range(ROUNDS):
            whole = played + overlapped(frames)
            real, imaginary = self.fourier.analyse((take(whole, 1, self.places) + self.faint) * self.window)
            scale = wanted / (real * real + imaginary * imaginary).clamp_min(2.0**-66).sqrt()
            frames = self.fourier.synthesise(real * scale, imaginary * scale) * self.window * self.gain
        frames = (frames / GRID).round() * GRID
        whole = state["played"] + frames[:, 0, : WINDOW - FRAME_HOP]
        rest = torch.cat([whole[:, FRAME_HOP:], frames[:, 0, WINDOW - FRAME_HOP :]], 1)
        return whole[:, :FRAME_HOP], {
            "played": rest, "waiting": frames[:, 1:], "magnitudes": magnitudes[:, 1:]
        }  # fmt: skip


def overlapped(frames: Tensor) -> Tensor:
    """Add frames (B, F, WINDOW), each a hop later: (B, WINDOW + (F - 1) * FRAME_HOP)."""
    count = frames.shape[1]
    rows = [F.pad(frames[:, i], (i * FRAME_HOP, (count - 1 - i) * FRAME_HOP)) for i in range(count)]
    return torch.stack(rows).sum(0)


class Vocoder(StreamingModule):
    """Sound of magnitudes; see `LATENCY_FRAMES`.

    Shapes: double precision (B, N, WINDOW / 2) linear, 1 for a sine of full scale -> (B, N, FRAME_HOP).
    """

    def __init__(self) -> None:
        super().__init__()
        self.scan = Scan(Inversion())

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        return carry("scan", x), carry.next_state
