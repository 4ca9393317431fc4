"""The timbre of one instrument, learned from recordings: timbre transfer, and an instrument to be played."""

from ...loop.family import Family, Recordings
from .settings import TimbreSettings, TimbreSize

FAMILY = Family(
    name="timbre",
    summary="Learn the timbre of one instrument.",
    settings=TimbreSettings,
    size=TimbreSize,
    learns_from=(Recordings("A folder of recordings of one instrument, nested or not."),),
)
