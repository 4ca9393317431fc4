"""The commands that fill a sampler, with the bundled drums."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.errors import ModelFileError
from plugin_host.model_file.bundled import find_model
from plugin_host.sampler.finishing import fault_of, finished
from plugin_host.sampler.source import OneShots, open_one_shots
from plugin_host.sampler.wav_file import read_recipe
from tests.conftest import Command
from tests.support.children import start_child


@pytest.fixture(scope="module")
def drums() -> OneShots:
    return open_one_shots("drums")


@pytest.fixture
def kept(tmp_path: Path, brainsynth: Command) -> list[Path]:
    """A snare and a kick that fill has made."""
    folder = tmp_path / "kept"
    for label in ("snare", "kick"):
        assert brainsynth("fill", "drums", "-n", 1, "--class", label, "-o", folder).code == 0
    return sorted(folder.iterdir(), reverse=True)


def test_a_folder_is_filled_with_sounds_that_can_be_played_again(
    tmp_path: Path, brainsynth: Command, drums: OneShots
) -> None:
    ended = brainsynth("fill", "drums", "-n", 18, "-o", tmp_path / "set", "--bits", 32)
    assert ended.code == 0
    assert ended.out.startswith(f"18 sounds in {tmp_path / 'set'}")
    paths = sorted((tmp_path / "set").iterdir())
    assert {path.name.rsplit("-00")[0] for path in paths} == set(drums.classes)
    for path in paths:
        sound, rate = soundfile.read(path, dtype="float32")
        assert fault_of(np.asarray(sound, np.float32), rate) == ""
        recipe = read_recipe(path)
        assert recipe is not None
        assert recipe.sha256 == drums.sha256
        np.testing.assert_array_equal(finished(recipe.play(drums), rate), sound)
    assert brainsynth("fill", "drums", "-n", 18, "-o", tmp_path / "set").code == 2


def test_a_kept_sound_has_neighbours(tmp_path: Path, brainsynth: Command, kept: list[Path]) -> None:
    ended = brainsynth("vary", kept[0], "-n", 3, "-o", tmp_path / "near")
    assert (ended.code, ended.out) == (0, f"3 sounds in {tmp_path / 'near'}\n")
    names = sorted(path.name for path in (tmp_path / "near").iterdir())
    assert all(
        name.startswith(f"{kept[0].stem}-near-00{number}") for number, name in enumerate(names, start=1)
    )
    ended = brainsynth("fill", "drums", "-n", 2, "--like", kept[0], "-o", tmp_path / "like")
    assert ended.code == 0
    assert all(path.name.startswith("snare-00") for path in (tmp_path / "like").iterdir())


def test_the_way_between_two_kept_sounds(
    tmp_path: Path, brainsynth: Command, kept: list[Path], drums: OneShots
) -> None:
    assert brainsynth("between", *kept, "--steps", 3, "-o", tmp_path / "way", "--bits", 32).code == 0
    paths = sorted((tmp_path / "way").iterdir())
    assert [path.name for path in paths] == [f"snare-to-kick-0{step}.wav" for step in (1, 2, 3)]
    ends = [read_recipe(path) for path in (paths[0], paths[-1])]
    assert ends == [read_recipe(path) for path in kept]
    middle = read_recipe(paths[1])
    assert middle is not None
    sound, rate = soundfile.read(paths[1], dtype="float32")
    np.testing.assert_array_equal(finished(middle.play(drums), rate), sound)


@pytest.mark.parametrize(
    ("rate", "seconds", "channels"), [(8000, 0.05, 1), (96000, 3.0, 2), (44100, 30.0, 1)]
)
def test_own_sounds_of_all_kinds_are_heard(
    tmp_path: Path, brainsynth: Command, rate: int, seconds: float, channels: int
) -> None:
    times = np.arange(round(rate * seconds)) / rate
    tone = 0.5 * np.exp(-times / 0.1) * np.sin(2 * np.pi * 60 * times)
    soundfile.write(tmp_path / "own.wav", np.stack([tone] * channels, 1), rate)
    ended = brainsynth("vary", tmp_path / "own.wav", "-m", "drums", "-n", 1, "-o", tmp_path / "near")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        (("fill", "", "-o", "set"), 3, "a model has a name, such as drums, and an empty one arrived"),
        (("fill", "drumz", "-o", "set"), 3, "there is no model 'drumz': did you mean 'drums'?"),
        (("fill", "./drumz.onnx", "-o", "set"), 3, "there is no file drumz.onnx"),
        (
            ("fill", "cello", "-o", "set"),
            3,
            "cello alone is no model of one-shots: there is no cello.encoder",
        ),
        (("fill", "drums", "-o", "set", "--spread", 100), 2, "the spread is 100; needed is"),
        (("fill", "drums", "-o", "set", "--count", 0), 2, "the count is 0; needed is"),
        (("fill", "drums", "-o", "set", "--class", "kik"), 2, "did you mean 'kick'?"),
        (("fill", "drums", "-o", "set", "--like", "none.wav"), 1, "none.wav does not exist"),
        (("fill", "drums", "-o", "set", "--like", "silent.wav"), 2, "silent.wav: the sound is silent"),
        (("fill", "drums", "-o", "set", "--bits", 8), 2, "--bits is 8"),
        (("fill", "drums", "-o", "/proc/none/set", "-n", 1), 5, "choose a folder that can be written"),
        (
            ("fill", "drums", "-o", "set", "--format", "sf2"),
            2,
            "needed is one of wav, sfz, decentsampler, hydrogen",
        ),
        (("fill", "drums", "-o", "set", "--note", 60), 2, "the sounds of drums have no pitch"),
        (("kit", "silent.wav", "-o", "set"), 2, "silent.wav: the sound is silent"),
        (("kit", "silent.wav", "-o", "set", "--class", "kik"), 2, "did you mean 'kick'?"),
        (("kit", "none.wav", "-o", "set"), 1, "none.wav does not exist"),
        (("vary", "silent.wav", "-o", "set"), 3, "does not say which model made it"),
        (("vary", "none.wav", "-o", "set"), 1, "none.wav does not exist"),
        (("vary", ".", "-o", "set"), 1, ". is not a regular file"),
        (("between", "silent.wav", "silent.wav", "-o", "set", "-m", "drums"), 2, "the sound is silent"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path,
    brainsynth: Command,
    monkeypatch: pytest.MonkeyPatch,
    call: tuple,
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("silent.wav", np.zeros(1000), 44100)
    ended = brainsynth(*call)
    assert ended.code == code
    assert sentence in ended.err
    assert ended.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["silent.wav"]


def test_too_few_different_sounds_are_said(tmp_path: Path, brainsynth: Command) -> None:
    call = ("fill", "drums", "--class", "kick", "-n", 3, "--spread", 0, "-o", tmp_path / "set")
    ended = brainsynth(*call)
    assert ended.code == 1
    assert "1 different sound could be made where 3 were asked for" in ended.err
    assert re.search(r"; 40 drawn again: 40 nearer than 0\.\d\d dB to another", ended.out)
    assert len(list((tmp_path / "set").iterdir())) == 1


def test_no_sound_at_all_is_said_and_leaves_nothing(tmp_path: Path, brainsynth: Command) -> None:
    folder = tmp_path / "set"
    for more in ((), ("--format", "sfz"), ("--format", "hydrogen")):
        call = ("fill", "drums", "--class", "kick", "-n", 3, "--unique", 10, "-o", folder)
        ended = brainsynth(*call, *more)
        assert ended.code == 1
        assert ended.out.startswith("no sound was written; 40 drawn again")
        assert (
            "was too near another or a training sound; give a lower --unique or a wider --spread" in ended.err
        )
        assert list(tmp_path.iterdir()) == []


def test_a_kit_is_made_after_a_sound(tmp_path: Path, brainsynth: Command, kept: list[Path]) -> None:
    ended = brainsynth("kit", kept[1], "--velocities", 1, "--takes", 1, "-o", tmp_path / "kit")
    assert (ended.code, ended.out) == (0, f"9 sounds of 9 classes in {tmp_path / 'kit'}\n")
    title = f"{kept[1].stem}-kit"
    assert "lokey=36" in (tmp_path / "kit" / f"{title}.sfz").read_text()
    assert read_recipe(tmp_path / "kit" / "samples" / "kick.wav") == read_recipe(kept[1])
    assert "GPL-3.0-or-later" in (tmp_path / "kit" / f"{title}.LICENCE.txt").read_text()


def test_hydrogen_holds_fewer_takes_and_it_is_said(tmp_path: Path, brainsynth: Command) -> None:
    call = ("fill", "drums", "-n", 1, "--class", "kick", "--velocities", 3, "--takes", 6)
    ended = brainsynth(*call, "--format", "hydrogen", "-o", tmp_path / "kit")
    assert ended.code == 0
    assert "hydrogen holds 15 sounds a key at 3 velocities: 5 of 6 takes are written" in ended.err
    assert len(list((tmp_path / "kit" / "drums-kick").glob("*.wav"))) == 15


def test_a_generator_and_its_encoder_are_enough(tmp_path: Path, drums: OneShots) -> None:
    for part, name in (("events", "own"), ("encoder", "own.encoder")):
        (tmp_path / f"{name}.onnx").symlink_to(find_model(f"drums.{part}").absolute())
    own = open_one_shots(tmp_path / "own.onnx")
    assert (own.name, own.sha256, own.classes, own.notes) == ("own", drums.sha256, drums.classes, None)
    place = np.array(own.points[3].value, np.float32)
    sound = own.play(place)
    np.testing.assert_array_equal(sound, drums.play(place))
    np.testing.assert_array_equal(own.hear(sound[None], 44100), drums.hear(sound[None], 44100))
    (tmp_path / "own.onnx").unlink()
    (tmp_path / "own.onnx").symlink_to(find_model("drums").absolute())
    with pytest.raises(ModelFileError, match="are no model of one-shots"):
        open_one_shots(tmp_path / "own.onnx")


PAUSED = """
import sys, time
from plugin_host.commands.app import main
from plugin_host.sampler import sets

