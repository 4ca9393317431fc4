"""What is said of drawn hits, on sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.grains.drawn import shares
from benchmarks.grains.drawn_measures import (
    far_apart_db,
    kernel_distance,
    kernel_distances,
    nearest_ratios,
    spread_ratios,
)
from benchmarks.grains.judge import BANDS, FRAMES, RANGE_DB, features_of, train_judge
from benchmarks.grains.measures import Reference

KICK, HAT = np.array(["kick"] * 20), np.array(["hat"] * 20)


def seen(middle: float, width: float, count: int = 20, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (middle + width * random.normal(size=(count, BANDS, FRAMES))).astype(np.float32)


def test_one_distribution_is_at_no_distance_and_another_is() -> None:
    random = np.random.default_rng(0)

    def mean_of_small_sets(middle: float) -> float:
        pairs = (random.normal(size=(2, 10, 8)) for _ in range(400))
        return float(np.mean([kernel_distance(one, other + middle) for one, other in pairs]))

    assert abs(mean_of_small_sets(0.0)) < 0.1
    assert mean_of_small_sets(1.0) > 1.0


def test_distances_of_parts_are_of_the_classes_that_are_asked_for() -> None:
    random = np.random.default_rng(0)
    real, labels = random.normal(0, 1, (40, 8)), np.concatenate((KICK, HAT))
    other = np.concatenate((random.normal(0, 1, (20, 8)), random.normal(3, 1, (20, 8))))
    of_kicks, of_hats = (
        kernel_distances(real, labels, other, labels, {name: 10}) for name in ("kick", "hat")
    )
    assert of_kicks["high"] < of_hats["low"]
    assert of_kicks["low"] <= of_kicks["mean"] <= of_kicks["high"]


def test_what_is_a_decibel_louder_everywhere_is_a_decibel_apart() -> None:
    shown = seen(0.5, 0.1, 2)
    assert far_apart_db(shown, shown + 1 / RANGE_DB).diagonal() == pytest.approx(1.0, abs=1e-3)


def test_twice_as_wide_a_class_has_twice_the_spread() -> None:
    found = spread_ratios(seen(0.5, 0.2), KICK, seen(0.5, 0.1, seed=1), KICK)
    assert found == {"kick": pytest.approx(2.0, rel=0.05)}


def test_copies_are_counted_and_new_hits_are_none() -> None:
    known, apart = seen(0.5, 0.1), seen(0.5, 0.1, seed=1)
    copied = nearest_ratios((known + 1e-4, KICK), (apart, KICK), (known, KICK))
    assert copied["copies"] == copied["nearer"] == 1.0
    assert copied["ratio"] == {"kick": pytest.approx(0.0, abs=0.01)}
    new = nearest_ratios((seen(0.5, 0.15, seed=2), KICK), (apart, KICK), (known, KICK))
    assert new["copies"] == new["nearer"] == 0.0


def test_classes_are_drawn_as_often_as_they_are_learned_and_rare_ones_twice() -> None:
    drawn = shares(["kick"] * 99 + ["bell"], 100)
    assert (drawn.count("kick"), drawn.count("bell")) == (99, 2)


def test_the_level_of_a_hit_is_not_seen() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20000).astype(np.float32)
    shown = features_of(Reference.of(sound))
    assert shown.shape == (BANDS, FRAMES)
    np.testing.assert_allclose(features_of(Reference.of(np.float32(0.1) * sound)), shown, atol=1e-4)


def test_a_judge_tells_low_sounds_from_high_ones() -> None:
    shown = np.zeros((40, BANDS, FRAMES), np.float32)
    shown[:20, :15, :60] = 0.9
    shown[20:, 55:, :60] = 0.9
    judge = train_judge(shown, np.concatenate((KICK, HAT)).tolist())
    assert judge.named(shown).tolist() == ["kick"] * 20 + ["hat"] * 20
