"""Timbre transfer: differentiable digital signal processing, causal (Engel et al. 2020, arXiv:2001.04643).

`TimbreGenerator` turns pitch, loudness and voicing into the sound of an instrument; `TimbreEffect` hears them in a sound
first. Both hold the same `Decoder` and `Synthesizer`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from ..layers import StreamingGRU, dense
from ..model import Control, StreamingModel
from ..noise import FilteredNoise
from ..oscillator import HarmonicOscillator
from ..pitch import hz_to_midi
from ..reverb import Reverb
from ..streaming import Carry, State, StreamingModule, hold
from .pitch import F0, LOUDNESS, VOICING, PitchAnalyzer

DB = math.log(10) / 20
LOWEST_HZ = 20.0
SYNTHESIS_CONTROLS = (
    Control("harmonic_gain", "dB", -60.0, 12.0, 0.0, "linear", "level of the harmonics"),
    Control("noise_gain", "dB", -60.0, 12.0, 0.0, "linear", "level of breath and bow noise"),
    Control("reverb", "", 0.0, 2.0, 1.0, "linear", "amount of the learned room; 1 is as recorded"),
)
PLAYER_CONTROLS = (
    Control("pitch_shift", "semitones", -24.0, 24.0, 0.0, "linear", "transposition"),
    Control("octave", "octaves", -4.0, 4.0, 0.0, "integer", "transposition by whole octaves"),
    Control("loudness_gain", "dB", -40.0, 40.0, 0.0, "linear", "how much louder than the input the player plays"),
    Control("autotune", "", 0.0, 1.0, 0.0, "linear", "pull towards the nearest semitone"),
    Control("noise_gate", "dB", -100.0, 0.0, -70.0, "linear", "input quieter than this stays silent"),
)


@dataclass(frozen=True)
class TimbreSize:
    """Sizes of a timbre model: what its weights' shapes depend on."""

    width: int = 128
    hidden: int = 160
    harmonic_rows: int = 8
    harmonic_columns: int = 8
    bands: int = 65
    partitions: int = 64

    def asdict(self) -> dict[str, int]:
        """Return the sizes by name."""
        return asdict(self)


class Decoder(StreamingModule):
    """From pitch, loudness and voicing to the amplitudes of harmonics and noise bands.

    The network speaks in nepers relative to the loudness asked for: an untrained level follows the player by
    construction, and what is learned is the timbre.

    Shapes: (B, N, 3) ``f0_hz``, ``loudness_db``, ``voicing`` -> (B, N, harmonics), (B, N, bands), linear amplitudes.
    """

    def __init__(self, size: TimbreSize) -> None:
        super().__init__()
        self.harmonics = size.harmonic_rows * size.harmonic_columns
        self.bands = size.bands
        self.enter = dense(3, size.width)
        self.gru = StreamingGRU(size.width, size.hidden)
        self.leave = dense(size.width + size.hidden, size.width)
        self.head = nn.Linear(size.width, self.harmonics + size.bands)
        self.register_buffer("ceiling", torch.tensor(4.0), persistent=False)
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            self.head.bias[: self.harmonics] = -1.0 - torch.arange(1, self.harmonics + 1).log()
            self.head.bias[self.harmonics :] = -5.0

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor], State]:
        carry = Carry(self, state)
        nepers, loudness = self.nepers(carry, x)
        amplitudes = (nepers + loudness * DB).exp()
        return tuple(amplitudes.split([self.harmonics, self.bands], -1)), carry.next_state  # type: ignore[return-value]

    def nepers(self, carry: Carry, x: Tensor) -> tuple[Tensor, Tensor]:
        """Log amplitudes relative to the loudness (B, N, harmonics + bands), and the loudness (B, N, 1) in dB."""
        f0, loudness, voicing = x.split(1, -1)
        scaled = torch.cat([hz_to_midi(f0) * (1 / 24) - 2.5, loudness * 0.04 + 1.5, voicing], -1)
        now = self.enter(scaled)
        hidden = self.leave(torch.cat([now, carry("gru", now)], -1))
        return torch.minimum(self.head(hidden), self.ceiling), loudness


