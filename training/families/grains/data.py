"""What a model of grains is trained on."""

from __future__ import annotations

from ...data.source import Source
from ...hits.data import HitsData, Reading, read_hits
from ...loop.report import Reporter
from .settings import GrainsSettings, GrainsSize


def prepare(source: Source, settings: GrainsSettings, size: GrainsSize, report: Reporter) -> HitsData:
    """Read sounds, cut silence off, and split them by series.

    Raises
    ------
    RecordingsError
        If none can be used, or none is left to train on.
    """
    reading = Reading(
        size.event_s, size.partials, settings.variants, settings.seed, highest_hz=size.highest_hz
    )
    return read_hits(source, reading, report)
