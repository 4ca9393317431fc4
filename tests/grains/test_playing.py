"""Places by name, walks, hits and what lies between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.errors import UnknownModelError, UsageError
from plugin_host.grains.drop import fit_spot
from plugin_host.grains.hits import ended, hits, morph
from plugin_host.grains.instrument import Grains
from plugin_host.grains.paths import along, corners_of, wander
from plugin_host.grains.spots import find_spot
from plugin_host.grains.walk import seconds_of, walk

RATE = 44100


def hit(length_s: float = 0.2, rate: int = RATE, channels: int = 1) -> np.ndarray:
    time = np.arange(round(length_s * rate)) / rate
    sound = 0.5 * np.exp(-time * 20) * np.sin(2 * np.pi * 180 * time)
    return np.stack([sound] * channels, 1).astype(np.float32)


def test_a_model_is_opened_by_any_of_its_files(folder: Path, little: Grains) -> None:
    for name in ("little.onnx", "little.events.onnx", "little.decoder.onnx", "little"):
        assert Grains(folder / name).classes == little.classes == ("kick", "snare")
    with pytest.raises(UnknownModelError, match=r"there is no file .*none\.onnx"):
        _ = Grains(folder / "none.onnx").classes
    with pytest.raises(UnknownModelError, match=r"there is no model 'drumz': did you mean 'drums'\?"):
        _ = Grains("drumz").classes
    with pytest.raises(UnknownModelError, match="an empty one arrived"):
        Grains(" ")
    with pytest.raises(UnknownModelError, match=r"cello is no model of grains: there is no cello\.events"):
        _ = Grains("cello").classes


def test_a_spot_is_a_class_a_sound_a_point_or_a_seed(little: Grains) -> None:
    kick, snare = find_spot("kick", little), find_spot("snare/snare1", little)
    np.testing.assert_allclose(kick.place, np.mean([p.value for p in little.points[:3]], 0), rtol=1e-6)
    np.testing.assert_allclose(snare.place, little.points[4].value, rtol=1e-6)
    np.testing.assert_allclose(snare.latent, little.grain_points[4].value, rtol=1e-6)
    # On a sound of the map it is that sound, in the middle it is between the four that are nearest.
    np.testing.assert_allclose(find_spot("1,0", little).place, little.points[4].value, atol=1e-4)
    between = find_spot("0,-0.5", little).place
    np.testing.assert_allclose(between, np.mean([little.points[i].value for i in (0, 1, 3, 4)], 0), atol=1e-5)
    np.testing.assert_array_equal(find_spot("7", little).place, find_spot("seed:7", little).place)
    assert not np.allclose(find_spot("8", little).place, find_spot("7", little).place)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("snar", r"give a class \(kick, snare\), a sound of its map such as kick/kick0, a point"),
        ("9,0", r"the point 9,0 is beside the map of little, which reaches from -1,-1 to 1,1"),
        ("none.wav", "is nothing that little knows"),
    ],
)
def test_what_is_no_spot_is_told_what_there_is(text: str, sentence: str, little: Grains) -> None:
    with pytest.raises(UsageError, match=sentence):
        find_spot(text, little)


def test_a_sound_has_the_same_place_at_any_level_rate_and_number_of_channels(
    little: Grains, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "plain.wav", hit(), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "quiet.wav", 0.03 * hit(channels=2), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "late.flac", np.pad(hit(0.2, 96000), ((9000, 0), (0, 0))), 96000)
    plain, quiet, late = (
        find_spot(str(tmp_path / n), little) for n in ("plain.wav", "quiet.wav", "late.flac")
    )
    np.testing.assert_allclose(quiet.place, plain.place, atol=1e-3)
    np.testing.assert_allclose(late.place, plain.place, atol=0.05)
    soundfile.write(tmp_path / "silent.wav", 0 * hit(), RATE)
    with pytest.raises(UsageError, match=r"silent\.wav.* is silent"):
        find_spot(str(tmp_path / "silent.wav"), little)


def test_a_line_is_walked_at_one_speed_and_a_loop_comes_back(little: Grains) -> None:
    ends = find_spot("kick", little), find_spot("snare", little)
    corners, closed = corners_of("line", *ends, little)
    assert not closed
    points = along(corners, np.linspace(0, 1, 5))
    np.testing.assert_allclose(
        np.diff(points, axis=0), np.tile((points[-1] - points[0]) / 4, (4, 1)), atol=1e-6
    )
    for name in ("loop", "circle"):
        corners, closed = corners_of(name, *ends, little)
        assert closed
        np.testing.assert_allclose(corners[0], corners[-1], atol=1e-6)
        np.testing.assert_allclose(corners[0], ends[0].latent, atol=1e-6)
        assert np.linalg.norm(corners - ends[1].latent, axis=1).min() < 1e-5
    corners, closed = corners_of("spiral", *ends, little)
    assert not closed
    np.testing.assert_allclose(corners[-1], ends[1].latent, atol=1e-6)


def test_jitter_goes_back_and_forth_and_arrives() -> None:
    steady, jittered = (wander(2000, jitter, 0.003, False, 1) for jitter in (0.0, 0.3))
    assert np.all(np.diff(steady) > 0)
    assert (np.diff(jittered) < 0).mean() > 0.1
    assert jittered[0] == 0
    assert jittered[-1] == pytest.approx(1.0)
    closed = wander(2000, 0.3, 0.003, True, 1)
    assert abs((closed[0] - closed[-1] + 0.5) % 1 - 0.5) < 0.01


def test_a_loop_ends_where_it_begins(little: Grains) -> None:
    ends = find_spot("kick", little), find_spot("snare", little)
    sound = walk(little, "loop", *ends, seconds=0.5)
    assert len(sound) == RATE // 2
    twice = np.abs(np.diff(np.concatenate([sound, sound])))
    # From the last sample to the first it moves as it does elsewhere: what precedes the beginning is the end.
    assert twice[len(sound) - 1] <= np.quantile(twice, 0.999)
    open_end = walk(little, "line", *ends, seconds=0.5)
    assert len(open_end) == RATE // 2
    assert np.abs(sound).max() > 1e-3


def test_a_walk_in_tempo_has_whole_bars_and_an_attack_at_each_beat(little: Grains) -> None:
    assert seconds_of(120, 2) == 4.0
    ends = find_spot("kick", little), find_spot("kick", little)
    plain, beaten = (walk(little, "line", *ends, seconds=0.5, beat_s=beat) for beat in (0.0, 0.1))
    assert len(plain) == len(beaten)
    for beat in range(1, 5):
        at = round(beat * 0.1 * RATE / 128 - 0.5) * 128
        assert not np.allclose(plain[at : at + 256], beaten[at : at + 256], atol=1e-5)
    for bpm, bars in ((0, 2), (-3, 2), (120, 0), (float("nan"), 1)):
        with pytest.raises(UsageError, match=r"--bpm|--bars"):
            seconds_of(bpm, bars)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([[0.1, 0.2]], "holds 1 point; needed is a list of two or more points"),
        ({"a": 1}, "holds no list; needed is a list"),
        ([[0, 0], [5, 0]], "is beside the map"),
        ([[0, 0], 3], "holds the point 3; needed is"),
    ],
)
def test_a_drawn_path_that_is_none_is_told(
    points: object, sentence: str, little: Grains, tmp_path: Path
) -> None:
    (tmp_path / "path.json").write_text(json.dumps(points))
    with pytest.raises(UsageError, match=sentence):
        walk(little, str(tmp_path / "path.json"))


def test_a_drawn_path_is_walked(little: Grains, tmp_path: Path) -> None:
    (tmp_path / "path.json").write_text(json.dumps([[-1, 0], "snare", [-1, 0]]))
    corners, closed = corners_of(str(tmp_path / "path.json"), None, None, little)
    assert closed
    np.testing.assert_allclose(corners[1], find_spot("snare", little).latent, atol=1e-6)
    assert np.abs(walk(little, str(tmp_path / "path.json"), seconds=0.3)).max() > 1e-3
    with pytest.raises(UsageError, match="needs both ends"):
        walk(little, "line")
    with pytest.raises(UsageError, match="there is no path 'zigzag'"):
        walk(little, "zigzag")


def test_hits_differ_by_the_seed_and_are_the_same_again(little: Grains) -> None:
    first = list(hits(little, 3, label="snare"))
    assert [one.name for one in first] == ["snare-001", "snare-002", "snare-003"]
    again = list(hits(little, 3, label="snare"))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.sound, other.sound)
    assert not np.array_equal(first[0].sound, first[1].sound)
    other = next(hits(little, 1, label="snare", seed=5))
    assert not np.array_equal(first[0].sound, other.sound)
    alike = [one.sound for one in hits(little, 2, label="snare", spread=0.0)]
    np.testing.assert_array_equal(alike[0], alike[1])
    assert [one.name for one in hits(little, 3)] == ["kick-001", "snare-002", "kick-003"]


def test_velocities_are_louder_and_takes_are_near(little: Grains) -> None:
    found = {one.name: one.sound for one in hits(little, 1, label="kick", velocities=3, takes=2)}
    assert list(found) == [f"kick-001-v{v}-rr{t}" for v in (1, 2, 3) for t in (1, 2)]
    levels = [np.sqrt(np.mean(found[f"kick-001-v{v}-rr1"][:2000] ** 2)) for v in (1, 2, 3)]
    assert levels[0] < levels[1] < levels[2]
    assert not np.array_equal(found["kick-001-v3-rr1"], found["kick-001-v3-rr2"])


def test_what_cannot_be_asked_of_hits_is_told(little: Grains) -> None:
    for options, sentence in (
        ({"label": "snarr"}, r"has no class 'snarr': did you mean 'snare'\? its classes are kick, snare"),
        ({"count": 0}, "count is 0; needed is a whole number from 1"),
        ({"spread": -1.0}, "the spread is -1; needed"),
    ):
        with pytest.raises(UsageError, match=sentence):
            hits(little, **options)  # type: ignore[arg-type]


def test_a_morph_begins_and_ends_with_its_ends(little: Grains) -> None:
    first, second = find_spot("kick", little), find_spot("snare", little)
    found = morph(little, first, second, 5)
    assert [one.name for one in found] == [f"morph-{n:02d}" for n in range(1, 6)]
    np.testing.assert_array_equal(found[0].sound, ended(little.play_event(first.place), RATE))
    np.testing.assert_array_equal(found[-1].sound, ended(little.play_event(second.place), RATE))
    with pytest.raises(UsageError, match="steps is 1; needed is a whole number from 2"):
        morph(little, first, second, 1)


def test_a_search_comes_nearer_to_a_sound(little: Grains, tmp_path: Path) -> None:
    made = little.play_event(np.array([0.9, -0.4, 0.2, 1.3], np.float32))
    soundfile.write(tmp_path / "made.wav", made, RATE, subtype="FLOAT")
    least: list[float] = []
    spot = fit_spot(tmp_path / "made.wav", little, 40, on_progress=lambda _a, _b, value: least.append(value))
    assert len(least) >= 4
    assert least[-1] < least[0]
    assert spot.place.shape == (4,)


def test_an_event_ends_where_it_has_died_away() -> None:
    time = np.arange(RATE) / RATE
    sound = (np.exp(-time * 69.08) * np.cos(2 * np.pi * 500 * time)).astype(np.float32)  # -60 dB at 0.1 s
    floor = (sound + 3e-4 * np.sin(2 * np.pi * 700 * time)).astype(np.float32)
    found = ended(floor, RATE)
    assert 0.095 < len(found) / RATE < 0.12
    np.testing.assert_array_equal(found[: RATE // 12], floor[: RATE // 12])
    assert np.abs(found[-20:]).max() < 3e-5
    np.testing.assert_array_equal(ended(sound[:2000], RATE), sound[:2000])
    np.testing.assert_array_equal(ended(np.zeros_like(sound), RATE), np.zeros_like(sound))


@pytest.mark.slow
def test_notes_are_played_as_they_are_asked_for(tuned: Grains, little: Grains, tmp_path: Path) -> None:
    place = np.zeros(4, np.float32)
    low, high = find_spot("kick/kick0", tuned), find_spot("snare/snare1", tuned)
    assert (tuned.note, little.note) == (60.0, None)
    np.testing.assert_array_equal(tuned.play_event(place), tuned.play_event(place, note=60.0))
    assert not np.array_equal(tuned.play_event(place), tuned.play_event(place, note=50.0))
    between = morph(tuned, replace(low, note=48.0), replace(high, note=60.0), 3)
    middle = ((low.place + high.place) / 2).astype(np.float32)
    np.testing.assert_array_equal(between[1].sound, ended(tuned.play_event(middle, note=54.0), RATE))
    np.testing.assert_array_equal(
        morph(tuned, low, high, 2, note=43.0)[0].sound, ended(tuned.play_event(low.place, note=43.0), RATE)
    )
    asked = [next(hits(tuned, 1, label="kick", note=note)).sound for note in (None, 60.0, 72.0)]
    np.testing.assert_array_equal(asked[0], asked[1])
    assert not np.array_equal(asked[1][:2000], asked[2][:2000])
    glide = walk(tuned, "line", replace(low, note=48.0), replace(high, note=60.0), 0.5)
    flat = walk(tuned, "line", low, high, 0.5, note=48.0)
    np.testing.assert_allclose(glide[:128], flat[:128], atol=1e-6)
    assert not np.allclose(glide, flat, atol=1e-3)
    for asks in (
        lambda: next(hits(little, 1, note=60.0)),
        lambda: morph(little, low, high, 2, note=60.0),
        lambda: walk(little, "line", low, high, 0.5, note=60.0),
    ):
        with pytest.raises(UsageError, match="little is a model of hits, which have no note"):
            asks()


@pytest.mark.slow
def test_a_sound_of_ones_own_brings_its_note(tuned: Grains, little: Grains, tmp_path: Path) -> None:
    time = np.arange(RATE // 2) / RATE
    wave = np.sum([np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 6)], 0)
    soundfile.write(tmp_path / "a3.wav", 0.2 * wave, RATE)
    assert find_spot(str(tmp_path / "a3.wav"), tuned).note == pytest.approx(57.0, abs=0.2)
    assert find_spot(str(tmp_path / "a3.wav"), little).note is None
