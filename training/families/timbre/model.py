"""Timbre transfer: differentiable digital signal processing, causal (Engel et al. 2020, arXiv:2001.04643).

`TimbreGenerator` turns pitch, loudness and voicing into the sound of an instrument; `TimbreEffect` tracks them in a sound
first. Both hold the same `Decoder` and `Synthesizer`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...analysis.tracker import F0, LOUDNESS, VOICING, PitchTracker
from ...dsp.hold import PitchHold
from ...dsp.noise import FilteredNoise
from ...dsp.oscillator import HarmonicOscillator
from ...dsp.reverb import Reverb
from ...dsp.units import DB, hz_to_midi, midi_to_hz
from ...dsp.wander import Wander
from ...streaming.contract import Carry, State, StreamingModule, recent
from ...streaming.layers import StreamingGRU, dense
from ...streaming.model import Control, StreamingModel
from ...streaming.operators import softplus
from .settings import TimbreSize

SAMPLE_RATE, HOP_LENGTH = 48000, 128
PITCH_STEP, PITCH_WIDTH = 2, 2.0
PITCHES_MIDI = range(26, 110, PITCH_STEP)
"""Where the narrow tuning curves of pitch are highest; they are the first."""

SYNTHESIS_CONTROLS = (
    Control("harmonic_gain", "dB", -60.0, 12.0, 0.0, "linear", "level of the harmonics"),
    Control("noise_gain", "dB", -60.0, 12.0, 0.0, "linear", "level of breath and bow noise"),
    Control("reverb", "", 0.0, 2.0, 1.0, "linear", "amount of the learned room; 1 is as recorded"),
    Control(
        "life", "", 0.0, 2.0, 1.0, "linear", "how much held partials and breath wander; 1 is as recorded"
    ),
)
PLAYER_CONTROLS = (
    Control("pitch_shift", "semitones", -24.0, 24.0, 0.0, "linear", "transposition"),
    Control("octave", "octaves", -4.0, 4.0, 0.0, "integer", "transposition by whole octaves"),
    Control(
        "loudness_gain", "dB", -40.0, 40.0, 0.0, "linear", "how much louder than the input the player plays"
    ),
    Control("autotune", "", 0.0, 1.0, 0.0, "linear", "pull towards the nearest semitone"),
    Control("noise_gate", "dB", -100.0, 0.0, -70.0, "linear", "input quieter than this stays silent"),
)


def _tuning_curves() -> Tensor:
    """Rows of (which input, centre, width): where in pitch, loudness and voicing each curve is highest.

    Narrow curves let neighbouring notes sound different, as they do on real instruments; wide ones carry what is learned
    on to pitches and levels that were never played.
    """
    pitch = [(0, midi, PITCH_WIDTH) for midi in PITCHES_MIDI] + [(0, midi, 24.0) for midi in (24, 48, 72, 96)]
    loudness = [(1, level, 8.0) for level in range(-80, 8, 8)] + [(1, level, 40.0) for level in (-80, -40, 0)]
    return torch.tensor([*pitch, *loudness, (2, 0.0, 0.5), (2, 1.0, 0.5)])


class Decoder(StreamingModule):
    """From pitch, loudness and voicing to the levels of harmonics and noise bands.

    The network's outputs are in nepers relative to the loudness asked for: an untrained level follows the player by
    construction, and what is learned is the timbre.

    Shapes: score (B, N, 5) and its `curves` -> (B, N, harmonics + bands), log amplitudes in nepers. A score is MIDI note
    number, loudness in dB, voicing, and gains of harmonics and of noise in nepers. In training the network may be given the
    curves of another score than the one that sets the levels.
    """

    ceiling: Tensor
    scale: Tensor
    centre: Tensor
    levels: Tensor

    def __init__(self, size: TimbreSize) -> None:
        super().__init__()
        self.harmonics = size.harmonic_rows * size.harmonic_columns
        self.bands = size.bands
        inputs, centres, widths = _tuning_curves().T
        self.enter = dense(len(centres), size.width)
        self.gru = StreamingGRU(size.width, size.hidden)
        self.leave = dense(size.width + size.hidden, size.width)
        self.head = nn.Linear(size.width, self.harmonics + size.bands)
        self.register_buffer("ceiling", torch.tensor(4.0), persistent=False)
        scale = (torch.arange(5.0)[:, None] == inputs) / widths
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("centre", -centres / widths, persistent=False)
        # Loudness raises everything, the gains their part.
        parts = torch.tensor(
            [[1.0] * self.harmonics + [0.0] * size.bands, [0.0] * self.harmonics + [1.0] * size.bands]
        )
        levels = torch.cat(
            [torch.zeros_like(parts[:1]), torch.full_like(parts[:1], DB), torch.zeros_like(parts[:1]), parts]
        )
        self.register_buffer("levels", levels, persistent=False)
        with torch.no_grad():
            self.head.weight.mul_(0.3)
            self.head.bias[: self.harmonics] = -1.0 - torch.arange(1, self.harmonics + 1).log()
            self.head.bias[self.harmonics :] = -5.0

    def amplitudes(self, nepers: Tensor) -> tuple[Tensor, Tensor]:
        """Turn log amplitudes (B, N, harmonics + bands) into linear ones: (B, N, harmonics), (B, N, bands)."""
        harmonics, noise = nepers.exp().split([self.harmonics, self.bands], -1)
        return harmonics, noise

    def curves(self, score: Tensor) -> Tensor:
        """Where a score (B, N, 5) lies under the tuning curves: (B * N, curves). In two axes a linear layer is one node."""
        away = torch.addmm(self.centre, score.flatten(0, 1), self.scale)
        return (away * away * -0.5).exp()

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        score, curves = x
        now = self.enter(curves)
        before = carry("gru", now.unflatten(0, score.shape[:2]))
        hidden = self.leave(torch.cat([now, before.flatten(0, 1)], -1))
        nepers = torch.addmm(torch.minimum(self.head(hidden), self.ceiling), score.flatten(0, 1), self.levels)
        return nepers.unflatten(0, score.shape[:2]), carry.next_state


class Synthesizer(StreamingModule):
    """Harmonics, filtered noise and the room.

    Inputs: ``f0_hz`` (B, N, 1), ``harmonics`` (B, N, K), ``noise`` (B, N, bands), ``reverb`` (B, N, 1).
    Output: (B, N, hop_length).
    """

    ramps: Tensor
    pair: Tensor

    def __init__(self, sample_rate: int, hop_length: int, size: TimbreSize) -> None:
        super().__init__()
        self.oscillator = HarmonicOscillator(
            sample_rate, hop_length, size.harmonic_rows, size.harmonic_columns
        )
        self.noise = FilteredNoise(hop_length, size.bands)
        self.room = Reverb(hop_length, size.partitions)
        ramp = (torch.arange(hop_length) + 1.0) / hop_length
        self.register_buffer("ramps", torch.stack([1 - ramp, ramp]), persistent=False)
        self.register_buffer("pair", torch.arange(2), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"reverb": torch.zeros(batch, 1)}

    def dry(self, carry: Carry, f0_hz: Tensor, harmonics: Tensor, noise: Tensor) -> Tensor:
        """Harmonics and noise without the room: (B, N, hop_length)."""
        return carry("oscillator", (f0_hz, harmonics)) + carry("noise", noise)

    def forward(self, x: tuple[Tensor, Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        f0_hz, harmonics, noise, reverb = x
        dry = self.dry(carry, f0_hz, harmonics, noise)
        ends, last = recent(state["reverb"], reverb.flatten(1), self.pair)
        return dry + carry("room", dry) * (ends @ self.ramps), carry.next_state | {"reverb": last}


class Instrument(StreamingModule):
    """Decoder and synthesizer: what the effect and the generator share, and what is trained.

    Inputs: ``f0_hz`` (B, N, 1); ``score`` (B, N, 5), see `Decoder`; ``reverb`` and ``life`` (B, N, 1).
    Output: (B, N, hop_length).

    Attributes
    ----------
    livelier : (curves, 1) tensor
        Of a score's curves how much more or less levels wander there; 1 in all until `set_wandering`.
    """

    livelier: Tensor

    def __init__(self, sample_rate: int, hop_length: int, size: TimbreSize) -> None:
        super().__init__()
        self.size = size
        self.decoder = Decoder(size)
        self.wander = Wander(self.decoder.harmonics + self.decoder.bands, sample_rate / hop_length)
        self.register_buffer("livelier", torch.zeros(len(self.decoder.centre), 1), persistent=False)
        self.set_wandering(torch.zeros_like(self.wander.depth), torch.ones(len(PITCHES_MIDI)))
        self.synthesizer = Synthesizer(sample_rate, hop_length, size)
        self.hop_length = hop_length

    @property
    def tail_samples(self) -> int:
        """Samples that it sounds once its score is silent: it fades over a hop, and the room rings after that."""
        return self.hop_length + self.synthesizer.room.length

    def set_wandering(self, depths: Tensor, by_pitch: Tensor) -> None:
        """Say how much levels wander: (harmonics + bands,) nepers, and times that at each of `PITCHES_MIDI`."""
        self.wander.depth.copy_(depths)
        # Curves that lie side by side add up to the same everywhere.
        self.livelier[: len(by_pitch), 0] = by_pitch / (PITCH_WIDTH / PITCH_STEP * math.sqrt(2 * math.pi))

    def forward(self, x: tuple[Tensor, Tensor, Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        f0_hz, score, reverb, life = x
        curves = self.decoder.curves(score)
        wandering = carry("wander", life * (curves @ self.livelier).unflatten(0, score.shape[:2]))
        harmonics, noise = self.decoder.amplitudes(carry("decoder", (score, curves)) + wandering)
        return carry("synthesizer", (f0_hz, harmonics, noise, reverb)), carry.next_state


def _inputs(inputs: dict[str, Tensor], controls: tuple[Control, ...]) -> list[Tensor]:
    """The controls asked for as (B, N, 1)."""
    return [inputs[f"control.{c.name}"].unsqueeze(2) for c in controls]


def _columns(rows: list[Tensor]) -> Tensor:
    """Put values (B, N) side by side: (B, N, K). Fewer nodes than a stack, which gives each an axis of its own."""
    return torch.cat(rows).reshape(len(rows), *rows[0].shape).permute(1, 2, 0)


class TimbreGenerator(StreamingModel):
    """An instrument played by numbers: pitch, loudness and voicing in, sound out."""

    family = "timbre"
    role = "generator"
    controls = (F0, LOUDNESS, VOICING, *SYNTHESIS_CONTROLS)

    def __init__(self, instrument: Instrument | None = None) -> None:
        super().__init__()
        self.instrument = instrument or Instrument(SAMPLE_RATE, HOP_LENGTH, TimbreSize())
        self.tail_samples = self.instrument.tail_samples

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        f0, loudness, voicing, harmonic_gain, noise_gain, reverb, life = _inputs(inputs, self.controls)
        score = torch.cat([hz_to_midi(f0), loudness, voicing, harmonic_gain * DB, noise_gain * DB], -1)
        audio = carry("instrument", (f0, score, reverb, life))
        return {"audio": audio.reshape(audio.shape[0], 1, -1)}, carry.next_state


class TimbreEffect(StreamingModel):
    """A sound in, the same melody from the instrument out."""

    family = "timbre"
    role = "effect"
    controls = (*PLAYER_CONTROLS, *SYNTHESIS_CONTROLS)
    to_score: Tensor
    # Up six octaves, a difference of pitch counts 64 times.
    extreme_tolerance = 5e-3

    def __init__(self, tracker: PitchTracker, instrument: Instrument) -> None:
        super().__init__()
        self.tracker, self.pitch_hold, self.instrument = tracker, PitchHold(), instrument
        # Pitch, loudness, voicing, what the gate takes away and the gains of loudness, harmonics and noise make a score.
        to_score = torch.cat([torch.eye(3, 5), torch.zeros(4, 5)])
        to_score[3, 3:], to_score[4, 1] = -1.0, 1.0
        to_score[5, 3] = to_score[6, 4] = DB
        self.register_buffer("to_score", to_score, persistent=False)
        self.tail_samples = tracker.loudness_reach + instrument.tail_samples

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        controls = {c.name: inputs[f"control.{c.name}"] for c in self.controls}
        audio = inputs["audio"]
        midi, voicing, loudness = carry("tracker", audio.reshape(audio.shape[0], -1, self.hop_length))
        # In float64 until it is a phase: see `PitchNetwork.midi`.
        shift = (controls["octave"].round() * 12.0 + controls["pitch_shift"]).double().unsqueeze(2)
        midi = carry("pitch_hold", (midi, voicing)) + shift
        midi = midi + (midi.round() - midi) * controls["autotune"].double().unsqueeze(2)
        # The logarithm of a sigmoid that an engine rounds to zero would be infinite, and silence no number.
        gated = softplus((controls["noise_gate"].unsqueeze(2) - loudness) * 0.5)
        set_by_hand = _columns([controls[name] for name in ("loudness_gain", "harmonic_gain", "noise_gain")])
        score = torch.cat([midi.float(), loudness, voicing, gated, set_by_hand], -1) @ self.to_score
        reverb, life = (controls[name].unsqueeze(2) for name in ("reverb", "life"))
        audio = carry("instrument", (midi_to_hz(midi), score, reverb, life))
        return {"audio": audio.reshape(audio.shape[0], 1, -1)}, carry.next_state
