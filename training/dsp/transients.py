"""Short sounds that a trigger starts, sums of learned ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..streaming.contract import State, StreamingModule, recent


class Transients(StreamingModule):
    """The first moments of a sound as sums of learned waveforms, exact to the sample.

    Parameters
    ----------
    count : int
        J, how many waveforms there are.
    hop_length : int
        Samples a frame.
    frames : int
        M, how many frames a waveform lasts.

    Shapes: (B, N, J), how much of each waveform begins with each frame -> (B, N, hop_length).
    """

    window: Tensor
    fade: Tensor

    def __init__(self, count: int, hop_length: int, frames: int) -> None:
        super().__init__()
        self.count, self.hop_length, self.frames = count, hop_length, frames
        length = frames * hop_length
        self.waves = nn.Parameter(torch.zeros(count, length))
        late = ((torch.arange(length) / length - 0.5) * 2).clamp_min(0.0)
        self.register_buffer("fade", torch.cos(late * torch.pi / 2).square(), persistent=False)
        self.register_buffer("window", torch.arange(frames), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, self.frames - 1, self.count)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        begun, past = recent(state["past"], x, self.window)
        parts = (self.waves * self.fade).reshape(self.count, self.frames, self.hop_length)
        # Oldest first: what began M - 1 frames ago is in its last frame.
        kernel = parts.transpose(0, 1).flip(0).reshape(-1, self.hop_length)
        return begun.flatten(2) @ kernel, {"past": past}
