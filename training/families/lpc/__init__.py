"""A sound as an excitation sent through an all-pole filter: linear predictive coding with a network."""

from ...loop.family import Family, Recordings, SynthSounds
from .settings import LpcSettings, LpcSize

FAMILY = Family(
    name="lpc",
    summary="Learn to read the all-pole filter of a sound: formants, whispering, cross-synthesis.",
    settings=LpcSettings,
    size=LpcSize,
    learns_from=(
        Recordings("A folder of recordings of any kind, nested or not.", required=False),
        SynthSounds("Sounds made by brainsynth generate allpole.", synth="allpole", count=2000),
    ),
    aliases=("ar",),
    measure_every=300,
)
