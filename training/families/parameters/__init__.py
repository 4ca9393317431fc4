"""A synthesiser's parameters, estimated from its sound."""

from ...loop.family import Family, SynthSounds
from .settings import ParameterSettings, ParameterSize

FAMILY = Family(
    name="parameters",
    summary="Learn to estimate a synth's parameters from its sound.",
    settings=ParameterSettings,
    size=ParameterSize,
    learns_from=(SynthSounds("A data set made by brainsynth generate.", endless=True, found=True),),
    aliases=("params",),
)
