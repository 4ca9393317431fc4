"""Settings and size of a model of one-shots."""

from __future__ import annotations

from dataclasses import dataclass

from ...loop.settings import Checked, setting, size


@dataclass(frozen=True)
class OneshotsSettings(Checked):
    """Settings of a training run."""

    steps: int = setting(2000, "steps in all; 2,000 take about 12 minutes of one core", minimum=1)
    batch: int = setting(24, "excerpts a step", minimum=1)
    variants: int = setting(
        3,
        "changed copies of each sound to learn from, of another pitch, colour and length",
        minimum=0,
        maximum=20,
    )
    excerpt_frames: int = setting(48, "length of an excerpt, 344 frames a second", "frames", minimum=16)
    place_weight: float = setting(
        5e-4,
        "of a nat of a place beside the spectral loss; more makes a smoother, emptier space",
        minimum=0,
    )
    learning_rate: float = setting(2e-3, "the highest", minimum=0)
    seed: int = setting(0, "other seeds, other random numbers", minimum=0)


@dataclass(frozen=True)
class OneshotsSize(Checked):
    """Sizes that the weights' shapes depend on."""

    places: int = size(16, "numbers of a place", maximum=64)
    width: int = size(192, "values in the layers of the decoder")
    partials: int = size(32, "sinusoids, from 35 Hz to 2.2 kHz", minimum=2)
    harmonics: int = size(64, "multiples of a note's frequency; 0: all sounds are without a note", minimum=0)
    transients: int = size(32, "waveforms that a trigger can start")
    event_s: float = size(1.5, "longest sound", "s", minimum=0.1, maximum=20.0)
