"""The first analyzer: pitch, voicing and loudness of a monophonic sound."""

from __future__ import annotations

from torch import Tensor

from ..loudness import FLOOR_DB, Loudness
from ..model import Control, StreamingModel
from ..pitch import PitchTracker
from ..streaming import Carry, State

F0 = Control("f0_hz", "Hz", 41.2, 2960.0, 220.0, "log", "fundamental frequency")
VOICING = Control("voicing", "", 0.0, 1.0, 1.0, "linear", "how sure it is that there is a pitch")
LOUDNESS = Control("loudness_db", "dB", FLOOR_DB, 10.0, -30.0, "linear", "A-weighted loudness, full scale = 0 dB")


class PitchAnalyzer(StreamingModel):
    """Audio in; ``f0_hz``, ``voicing`` and ``loudness_db`` out, one value each per hop of 128 samples at 48 kHz."""

    family = "pitch"
    role = "analyzer"
    description = "Causal pitch tracker with voicing, and A-weighted loudness"
    outputs = (F0, VOICING, LOUDNESS)

    def __init__(self, tracker: PitchTracker | None = None) -> None:
        super().__init__()
        self.tracker = tracker or PitchTracker(self.hop_length)
        self.loudness = Loudness(self.sample_rate, self.hop_length)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        mono = inputs["audio"][:, 0]
        values = carry("tracker", mono) | {"loudness_db": carry("loudness", mono)}
        return {f"control.{name}": value for name, value in values.items()}, carry.next_state
