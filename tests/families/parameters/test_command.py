"""`brainsynth train params`: from a data set with its faults, and from a synth without one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from brainsynth import Model, Synth, generate
from export.provenance import training_command
from plugin_host.commands.training_sounds import distance_db
from plugin_host.datasets.found_settings import generate_like
from plugin_host.synths.kinds import hash_synth
from tests.conftest import Command
from training.families.parameters.exports import export_specs
from training.loop.run import open_run

pytestmark = pytest.mark.csound


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "data"
    generate("fm", folder, 26, seed=3, workers=1)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


def test_it_trains_on_a_data_set_and_goes_on(brainsynth: Command, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = brainsynth("train", "params", data, "--output", run, "--steps", 2)
    assert (done.code, done.err) == (0, "")
    assert f"brainsynth export {run}" in done.out
    checkpoint = open_run(run)
    config, tensors, metadata = checkpoint.config, checkpoint.tensors, checkpoint.metadata
    assert (config["family"], config["synth"], config["sounds"], metadata["step"]) == (
        "parameters",
        "fm.csd",
        26,
        2,
    )
    assert config["duration_s"] == 2
    assert any(name.startswith("average.") for name in tensors)
    again = brainsynth("train", "params", data, "--output", run, "--steps", 2)
    assert again.code == 0
    other = brainsynth("train", "params", data, "--output", run, "--steps", 2, "--batch", 3)
    assert other.code == 2
    assert "other settings" in other.err
    info = data / "synth.json"
    info.write_text(re.sub('"synth_sha256": "[0-9a-f]*"', f'"synth_sha256": "{"0" * 64}"', info.read_text()))
    changed = brainsynth("train", "params", data, "--output", run, "--steps", 2)
    assert changed.code == 2
    assert changed.err.endswith(
        f"brainsynth: {run} was begun with another synth, or another version of it (fm.csd), than fm.csd; choose"
        " another --output.\n"
    )


def test_recordings_with_found_parameters_take_part(brainsynth: Command, data: Path, tmp_path: Path) -> None:
    time = np.arange(24_000) / 48_000
    for number, f0_hz in enumerate((220, 330, 440)):
        (tmp_path / "recordings").mkdir(exist_ok=True)
        tone = 0.3 * np.sin(2 * np.pi * f0_hz * time) * np.exp(-4 * time)
        soundfile.write(tmp_path / "recordings" / f"{number}.wav", tone, 48_000)
    found, run = tmp_path / "found", tmp_path / "run"
    generate_like("fm", tmp_path / "recordings", found, 3, workers=1)
    command = ("train", "params", data, "--found", found, "--output", run, "--steps", 2, "--batch", 10)
    assert brainsynth(*command).code == 0
    checkpoint = open_run(run)
    assert checkpoint.config["found"] == 3
    figures = checkpoint.metadata["figures"]
    assert 0 < figures["found_error_mean"] < 1
    assert 0 < figures["found_distance_db"] < 80
    assert training_command(checkpoint.config).startswith("brainsynth train parameters DATA --found FOUND ")
    (spec,) = export_specs(checkpoint, "fm")
    assert spec.provenance["data"] == "26 sounds of fm.csd; 3 recordings, with parameters that a search found"
    without = brainsynth("train", "params", data, "--output", run, "--steps", 2, "--batch", 10)
    assert without.code == 2
    assert (
        "was begun with 3 recordings whose parameters were found (--found), and now there are 0"
        in without.err
    )
    other = ("--synth", "bell", "--output", tmp_path / "bell", "--found", found, "--steps", 2)
    refused = brainsynth("train", "params", *other)
    assert refused.code == 3
    assert "were found for another synth ('fm.csd'), or another version of it, than" in refused.err
    assert not list(tmp_path.glob("bell*")), "nothing was rendered"


def test_a_recording_that_is_cut_off_is_compared_as_far_as_it_goes() -> None:
    time = np.arange(48_000) / 48_000
    tone = (0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    cut = np.where(time < 0.5, tone, 0).astype(np.float32)
    assert distance_db(cut, tone, 48_000) == pytest.approx(0, abs=0.01)
    ended = (cut * np.clip((0.5 - time) / 0.2, 0, 1)).astype(np.float32)
    assert distance_db(ended, tone, 48_000) > 2


def test_sounds_that_were_exchanged_are_not_those_that_a_run_was_begun_with(
    brainsynth: Command, data: Path, tmp_path: Path
) -> None:
    command = ("train", "params", data, "--output", tmp_path / "run", "--steps", 2)
    assert brainsynth(*command).code == 0
    one, other = (data / "sounds" / "0000" / f"00000{number}.flac" for number in (2, 3))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    refused = brainsynth(*command)
    assert refused.code == 2
    assert f"the sounds of fm.csd are not those that {tmp_path / 'run'} was begun with" in refused.err
    one.write_bytes(first)
    other.write_bytes(second)
    assert brainsynth(*command).code == 0


def test_faults_of_a_data_set_are_named_skipped_and_counted(
    brainsynth: Command, data: Path, tmp_path: Path
) -> None:
    manifest = data / "manifest.jsonl"
    lines = manifest.read_text().splitlines()
    lines[3] = lines[3][: len(lines[3]) // 2]
    manifest.write_text("\n".join(lines) + "\n")
    missing, damaged = (data / json.loads(lines[i])["file"] for i in (5, 7))
    missing.unlink()
    damaged.write_bytes(b"no sound at all")
    done = brainsynth("train", "params", data, "--output", tmp_path / "run", "--steps", 1)
    assert done.code == 0
    assert "line 4" in done.err
    assert missing.name in done.err
    assert damaged.name in done.err
    assert "2 sounds" in done.err
    assert "training on the other 24" in done.err


@pytest.mark.parametrize("named", ["fm.csd", "../synth.csd", "made_by_a_friend.csd"])
def test_a_synth_that_a_data_set_brings_is_never_run(
    brainsynth: Command, data: Path, tmp_path: Path, named: str
) -> None:
    mark = tmp_path / "was_run"
    copy, info = data / "synth.csd", data / "synth.json"
    copy.write_text(copy.read_text().replace("instr 1", f'gires system_i 1, "touch {mark}"\ninstr 1', 1))
    found = json.loads(info.read_text()) | {"synth": named, "synth_sha256": hash_synth(copy)}
    info.write_text(json.dumps(found))
    done = brainsynth("train", "params", data, "--output", tmp_path / "run", "--steps", 1)
    assert done.code == 0
    assert f"{named!r}, which made the data set, is not bundled or has changed" in done.err
    assert not mark.exists()
    # Whoever trusts it may name it.
    trusted = brainsynth("train", "params", data, "--output", tmp_path / "run", "--steps", 1, "--synth", copy)
    assert (trusted.code, trusted.err) == (0, "")
    assert mark.exists()


@pytest.mark.slow
def test_it_trains_on_sounds_without_end_and_deletes_them(brainsynth: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = brainsynth("train", "params", "--synth", "fm", "--output", run, "--steps", 1, "--disk-limit", 0.03)
    assert done.code == 0
    # How far it is, as nobody watches.
    assert all(re.search(r"\(\d+%\)$", line) for line in done.err.splitlines())
    assert open_run(run).config["endless"] > 0
    assert "--synth fm.csd --disk-limit 0.03 --steps 1" in training_command(open_run(run).config)
    left = [path for path in (tmp_path / "run-sounds").glob("batch-*") if any(path.rglob("*.flac"))]
    assert not left


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "give a data set or --synth"),
        (("DATA", "--synth", "string"), 3, "is not the synth that made the data set"),
        (("nowhere",), 2, "no data set"),
        (("--synth", "fm", "--disk-limit", "0.01"), 2, "--disk-limit 0.029"),
        (("--synth", "fmm"), 3, "no synth 'fmm'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(
    brainsynth: Command, data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    given = [data if a == "DATA" else tmp_path / a if a == "nowhere" else a for a in arguments]
    done = brainsynth("train", "params", *given, "--output", tmp_path / "run")
    assert done.code == code, done.err
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "run").exists()


def test_what_can_be_refused_is_refused_before_sounds_are_rendered(
    brainsynth: Command, data: Path, tmp_path: Path
) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    assert brainsynth("train", "params", data, "--output", run, "--steps", 1).code == 0
    other.mkdir()
    (other / "notes.txt").write_text("")
    for arguments, words in [
        (
            ("--synth", "fm", "--output", run, "--steps", 1, "--batch", 3),
            "was started with other settings: settings.batch",
        ),
        (("--synth", "string", "--output", run, "--steps", 1), "was begun with another synth"),
        (("--synth", "fm", "--output", other), "exists and is not a training run"),
        (("--synth", "fm", "--output", tmp_path / "new", "--device", "gpu"), "needed is cpu or cuda"),
    ]:
        done = brainsynth("train", "params", *arguments)
        assert (done.code, "Traceback" in done.err) == (2, False), done.err
        assert words in done.err
        assert not any(tmp_path.glob("*-sounds"))
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_model_of_a_cabbage_instrument_gives_its_parameters_by_name(
    brainsynth: Command, tmp_path: Path
) -> None:
    synth = Path(__file__).parents[2] / "support" / "csd" / "reed_organ.csd"
    made, run, model = tmp_path / "organ", tmp_path / "run", tmp_path / "organ.onnx"
    generate(synth, made, 26, workers=1)
    assert brainsynth("train", "params", made, "--output", run, "--steps", 1, "--synth", synth).code == 0
    exported = brainsynth("export", run, "-o", model, "--licence", "CC0-1.0", "--author", "A. Player")
    assert exported.code == 0, exported.err
    names = [parameter.name for parameter in Synth(synth).parameters]
    assert [output.name for output in Model(model).document.outputs] == [*names, "confidence"]
    sound, preset, again = (
        made / "sounds" / "0000" / "000003.flac",
        tmp_path / "p.json",
        tmp_path / "again.wav",
    )
    found = brainsynth("infer", sound, "--model", model, "--synth", synth, "-o", preset, "--render", again)
    assert found.code == 0, found.err
    assert list(json.loads(preset.read_text())["values"]) == names
    assert brainsynth("render", synth, "--preset", preset, "-o", tmp_path / "same.wav").code == 0
    assert (tmp_path / "same.wav").read_bytes() == again.read_bytes()
