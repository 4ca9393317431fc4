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
from ...hits.slots import age_slots
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.layers import dense
from ...streaming.operators import take
from ...streaming.sample_hold import Age, last_trigger, rows_of
from .grains import LOWEST_LOG_VARIANCE
from .settings import GrainsSize

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
    far as it has been heard.
    """

    slots: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.values, self.frames = size.latents + 1, event_frames(size)
        self.register_buffer("slots", age_slots(self.frames, SLOTS), persistent=False)
        self.age = Age()
        self.network = nn.Sequential(
            dense(self.values * SLOTS, 256), dense(256, 256), nn.Linear(256, 2 * size.places)
        )

    def own_state(self, batch: int) -> State:
        # In float64: differences of sums, which in float32 would not be the same in blocks.
        return {"sums": torch.zeros(batch, 1, self.values * SLOTS, dtype=torch.float64)}

    def forward(self, x: tuple[Tensor, Tensor, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        z, loudness_db, onset = x
        carry = Carry(self, state)
        fires = onset[..., 0].long()
        share, values = self._shares(carry("age", fires)), _by_power(z, loudness_db)
        added = (share[..., None] * values[:, :, None]).flatten(2).double()
        total = torch.cumsum(added, 1)
        last = last_trigger(fires)
        begun = rows_of(torch.cat([torch.zeros_like(state["sums"]), total - added], 1), last)
        sums = total - begun + (last == 0)[..., None].double() * state["sums"]
        mean, log_variance = self._place(sums.float())
        return (mean, log_variance), carry.next_state | {"sums": sums[:, -1:]}

    def whole(self, z: Tensor, loudness_db: Tensor, onset: Tensor) -> tuple[Tensor, Tensor]:
        """Give what `forward` gives at the end of series that have one onset each: (B, 1, P) twice.

        Training needs nothing in between, and running sums of every slot take three times as long as all the rest.
        """
        age = torch.arange(z.shape[1], device=z.device) - onset[..., 0].argmax(1, keepdim=True)
        sums = self._shares(age).transpose(1, 2) @ _by_power(z, loudness_db)
        return self._place(sums.flatten(1)[:, None])

    def _shares(self, age: Tensor) -> Tensor:
        """How much of a frame of each age (B, N) goes to each slot: (B, N, SLOTS)."""
        outside = torch.full_like(age, self.frames)
        return take(self.slots, 0, torch.where(age < 0, outside, torch.minimum(age, outside)))

    def _place(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        slots = sums.unflatten(-1, (SLOTS, self.values))
        z, power = slots[..., :-1], slots[..., -1:]
        share = power / power.amax(-2, keepdim=True).clamp_min(1e-20)
        below = 10.0 * share.clamp_min(1e-10).log10()
        heard = (1.0 + below / QUIET_DB).clamp_min(0.0)  # from 0, silent, to 1
        mean = z / power.clamp_min(1e-20) * (3.0 * heard).clamp_max(1.0)
        found, log_variance = self.network(torch.cat([mean, heard], -1).flatten(2)).chunk(2, -1)
        return found, log_variance.clamp(LOWEST_LOG_VARIANCE, 2.0)


def _by_power(z: Tensor, loudness_db: Tensor) -> Tensor:
    """Places times their power, and the power: (B, N, Z + 1)."""
    power = (loudness_db * (2 * DB)).exp()
    return torch.cat([z * power, power], -1)


class EventDecoder(nn.Module):
    """Gives any moment of an event: place (B, N, P), age (B, N, 1) in frames -> z (B, N, Z), loudness (B, N, 1) dB."""

    middles: Tensor

    def __init__(self, size: GrainsSize) -> None:
        super().__init__()
        self.latents, self.frames = size.latents, event_frames(size)
        last = math.log1p(self.frames / 2.0)
        self.register_buffer("middles", torch.linspace(0.0, last, AGES), persistent=False)
        self.scale = (AGES - 1) / last
        self.enter = dense(size.places + AGES, size.width)
        self.middle = dense(size.width + AGES, size.width)
        self.head = nn.Linear(size.width, size.latents + 1)

    def forward(self, place: Tensor, age: Tensor) -> tuple[Tensor, Tensor]:
        away = (torch.log1p(age.clamp(0.0, float(self.frames)) / 2.0) - self.middles) * self.scale
        moment = (away * away * -0.5).exp()
        hidden = self.enter(torch.cat([place, moment], -1))
        z, level = self.head(self.middle(torch.cat([hidden, moment], -1))).split([self.latents, 1], -1)
        return z, (TOP_DB + 10.0 * level).clamp(SILENT_DB, TOP_DB + 12.0)


class Events(nn.Module):
    """Encoder, decoder and the classes' places, as they are trained together."""

    def __init__(self, size: GrainsSize, classes: int) -> None:
        super().__init__()
        self.encoder = EventEncoder(size)
        self.decoder = EventDecoder(size)
        self.priors = ClassPriors(size.places, classes)
