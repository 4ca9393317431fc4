"""The measures of sets, on tones whose faults are known."""

import numpy as np
import pytest

from benchmarks.sampler.sets import measure_distances, measure_draws, measure_kits, rank_correlation
from tests.support.toy_shots import ToyShots


class Faulty(ToyShots):
    """Every fourth sound is silent."""

    def play(self, place, **controls):
        return super().play(place, **controls) * (self.played % 4 != 1)


def test_faults_are_counted() -> None:
    found = measure_draws(ToyShots(), 20)
    assert found["fit_when_finished"] == 1
    assert set(found["faults_as_played"]) == {"it has an offset"}
    found = measure_draws(Faulty(), 20)
    assert found["fit_when_finished"] == 0.75
    assert found["faults_as_played"]["it is silent"] == 5


def test_distances_are_in_typical_ones() -> None:
    found = measure_distances(ToyShots(), 10, 1.0)
    assert found["found"] == 10
    assert found["least_to_training"] >= 1
    assert found["nearest_training_sound_is_of_its_class"] == 1


def test_kits_differ_and_match() -> None:
    found = measure_kits(ToyShots(), 4)
    assert found["median_apart"] > 1
    assert found["rank_correlation_brightness"] > 0.8


def test_ranks_alone_count() -> None:
    values = np.arange(1.0, 9.0)
    assert rank_correlation(values, values**5) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