class Synthesizer(StreamingModule):
    """Harmonics, filtered noise and the room.

    Inputs: ``f0_hz`` (B, N), ``harmonics`` (B, N, K), ``noise`` (B, N, bands), ``reverb`` (B, N) -> (B, N * hop_length).
    """

    def __init__(self, sample_rate: int, hop_length: int, size: TimbreSize) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.oscillator = HarmonicOscillator(sample_rate, hop_length, size.harmonic_rows, size.harmonic_columns)
        self.noise = FilteredNoise(hop_length, size.bands)
        self.room = Reverb(hop_length, size.partitions)
        self.register_buffer("ramp", (torch.arange(hop_length) + 1.0) / hop_length, persistent=False)

    def own_state(self, batch: int) -> State:
        return {"reverb": torch.zeros(batch)}

    def dry(self, carry: Carry, f0_hz: Tensor, harmonics: Tensor, noise: Tensor) -> Tensor:
        """Harmonics and noise without the room: (B, N * hop_length)."""
        return carry("oscillator", (f0_hz, harmonics)) + carry("noise", noise)

    def forward(self, x: tuple[Tensor, Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        f0_hz, harmonics, noise, reverb = x
        dry = self.dry(carry, f0_hz, harmonics, noise)
        wet = carry("room", dry).reshape(dry.shape[0], -1, self.hop_length)
        before, last = hold(state["reverb"], reverb)
        amount = before.unsqueeze(-1) + (reverb - before).unsqueeze(-1) * self.ramp
        return dry + (wet * amount).reshape(dry.shape), carry.next_state | {"reverb": last}


class PitchHold(StreamingModule):
    """Keep the last pitch through unvoiced frames, where a tracker only guesses.

    Shapes: ``f0_hz`` (B, N), ``voicing`` (B, N) -> (B, N). Until the first voiced frame the pitch is 110 Hz.
    """

    def own_state(self, batch: int) -> State:
        return {"f0": torch.zeros(batch, 1)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        f0, voicing = x
        voiced = (voicing > 0.5).long()
        # Slot k of the line is the pitch of the k-th voiced frame, slot 0 what was held before; the last is a bin.
        number = voiced.cumsum(1)
        bin_ = f0.shape[1] + 1
        line = torch.cat([state["f0"], torch.zeros_like(f0), torch.zeros_like(state["f0"])], 1)
        line = line.scatter(1, torch.where(voiced > 0, number, bin_), f0)
        held = line.gather(1, number)
        return torch.where(held > 0, held, 110.0), {"f0": held[:, -1:]}


class Instrument(StreamingModule):
    """Decoder and synthesizer: what the effect and the generator share, and what is trained.

    Inputs: ``score`` (B, N, 3) ``f0_hz``, ``loudness_db``, ``voicing``; ``gains`` (B, N, 2) linear, of harmonics and of noise;
    ``reverb`` (B, N). Output: (B, N * hop_length).
    """

    def __init__(self, sample_rate: int, hop_length: int, size: TimbreSize) -> None:
        super().__init__()
        self.size = size
        self.decoder = Decoder(size)
        self.synthesizer = Synthesizer(sample_rate, hop_length, size)

    def forward(self, x: tuple[Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        score, gains, reverb = x
        harmonics, noise = carry("decoder", score)
        harmonic_gain, noise_gain = gains.split(1, -1)
        parts = (score[:, :, 0], harmonics * harmonic_gain, noise * noise_gain, reverb)
        return carry("synthesizer", parts), carry.next_state


def _gains(inputs: dict[str, Tensor]) -> Tensor:
    levels = torch.stack([inputs["control.harmonic_gain"], inputs["control.noise_gain"]], -1)
    return (levels * DB).exp()


class TimbreGenerator(StreamingModel):
    """An instrument played by numbers: pitch, loudness and voicing in, sound out."""

    family = "timbre"
    role = "generator"
    controls = (F0, LOUDNESS, VOICING, *SYNTHESIS_CONTROLS)

    def __init__(self, instrument: Instrument | None = None) -> None:
        super().__init__()
        self.instrument = instrument or Instrument(self.sample_rate, self.hop_length, TimbreSize())
        self.tail_samples = self.instrument.synthesizer.room.length + self.hop_length

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        score = torch.stack([inputs[f"control.{c.name}"] for c in (F0, LOUDNESS, VOICING)], -1)
        audio = carry("instrument", (score, _gains(inputs), inputs["control.reverb"]))
        return {"audio": audio.unsqueeze(1)}, carry.next_state


class TimbreEffect(StreamingModel):
    """A sound in, the same melody from the instrument out."""

    family = "timbre"
    role = "effect"
    controls = (*PLAYER_CONTROLS, *SYNTHESIS_CONTROLS)

    def __init__(self, analyzer: PitchAnalyzer, instrument: Instrument) -> None:
        super().__init__()
        self.analyzer, self.pitch_hold, self.instrument = analyzer, PitchHold(), instrument
        self.tail_samples = instrument.synthesizer.room.length + self.hop_length

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        heard = carry("analyzer", {"audio": inputs["audio"]})
        f0 = carry("pitch_hold", (heard["control.f0_hz"], heard["control.voicing"]))
        loudness = heard["control.loudness_db"]
        gate = torch.sigmoid((loudness - inputs["control.noise_gate"]) * 0.5)
        loudness = loudness + inputs["control.loudness_gain"]
        score = torch.stack([self._transpose(f0, inputs), loudness, heard["control.voicing"]], -1)
        gains = _gains(inputs) * gate.unsqueeze(-1)
        audio = carry("instrument", (score, gains, inputs["control.reverb"]))
        return {"audio": audio.unsqueeze(1)}, carry.next_state

    def _transpose(self, f0: Tensor, inputs: dict[str, Tensor]) -> Tensor:
        semitones = inputs["control.pitch_shift"] + 12.0 * inputs["control.octave"].round()
        midi = hz_to_midi(f0) + semitones
        semitones = semitones + (midi.round() - midi) * inputs["control.autotune"]
        # As a ratio, which is exactly 1 at rest, so that f0 keeps its last bits.
        return (f0 * (semitones * (math.log(2) / 12)).exp()).clamp_min(LOWEST_HZ)
