"""The upper level: a variational autoencoder of whole events, each a path through the grains' space (Bitton et al. 2020).

An event is one place. The decoder is conditioned on time, so that it gives any moment of an event by itself, and an event
can be stretched. Every class has a centre and a spread of its own in one space: the prior of an event is its class's, a
weight for each class is a point between their centres, and a place is the distance from there.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...dsp.units import DB
from ...hits.hearing import SILENT_DB
from ...hits.priors import ClassPriors
from ...hits.slots import EventSlots
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.layers import dense
from .grains import LOWEST_LOG_VARIANCE
from .settings import NOTES, GrainsSize

SLOTS = 16
AGES = 24
TOP_DB = -12.0
QUIET_DB = 60.0


def event_frames(size: GrainsSize) -> int:
    """Frames of the longest event."""
    return round(size.event_s * SAMPLE_RATE / HOP_LENGTH)


class EventEncoder(StreamingModule):
    """Hears a series of grains as an event, since its onset, whatever its level.

    Sums with fixed weights fill the slots of its life, with no recurrence, so that a whole event is heard at once. A slot
    holds the mean place of its grains, by their power, and its power beside the loudest slot's.

    Shapes: z (B, N, Z), loudness (B, N, 1) dB, onset (B, N, 1) -> mean and log variance (B, N, P) of the event's place, as
    far as it has been heard. What follows in z, a pitch, is not heard.
    """

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        values = size.latents + 1
        self.latents = size.latents
        self.slots = EventSlots(event_frames(size), SLOTS, values)
        self.network = nn.Sequential(
            dense(values * SLOTS, 256), dense(256, 256), nn.Linear(256, 2 * size.places)
        )

    def forward(self, x: tuple[Tensor, Tensor, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        z, loudness_db, onset = x
        carry = Carry(self, state)
        return self._place(carry("slots", (self._by_power(z, loudness_db), onset))), carry.next_state

    def whole(self, z: Tensor, loudness_db: Tensor, onset: Tensor) -> tuple[Tensor, Tensor]:
        """Give what `forward` gives at the end of series that have one onset each: (B, 1, P) twice."""
        return self._place(self.slots.whole(self._by_power(z, loudness_db), onset)[:, None])

    def _place(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, N, P) of what lies in slots (B, N, SLOTS, Z + 1)."""
        z, power = slots[..., :-1], slots[..., -1:]
        share = power / power.amax(-2, keepdim=True).clamp_min(1e-20)
        below = 10.0 * share.clamp_min(1e-10).log10()
        heard = (1.0 + below / QUIET_DB).clamp_min(0.0)  # from 0, silent, to 1
        mean = z / power.clamp_min(1e-20) * (3.0 * heard).clamp_max(1.0)
        found, log_variance = self.network(torch.cat([mean, heard], -1).flatten(2)).chunk(2, -1)
        return found, log_variance.clamp(LOWEST_LOG_VARIANCE, 2.0)

    def _by_power(self, z: Tensor, loudness_db: Tensor) -> Tensor:
        """Places times their power, and the power: (B, N, Z + 1)."""
        power = (loudness_db * (2 * DB)).exp()
        return torch.cat([z[..., : self.latents] * power, power], -1)


class EventDecoder(nn.Module):
    """Gives any moment of an event: place (B, N, P), age (B, N, 1) in frames -> z (B, N, Z), loudness (B, N, 1) dB.

    Of notes z has one number more, their pitch beside the note; see `Paths`.
    """

    middles: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.numbers, self.frames = size.latents + (size.voice == NOTES), event_frames(size)
        last = math.log1p(self.frames / 2.0)
        self.register_buffer("middles", torch.linspace(0.0, last, AGES), persistent=False)
        self.scale = (AGES - 1) / last
        self.enter = dense(size.places + AGES, size.width)
        self.middle = dense(size.width + AGES, size.width)
        self.head = nn.Linear(size.width, self.numbers + 1)

    def forward(self, place: Tensor, age: Tensor) -> tuple[Tensor, Tensor]:
        away = (torch.log1p(age.clamp(0.0, float(self.frames)) / 2.0) - self.middles) * self.scale
        moment = (away * away * -0.5).exp()
        hidden = self.enter(torch.cat([place, moment], -1))
        z, level = self.head(self.middle(torch.cat([hidden, moment], -1))).split([self.numbers, 1], -1)
        return z, (TOP_DB + 10.0 * level).clamp(SILENT_DB, TOP_DB + 12.0)


class Events(nn.Module):
    """Encoder, decoder and the classes' places, as they are trained together."""

    def __init__(self, size: GrainsSize, classes: int) -> None:
        super().__init__()
        self.encoder = EventEncoder(size)
        self.decoder = EventDecoder(size)
        self.priors = ClassPriors(size.places, classes)
