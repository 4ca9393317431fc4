"""The pitch tracker, trained on synthesised sounds."""

from ...loop.family import Family
from .settings import PitchSettings, PitchSize

FAMILY = Family(
    name="pitch",
    summary="Learn to track pitch, from synthesised sounds alone.",
    settings=PitchSettings,
    size=PitchSize,
    measure_every=250,
)
