"""What a model of one-shots is trained on: a folder of them, with their notes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...data.source import Source
from ...hits.data import HitsData, Reading, read_hits
from ...hits.notes import note_of
from ...loop.report import Reporter
from .settings import OneshotsSettings, OneshotsSize

PITCHED_SHARE = 0.1
"""Of the sounds: where fewer have a note, the model has none."""


@dataclass(frozen=True)
class OneshotsData(HitsData):
    """Sounds to learn from and sounds kept aside, and whether the model plays notes."""

    @cached_property
    def pitched(self) -> bool:
        """Whether enough sounds have a note."""
        return len(self.notes) >= PITCHED_SHARE * len(self.train)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        notes = np.percentile(self.notes, (0, 50, 100)).round(2).tolist() if self.pitched else []
        return {**super().metadata, "pitched": self.pitched, "notes": notes}


def prepare(source: Source, settings: OneshotsSettings, size: OneshotsSize, report: Reporter) -> OneshotsData:
    """Read sounds, cut silence off, find their notes, and split them by series.

    Raises
    ------
    RecordingsError
        If none can be used, or none is left to train on.
    """
    reading = Reading(size.event_s, size.partials, settings.variants, settings.seed)
    if size.harmonics:
        reading = replace(reading, note_of=note_of)
    return OneshotsData(**vars(read_hits(source, reading, report)))
