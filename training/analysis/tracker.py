"""The first analyzer: pitch, voicing and loudness of a monophonic sound."""

from __future__ import annotations

import torch
from torch import Tensor

from ..dsp.units import midi_to_hz
from ..streaming.contract import Carry, State, StreamingModule, newest
from ..streaming.layers import LanedFilterBank
from ..streaming.model import Control, StreamingModel
from .loudness import FLOOR_DB, Loudness, a_weighting_kernels
from .pitch_network import PITCH_BINS, PitchNetwork, to_12k_kernels

F0 = Control("f0_hz", "Hz", 41.2, 2960.0, 220.0, "log", "fundamental frequency")
VOICING = Control("voicing", "", 0.0, 1.0, 1.0, "linear", "how sure it is that there is a pitch")
LOUDNESS = Control(
    "loudness_db", "dB", FLOOR_DB, 10.0, -30.0, "linear", "A-weighted loudness, full scale = 0 dB"
)
FAINTEST_DB = -88.0
LANES = 4
SETTLING_FRAMES, SETTLED_DB = 4, 10.0
"""A level that rose by more in so many frames has just begun, and its pitch is a guess."""


class PitchTracker(StreamingModule):
    """Tracks pitch, voicing and loudness in a monophonic sound.

    One filter bank gives the A-weighted sound and the sound at 12 kHz.

    Nothing is voiced while the level rises by more than `SETTLED_DB` in `SETTLING_FRAMES`: in the first 11 ms of a note the
    spectra hold a few samples of it, whose pitch the network takes for the lowest that there is, and is sure.

    Shapes: (B, N, hop_length) at 48 kHz -> ``midi`` (float64), ``voicing``, ``loudness_db``, each (B, N, 1).
    """

    def __init__(self, sample_rate: int, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        lane = hop_length // LANES
        weighting, decimation = a_weighting_kernels(sample_rate, lane), to_12k_kernels(lane)
        self.sizes = [len(weighting), len(decimation)]
        wider = weighting.shape[1] - decimation.shape[1]
        kernels = torch.cat([weighting, torch.nn.functional.pad(decimation, (wider, 0))])
        self.filters = LanedFilterBank(kernels, hop_length, LANES)
        self.loudness = Loudness()
        self.pitch = PitchNetwork(hop_length // 4)

    @property
    def loudness_reach(self) -> int:
        """Samples after a sound's end in which its loudness is still heard; in the hop after them it is `FLOOR_DB`."""
        return (-(-self.filters.reach // LANES) + self.loudness.reach) * self.hop_length

    def own_state(self, batch: int) -> State:
        return {"above_floor": torch.zeros(batch, SETTLING_FRAMES, 1)}

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        weighted, at_12k = carry("filters", x).split(self.sizes, -1)
        logits, voiced = carry("pitch", at_12k.flatten(2)).split([PITCH_BINS, 1], -1)
        loudness = carry("loudness", weighted)
        # Spectra are levelled, so the network cannot tell silence from sound: below -90 dB nothing is voiced.
        now = loudness - FLOOR_DB
        above_floor = torch.cat([state["above_floor"], now], 1)
        settled = torch.minimum(
            above_floor[:, :-SETTLING_FRAMES] - now + SETTLED_DB, now + (FLOOR_DB - FAINTEST_DB)
        )
        voicing = torch.minimum(voiced, settled).sigmoid()
        next_state = carry.next_state | {"above_floor": newest(above_floor, SETTLING_FRAMES)}
        return (self.pitch.midi(logits), voicing, loudness), next_state


class PitchAnalyzer(StreamingModel):
    """Audio in; ``f0_hz``, ``voicing`` and ``loudness_db`` out, one value each per hop of 128 samples at 48 kHz."""

    family = "pitch"
    role = "analyzer"
    description = "Causal pitch tracker with voicing, and A-weighted loudness"
    outputs = (F0, VOICING, LOUDNESS)

    def __init__(self, tracker: PitchTracker | None = None) -> None:
        super().__init__()
        self.tracker = tracker or PitchTracker(self.sample_rate, self.hop_length)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        midi, voicing, loudness = carry("tracker", audio.reshape(audio.shape[0], -1, self.hop_length))
        values = midi_to_hz(midi).float(), voicing, loudness
        return {
            f"control.{c.name}": v.squeeze(2) for c, v in zip(self.outputs, values, strict=True)
        }, carry.next_state
