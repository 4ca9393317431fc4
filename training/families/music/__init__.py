"""Music from raw audio: a recurrent network that hears some songs and goes on."""

from ...loop.family import Family, Recordings
from .settings import MusicSettings, MusicSize

FAMILY = Family(
    name="music",
    summary="Learn from songs to go on with music, from a passage or from nothing.",
    settings=MusicSettings,
    size=MusicSize,
    learns_from=(Recordings("A folder of songs."),),
    measure_every=100,
    falls="nats",
)
