"""Recording chains that are made up for the training of judges."""

import numpy as np
import pytest

from benchmarks.timbre.classifier import BAND_HZ, CROP_FRAMES, N_BANDS
from benchmarks.timbre.recording_chains import (
    MOST_COLOUR_DB,
    bandwidths_db,
    below_pitch,
    colours_db,
    in_noise,
    in_rooms,
    through_chains,
)

SIZE = 200


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_colours_are_strong_but_bounded(rng: np.random.Generator) -> None:
    colours = colours_db(SIZE, rng)
    assert colours.shape == (SIZE, N_BANDS)
    assert np.abs(colours).max() <= MOST_COLOUR_DB
    assert np.median(np.ptp(colours, axis=1)) > 12.0
    # Neighbours are coloured alike; the ends of the range are not.
    assert np.abs(np.diff(colours, axis=1)).mean() < 0.3 * np.abs(colours[:, 0] - colours[:, -1]).mean()


def test_bandwidth_only_takes_away(rng: np.random.Generator) -> None:
    cut = bandwidths_db(SIZE, rng)
    assert cut.max() <= 0.0
    above, below = cut[:, -1] < -10.0, cut[:, 0] < -3.0
    assert 0.25 < above.mean() < 0.5  # half, some of them at 10 kHz, where little is left to cut
    assert 0.1 < below.mean() < 0.4
    assert np.all(cut[:, (BAND_HZ > 350.0) & (BAND_HZ < 3000.0)] == 0.0)


def test_a_room_prolongs_half_of_the_sounds(rng: np.random.Generator) -> None:
    level_db = np.full((SIZE, N_BANDS, CROP_FRAMES), -75.0, dtype=np.float32)
    level_db[:, :, 20:40] = 0.0
    wet = in_rooms(level_db, rng)
    assert np.all(wet > level_db - 0.01)
    after = wet[:, :, 45].mean(axis=1)
    assert 0.4 < np.mean(after > -70.0) < 0.6
    treble, bass = wet[:, -1, 40:].mean(), wet[:, 0, 40:].mean()
    assert bass > treble + 1.0


def test_noise_fills_what_is_silent_in_half_of_the_sounds(rng: np.random.Generator) -> None:
    level_db = np.full((SIZE, N_BANDS, CROP_FRAMES), -75.0, dtype=np.float32)
    level_db[:, 30] = 0.0
    level_db[:, :, 50:] -= 40.0
    noisy = in_noise(level_db, rng)
    assert np.all(noisy > level_db - 0.01)
    loud, soft = noisy[:, 60, :50].mean(axis=1), noisy[:, 60, 50:].mean(axis=1)
    assert 0.4 < np.mean(loud > -70.0) < 0.6
    heard = loud > -70.0
    follows = loud[heard] - soft[heard] > 20.0
    assert 0.3 < follows.mean() < 0.7


def test_silence_below_a_note_stays_below_it(rng: np.random.Generator) -> None:
    f0_hz = np.full(SIZE, 1000.0)
    silent = below_pitch(f0_hz, rng)
    assert 0.2 < silent.any(axis=1).mean() < 0.6
    assert not silent[:, BAND_HZ > 450.0].any()


def test_every_crop_gets_a_chain_of_its_own(rng: np.random.Generator) -> None:
    level_db = np.zeros((2, N_BANDS, CROP_FRAMES), dtype=np.float32)
    varied = through_chains(level_db, np.full(2, 200.0), rng)
    assert varied.dtype == np.float32
    assert varied.shape == level_db.shape
    assert np.abs(varied[0].mean(axis=1) - varied[1].mean(axis=1)).max() > 3.0
