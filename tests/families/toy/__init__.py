"""A family of models to copy from: it takes out of each hop of a sound what the hop before it predicts."""

from training.loop.family import Family, Recordings

from .settings import ToySettings, ToySize

FAMILY = Family(
    name="toy",
    summary="Learn to predict a sound from its past.",
    settings=ToySettings,
    size=ToySize,
    learns_from=(Recordings("A folder of recordings of any kind."),),
)
