"""Files of strangers, and outputs that would replace what is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from brainsynth import Model
from plugin_host.errors import ModelFileError, UsageError
from plugin_host.grains.instrument import Grains, read_sound
from plugin_host.grains.paths import corners_of
from plugin_host.grains.spots import find_spot
from plugin_host.model_file.controls import Control, MapPoint
from plugin_host.model_file.document import ModelDocument
from tests.conftest import Command


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """Give a copy of the model, which a test may change."""
    shutil.copytree(folder, tmp_path / "own")
    return tmp_path / "own" / "little.onnx"


def rewrite(path: Path, change: Callable[[ModelDocument], ModelDocument]) -> None:
    """Change what a file says of itself."""
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, change(Model(path).document).to_metadata())
    path.write_bytes(graph.SerializeToString())


def with_maps(change: Callable[[MapPoint], MapPoint] | None) -> Callable[[ModelDocument], ModelDocument]:
    """Change each point of all maps, or leave the maps out."""

    def changed(control: Control) -> Control:
        return control.model_copy(update={"map": tuple(change(p) for p in control.map) if change else ()})

    return lambda document: document.model_copy(update={"controls": tuple(map(changed, document.controls))})


def test_a_file_in_anothers_place_is_refused(own: Path) -> None:
    shutil.copy(own.with_name("little.decoder.onnx"), own.with_name("little.events.onnx"))
    with pytest.raises(
        ModelFileError, match=r"cannot be played as the events .*: it has no place, .*velocity"
    ):
        _ = Grains(own).points
    shutil.copy(own, own.with_name("little.events.onnx"))
    with pytest.raises(ModelFileError, match="as the events of a model of grains: it is of the role effect"):
        _ = Grains(own).points


def test_a_model_without_a_map_or_without_an_event_is_refused(own: Path) -> None:
    rewrite(own.with_name("little.events.onnx"), lambda d: d.model_copy(update={"tail_samples": 0}))
    with pytest.raises(ModelFileError, match="its events end before they begin"):
        _ = Grains(own).points
    rewrite(own.with_name("little.events.onnx"), with_maps(None))
    with pytest.raises(ModelFileError, match="its place has no map of sounds"):
        _ = Grains(own).points


def test_files_of_two_trainings_are_refused(own: Path) -> None:
    rewrite(
        own.with_name("little.decoder.onnx"),
        with_maps(lambda point: point.model_copy(update={"label": point.label + "b"})),
    )
    with pytest.raises(ModelFileError, match="do not belong together; needed are the files of one export"):
        find_spot("kick", Grains(own))


def test_a_label_makes_no_folder(own: Path, tmp_path: Path, brainsynth: Command) -> None:
    def renamed(point: MapPoint) -> MapPoint:
        return point.model_copy(update={"label": point.label.replace("snare", "../../snare")})

    for part in ("events", "decoder"):
        rewrite(own.with_name(f"little.{part}.onnx"), with_maps(renamed))
    out = tmp_path / "deep" / "hits"
    assert brainsynth("hits", own, "--class", "../../snare", "-n", 1, "-o", out).code == 0
    assert [path.name for path in out.iterdir()] == ["_.._snare-001.wav"]
    assert [path.name for path in out.parent.iterdir()] == ["hits"]


def test_an_input_is_not_replaced(own: Path, tmp_path: Path, brainsynth: Command) -> None:
    soundfile.write(tmp_path / "morph-01.wav", 0.5 * np.sin(np.arange(9000) * 0.03), 44100)
    soundfile.write(tmp_path / "like-001.wav", 0.5 * np.sin(np.arange(9000) * 0.03), 44100)
    for name, call in (
        ("morph-01.wav", ("morph", tmp_path / "morph-01.wav", "kick", "-m", own)),
        ("like-001.wav", ("hits", own, "--like", tmp_path / "like-001.wav")),
    ):
        before = (tmp_path / name).read_bytes()
        ended = brainsynth(*call, "-o", tmp_path, "--overwrite")
        assert ended.code == 2
        assert "inputs are never overwritten" in ended.err
        assert (tmp_path / name).read_bytes() == before
    sound = tmp_path / "like-001.wav"
    (tmp_path / "path.json").write_text(json.dumps(["kick", str(sound)]))
    before = sound.read_bytes()
    ended = brainsynth("walk", own, "--path", tmp_path / "path.json", "-o", sound, "--overwrite")
    assert ended.code == 2
    assert "inputs are never overwritten" in ended.err
    assert sound.read_bytes() == before
    before = own.read_bytes()
    ended = brainsynth("map", own, "--json", own)
    assert ended.code == 2
    assert "must have a name that ends in .json" in ended.err
    assert own.read_bytes() == before


def test_more_spread_than_a_model_has_is_told(own: Path, tmp_path: Path, brainsynth: Command) -> None:
    call = ("hits", own, "--class", "kick", "-n", 1, "-o", tmp_path / "hits", "--spread")
    assert brainsynth(*call, 2.0).code == 0
    ended = brainsynth(*call, 2.5, "--overwrite")
    assert ended.code == 2
    assert "the spread is 2.5; needed is a number from 0, all alike, to 2" in ended.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[[0, 0]]", "holds 1 point; needed is"),
        ("{}", "holds no list; needed is"),
        ('["kick", "zebra"]', "own.json: 'zebra' is nothing that little knows"),
        ("[[0, 0], [1e9, 0]]", r"own.json: the point 1e\+09,0 is beside the map"),
    ],
)
def test_a_path_that_is_none_is_named(little: Grains, tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "own.json").write_text(content)
    with pytest.raises(UsageError, match=sentence):
        corners_of(str(tmp_path / "own.json"), None, None, little)


def test_a_path_nested_without_end_is_told(little: Grains, tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(UsageError, match=r"deep\.json cannot be read as a path"):
        corners_of(str(tmp_path / "deep.json"), None, None, little)
    (tmp_path / "deep.json").write_text(json.dumps([[[0, 0]]] * 2))
    with pytest.raises(UsageError, match="holds the point"):
        corners_of(str(tmp_path / "deep.json"), None, None, little)


def test_a_long_sound_is_read_as_far_as_it_counts(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(30 * 8000), 8000)
    sound, rate = read_sound(tmp_path / "long.wav")
    assert (sound.shape, rate) == ((1, 20 * 8000), 8000)
