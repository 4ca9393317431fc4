"""What is said of one-shots that are made again, and of drawn ones, where the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.grains.hits import Hit
from benchmarks.grains.measures import SAMPLE_RATE, Reference
from benchmarks.oneshots.drawn import Material, draw, fitness, tuning
from benchmarks.oneshots.resynthesis import Neighbours, compare, griffin_lim, made_again, mel_db
from tests.support.toy_shots import ToyShots
from training.hits.sounds import trim

TIME = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE


def hit(hertz: float, label: str = "blip", name: str = "x") -> Hit:
    sound = trim((np.sin(2 * np.pi * hertz * TIME) * np.exp(-8 * TIME)).astype(np.float32), Path(name))[0]
    return Hit(Path(f"{name}.wav"), label, sound, Reference.of(sound))


def hiss() -> Hit:
    sound = np.random.default_rng(0).normal(0, 0.1, len(TIME)) * np.exp(-12 * TIME)
    return Hit(Path("hiss.wav"), "blip", sound.astype(np.float32), Reference.of(sound.astype(np.float32)))


def test_griffin_lim_finds_a_sound_of_the_same_spectrogram() -> None:
    one = hiss()
    made = griffin_lim(one)
    assert made.shape == one.sound.shape
    assert 0.1 < mel_db(one.reference, made) < 3


def test_the_nearest_sound_is_found_among_all_and_in_the_class() -> None:
    known = [hit(445, "bell"), hit(520, "blip"), hit(2000, "blip")]
    neighbours = Neighbours(known)
    np.testing.assert_array_equal(neighbours.nearest(hit(440), of_its_class=False), known[0].sound)
    np.testing.assert_array_equal(neighbours.nearest(hit(440), of_its_class=True), known[1].sound)


def test_ways_are_compared_with_the_model() -> None:
    hits = [hit(440), hit(500), hit(800)]
    found = compare({"model": lambda one: one.sound, "twin": lambda _: hits[2].sound}, hits, hits)
    ways, beside = found["ways"], found["log-mel of the model less that of"]
    assert isinstance(ways, dict)
    assert isinstance(beside, dict)
    assert ways["model"]["mel_db"]["median"] == pytest.approx(0, abs=0.01)
    assert ways["twin"]["mel_db"]["mean"] > 1
    assert beside["twin"]["mean"] == pytest.approx(-ways["twin"]["mel_db"]["mean"], abs=0.01)
    assert list(beside) == ["twin"]
    assert "attack_ms" not in ways["class mean"]


def test_a_sound_is_made_again_at_its_note() -> None:
    made = made_again(ToyShots(pitched=True), hit(440, name="blip-midi57"))
    assert np.abs(np.fft.rfft(made)).argmax() * SAMPLE_RATE / len(made) == pytest.approx(220, abs=2)


def test_noise_in_a_class_with_notes_is_a_fault() -> None:
    notes = Material.of([hit(440, name="blip-midi69"), hit(880, name="blip-midi81")])
    assert notes.tonal
    assert notes.notes == [69, 81]
    source = Noisy()
    found = draw(source, {"kick": notes, "snare": Material([], np.inf)}, 10)
    said = fitness(found)
    assert said["faults"] == {"it is noise, and its class has notes": 5}
    assert said["fit_by_class"] == {"kick": 0, "snare": 1}


def test_a_sound_is_drawn_at_a_note_of_its_class() -> None:
    found = draw(ToyShots(pitched=True), {"": Material([45.0, 52.0], -10.0)}, 6)
    assert {one.note for one in found} == {45, 52}
    assert fitness(found)["fit"] == 1


def test_sounds_off_their_notes_are_out_of_tune() -> None:
    phases = 2 * np.pi * 220 * TIME[:, None] * np.arange(1, 20)
    sound = (np.sin(phases) / np.arange(1, 20)).sum(1).astype(np.float32) * 0.3
    assert tuning([(57.0, sound), (58.0, sound)]) == {"sounds": 2, "steady": 1, "in_tune": 0.5}
    assert tuning([(57.0, hiss().sound)])["steady"] == 0


class Noisy(ToyShots):
    """Plays noise that dies away."""

    def play(self, place, **controls):
        return hiss().sound
