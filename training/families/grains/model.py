"""What is exported of grains: an effect, what it hears, and two instruments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...dsp.noise import NormalTable
from ...dsp.units import DB
from ...streaming.contract import Carry, State
from ...streaming.model import Control, MapPoint, StreamingModel
from ...streaming.sample_hold import Age, SampleHold
from .events import EventEncoder, Events
from .features import SILENT_DB
from .grains import Grains
from .voice import BANDS, HOP_LENGTH, NOISE_HOPS, SAMPLE_RATE, TRANSIENT_FRAMES

LATENT_REACH, PLACE_REACH = 6.0, 8.0
PLAIN_DB = -18.0
"""Loudness that a sound is given where its own does not count."""

VELOCITY, VELOCITY_DB = 0.8, 30.0
"""The velocity that changes nothing, and by how much the softest and the hardest differ in level."""

BRIGHTER = 0.4
"""By how many decibels more the highest frequencies change than the whole, for each decibel of velocity."""

DARK_HZ, BRIGHT_HZ = 500.0, 8000.0
"""Between these the change grows, evenly on a logarithmic axis."""

FADE_DB = 1.0
"""By which an event fades each frame beyond the longest that was learned from."""

TEMPERATURE = Control(
    "temperature", "", 0.0, 2.0, 0.0, "linear", "how far it strays; 1 is as far as the sounds learned from"
)
SEED = Control("seed", "", 0.0, 16777215.0, 0.0, "seed", "other seeds stray elsewhere")


def classes_control(names: Sequence[str], points: Sequence[tuple[float, float]] = ()) -> tuple[Control, ...]:
    """Give the weights of classes as a control whose map names them; nothing for a model of no classes."""
    if not names:
        return ()
    unit = torch.eye(len(names)).tolist()
    places = points or [(0.0, 0.0)] * len(names)
    spots = tuple(
        MapPoint(name[:64], float(x), float(y), tuple(one))
        for name, (x, y), one in zip(names, places, unit, strict=True)
    )
    text = f"weights of {', '.join(names)}; all zero: no class"
    return (Control("classes", "", 0.0, 1.0, 0.0, "linear", text, size=len(names), map=spots),)


def _latent(size: int, points: Sequence[MapPoint] = ()) -> Control:
    reach = LATENT_REACH
    return Control(
        "latent", "", -reach, reach, 0.0, "linear", "place of the grain", size=size, map=tuple(points)
    )


def _place(size: int, text: str, points: Sequence[MapPoint] = ()) -> Control:
    return Control("place", "", -PLACE_REACH, PLACE_REACH, 0.0, "linear", text, size=size, map=tuple(points))


def normalised(weights: Tensor) -> Tensor:
    """Let weights (..., K) add up to one; zeros stay zeros."""
    return weights / weights.sum(-1, keepdim=True).clamp_min(1e-3)


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
    tail_samples = 2 * TRANSIENT_FRAMES * HOP_LENGTH

    def __init__(self, grains: Grains, classes: Sequence[str]) -> None:
        super().__init__(classes)
        self.grains = grains
        self.normal = NormalTable(torch.arange(grains.encoder.latents))
        dynamics = "how much of the input's own loudness; at 0 all is equally loud"
        self.controls = (
            *classes_control(classes), TEMPERATURE, Control("dynamics", "", 0.0, 1.0, 1.0, "linear", dynamics), SEED,
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
        parts = self.grains.decoder(z, loudness + plain * (PLAIN_DB - loudness), self.weights(inputs))
        determined, noise = grains("voice", (parts, onset))
        own = {f"grains.{key}": value for key, value in grains.next_state.items()}
        return {"audio": (determined + noise).reshape(audio.shape)}, carry.next_state | own | count


class GrainsAnalyzer(GrainsModel):
    """Hears a sound as a series of grains, and as an event since its onset."""

    role = "analyzer"

    def __init__(self, grains: Grains, events: EventEncoder, places: int) -> None:
        super().__init__(())
        self.encoder, self.events = grains.encoder, events
        self.outputs = (
            _latent(grains.encoder.latents),
            Control("loudness_db", "dB", SILENT_DB, 20.0, SILENT_DB, "linear", "level of the newest four frames"),
            _place(places, "of the event, as far as it was heard"),
            Control("onset", "", 0.0, 1.0, 0.0, "linear", "1 in the frame in which an event begins"),
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        mean, _, loudness, onset = carry("encoder", audio.reshape(audio.shape[0], -1, HOP_LENGTH))
        place, _ = carry("events", (mean, loudness, onset))
        outputs = {
            "control.latent": mean.clamp(-LATENT_REACH, LATENT_REACH).transpose(1, 2),
            "control.loudness_db": loudness[..., 0],
            "control.place": place.clamp(-PLACE_REACH, PLACE_REACH).transpose(1, 2),
            "control.onset": onset[..., 0],
        }
        return outputs, carry.next_state


class GrainsGenerator(GrainsModel):
    """Plays a path through the grains' space."""

    role = "generator"
    tail_samples = TRANSIENT_FRAMES * HOP_LENGTH

    def __init__(self, grains: Grains, classes: Sequence[str], points: Sequence[MapPoint] = ()) -> None:
        super().__init__(classes)
        self.decoder, self.voice = grains.decoder, grains.voice
        latents = grains.encoder.latents
        self.normal = NormalTable(torch.arange(latents))
        self.controls = (
            _latent(latents, points),
            Control("loudness_db", "dB", SILENT_DB, 0.0, -20.0, "linear", "loudness"),
            *classes_control(classes),
            Control("trigger", "", 0.0, 1.0, 0.0, "trigger", "begins an attack"),
            TEMPERATURE,
            SEED,
        )  # fmt: skip

    def own_state(self, batch: int) -> State:
        return {"count": torch.zeros(batch, 1, dtype=torch.int64)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        strays, count = _strays(self.normal, inputs, state)
        z = inputs["control.latent"].transpose(1, 2) + strays
        parts = self.decoder(z, inputs["control.loudness_db"][..., None], self.weights(inputs))
        trigger = (inputs["control.trigger"] > 0).to(z.dtype)[..., None]
        determined, noise = carry("voice", (parts, trigger))
        return {"audio": (determined + noise).flatten(1)[:, None]}, carry.next_state | count


class EventsGenerator(GrainsModel):
    """Plays whole events, each started by a trigger with what the controls are at that moment."""

    role = "generator"
    noise_tilt: Tensor
    tone_tilt: Tensor

    def __init__(
        self,
        grains: Grains,
        events: Events,
        classes: Sequence[str],
        points: Sequence[MapPoint] = (),
        centres: Sequence[tuple[float, float]] = (),
    ) -> None:
        super().__init__(classes)
        self.decoder, self.voice = grains.decoder, grains.voice
        self.path, self.priors = events.decoder, events.priors
        places = events.priors.places
        self.normal = NormalTable(torch.arange(places))
        bands_hz = torch.arange(BANDS) * (SAMPLE_RATE / 2 / (BANDS - 1))
        self.register_buffer("noise_tilt", _tilt(bands_hz).repeat(NOISE_HOPS), persistent=False)
        self.register_buffer("tone_tilt", _tilt(grains.decoder.centres), persistent=False)
        self.age = Age()
        self.kept = [places, 1, 1, *([len(classes)] if classes else [])]
        self.hold = SampleHold(sum(self.kept))
        self.tail_samples = (self.path.frames + 100) * HOP_LENGTH
        self.controls = (
            Control("trigger", "", 0.0, 1.0, 0.0, "trigger", "starts an event"),
            *classes_control(classes, centres),
            _place(places, "from the middle of the classes", points),
            Control("velocity", "", 0.0, 1.0, VELOCITY, "linear", "how hard it is struck"),
            Control("stretch", "", 0.25, 4.0, 1.0, "log", "how much longer it lasts"),
            TEMPERATURE,
            SEED,
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
        parts = self.decoder(z, loudness.clamp_min(SILENT_DB), held[3] if self.class_names else None)
        brighter = replace(
            parts,
            noise=parts.noise * (gain_db * self.noise_tilt).exp(),
            amplitudes=parts.amplitudes * (gain_db * self.tone_tilt).exp(),
        )
        determined, noise = carry("voice", (brighter, fires[..., None].to(z.dtype)))
        return {"audio": (determined + noise).flatten(1)[:, None]}, carry.next_state

    def _begun(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        """What an event has if it begins in this frame: its place, how it is stretched, its level, its classes."""
        weights = self.weights(inputs)
        given = inputs["control.place"].transpose(1, 2)
        centre, spread = self.priors(given[..., :0] if weights is None else weights)
        draws = self.normal(inputs["control.seed"].long()[..., None])
        gain_db = (inputs["control.velocity"][..., None] - VELOCITY) * VELOCITY_DB
        strays = draws * spread * inputs["control.temperature"][..., None]
        place = centre + given + strays
        stretch = inputs["control.stretch"][..., None]
        return [place, stretch, gain_db, *([] if weights is None else [weights])]


def _tilt(f_hz: Tensor) -> Tensor:
    """Nepers by which frequencies change for a decibel of velocity, beside the change of the whole."""
    octaves = math.log2(BRIGHT_HZ / DARK_HZ)
    return BRIGHTER * DB * ((f_hz.clamp_min(1.0) / DARK_HZ).log2() / octaves).clamp(0.0, 1.0)


def _strays(normal: NormalTable, inputs: dict[str, Tensor], state: State) -> tuple[Tensor, State]:
    """Draw how far each frame strays (B, N, Z), by its number and the seed; and count frames."""
    temperature = inputs["control.temperature"]
    count = state["count"] + torch.cumsum(torch.ones_like(temperature, dtype=torch.int64), 1)
    number = count + inputs["control.seed"].long() * 7919
    return normal(number[..., None]) * temperature[..., None], {"count": count[:, -1:]}
