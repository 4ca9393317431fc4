"""Grains and events: a space of short sounds to walk in, and whole hits and notes above it (Bitton et al. 2020)."""

from ...loop.family import Family, Recordings
from .settings import GrainsSettings, GrainsSize

FAMILY = Family(
    name="grains",
    summary="Learn a space of short sounds and of whole hits or notes.",
    settings=GrainsSettings,
    size=GrainsSize,
    learns_from=(Recordings("A folder of hits or notes; its sub-folders are their classes."),),
)
