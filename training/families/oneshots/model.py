"""What is exported of one-shots: an instrument, and an analyzer that hears where a sound lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...dsp.noise import NormalTable
from ...dsp.units import DB
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
    place_control,
    tilt,
)
from ...hits.voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE
from ...streaming.contract import Carry, State
from ...streaming.model import Control, MapPoint, StreamingModel
from ...streaming.sample_hold import Age, SampleHold
from .decoder import Oneshots
from .encoder import Encoder

LOWEST_NOTE, HIGHEST_NOTE = 12.0, 120.0


@dataclass(frozen=True)
class Knob:
    """A direction in the space of sounds that means something.

    Attributes
    ----------
    name, text : str
        Of the control.
    direction : (P,)
        What is added to a place at 1.
    """

    name: str
    text: str
    direction: Tensor


class OneshotsModel(StreamingModel):
    """What both have in common."""

    family = "oneshots"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH


class OneshotsAnalyzer(OneshotsModel):
    """Hears where a sound lies, since its onset."""

    role = "analyzer"

    def __init__(self, encoder: Encoder, places: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.outputs = (place_control(places, "of the sound, as far as it was heard"), ONSET)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        place, _, onset = carry("encoder", audio.reshape(audio.shape[0], -1, HOP_LENGTH))
        outputs = {
            "control.place": place.clamp(-PLACE_REACH, PLACE_REACH).transpose(1, 2),
            "control.onset": onset[..., 0],
        }
        return outputs, carry.next_state


class OneshotsGenerator(OneshotsModel):
    """Plays one-shots, each started by a trigger with what the controls are at that moment.

    Parameters
    ----------
    model : Oneshots
    clouds : ClassClouds
        Where the sounds that were learned from lie.
    classes : sequence of str
        Their names.
    points : sequence of MapPoint
        The sounds that were learned from.
    centres : sequence of (float, float)
        Where the classes' centres lie on the map.
    note : float
        The default of the note, for a model with notes.
    knobs : sequence of Knob
    """

    role = "generator"
    # Torch multiplies the rows of a hundred sinusoids in another order where there are fewer; a graph does not.
    block_tolerance = 1e-5
    # Places at the ends of their ranges lie far outside of all sounds, and are several times as loud as full scale.
    extreme_tolerance = 5e-4
    # In ten seconds the last bits of how far a high partial strays turn its phase.
    long_tolerance = 1e-4
    noise_tilt: Tensor
    centres: Tensor
    directions: Tensor

    def __init__(
        self,
        model: Oneshots,
        clouds: ClassClouds,
        classes: Sequence[str],
        points: Sequence[MapPoint] = (),
        centres: Sequence[tuple[float, float]] = (),
        note: float = 60.0,
        knobs: Sequence[Knob] = (),
    ) -> None:
        super().__init__()
        self.class_names, self.knob_names = tuple(classes), tuple(knob.name for knob in knobs)
        self.decoder, self.clouds, self.voice = model.decoder, clouds, model.voice
        self.pitched = model.decoder.harmonics > 0
        places = clouds.places
        self.normal = NormalTable(torch.arange(places))
        bands_hz = torch.arange(BANDS) * (SAMPLE_RATE / 2 / (BANDS - 1))
        self.register_buffer("noise_tilt", tilt(bands_hz).repeat(NOISE_HOPS), persistent=False)
        if knobs:
            directions = torch.stack([knob.direction for knob in knobs])
            self.register_buffer("directions", directions, persistent=False)
        self.age = Age()
        self.kept = [places, 1, 1, 1]
        self.hold = SampleHold(sum(self.kept))
        self.tail_samples = (self.decoder.frames + 100) * HOP_LENGTH
        pitch = Control(
            "note", "", LOWEST_NOTE, HIGHEST_NOTE, note, "linear", "MIDI note number; 60 is 261.6 Hz"
        )
        self.controls = (
            TRIGGER,
            *classes_control(classes, centres),
            place_control(places, "from the middle of the classes", points),
            *((pitch,) if self.pitched else ()),
            VELOCITY_CONTROL,
            STRETCH,
            *(Control(knob.name, "", -1.0, 1.0, 0.0, "linear", knob.text) for knob in knobs),
            TEMPERATURE,
            SEED,
        )

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        fires = (inputs["control.trigger"] > 0).long()
        held = carry("hold", (torch.cat(self._begun(inputs), -1), fires)).split(self.kept, -1)
        age = carry("age", fires)[..., None].to(held[0].dtype)
        place, stretch, gain_db, note = held[0], held[1].clamp_min(0.25), held[2], held[3]
        moment = age / stretch
        parts = self.decoder(place, moment, note if self.pitched else None)
        late = torch.relu(moment - self.decoder.frames)
        gain = (age >= 0).to(age.dtype) * ((gain_db - FADE_DB * late) * DB).exp()
        louder = replace(
            parts,
            noise=parts.noise * gain * (gain_db * self.noise_tilt).exp(),
            amplitudes=parts.amplitudes * gain * (gain_db * tilt(parts.f_hz.float())).exp(),
            transients=parts.transients * gain,
        )
        determined, noise = carry("voice", (louder, fires[..., None].to(age.dtype)))
        return {"audio": (determined + noise).flatten(1)[:, None]}, carry.next_state

    def _begun(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        """What a sound has if it begins in this frame: its place, how it is stretched, its level, its note."""
        place = inputs["control.place"].transpose(1, 2)
        weights = place[..., :0]
        if self.class_names:
            weights = normalised(inputs["control.classes"].transpose(1, 2))
        centre, factor = self.clouds(weights)
        draws = self.normal(inputs["control.seed"].long()[..., None])
        strays = (factor @ draws[..., None])[..., 0]
        place = place + centre + strays * inputs["control.temperature"][..., None]
        if self.knob_names:
            turned = torch.stack([inputs[f"control.{name}"] for name in self.knob_names], -1)
            place = place + turned @ self.directions
        gain_db = (inputs["control.velocity"][..., None] - VELOCITY) * VELOCITY_DB
        stretch = inputs["control.stretch"][..., None]
        note = inputs["control.note"][..., None] if self.pitched else torch.zeros_like(stretch)
        return [place, stretch, gain_db, note]
