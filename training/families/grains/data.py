"""What a model of grains is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...data.source import Source
from ...errors import RecordingsError
from ...hits.data import HitsData, Reading, read_hits
from ...hits.pitch import pitch_of
from ...hits.sounds import Sound
from ...hits.voice import HOP_LENGTH
from ...loop.report import Reporter
from .settings import NOTES, GrainsSettings, GrainsSize

PITCHED_SHARE = 0.1
"""Of the sounds, which must have a pitch where notes are learned."""


@dataclass(frozen=True)
class GrainsData(HitsData):
    """Sounds to learn from and sounds kept aside, with their pitches where notes are learned."""

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        notes = np.percentile(self.notes, (0, 50, 100)).round(2).tolist() if self.notes else []
        return {**super().metadata, "notes": notes}


def prepare(source: Source, settings: GrainsSettings, size: GrainsSize, report: Reporter) -> GrainsData:
    """Read sounds, cut silence off, find the pitches of notes, and split sounds by series.

    Raises
    ------
    RecordingsError
        If none can be used, none is left to train on, or notes are to be learned from sounds without pitch.
    """
    reading = Reading(
        size.event_s, size.partials, settings.variants, settings.seed, highest_hz=size.highest_hz
    )
    data = GrainsData(**vars(read_hits(source, reading, report)))
    if size.voice != NOTES:
        return data
    sides = ("train", "held_out", "changed")
    heard = {side: [_pitched(sound) for sound in getattr(data, side)] for side in sides}
    data = replace(data, **heard)
    if len(data.notes) < PITCHED_SHARE * len(data.train) or not data.notes:
        raise RecordingsError(
            f"{source.folder} holds {len(data.notes)} sounds with a pitch among {len(data.train)}, and notes need more;"
            " choose --size-voice hits"
        )
    middle = float(np.median(data.notes))
    return replace(data, **{side: _filled(heard[side], middle) for side in sides})


def _pitched(sound: Sound) -> Sound:
    pitch = pitch_of(sound.samples)
    return sound if pitch is None else replace(sound, pitch=pitch, note=float(np.median(pitch)))


def _filled(sounds: Sequence[Sound], note: float) -> list[Sound]:
    """Give those that have no pitch one that does not matter."""
    constant = np.float32(note)
    return [
        sound
        if sound.pitch is not None
        else replace(sound, note=note, pitch=np.full(len(sound.samples) // HOP_LENGTH + 1, constant))
        for sound in sounds
    ]
