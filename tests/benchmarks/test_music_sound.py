"""What is measured of the sound of music: clicks at the edges of steps."""

import numpy as np
import pytest

from benchmarks.music.sound import edge_flux, vocoder_error_db
from tests.support.loops import loop


def test_clicks_at_edges_are_seen() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 24000 * 8).astype(np.float32)
    assert edge_flux(noise) == pytest.approx(1.0, abs=0.03)
    noise[::512] += 2.0
    assert edge_flux(noise) > 1.3


def test_the_vocoder_is_near_to_what_it_is_given() -> None:
    assert 0 < vocoder_error_db(loop([48, 55, 60, 67], 2)) < 2
