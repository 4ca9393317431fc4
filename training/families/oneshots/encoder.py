"""Hears a whole one-shot as one place: convolutions over its spectrogram, as far as it has been heard."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...hits.controls import PLACE_REACH
from ...hits.hearing import LONG_BANDS, SHORT_BANDS, Hearing
from ...hits.slots import EventSlots
from ...hits.voice import HOP_LENGTH, SAMPLE_RATE
from ...streaming.contract import Carry, State, StreamingModule
from ...streaming.layers import dense
from .settings import OneshotsSize

SLOTS = 24
QUIET_DB = 60.0
LOWEST_LOG_VARIANCE, HIGHEST_LOG_VARIANCE = -8.0, 2.0
CHANNELS = (16, 32, 48)
WIDE = 256


def event_frames(size: OneshotsSize) -> int:
    """Frames of the longest sound."""
    return round(size.event_s * SAMPLE_RATE / HOP_LENGTH)


class Spectrogram(StreamingModule):
    """Powers in bands since the onset, in slots that grow with the age: what the encoder sees of a sound.

    Shapes: (B, N, HOP_LENGTH) -> powers (B, N, SLOTS, LONG_BANDS + SHORT_BANDS), onset (B, N, 1).
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.hearing = Hearing()
        self.shape = (SLOTS, LONG_BANDS + SHORT_BANDS)
        self.slots = EventSlots(frames, *self.shape)

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor], State]:
        carry = Carry(self, state)
        features, loudness, onset = carry("hearing", x)
        return (carry("slots", (_powers(features, loudness), onset)), onset), carry.next_state

    def whole(self, hops: Tensor) -> Tensor:
        """Give what `forward` gives at the end of sounds (B, N, HOP_LENGTH), of the first onset: (B, SLOTS, bands)."""
        (features, loudness, onset), _ = self.hearing(hops, self.hearing.initial_state(len(hops)))
        return self.slots.whole(_powers(features, loudness), onset)


def _powers(features: Tensor, loudness_db: Tensor) -> Tensor:
    levels_db = features[..., : LONG_BANDS + SHORT_BANDS] * 20.0 + loudness_db
    return (levels_db * (math.log(10.0) / 10.0)).exp()


class PlaceEncoder(nn.Module):
    """From a spectrogram of any level to a place: (..., SLOTS, bands) -> mean and log variance (..., P)."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.long, self.short = _convolutions(), _convolutions()
        halved = SLOTS // 8 * CHANNELS[-1]
        seen = halved * (LONG_BANDS // 8 + SHORT_BANDS // 8)
        self.join = nn.Sequential(dense(seen, WIDE), nn.Linear(WIDE, 2 * places))

    def forward(self, powers: Tensor) -> tuple[Tensor, Tensor]:
        top = powers.amax((-2, -1), keepdim=True).clamp_min(1e-20)
        level_db = 10.0 * (powers / top).clamp_min(10 ** (-QUIET_DB / 10)).log10()
        # From 0, silent, to 1; a convolution takes one axis of pictures.
        pictures = (1.0 + level_db / QUIET_DB).reshape(-1, 1, *powers.shape[-2:])
        long, short = pictures.split([LONG_BANDS, SHORT_BANDS], -1)
        seen = torch.cat([self.long(long).flatten(1), self.short(short).flatten(1)], -1)
        mean, log_variance = self.join(seen).reshape(*powers.shape[:-2], -1).chunk(2, -1)
        # No sound lies where a host could not put it.
        mean = PLACE_REACH * torch.tanh(mean / PLACE_REACH)
        return mean, log_variance.clamp(LOWEST_LOG_VARIANCE, HIGHEST_LOG_VARIANCE)


def _convolutions() -> nn.Sequential:
    stages: list[nn.Module] = []
    for narrow, wide in zip((1, *CHANNELS), CHANNELS, strict=False):
        stages += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.LeakyReLU(0.1)]
    return nn.Sequential(*stages)


class Encoder(StreamingModule):
    """Hears a sound block by block.

    Shapes: (B, N, HOP_LENGTH) -> mean and log variance (B, N, P) of the sound since its onset, onset (B, N, 1).
    """

    def __init__(self, size: OneshotsSize) -> None:
        super().__init__()
        self.spectrogram = Spectrogram(event_frames(size))
        self.place = PlaceEncoder(size.places)

    def forward(self, x: Tensor, state: State) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
        carry = Carry(self, state)
        powers, onset = carry("spectrogram", x)
        mean, log_variance = self.place(powers)
        return (mean, log_variance, onset), carry.next_state
