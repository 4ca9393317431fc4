"""The twin of the workshop's toy learns pictures of sounds, and gives sounds of the same pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.grains.hits import Hit
from benchmarks.grains.measures import SAMPLE_RATE, Reference
from benchmarks.oneshots.workshop_twin import load, picture_of, save, sound_of, train

TIME = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE


def blip(hertz: float) -> np.ndarray:
    return (np.sin(2 * np.pi * hertz * TIME) * np.exp(-8 * TIME)).astype(np.float32)


def test_a_sound_of_a_picture_has_that_picture() -> None:
    sound = blip(440)
    picture, top = picture_of(sound)
    assert picture.shape == (1, 512, 256)
    assert (float(picture.max()), float(picture.min())) == (1, 0)
    again = sound_of(picture, top, len(sound))
    assert again.shape == sound.shape
    assert Reference.of(sound).distances(again)[1] < 2


@pytest.mark.slow
def test_it_learns_and_is_kept(tmp_path: Path) -> None:
    hits = [Hit(Path(f"{i}.wav"), "blip", blip(f), Reference.of(blip(f))) for i, f in enumerate((200, 3000))]
    pictures = torch.stack([picture_of(hit.sound)[0] for hit in hits])
    errors = []
    for steps in (1, 45):
        twin = train(hits, lambda step, steps=steps: step / steps)
        with torch.no_grad():
            errors.append(float((twin.decode(twin.encode(pictures)[0]) - pictures).square().mean()))
    assert errors[1] < 0.3 * errors[0]
    save(twin, tmp_path / "twin.pt", {"minutes": 1.0})
    again, origin = load(tmp_path / "twin.pt")
    assert origin == {"minutes": 1.0}
    np.testing.assert_array_equal(again.made_again(hits[0].sound), twin.made_again(hits[0].sound))
