"""Instruments for samplers, opened by readers that are not ours."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
import soundfile
import xmlschema
from numpy.typing import NDArray
from sfzlint import parser as sfz

from plugin_host.errors import UsageError
from plugin_host.sampler.filling import fill
from plugin_host.sampler.following import without_note
from plugin_host.sampler.general_midi import keys_of
from plugin_host.sampler.hydrogen import MOST_LAYERS
from plugin_host.sampler.instrument import Layout
from plugin_host.sampler.kits import kit
from plugin_host.sampler.loops import find_loop
from plugin_host.sampler.sets import held_by, write_set
from plugin_host.sampler.shot import Versions
from plugin_host.sampler.source import notes_for
from tests.support.hydrogen import need_schema, run_hydrogen, write_song
from tests.support.toy_shots import CLASSES, RATE, ToyShots


def _kit(folder: Path, form: str, velocities: int = 2, takes: int = 3, count: int = 2) -> Path:
    source = ToyShots()
    filling = fill(source, count, unique=0.0, versions=Versions(velocities, takes), seed=2)
    layout = Layout("toy", filling.labels, count, source.licence)
    write_set(folder, filling, RATE, form=form, layout=layout)
    return folder


def _read_sfz(path: Path) -> list[dict[str, Any]]:
    """Read the regions of an SFZ as sfzlint does; what it complains of is an error."""
    assert path.is_file()
    complaints: list[str] = []

    def complain(severity: str, message: str, *_: object) -> None:
        complaints.append(f"{severity}: {message}")

    found = sfz.validate(path, err_cb=complain, config={"file_path": path})
    assert not complaints
    regions: list[dict[str, Any]] = []
    inherited: dict[str, dict[str, Any]] = {"global": {}, "group": {}}
    for header in found.headers:
        values = {str(name): token.value for name, token in header.items()}
        if header.token in inherited:
            inherited[header.token] = values
        elif header.token == "region":
            regions.append({**inherited["global"], **inherited["group"], **values})
    return regions


def test_sfz_plays_each_class_on_its_key(tmp_path: Path) -> None:
    folder = _kit(tmp_path / "kit", "sfz")
    assert sorted(path.name for path in folder.iterdir()) == ["samples", "toy.LICENCE.txt", "toy.sfz"]
    regions = _read_sfz(folder / "toy.sfz")
    assert len(regions) == 2 * 2 * 3
    assert {(region["lokey"], region["hikey"]) for region in regions} == {(36, 36), (38, 38)}
    assert all(region["loop_mode"] == "one_shot" for region in regions)
    assert all(region["amp_veltrack"] == 0 for region in regions)
    assert {(region["lovel"], region["hivel"]) for region in regions} == {(1, 64), (65, 127)}
    assert Counter(region["seq_position"] for region in regions) == {1: 4, 2: 4, 3: 4}
    assert all(region["seq_length"] == 3 for region in regions)
    files = {path.name for path in (folder / "samples").iterdir()}
    assert {str(region["sample"]) for region in regions} == files
    assert "author: nobody & <co>" in (folder / "toy.LICENCE.txt").read_text()


def test_more_sounds_than_classes_are_more_kits_and_those_of_one_class_a_keyboard(tmp_path: Path) -> None:
    folder = _kit(tmp_path / "kits", "sfz", 1, 1, count=5)
    assert sorted(path.name for path in folder.glob("*.sfz")) == [f"toy-00{n}.sfz" for n in (1, 2, 3)]
    assert len(_read_sfz(folder / "toy-003.sfz")) == 1
    source = ToyShots()
    filling = fill(source, 66, label="kick", unique=0.0)
    layout = Layout("kicks", filling.labels, 66)
    write_set(tmp_path / "kicks", filling, RATE, form="sfz", layout=layout)
    assert [region["lokey"] for region in _read_sfz(tmp_path / "kicks" / "kicks.sfz")] == [*range(36, 100)]
    assert len(_read_sfz(tmp_path / "kicks" / "kicks-002.sfz")) == 2


def test_a_pitched_sound_lies_all_over_the_keys_and_is_held_by_a_loop(tmp_path: Path) -> None:
    source = ToyShots(pitched=True)
    notes = notes_for(source, over_the_keys=True)
    assert notes == (36, 40, 44, 48, 52, 56, 60)
    filling = fill(source, 1, unique=0.0, versions=Versions(notes=notes))
    layout = Layout("toy", filling.labels, 1, source.licence)
    write_set(tmp_path, filling, RATE, form="sfz", layout=layout, bits=32)
    regions = _read_sfz(tmp_path / "toy-001.sfz")
    covered = [key for region in regions for key in range(region["lokey"], region["hikey"] + 1)]
    assert covered == [*range(30, 67)]
    assert [region["pitch_keycenter"] for region in regions] == list(notes)
    for region in regions:
        sound, _ = soundfile.read(tmp_path / "samples" / str(region["sample"]))
        start, end = region["loop_start"], region["loop_end"] + 1
        period = RATE / (440 * 2 ** ((region["pitch_keycenter"] - 69) / 12))
        assert abs((end - start) / period - round((end - start) / period)) < 0.6 / period
        # Across the seam the wave goes on as if there were none.
        steepest = np.abs(np.diff(sound[start:end])).max()
        assert abs(sound[start] - sound[end - 1]) < 1.2 * steepest


class DrumsAndNotes(ToyShots):
    """Snares have the note, kicks do not."""

    def __init__(self) -> None:
        super().__init__()
        self.notes = (36, 60)

    def play(
        self, place: NDArray[np.float32], *, note: float | None = None, **options: Any
    ) -> NDArray[np.float32]:
        return super().play(place, note=note if place[0] > 1 else None, **options)


def test_drums_of_a_model_with_notes_lie_on_one_key_each_and_the_rest_over_the_keys(tmp_path: Path) -> None:
    source = DrumsAndNotes()
    assert without_note(source) == {"kick"}
    versions = Versions(notes=notes_for(source, over_the_keys=True))
    filling = fill(source, 2, unique=0.0, versions=versions, without_note=without_note(source))
    layout = Layout("toy", filling.labels, 2, source.licence)
    assert write_set(tmp_path, filling, RATE, form="sfz", layout=layout) == filling.files == 1 + 7
    assert [region["lokey"] for region in _read_sfz(tmp_path / "toy.sfz")] == [36]
    snares = _read_sfz(tmp_path / "toy-snare-001.sfz")
    assert [region["pitch_keycenter"] for region in snares] == [36, 40, 44, 48, 52, 56, 60]


def test_only_what_is_held_gets_a_loop() -> None:
    times = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 110 * times).astype(np.float32)
    assert find_loop(tone, RATE, 45) is not None
    assert find_loop(tone, RATE, None) is None
    for seconds in (0.05, 0.5, 1.0):
        assert find_loop(tone * np.exp(-times / seconds).astype(np.float32), RATE, 45) is None
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    assert find_loop(noise, RATE, 45) is None
    assert find_loop(np.zeros(RATE, np.float32), RATE, 45) is None
    assert find_loop(tone[:50], RATE, 45) is None


def test_decent_sampler_finds_all_it_needs(tmp_path: Path) -> None:
    folder = _kit(tmp_path / "kit", "decentsampler")
    root = Xml.parse(folder / "toy.dspreset").getroot()
    assert root.tag == "DecentSampler"
    assert [child.tag for child in root] == ["groups"]
    groups = root.findall("groups/group")
    assert len(groups) == 2 * 2
    for group in groups:
        assert (group.get("seqMode"), group.get("seqLength"), group.get("ampVelTrack")) == (
            "round_robin",
            "3",
            "0",
        )
        assert [sample.get("seqPosition") for sample in group] == ["1", "2", "3"]
        for sample in group:
            assert sample.tag == "sample"
            path = folder / str(sample.get("path"))
            assert path.is_file()
            assert soundfile.info(path).duration <= float(str(group.get("release"))) + 1e-3
            assert sample.get("loNote") == sample.get("hiNote") == sample.get("rootNote")
    velocities = {(sample.get("loVel"), sample.get("hiVel")) for sample in root.iter("sample")}
    assert velocities == {("1", "64"), ("65", "127")}


def test_a_kit_is_valid_by_hydrogens_schema(tmp_path: Path) -> None:
    folder = _kit(tmp_path / "kits", "hydrogen") / "toy"
    xmlschema.XMLSchema(need_schema()).validate(folder / "drumkit.xml")
    named = {
        element.text for element in Xml.parse(folder / "drumkit.xml").iter() if "filename" in element.tag
    }
    assert named == {path.name for path in folder.glob("*.wav")}
    assert len(named) == 2 * 2 * 3


@pytest.mark.slow
def test_hydrogen_plays_a_kit(tmp_path: Path) -> None:
    folder = _kit(tmp_path / "kits", "hydrogen", takes=1) / "toy"
    home = tmp_path / "home"
    home.mkdir()
    assert "is valid" in run_hydrogen(home, "-c", folder)
    (home / ".hydrogen/data/drumkits").mkdir(parents=True, exist_ok=True)
    installed = (folder).rename(home / ".hydrogen/data/drumkits/toy")
    kick, snare = 0, 1
    write_song(tmp_path / "song.h2song", installed, [(kick, 0, 0.3), (kick, 48, 0.9), (snare, 96, 0.9)])
    printed = run_hydrogen(
        home, "-s", tmp_path / "song.h2song", "-o", tmp_path / "out.wav", "-r", 44100, "-b", 16
    )
    assert (tmp_path / "out.wav").is_file(), printed
    sound, rate = soundfile.read(tmp_path / "out.wav")
    beats = [sound[round(beat * rate / 2) :][: round(0.45 * rate), 0] for beat in range(3)]
    levels = [float(np.abs(beat).max()) for beat in beats]
    assert levels[1] > 1.8 * levels[0] > 0.01
    pitches = [np.abs(np.fft.rfft(beat)).argmax() * rate / len(beat) for beat in beats]
    assert pitches[2] > 2.5 * pitches[1]
    assert pitches[0] == pytest.approx(pitches[1], rel=0.1)


def test_hydrogen_holds_few_layers(tmp_path: Path) -> None:
    assert held_by("hydrogen", Versions(5, 4)) == Versions(5, 3)
    assert held_by("hydrogen", Versions(4, 4)) == Versions(4, 4)
    assert held_by("sfz", Versions(5, 4)) == Versions(5, 4)
    with pytest.raises(UsageError, match=f"Hydrogen has at most {MOST_LAYERS}"):
        held_by("hydrogen", Versions(17))
    with pytest.raises(UsageError, match="did you mean 'hydrogen'"):
        write_set(tmp_path, [], RATE, form="hydrogn")
    with pytest.raises(UsageError, match="needs a layout"):
        write_set(tmp_path, [], RATE, form="sfz")


def test_each_class_has_a_key_of_its_own() -> None:
    drums = ("closed-hat", "crash", "kick", "open-hat", "ride", "rimshot", "sidestick", "snare", "tom")
    assert list(keys_of(drums).values()) == [42, 49, 36, 46, 51, 40, 37, 38, 47]
    others = ("Kick 1", "kick 2", "zap", "blip", "Open_HH", "CLAPS", "unsnared")
    assert list(keys_of(others).values()) == [36, 82, 83, 84, 46, 39, 85]
    many = [f"class {number}" for number in range(128)]
    assert len(set(keys_of(many).values())) == 128


def test_a_kit_is_as_bright_and_as_long_as_the_sound_it_is_made_after() -> None:
    source = ToyShots()
    kick, snare = (next(iter(fill(source, 1, label=label, seed=8))).recipe for label in CLASSES)
    middle = np.mean([point.value for point in source.points if "kick" in point.label], axis=0)
    kits = {}
    for octaves, decay in ((0.2, 0.0), (-0.2, 0.0), (0.0, 0.3), (0.0, -0.3)):
        given = kick.model_copy(update={"place": tuple(middle + np.array([octaves, decay, 0, 0]))})
        shots = list(kit(source, given))
        assert len(shots) == 2 * 5 * 4
        assert [shot.name for shot in shots[:4]] == [f"kick-v1-rr{take}" for take in (1, 2, 3, 4)]
        found = {shot.recipe.label: shot.recipe for shot in shots if shot.layer == shot.take == 1}
        assert found["kick"].place == given.place
        kits[octaves, decay] = np.array(found["snare"].place)
    higher, longer = kits[0.2, 0.0] - kits[-0.2, 0.0], kits[0.0, 0.3] - kits[0.0, -0.3]
    assert higher[0] > 0.1
    assert longer[1] > 0.1
    middling = list(kit(source, kick, strength=0.0, versions=Versions()))
    assert middling[0].recipe.place == kick.place
    assert middling[1].recipe.place == pytest.approx(
        np.mean([point.value for point in source.points if "snare" in point.label], 0), abs=1e-3
    )
    with pytest.raises(UsageError, match="has no classes"):
        kit(ToyShots(pitched=True), snare)
    with pytest.raises(UsageError, match="the strength is 3"):
        kit(source, snare, strength=3)


def test_a_kit_is_bright_where_its_sound_is_although_the_space_turns_round() -> None:
    class Turned(ToyShots):
        """Snares get lower where kicks get higher."""

        def play(self, place, **controls):
            place = np.array(place)
            if place[0] > 1:
                place[0] = 4 - place[0]
            return super().play(place, **controls)

    source = Turned()
    kick = next(iter(fill(source, 1, label="kick"))).recipe
    high, low = (
        next(shot for shot in kit(source, given) if shot.recipe.label == "snare").recipe.place[0]
        for given in (kick.model_copy(update={"place": (octaves, 0.0, 0.0, 0.0)}) for octaves in (0.2, -0.2))
    )
    assert high < low - 0.1
