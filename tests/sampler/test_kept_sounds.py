"""Sounds that know what they were made of, opened again."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.errors import AudioFileError, OutputError, UnknownModelError, UsageError
from plugin_host.sampler.filling import fill
from plugin_host.sampler.kept import model_of, open_kept
from plugin_host.sampler.recipe import Recipe
from plugin_host.sampler.sets import write_set
from plugin_host.sampler.wav_file import read_recipe
from tests.support.small_disk import can_mount
from tests.support.toy_shots import RATE, ToyShots


@pytest.fixture
def shot():
    return next(iter(fill(ToyShots(), 1, label="snare", seed=5)))


def _written(folder: Path, shot, **settings) -> Path:
    write_set(folder, [shot], RATE, **settings)
    return folder / f"{shot.name}.wav"


@pytest.mark.parametrize(("bits", "subtype"), [(16, "PCM_16"), (24, "PCM_24"), (32, "FLOAT")])
def test_the_recipe_is_in_the_file_and_the_sound_whole(tmp_path: Path, shot, bits: int, subtype: str) -> None:
    path = _written(tmp_path / "set", shot, bits=bits)
    with soundfile.SoundFile(path) as file:
        assert (file.subtype, file.samplerate, file.channels) == (subtype, RATE, 1)
        assert file.title == shot.name
        assert Recipe.from_text(file.comment) == shot.recipe
        sound = file.read(dtype="float32")
    assert read_recipe(path) == shot.recipe
    least = {16: 2.1 / 2**15, 24: 2 / 2**23, 32: 0}[bits]
    np.testing.assert_allclose(sound, shot.sound, atol=least)


def test_dither_turns_a_step_into_noise(tmp_path: Path, shot) -> None:
    from dataclasses import replace

    faint = replace(shot, sound=np.full(20000, 0.3 / 32767, np.float32))
    sound, _ = soundfile.read(_written(tmp_path / "set", faint, bits=16), dtype="int16")
    assert sound.mean() == pytest.approx(0.3, abs=0.02)
    # Triangular dither: the noise's power does not depend on the signal, a quarter of a step squared in all.
    assert sound.var() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("name", ["ffmpeg", "behind"])
def test_the_recipe_survives_other_programs(tmp_path: Path, shot, name: str) -> None:
    path = _written(tmp_path / "set", shot)
    copy = tmp_path / "copy.wav"
    if name == "ffmpeg":
        try:
            subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-c:a", "pcm_s16le", copy], check=True)
        except FileNotFoundError:
            pytest.skip("ffmpeg is not installed")
    else:
        data = path.read_bytes()
        start, end = data.index(b"LIST"), data.index(b"data")
        rest = data[:start] + data[end:]
        rest += b"\0" * (len(rest) % 2) + data[start:end]
        copy.write_bytes(rest)
    assert read_recipe(copy) == shot.recipe


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xffINFOICMT\xff\xff\xff\x7f", b"fLaC" * 20],
)
def test_files_of_all_kinds_have_no_recipe(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.wav"
    path.write_bytes(content)
    assert read_recipe(path) is None
    assert read_recipe(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "a comment", "[1]", "{}", '{"is":"brainsynth one-shot"}', "[" * 100_000, '{"is":"brainsynth one-shot",'
             '"model":"x","sha256":"","place":[1e999]}'],
)  # fmt: skip
def test_comments_of_others_are_no_recipes(text: str) -> None:
    assert Recipe.from_text(text) is None


def test_a_kept_sound_is_opened_by_its_place(tmp_path: Path, shot) -> None:
    path = _written(tmp_path, shot)
    kept = open_kept(path, ToyShots())
    assert (kept.recipe, kept.remark) == (shot.recipe, "")


def test_a_changed_model_hears_it_again_and_says_so(tmp_path: Path, shot) -> None:
    kept = open_kept(_written(tmp_path, shot), ToyShots(sha256="b" * 64))
    assert kept.recipe.sha256 == "b" * 64
    assert kept.recipe.place[0] == pytest.approx(shot.recipe.place[0], abs=0.1)
    assert kept.recipe.label == "snare"
    assert f"another version of toy ({shot.recipe.sha256[:8]}; here is toy bbbbbbbb)" in kept.remark


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"place": (2.0, 0.0, 0.0, 0.0, 1.0)}, "a place of 5 numbers where toy has 4"),
        ({"place": (2.0, 0.0, 1e300, 0.0)}, "a place far beyond all sounds of toy"),
        ({"label": "zebra"}, "is of the class 'zebra', which toy does not have"),
    ],
)
def test_a_recipe_that_cannot_be_is_not_taken(
    tmp_path: Path, shot, change: dict[str, object], sentence: str
) -> None:
    source = ToyShots()
    write_set(tmp_path, [replace(shot, recipe=shot.recipe.model_copy(update=change))], RATE)
    kept = open_kept(tmp_path / f"{shot.name}.wav", source)
    assert len(kept.recipe.place) == 4
    assert kept.recipe.place[0] == pytest.approx(shot.recipe.place[0], abs=0.1)
    assert kept.recipe.label == "snare"
    assert f"{sentence}: it was changed, so the sound was heard again" in kept.remark


def test_what_is_drawn_as_far_out_as_can_be_is_opened_as_it_is(tmp_path: Path) -> None:
    source = ToyShots()
    for shot in fill(source, 40, spread=2.0, unique=0.0):
        assert open_kept(_written(tmp_path, shot), source).remark == ""


def test_a_sound_without_a_recipe_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "own.wav"
    tone = np.exp(-np.arange(8000) / 900) * np.sin(2 * np.pi * 400 * np.arange(8000) / 8000)
    soundfile.write(path, np.stack([tone, tone], 1), 8000)
    kept = open_kept(path, ToyShots())
    assert kept.recipe.place[0] == pytest.approx(2, abs=0.05)
    assert kept.recipe.label == "snare"
    assert kept.remark == ""


def test_which_model_is_looked_for(tmp_path: Path, shot, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written(tmp_path / "set", shot)
    with pytest.raises(UnknownModelError, match="was made by the model 'toy', which is neither bundled"):
        model_of(path)
    assert model_of(path, "drums") == "drums"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.events.onnx").touch()
    assert model_of(path) == str(tmp_path / "toy.onnx")
    soundfile.write(tmp_path / "own.wav", np.zeros(10), 8000)
    with pytest.raises(UnknownModelError, match="does not say which model made it"):
        model_of(tmp_path / "own.wav")
    with pytest.raises(AudioFileError, match="does not exist"):
        model_of(tmp_path / "none.wav")


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, shot) -> None:
    path = _written(tmp_path / "set", shot)
    before = path.read_bytes()
    others = list(fill(ToyShots(), 3, seed=9))
    with pytest.raises(UsageError, match="is there already"):
        write_set(tmp_path / "set", [*others, shot], RATE)
    assert [entry.name for entry in (tmp_path / "set").iterdir()] == [path.name]
    assert path.read_bytes() == before
    with pytest.raises(UsageError, match="inputs are never overwritten"):
        write_set(tmp_path / "set", [shot], RATE, overwrite=True, inputs=[path])
    assert write_set(tmp_path / "set", [*others, shot], RATE, overwrite=True, bits=16) == 4
    assert path.read_bytes() != before
    assert len(list((tmp_path / "set").iterdir())) == 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path, shot) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file; needed is a folder"):
        write_set(tmp_path / "file", [shot], RATE)
    with pytest.raises(OutputError, match="in each other's way"):
        write_set(tmp_path / "file" / "set", [shot], RATE)
    with pytest.raises(UsageError, match="--bits is 8"):
        write_set(tmp_path / "set", [shot], RATE, bits=8)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_names_of_classes_lead_nowhere(tmp_path: Path, shot) -> None:
    from dataclasses import replace

    write_set(tmp_path / "set", [replace(shot, name="../../etc/passwd")], RATE)
    assert [entry.name for entry in (tmp_path / "set").iterdir()] == ["_.._etc_passwd.wav"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can_mount(disk):
        pytest.skip("no file system can be mounted here")
    script = (
        "import sys\nfrom pathlib import Path\nfrom tests.support.toy_shots import *\n"
        "from plugin_host.sampler.filling import fill\nfrom plugin_host.sampler.sets import write_set\n"
        "from plugin_host.errors import DiskFullError\n"
        "folder = Path(sys.argv[1])\n"
        "try:\n    write_set(folder / 'set', fill(ToyShots(), 30, unique=0), RATE)\n"
        "except DiskFullError as error:\n    print(error)\n"
        "print(list(folder.iterdir()))\n"
    )
    import sys

    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"', str(disk), sys.executable,
         "-c", script, str(disk)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "make room there" in ran.stdout
    assert ran.stdout.endswith("[]\n")
