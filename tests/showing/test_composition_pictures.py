"""Pictures of compositions: what is drawn, and marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from plugin_host.showing.composition_pictures import FLAGS, MARK, PANEL_S, draw_composition, panels_of

RATE, STEPS_PER_S = 8000, 10.0
SOUND = 0.1 * np.random.default_rng(0).standard_normal((1, 40 * RATE))
RUN = {"steps": 9, "starts_at_s": 10.0, "ends_at_s": 20.0, "song": "a $b$ \udce9.wav", "song_at_s": 65.0}


def near(picture: NDArray[np.float32], colour: str) -> NDArray[np.intp]:
    """Give the rows and columns where a picture has a colour."""
    return np.argwhere(np.abs(picture[..., :3] - to_rgb(colour)).max(-1) < 0.02)


def drawn(folder: Path, *args: Any) -> NDArray[np.float32]:
    draw_composition(folder / "on.png", SOUND, RATE, "on", *args)
    return imread(folder / "on.png")


def test_a_run_is_marked_where_it_is(tmp_path: Path) -> None:
    plain = drawn(tmp_path)
    assert not len(near(plain, MARK))
    marked = near(drawn(tmp_path, [RUN]), MARK)
    bracket = marked[marked[:, 0] == np.bincount(marked[:, 0]).argmax(), 1]
    # From a quarter to a half of the panel, which fills most of the width.
    wide = plain.shape[1]
    assert np.ptp(bracket) == pytest.approx(0.25 * 0.83 * wide, rel=0.1)
    assert bracket.min() == pytest.approx((0.08 + 0.25 * 0.83) * wide, rel=0.1)


def test_a_strip_tells_when_music_is_known(tmp_path: Path) -> None:
    half = np.arange(400) >= 200
    flags = {"copied": half, "copied_transposed": ~half}
    picture = drawn(tmp_path, [], flags, STEPS_PER_S)
    # The spectrogram above has such colours too.
    picture = picture[round(0.85 * len(picture)) :]
    later, sooner = (near(picture, FLAGS[name][1]) for name in flags)
    assert len(later) > 1000
    assert later[:, 1].min() == pytest.approx(sooner[:, 1].max(), abs=3)
    assert later[:, 0].max() < sooner[:, 0].min()


def test_long_music_is_drawn_from_both_ends_and_around_the_longest_run() -> None:
    assert panels_of(200.0, None) == [(0.0, 200.0)]
    ends = [(0.0, PANEL_S), (480.0, 600.0)]
    assert panels_of(600.0, None) == ends
    assert panels_of(600.0, RUN) == ends
    middle = RUN | {"starts_at_s": 300.0, "ends_at_s": 304.0}
    assert panels_of(600.0, middle) == [ends[0], (242.0, 362.0), ends[1]]
