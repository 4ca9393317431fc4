"""What is exported of grains: an effect, what it hears, and two instruments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...analysis.tracker import F0
from ...dsp.noise import NormalTable
from ...dsp.units import hz_to_midi, midi_to_hz
from ...hits.clouds import ClassClouds
from ...hits.controls import (
    FADE_DB,
    ONSET,
    PLACE_REACH,
    SEED,
    STRETCH,
    TEMPERATURE,
    TRIGGER,
    VELOCITY,
    VELOCITY_CONTROL,
    VELOCITY_DB,
    classes_control,
    normalised,
    note_control,
    place_control,
)
from ...hits.hearing import LONG, SILENT_DB
from ...hits.pitch import PitchHearing
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...streaming.contract import Carry, State
from ...streaming.model import Control, MapPoint, StreamingModel
from ...streaming.sample_hold import Age, SampleHold
from .events import EventDecoder, EventEncoder
from .grains import Grains
from .paths import UNIT_SEMITONES

LATENT_REACH = 6.0
PLAIN_DB = -18.0
"""Loudness that a sound is given where its own does not count."""

MIDDLE_NOTE = 60.0
PITCH_SHIFT = Control("pitch_shift", "semitones", -24.0, 24.0, 0.0, "linear", "transposition")

LATE_FRAMES = 92
"""In which an event has faded, after the longest."""


def _latent(size: int, points: Sequence[MapPoint] = ()) -> Control:
    reach = LATENT_REACH
    return Control(
        "latent", "", -reach, reach, 0.0, "linear", "place of the grain", size=size, map=tuple(points)
    )


class GrainsModel(StreamingModel):
    """What all four have in common."""

    family = "grains"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__()
        self.class_names = tuple(classes)

    def weights(self, inputs: dict[str, Tensor]) -> Tensor | None:
        """Weights of classes (B, N, K) that add up to one; None in a model of no classes."""
        return normalised(inputs["control.classes"].transpose(1, 2)) if self.class_names else None


class GrainsEffect(GrainsModel):
    """Plays any sound in the material of the grains."""

    role = "effect"

    def __init__(self, grains: Grains, classes: Sequence[str], note: float = MIDDLE_NOTE) -> None:
        super().__init__(classes)
        self.grains = grains
        self.pitch = PitchHearing(note) if grains.decoder.pitched else None
        self.latency_samples, tail_samples = _times(grains)
        self.tail_samples = LONG + tail_samples
        self.normal = NormalTable(torch.arange(grains.encoder.latents))
        dynamics = "how much of the input's own loudness; at 0 all is equally loud"
        self.controls = (
            *classes_control(classes), TEMPERATURE, Control("dynamics", "", 0.0, 1.0, 1.0, "linear", dynamics), SEED,
            *([PITCH_SHIFT] if self.pitch else []),
        )  # fmt: skip

    def own_state(self, batch: int) -> State:
        return {"count": torch.zeros(batch, 1, dtype=torch.int64)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        hops = audio.reshape(audio.shape[0], -1, HOP_LENGTH)
        grains = Carry(self.grains, {k[7:]: v for k, v in state.items() if k.startswith("grains.")})
        mean, log_variance, loudness, onset = grains("encoder", hops)
        strays, count = _strays(self.normal, inputs, state)
        z = mean + strays * (0.5 * log_variance).exp()
        there = ((loudness - SILENT_DB) / 20.0).clamp(0.0, 1.0)
        plain = (1.0 - inputs["control.dynamics"])[..., None] * there
        midi = None
        if self.pitch:
            midi = carry("pitch", hops) + inputs["control.pitch_shift"].double()[..., None]
        parts = self.grains.decoder(z, loudness + plain * (PLAIN_DB - loudness), self.weights(inputs), midi)
        determined, noise = grains("voice", (parts, onset))
        own = {f"grains.{key}": value for key, value in grains.next_state.items()}
        return {"audio": (determined + noise).reshape(audio.shape)}, carry.next_state | own | count


class GrainsAnalyzer(GrainsModel):
    """Hears a sound as a series of grains, and as an event since its onset."""

    role = "analyzer"

    def __init__(self, grains: Grains, events: EventEncoder, places: int, note: float = MIDDLE_NOTE) -> None:
        super().__init__(())
        self.encoder, self.events = grains.encoder, events
        self.pitch = PitchHearing(note) if grains.decoder.pitched else None
        self.outputs = (
            _latent(grains.encoder.latents),
            Control("loudness_db", "dB", SILENT_DB, 20.0, SILENT_DB, "linear", "level of the newest four frames"),
            place_control(places, "of the event, as far as it was heard"),
            ONSET,
            *([F0] if self.pitch else []),
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        hops = audio.reshape(audio.shape[0], -1, HOP_LENGTH)
        mean, _, loudness, onset = carry("encoder", hops)
        place, _ = carry("events", (mean, loudness, onset))
        outputs = {
            "control.latent": mean.clamp(-LATENT_REACH, LATENT_REACH).transpose(1, 2),
            "control.loudness_db": loudness[..., 0],
            "control.place": place.clamp(-PLACE_REACH, PLACE_REACH).transpose(1, 2),
            "control.onset": onset[..., 0],
        }
        if self.pitch:
            outputs["control.f0_hz"] = midi_to_hz(carry("pitch", hops)[..., 0].float())
        return outputs, carry.next_state


class GrainsGenerator(GrainsModel):
    """Plays a path through the grains' space."""

    role = "generator"

    def __init__(
        self,
        grains: Grains,
        classes: Sequence[str],
        points: Sequence[MapPoint] = (),
        note: float = MIDDLE_NOTE,
    ) -> None:
        super().__init__(classes)
        self.decoder, self.voice = grains.decoder, grains.voice
        self.latency_samples, self.tail_samples = _times(grains)
        latents = grains.encoder.latents
        self.normal = NormalTable(torch.arange(latents))
        self.controls = (
            _latent(latents, points),
            Control("loudness_db", "dB", SILENT_DB, 0.0, -20.0, "linear", "loudness"),
            *classes_control(classes),
            Control("trigger", "", 0.0, 1.0, 0.0, "trigger", "begins an attack"),
            TEMPERATURE,
            SEED,
            *([replace(F0, default=440.0 * 2 ** ((note - 69.0) / 12.0))] if self.decoder.pitched else []),
        )  # fmt: skip

    def own_state(self, batch: int) -> State:
        return {"count": torch.zeros(batch, 1, dtype=torch.int64)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        strays, count = _strays(self.normal, inputs, state)
        z = inputs["control.latent"].transpose(1, 2) + strays
        midi = hz_to_midi(inputs["control.f0_hz"].double()[..., None]) if self.decoder.pitched else None
        parts = self.decoder(z, inputs["control.loudness_db"][..., None], self.weights(inputs), midi)
        trigger = (inputs["control.trigger"] > 0).to(z.dtype)[..., None]
        determined, noise = carry("voice", (parts, trigger))
        return {"audio": (determined + noise).flatten(1)[:, None]}, carry.next_state | count


class EventsGenerator(GrainsModel):
    """Plays whole events, each started by a trigger with what the controls are at that moment."""

    role = "generator"

    def __init__(
        self,
        grains: Grains,
        path: EventDecoder,
        clouds: ClassClouds,
        classes: Sequence[str],
        points: Sequence[MapPoint] = (),
        centres: Sequence[tuple[float, float]] = (),
        note: float = MIDDLE_NOTE,
    ) -> None:
        super().__init__(classes)
        self.decoder, self.voice = grains.decoder, grains.voice
        self.path, self.clouds = path, clouds
        places = clouds.places
        self.normal = NormalTable(torch.arange(places))
        self.age = Age()
        self.kept = [
            places,
            1,
            1,
            *([1] if self.decoder.pitched else []),
            *([len(classes)] if classes else []),
        ]
        self.hold = SampleHold(sum(self.kept))
        self.latency_samples, tail_samples = _times(grains)
        self.tail_samples = (self.path.frames + LATE_FRAMES) * HOP_LENGTH + tail_samples
        self.controls = (
            TRIGGER,
            *classes_control(classes, centres),
            place_control(places, "from the middle of the classes", points),
            VELOCITY_CONTROL,
            STRETCH,
            TEMPERATURE,
            SEED,
            *([note_control(note)] if self.decoder.pitched else []),
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        fires = (inputs["control.trigger"] > 0).long()
        held = carry("hold", (torch.cat(self._begun(inputs), -1), fires)).split(self.kept, -1)
        age = carry("age", fires)[..., None].to(held[0].dtype)
        place, stretch, gain_db = held[0], held[1].clamp_min(0.25), held[2]
        moment = age / stretch
        z, loudness = self.path(place, moment)
        late = torch.relu(moment - self.path.frames)
        loudness = torch.where(age < 0, torch.full_like(age, SILENT_DB), loudness + gain_db - FADE_DB * late)
        weights, midi = held[-1] if self.class_names else None, None
        if self.decoder.pitched:
            z, beside = z[..., :-1], z[..., -1:]
            midi = held[3] + UNIT_SEMITONES * beside
        parts = self.decoder(z, loudness.clamp_min(SILENT_DB), weights, midi, gain_db)
        determined, noise = carry("voice", (parts, fires[..., None].to(z.dtype)))
        return {"audio": (determined + noise).flatten(1)[:, None]}, carry.next_state

    def _begun(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        """What an event has if it begins in this frame: its place, how it is stretched, its level, note, classes."""
        weights = self.weights(inputs)
        given = inputs["control.place"].transpose(1, 2)
        centre, factor = self.clouds(given[..., :0] if weights is None else weights)
        draws = self.normal(inputs["control.seed"].long()[..., None])
        gain_db = (inputs["control.velocity"][..., None] - VELOCITY) * VELOCITY_DB
        strays = (factor @ draws[..., None])[..., 0] * inputs["control.temperature"][..., None]
        place = centre + given + strays
        stretch = inputs["control.stretch"][..., None]
        found = [place, stretch, gain_db]
        if self.decoder.pitched:
            found.append(inputs["control.note"][..., None])
        return found if weights is None else [*found, weights]


def _times(grains: Grains) -> tuple[int, int]:
    """By how many samples a voice is late, and how long it rings after that."""
    return grains.voice.lag_frames * HOP_LENGTH, grains.voice.tail_frames * HOP_LENGTH


def _strays(normal: NormalTable, inputs: dict[str, Tensor], state: State) -> tuple[Tensor, State]:
    """Draw how far each frame strays (B, N, Z), by its number and the seed; and count frames."""
    temperature = inputs["control.temperature"]
    count = state["count"] + torch.cumsum(torch.ones_like(temperature, dtype=torch.int64), 1)
    number = count + inputs["control.seed"].long() * 7919
    return normal(number[..., None]) * temperature[..., None], {"count": count[:, -1:]}
