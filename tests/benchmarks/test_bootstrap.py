"""Confidence intervals hold for what is independent: whole sounds, not their parts."""

import numpy as np
import pytest

from benchmarks.common.bootstrap import interval, interval_of_groups


def test_intervals_are_those_of_a_normal_mean_and_parts_of_a_sound_make_them_no_narrower() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    found = interval(values)
    assert found["mean"] == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert (found["low"], found["high"]) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=0.03
    )
    assert interval_of_groups(9 * values, np.full(400, 9)) == pytest.approx(found)


def test_groups_count_by_their_size_and_one_alone_has_no_interval() -> None:
    assert interval_of_groups(np.array([8.0, 1.0]), np.array([4.0, 1.0]))["mean"] == pytest.approx(1.8)
    assert interval(np.array([2.0])) == {"mean": 2.0, "low": 2.0, "high": 2.0}
