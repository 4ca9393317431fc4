"""Sets of new sounds: different from each other, fit for a sampler, and the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.errors import UsageError
from plugin_host.sampler.between import between
from plugin_host.sampler.filling import Like, fill, vary
from plugin_host.sampler.finishing import fault_of, finished
from plugin_host.sampler.likeness import SAMPLED, Known, known_of, picture, training_sounds
from plugin_host.sampler.places import class_of, drawn, places_of
from plugin_host.sampler.shot import Versions
from tests.support.toy_shots import RATE, ToyShots


def test_no_sound_is_nearer_to_another_or_to_a_training_sound_than_was_asked() -> None:
    source = ToyShots()
    filling = fill(source, 24, unique=1.0)
    shots = list(filling)
    assert len(shots) == filling.found == 24
    assert filling.too_near > 0
    known = training_sounds(source)
    assert filling.least_db == pytest.approx(known.typical())
    for shot in shots:
        seen = picture(shot.sound, RATE)
        assert known.nearest(seen) >= filling.least_db
        known.add(seen)
    careless = [picture(shot.sound, RATE) for shot in fill(source, 24, unique=0.0)]
    trained = training_sounds(source)
    assert min(trained.nearest(seen) for seen in careless) < filling.least_db


class Plucks(ToyShots):
    """Notes that die away, sooner or later."""

    def play(self, place: NDArray[np.float32], **options: Any) -> NDArray[np.float32]:
        sound = super().play(place, **options)
        return sound * np.exp(-np.arange(len(sound)) / (RATE * 0.05 * 2 ** float(place[1]))).astype(
            np.float32
        )


def test_sounds_are_compared_at_one_note_whatever_they_are_played_at() -> None:
    source = Plucks(pitched=True)
    fillings = [fill(source, 8, unique=1.0, versions=Versions(notes=(note,))) for note in (48, 41)]
    middle, other = ([shot.recipe for shot in filling] for filling in fillings)
    assert [recipe.place for recipe in middle] == [recipe.place for recipe in other]
    assert {recipe.note for recipe in other} == {41}
    assert fillings[0].too_near == fillings[1].too_near > 0


def test_some_of_many_sounds_tell_how_far_apart_they_are() -> None:
    pictures = np.random.default_rng(0).uniform(0, 60, (SAMPLED * 3, 2, 3)).astype(np.float32)
    many = Known(pictures)
    nearest = [np.sort(many.distances(one))[1] for one in pictures]
    assert many.typical() == pytest.approx(float(np.median(nearest)), rel=0.05)


def test_what_is_not_looked_at_is_never_the_nearest() -> None:
    random = np.random.default_rng(0)
    levels = random.uniform(-60, 60, (300, 21, 1)) + random.normal(scale=8, size=(300, 21, 40))
    pictures = np.maximum(levels, 0).astype(np.float32)
    known = Known(pictures[:250])
    for one in pictures[250:]:
        apart = np.abs(known.pictures - one).sum((1, 2)) / ((known.pictures > 0) | (one > 0)).sum((1, 2))
        assert known.distances(one) == pytest.approx(apart, rel=1e-4)
        assert known.nearest(one) == pytest.approx(apart.min(), rel=1e-4)
        known.add(one)
    assert known.nearest(pictures[7]) == 0 < known.nearest(pictures[7], but=7)


def test_what_uniqueness_leaves_no_room_for_is_not_made() -> None:
    filling = fill(ToyShots(), 40, spread=0.0, unique=0.01)
    shots = list(filling)
    assert len(shots) == filling.found == 2
    assert filling.too_near >= 40


def test_a_seed_gives_the_same_sounds_and_a_recipe_its_sound() -> None:
    source = ToyShots()
    first, again, other = (list(fill(source, 6, seed=seed)) for seed in (3, 3, 4))
    assert [shot.name for shot in first] == [shot.name for shot in again]
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one.sound, two.sound)
        np.testing.assert_array_equal(finished(one.recipe.play(source), RATE), one.sound)
        assert one.recipe.place != three.recipe.place
    assert {shot.recipe.label for shot in first} == {"kick", "snare"}


def test_places_are_drawn_as_the_classs_sounds_lie() -> None:
    source, random = ToyShots(), np.random.default_rng(0)
    wanted = places_of(source, "snare")
    found = np.array([drawn(source, "snare", None, 1.0, random) for _ in range(4000)])
    np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.cov(wanted.T, bias=True), atol=0.01)
    assert all(class_of(source, place) == "snare" for place in found)


def test_neighbours_are_nearer_than_the_class_is_wide() -> None:
    source = ToyShots()
    kept = next(iter(fill(source, 1, label="snare"))).recipe
    far = np.std([shot.recipe.place for shot in fill(source, 60, label="snare", unique=0)], axis=0)
    near = np.std([shot.recipe.place for shot in vary(source, kept, 60)], axis=0)
    assert 0.15 < near[0] / far[0] < 0.4
    middle = np.mean([shot.recipe.place for shot in vary(source, kept, 60)], axis=0)
    np.testing.assert_allclose(middle, kept.place, atol=0.1)


def test_the_way_between_two_sounds_is_even() -> None:
    source = ToyShots()
    first, second = (next(iter(fill(source, 1, label=label))).recipe for label in ("kick", "snare"))
    second = second.model_copy(update={"stretch": 4.0})
    shots = list(between(source, first, second, 5))
    assert (shots[0].recipe, shots[-1].recipe) == (first, second)
    pitches = [shot.recipe.place[0] for shot in shots]
    np.testing.assert_allclose(np.diff(pitches), (pitches[-1] - pitches[0]) / 4, atol=1e-3)
    assert [shot.recipe.stretch for shot in shots] == pytest.approx([1, 2**0.5, 2, 2**1.5, 4], abs=1e-3)
    assert shots[2].name == "kick-to-snare-03"
    with pytest.raises(UsageError, match="steps is 1"):
        between(source, first, second, 1)


def test_velocities_are_louder_and_takes_differ_a_little() -> None:
    shots = list(fill(ToyShots(), 1, label="kick", versions=Versions(3, 2)))
    assert [shot.name.removeprefix(shots[0].name[:-7]) for shot in shots] == [
        f"-v{layer}-rr{take}" for layer in (1, 2, 3) for take in (1, 2)
    ]
    peaks = [float(np.abs(shot.sound).max()) for shot in shots if shot.take == 1]
    assert peaks == sorted(peaks)
    assert peaks[-1] > 2 * peaks[0]
    takes = [shot.recipe.place for shot in shots if shot.layer == 1]
    assert 0 < abs(takes[0][0] - takes[1][0]) < 0.2


def test_a_sound_is_finished_for_a_sampler() -> None:
    random = np.random.default_rng(0)
    for place in ([0, 0, 0, 0.2], [1, 1, 0, 0], [2, -1, 0, 0.05]):
        raw = ToyShots().play(np.array(place, np.float32)) * 2
        raw += 0.1 * np.exp(-np.arange(len(raw)) / 4000).astype(np.float32)
        raw += 1e-5 * random.normal(size=len(raw)).astype(np.float32)
        assert fault_of(raw, RATE)
        sound = finished(raw, RATE)
        assert fault_of(sound, RATE) == ""
        assert abs(sound.mean()) < 1e-6
        assert np.abs(sound[-5:]).max() < 1e-3
        assert np.abs(sound).max() <= 0.999
        assert len(sound) < len(raw)


@pytest.mark.parametrize(
    ("sound", "fault"),
    [
        (np.zeros(44100), "silent"),
        (np.full(44100, np.nan), "silent"),
        (np.zeros(0), "silent"),
        (np.sin(np.arange(44100) / 9), "die away"),
        (np.ones(50), "offset"),
        (np.sin(np.arange(20)), "10 ms"),
    ],
)
def test_what_cannot_be_mended_is_said(sound: np.ndarray, fault: str) -> None:
    assert fault in fault_of(finished(sound.astype(np.float32), RATE) * 0.9, RATE) or fault in fault_of(
        sound.astype(np.float32) * 0.9, RATE
    )


def test_faulty_sounds_are_drawn_again() -> None:
    class Silent(ToyShots):
        def play(self, place, **controls):
            sound = super().play(place, **controls)
            return sound * (self.played % 2)

    filling = fill(Silent(), 10, unique=0.0)
    assert all(fault_of(shot.sound, RATE) == "" for shot in filling)
    assert filling.faulty >= 9


def test_level_is_no_difference_and_pitch_is_one() -> None:
    source = ToyShots()
    low, lower = (source.play(np.array([octave, 0, 0, 0], np.float32)) for octave in (0.0, -1.0))
    known = known_of([low], RATE)
    assert known.nearest(picture(low * 0.1, RATE)) < 0.05
    assert known.nearest(picture(lower, RATE)) > 1
    assert known_of([], RATE).nearest(picture(low, RATE)) == np.inf


def test_a_word_tells_what_is_striking() -> None:
    names = [shot.name for shot in fill(ToyShots(), 40, label="kick", unique=0.0)]
    words = {name.split("-")[2] for name in names if name.count("-") == 2}
    assert words
    assert words <= {"dark", "bright", "short", "long"}
    assert any(name.count("-") == 1 for name in names)


@pytest.mark.parametrize(
    "settings",
    [
        {"count": 0},
        {"count": 100_001},
        {"spread": -0.1},
        {"spread": 100.0},
        {"spread": float("nan")},
        {"unique": 11.0},
        {"label": "snar"},
        {"seed": -1},
    ],
)
def test_numbers_that_cannot_be_are_refused(settings: dict) -> None:
    with pytest.raises(UsageError):
        fill(ToyShots(), **settings)


def test_versions_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="velocities is 0"):
        Versions(velocities=0)
    with pytest.raises(UsageError, match="takes is 128"):
        replace(Versions(), takes=128)


def test_like_stays_near() -> None:
    source = ToyShots()
    like = Like(np.array([2.0, 0, 0, 0], np.float32), "snare")
    places = np.array([shot.recipe.place for shot in fill(source, 20, like=like, unique=0.1)])
    assert np.abs(places[:, 0] - 2).max() < 0.3
