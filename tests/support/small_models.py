"""Torch models as small as can be and still like the real ones, for tests of what exports and proves models."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.streaming.contract import Carry, State, with_previous
from training.streaming.layers import StreamingGRU
from training.streaming.model import Control, StreamingModel


class Reed(StreamingModel):
    """A generator: a recurrent layer turns pitch and loudness into hops of sound."""

    family, role, hop_length, tail_samples = "reed", "generator", 128, 512
    controls = (
        Control("f0_hz", "Hz", 50.0, 1000.0, 220.0, "log"),
        Control("loudness_db", "dB", -80.0, 0.0, -30.0),
    )

    def __init__(self, hidden: int = 12) -> None:
        super().__init__()
        self.gru, self.wave = StreamingGRU(2, hidden), nn.Linear(hidden, self.hop_length)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        score = torch.stack([inputs["control.f0_hz"] / 500, inputs["control.loudness_db"] / 40], 2)
        return {"audio": self.wave(carry("gru", score)).flatten(1)[:, None]}, carry.next_state


class Echo(StreamingModel):
    """An effect: each hop, and half of the one before."""

    family, role, hop_length, tail_samples = "echo", "effect", 64, 64

    def own_state(self, batch: int) -> State:
        return {"previous": torch.zeros(batch, 1, self.hop_length)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        before, now, last = with_previous(
            state["previous"], inputs["audio"].unflatten(2, (-1, self.hop_length))[:, 0]
        )
        return {"audio": (now + 0.5 * before).flatten(1)[:, None]}, {"previous": last}


class Meter(StreamingModel):
    """An analyzer: the peak of each hop, which falls by half in the next."""

    family, role, hop_length = "meter", "analyzer", 64
    outputs = (Control("peak", "", 0.0, 10.0, 0.0),)

    def own_state(self, batch: int) -> State:
        return {"peak": torch.zeros(batch, 1)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        peaks = inputs["audio"].unflatten(2, (-1, self.hop_length))[:, 0].abs().amax(2)
        before, now, last = with_previous(state["peak"], peaks)
        return {"control.peak": torch.maximum(now, 0.5 * before)}, {"peak": last}


def reed(kind: type[Reed] = Reed, hidden: int = 12) -> Reed:
    """Give the same reed each time."""
    torch.manual_seed(5)
    return kind(hidden).eval()
