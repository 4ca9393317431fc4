"""The twin of the published model: shapes, what it keeps, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from benchmarks.grains.hits import Hit
from benchmarks.grains.measures import SAMPLE_RATE, Reference
from benchmarks.grains.paper_twin import GRAIN, HOP, LATENT, Twin, load, save, train


class Played(torch.nn.Module):
    """A decoder that gives the same levels whatever it is asked for."""

    def __init__(self, level: torch.Tensor) -> None:
        super().__init__()
        self.level = level

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        return self.level


def test_grains_become_numbers_and_a_sound_of_the_same_length() -> None:
    twin = Twin(["kick", "snare"])
    mean, log_variance = twin.encode(torch.zeros(2, 5 * HOP))
    assert mean.shape == log_variance.shape == (2, 8, LATENT)
    assert twin.decode(mean, torch.zeros(2, 2)).shape == (2, 5 * HOP)
    assert twin.made_again(np.zeros(1500, np.float32), "kick").shape == (1500,)


def test_a_grain_sounds_where_it_was_heard() -> None:
    # Grain n of a sound begins 3,072 samples before sample 1,024 n; only the seventh is louder than silence here.
    twin = Twin(["kick"])
    z = torch.zeros(1, 12, LATENT)
    loud = torch.full((1, 12, GRAIN // 2 + 1), -40.0)
    loud[:, 7] = 0.0
    twin.decoder = torch.nn.Sequential(Played(loud))
    sounding = twin.decode(z, torch.zeros(1, 1))[0].abs() > 1e-6
    first, last = sounding.nonzero()[[0, -1], 0].tolist()
    assert abs(first - 4 * HOP) < 64
    assert abs(last - 8 * HOP) < 64


def test_what_was_trained_is_kept_with_what_it_comes_from(tmp_path: Path) -> None:
    twin = Twin(["kick", "snare"]).eval()
    save(twin, tmp_path / "a" / "twin.pt", {"minutes": 1.0, "names": ["kick/a.wav"]})
    again, origin = load(tmp_path / "a" / "twin.pt")
    assert origin == {"minutes": 1.0, "names": ["kick/a.wav"]}
    sound = torch.randn(1, 4 * HOP)
    torch.testing.assert_close(again.encode(sound), twin.encode(sound))


def test_a_short_training_brings_the_sound_nearer() -> None:
    sound = np.random.default_rng(0).normal(0, 0.2, SAMPLE_RATE // 2).astype(np.float32)
    hit = Hit(Path("snare/a.wav"), "snare", sound, Reference.of(sound))
    untrained = Twin(["snare"]).made_again(sound, "snare")
    trained = train([hit], lambda step: step / 40).made_again(sound, "snare")
    assert hit.reference.distances(trained)[1] < hit.reference.distances(untrained)[1] - 3.0
