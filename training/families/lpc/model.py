"""The LPC models: a sound as an excitation sent through an all-pole filter, both chosen anew every hop (docs/lpc.md).

`LpcAnalyzer` reads reflection coefficients, gain, voicing and pitch; `LpcGenerator` makes sound of them; `LpcEffect` does
both; `CrossSynthesis` sends one sound through the filter of another.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...analysis.tracker import F0
from ...dsp.allpole import NARROWEST_HZ, MovingFilter, PolynomialResponse, inverse, warping
from ...dsp.levinson import StepUp
from ...dsp.units import midi_to_hz
from ...streaming.contract import Carry, State
from ...streaming.model import Control, StreamingModel
from ...streaming.operators import take
from .settings import LpcSize
from .spectra import DELAY_HOPS, LOUD
from .synthesizer import DB, N_FFT, LpcSynthesizer
from .tracker import GAIN_RANGE_DB, HOP_LENGTH, ORDER, SAMPLE_RATE, LpcTracker, Whitener

REFLECTIONS = tuple(
    Control(f"k{m}", "", -1.0, 1.0, 0.0, "linear", f"reflection coefficient {m} of {ORDER}")
    for m in range(1, ORDER + 1)
)
GAIN = Control("gain_db", "dB", *GAIN_RANGE_DB, -40.0, "linear", "level of the excitation, full scale = 0 dB")
VOICING = Control(
    "voicing", "", 0.0, 1.0, 1.0, "linear", "share of pulses in the excitation's power, the rest is noise"
)
FORMANT_SHIFT = Control(
    "formant_shift", "semitones", -12.0, 12.0, 0.0, "linear", "by how much resonances move"
)
SILENT = 0.01
"""Power in a bin without sound, times `LOUD`, so that a quotient of powers is one in silence, too."""

OUTPUT_GAIN = Control("gain", "dB", -40.0, 40.0, 0.0, "linear", "level of the output")


class LpcAnalyzer(StreamingModel):
    """Audio in; 16 reflection coefficients, gain, voicing and pitch out, one of each a hop of 128 samples at 24 kHz."""

    family = "lpc"
    role = "analyzer"
    description = "Reads the all-pole filter of a sound, its gain, voicing and pitch"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    latency_samples = DELAY_HOPS * HOP_LENGTH
    outputs = (*REFLECTIONS, GAIN, VOICING, F0)

    def __init__(self, tracker: LpcTracker | None = None) -> None:
        super().__init__()
        self.tracker = tracker or LpcTracker(LpcSize())

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        reflections, gain_db, voicing, midi = carry("tracker", audio.reshape(audio.shape[0], -1, HOP_LENGTH))
        f0_hz = midi_to_hz(midi).float().clamp(F0.minimum, F0.maximum)
        values = torch.cat([reflections, gain_db, voicing, f0_hz], -1).unbind(2)
        return {f"control.{c.name}": v for c, v in zip(self.outputs, values, strict=True)}, carry.next_state


class LpcGenerator(StreamingModel):
    """What the analyzer gives, as sound."""

    family = "lpc"
    role = "generator"
    description = "Pulses and noise through an all-pole filter: plays what the LPC analyzer reads"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    tail_samples = N_FFT
    controls = (*REFLECTIONS, GAIN, VOICING, F0, FORMANT_SHIFT)
    # With reflections of one, a filter of order 16 has its poles on the circle: what it makes of last bits is chance.
    extreme_tolerance = 4.0

    def __init__(self) -> None:
        super().__init__()
        self.synthesizer = LpcSynthesizer()

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        values = [inputs[f"control.{c.name}"] for c in self.controls]
        reflections, others = torch.stack(values[:ORDER], 2), [v.unsqueeze(2) for v in values[ORDER:]]
        gain_db, voicing, f0_hz, formant_shift = others
        audio = carry("synthesizer", (reflections, gain_db, voicing, f0_hz.double(), formant_shift))
        return {"audio": audio.reshape(audio.shape[0], 1, -1)}, carry.next_state


class LpcEffect(StreamingModel):
    """A sound taken apart and put together again, with its pitch, its resonances or its voicing changed."""

    family = "lpc"
    role = "effect"
    description = "Resynthesises a sound by pulses and noise through its own filter: shifts pitch and formants, whispers"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    latency_samples = DELAY_HOPS * HOP_LENGTH
    controls = (
        Control("pitch_shift", "semitones", -24.0, 24.0, 0.0, "linear", "transposition; resonances stay"),
        FORMANT_SHIFT,
        Control("voicing", "", -1.0, 1.0, 0.0, "linear", "-1 whispers, 0 is as tracked, 1 is pulses alone"),
        Control("autotune", "", 0.0, 1.0, 0.0, "linear", "pull towards the nearest semitone"),
        OUTPUT_GAIN,
    )

    def __init__(self, tracker: LpcTracker) -> None:
        super().__init__()
        self.tracker, self.synthesizer = tracker, LpcSynthesizer()
        # The filter rings from the last hop in which the tracker hears something. The latency comes before the tail.
        self.tail_samples = tracker.front_end.reach * HOP_LENGTH + N_FFT - self.latency_samples

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        shift, formants, towards, autotune, gain = (
            inputs[f"control.{c.name}"].unsqueeze(2) for c in self.controls
        )
        audio = inputs["audio"]
        reflections, gain_db, voicing, midi = carry("tracker", audio.reshape(audio.shape[0], -1, HOP_LENGTH))
        # In float64 until it is a phase: see `training.analysis.pitch_network.PitchNetwork.midi`.
        midi = midi + shift.double()
        midi = midi + (midi.round() - midi) * autotune.double()
        voicing = sharpened(voicing)
        voicing = voicing * (1.0 + towards.clamp_max(0.0)) + (1.0 - voicing) * towards.clamp_min(0.0)
        audio = carry("synthesizer", (reflections, gain_db + gain, voicing, midi_to_hz(midi), formants))
        return {"audio": audio.reshape(audio.shape[0], 1, -1)}, carry.next_state


class CrossSynthesis(StreamingModel):
    """The filter of the first channel on the second, whitened by its own; the result on both."""

    family = "lpc"
    role = "effect"
    description = "Sends the second channel through the filter of the first: an instrument that speaks"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    channels = 2
    latency_samples = DELAY_HOPS * HOP_LENGTH
    tail_samples = N_FFT
    controls = (
        Control(
            "amount",
            "",
            0.0,
            1.0,
            1.0,
            "linear",
            "0 leaves the second channel as it is, 1 gives it the other's filter",
        ),
        Control(
            "dynamics",
            "",
            0.0,
            1.0,
            1.0,
            "linear",
            "whose loudness: 0 the second channel's own, 1 the first's",
        ),
        FORMANT_SHIFT,
        OUTPUT_GAIN,
    )

    powers: Tensor
    circle: Tensor
    bins: Tensor

    def __init__(self, tracker: LpcTracker) -> None:
        super().__init__()
        self.front_end, self.envelope, self.whitener = tracker.front_end, tracker.network.envelope, Whitener()
        self.step_up = StepUp(ORDER)
        self.response = PolynomialResponse(ORDER, N_FFT, NARROWEST_HZ, SAMPLE_RATE)
        self.filter = MovingFilter(HOP_LENGTH, N_FFT)
        self.register_buffer("powers", torch.arange(ORDER + 1).double(), persistent=False)
        # The mean around the unit circle, of which half is given, at the frequencies of the whitener's spectrum.
        half = self.whitener.spectrum.n_fft // 2
        circle = torch.full((half + 1, 1), 1.0 / half, dtype=torch.float64)
        circle[0] = circle[-1] = 0.5 / half
        self.register_buffer("circle", circle, persistent=False)
        self.register_buffer("bins", torch.arange(half + 1) * (N_FFT // 2 // half), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"waiting": torch.zeros(batch, DELAY_HOPS, HOP_LENGTH)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        amount, dynamics, formants, gain = (inputs[f"control.{c.name}"].unsqueeze(2) for c in self.controls)
        audio = inputs["audio"]
        first, second = (x.reshape(audio.shape[0], -1, HOP_LENGTH) for x in audio.split(1, 1))
        slow, long, short, _, features = carry("front_end", first)
        taken, _, _ = carry("envelope", (slow, long, short, features))
        own, own_db, source = carry("whitener", second)
        # What is heard of the first, under the whitener's window.
        taken_db = self.whitener.power_db(short.double()).clamp_max(GAIN_RANGE_DB[1])
        a, own_a = self.step_up(taken.double()), self.step_up(own.double())
        # A(z / g) has the poles of A(z), nearer to 0: all cepstral coefficients shrink, the higher the more, so that the
        # response goes from flat to whole without detours.
        partly = amount.double().sqrt().sqrt() ** self.powers
        real, imaginary = inverse(*self.response(a * partly, warping(formants.double())))
        own_real, own_imaginary = self.response(own_a * partly)
        real, imaginary = (
            real * own_real - imaginary * own_imaginary,
            real * own_imaginary + imaginary * own_real,
        )
        # The second keeps its loudness, and goes towards that of the first as far as it is asked to. By its spectrum as it
        # is: its envelope has much between lonely partials, where a flute has nothing that the filter could raise.
        source = source * LOUD + SILENT
        rise = ((source * take(power_of(real, imaginary), 2, self.bins)) @ self.circle) / (
            source @ self.circle
        )
        level = amount * dynamics * (taken_db - own_db) + gain
        response = torch.stack([real, imaginary], 2) * rise.rsqrt().unsqueeze(2)
        response = response.float() * (level * DB).exp().unsqueeze(2)
        padded = torch.cat([state["waiting"], second], 1)
        y = carry("filter", (padded[:, :-DELAY_HOPS], response)).reshape(audio.shape[0], 1, -1)
        return {"audio": torch.cat([y, y], 1)}, carry.next_state | {"waiting": padded[:, -DELAY_HOPS:]}


def sharpened(voicing: Tensor) -> Tensor:
    """Voicing at twice its log odds: 0.91 becomes 0.99, 0.2 becomes 0.06.

    The tracker is never sure, and the mean of what may be is what it says: played as it is, every voice would be hoarse.
    """
    pulses, noise = voicing * voicing, (1.0 - voicing) * (1.0 - voicing)
    return pulses / (pulses + noise)


def power_of(real: Tensor, imaginary: Tensor) -> Tensor:
    """Square of a complex number's magnitude."""
    return real * real + imaginary * imaginary
