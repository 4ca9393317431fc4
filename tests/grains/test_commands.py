"""The commands that play a model of grains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Command


@pytest.fixture
def model(folder: Path) -> Path:
    return folder / "little.onnx"


def test_the_map_is_a_picture_and_numbers(model: Path, tmp_path: Path, brainsynth: Command) -> None:
    ended = brainsynth("map", model, "-o", tmp_path / "map.png", "--json", tmp_path / "map.json")
    assert (ended.code, ended.out) == (0, "6 sounds of little: kick, snare\n")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    written = json.loads((tmp_path / "map.json").read_text())
    assert written["classes"] == ["kick", "snare"]
    assert [len(sound["place"]) for sound in written["sounds"]] == [4] * 6
    assert {sound["class"] for sound in written["sounds"]} == {"kick", "snare"}
    assert brainsynth("map", model).code == 2
    for option, name in (("-o", "map.png"), ("--json", "map.json")):
        before = (tmp_path / name).stat().st_mtime_ns
        ended = brainsynth("map", model, option, tmp_path / name)
        assert ended.code == 2
        assert f"{name} is there already" in ended.err
        assert (tmp_path / name).stat().st_mtime_ns == before
        assert brainsynth("map", model, option, tmp_path / name, "--overwrite").code == 0


def test_a_walk_is_written(model: Path, tmp_path: Path, brainsynth: Command) -> None:
    call = ("walk", model, "-o", tmp_path / "walk.wav", "--from", "kick", "--to", "1,0.5")
    assert brainsynth(*call, "--path", "circle", "--bpm", 240, "--bars", 1, "--jitter", 0.1).code == 0
    sound, rate = soundfile.read(tmp_path / "walk.wav")
    assert (len(sound), rate) == (44100, 44100)
    assert np.abs(sound).max() > 1e-3
    before = (tmp_path / "walk.wav").read_bytes()
    ended = brainsynth(*call)
    assert ended.code == 2
    assert "walk.wav is there already: choose another --output, or --overwrite" in ended.err
    assert (tmp_path / "walk.wav").read_bytes() == before
    assert brainsynth(*call, "--overwrite").code == 0
    assert (tmp_path / "walk.wav").read_bytes() != before
    (tmp_path / "walk.wav").unlink()
    for options, sentence in (
        (("--bpm", 0, "--bars", 2), "--bpm is 0; needed is a tempo"),
        (("--bars", 2), "--bars needs a tempo: add --bpm 120"),
        (("--path", "none.json"), "there is no file none.json"),
        (
            ("--seconds", 0),
            "a walk of 0 s was asked for; needed is a length from a grain, 0.0029 s, to 3600 s",
        ),
        (("--from", 123456789), "a whole number of up to eight digits as a seed"),
        (("-o", tmp_path / "walk"), "walk' must have a name that ends in .aif"),
    ):
        ended = brainsynth(*call, *options)
        assert ended.code == 2
        assert sentence in ended.err
        assert list(tmp_path.iterdir()) == []


def test_hits_and_morphs_are_written_and_nothing_is_overwritten(
    model: Path, tmp_path: Path, brainsynth: Command
) -> None:
    call = ("hits", model, "--class", "snare", "-n", 2, "-o", tmp_path / "hits")
    assert brainsynth(*call).out == f"2 sounds in {tmp_path / 'hits'}\n"
    first = (tmp_path / "hits" / "snare-001.wav").read_bytes()
    ended = brainsynth(*call, "--seed", 4)
    assert ended.code == 2
    assert "snare-001.wav is there already" in ended.err
    assert (tmp_path / "hits" / "snare-001.wav").read_bytes() == first
    assert brainsynth(*call, "--seed", 4, "--overwrite").code == 0
    assert (tmp_path / "hits" / "snare-001.wav").read_bytes() != first
    call = (
        "morph",
        "kick",
        tmp_path / "hits" / "snare-001.wav",
        "-m",
        model,
        "--steps",
        3,
        "-o",
        tmp_path / "morph",
    )
    assert brainsynth(*call).code == 0
    assert sorted(path.name for path in (tmp_path / "morph").iterdir()) == [
        f"morph-0{n}.wav" for n in (1, 2, 3)
    ]
    like = tmp_path / "hits" / "snare-001.wav"
    assert (
        brainsynth("hits", model, "--like", like, "--search", 12, "-n", 1, "-o", tmp_path / "like").code == 0
    )
    assert brainsynth("hits", model, "--search", 12, "-o", tmp_path / "no").code == 2


def test_another_family_is_refused(brainsynth: Command, tmp_path: Path) -> None:
    ended = brainsynth("hits", "flute", "-o", tmp_path / "hits")
    assert ended.code == 3
    assert "flute is no model of grains" in ended.err
    assert not (tmp_path / "hits").exists()