write = sets.wav_bytes

def pause(*arguments):
    print("paused", flush=True)
    time.sleep(60)
    return write(*arguments)

sets.wav_bytes = pause
main(sys.argv[1:])
"""


def _paused_fill(folder: Path) -> subprocess.Popen[str]:
    """Start a fill that stops for a minute when its first sound is about to be written."""
    call = ["fill", "drums", "-n", 1, "--class", "kick", "--unique", 0, "-o", folder]
    child = start_child(
        [sys.executable, "-c", PAUSED, *call], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    while child.stdout.readline() not in ("paused\n", ""):
        pass
    return child


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_signal_leaves_nothing(number: signal.Signals, code: int, is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    if is_there:
        folder.mkdir()
    before = sorted(tmp_path.rglob("*"))
    child = _paused_fill(folder)
    assert len(list(tmp_path.rglob("*"))) == len(before) + 1
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode == code, said
    assert "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("is_there", [False, True])
def test_the_next_call_removes_what_a_killed_one_left_and_nothing_of_a_running_one(
    is_there: bool, tmp_path: Path, brainsynth: Command
) -> None:
    folder = tmp_path / "set"
    if is_there:
        folder.mkdir()
    left = set[Path]()
    for _ in range(2):
        child = _paused_fill(folder)
        left |= set(tmp_path.rglob(".*"))
        child.kill()
        child.communicate(timeout=60)
    assert len(left) == 2
    running = _paused_fill(folder)
    (alive,) = set(tmp_path.rglob(".*"))
    assert alive not in left
    assert brainsynth("fill", "drums", "-n", 1, "--unique", 0, "-o", folder).code == 0
    assert set(tmp_path.rglob(".*")) == {alive}
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert [path.suffix for path in tmp_path.rglob("*") if path != folder] == [".wav"]


def test_a_folder_in_the_way_of_one_sound_keeps_back_all(tmp_path: Path, brainsynth: Command) -> None:
    (tmp_path / "set" / "kick-002.wav").mkdir(parents=True)
    (tmp_path / "sfz").mkdir()
    (tmp_path / "sfz" / "samples").touch()
    before = sorted(tmp_path.rglob("*"))
    call = ("fill", "drums", "-n", 3, "--class", "kick", "--unique", 0, "--spread", 0.1, "--overwrite")
    for more in (("-o", tmp_path / "set"), ("-o", tmp_path / "sfz", "--format", "sfz")):
        ended = brainsynth(*call, *more)
        assert ended.code == 5
        assert "a file and a folder of one name are in each other's way" in ended.err
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_has_the_longest_name_that_there_can_be(tmp_path: Path, brainsynth: Command) -> None:
    folder = tmp_path / ("\N{BELL}" * 63)
    assert brainsynth("fill", "drums", "-n", 1, "--unique", 0, "-o", folder).code == 0
    assert len(list(folder.iterdir())) == 1
