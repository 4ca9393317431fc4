"""Settings and size of a model of grains."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size, size_choice

HITS, NOTES, AMBIENCE = "hits", "notes", "ambience"


@dataclass(frozen=True)
class GrainsSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(4000, "steps in all; 4,000 take about half an hour on two cores", minimum=1)
    grains: float = setting(
        0.45,
        "share of the steps in the first stage, which learns grains; the rest learns events",
        minimum=0,
        maximum=1,
    )
    batch: int = setting(24, "excerpts a step", minimum=1)
    variants: int = setting(
        3,
        "changed copies of each sound to learn from, of another pitch, colour and length",
        minimum=0,
        maximum=20,
    )
    excerpt_frames: int = setting(64, "length of an excerpt, 344 frames a second", "frames", minimum=16)
    grain_weight: float = setting(
        1.5e-3,
        "of a nat of a grain's place beside the spectral loss; more makes a smoother, emptier space",
        minimum=0,
    )
    event_weight: float = setting(
        1e-3,
        "of a nat of an event's place beside the spectral loss; more makes a smoother, emptier space",
        minimum=0,
    )
    learning_rate: float = setting(2e-3, "the highest", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class GrainsSize(Checked):
    """Sizes that the weights' shapes depend on."""

    latents: int = size(16, "numbers of a grain's place", maximum=64)
    places: int = size(16, "numbers of an event's place", maximum=64)
    width: int = size(160, "values in the layers of the decoders")
    voice: str = size_choice(
        (HITS, NOTES, AMBIENCE),
        "what makes the sound: sinusoids, noise and transients; the same with harmonics of a pitch; or noise under long"
        " windows",
    )
    partials: int = size(32, "sinusoids of hits, from 35 Hz to the highest frequency", minimum=2, maximum=256)
    highest_hz: float = size(2200.0, "of the sinusoids of hits", "Hz", minimum=100.0, maximum=16000.0)
    harmonics: int = size(80, "multiples of the pitch of notes", minimum=1, maximum=256)
    transients: int = size(32, "waveforms that a trigger can start")
    event_s: float = size(1.5, "longest event", "s", minimum=0.1, maximum=20.0)
