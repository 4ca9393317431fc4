"""One-shots: a variational autoencoder of whole drum hits, stabs, bass notes and blips, which makes endless new ones."""

from ...loop.family import Family, Recordings
from .settings import OneshotsSettings, OneshotsSize

FAMILY = Family(
    name="oneshots",
    summary="Learn to make endless new one-shots: hits, stabs, bass notes, blips.",
    settings=OneshotsSettings,
    size=OneshotsSize,
    learns_from=(Recordings("A folder of one-shots; its sub-folders are their classes."),),
)
