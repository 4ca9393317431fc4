"""The commands, as their users call them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plugin_host.commands.exit_codes import ExitCode, exit_code
from plugin_host.errors import ControlError, DiskFullError, NoInputError
from plugin_host.model_file.array_text import Tensor
from plugin_host.model_file.bundled import bundled_names
from plugin_host.model_file.controls import Control, Scale
from plugin_host.model_file.golden import GoldenPair
from tests.conftest import Command
from tests.support import tiny_models

REPOSITORY = Path(__file__).parents[2]


def test_help_lists_every_command_and_the_exit_codes(brainsynth: Command) -> None:
    ended = brainsynth("--help")
    assert ended.code == 0
    for command in (
        "process",
        "live",
        "models",
        "info",
        "verify",
        "bench",
        "csound",
        "demo",
        "train",
        "export",
    ):
        assert f" {command} " in ended.out
        assert brainsynth(command, "--help").code == 0
    assert "Exit codes: 0 all is well" in " ".join(ended.out.split())


def test_documentation_names_every_exit_code_and_option(brainsynth: Command) -> None:
    manual = (REPOSITORY / "docs" / "command-line.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} |" in manual
    for command in ("process", "live", "info", "verify", "bench", "csound", "demo"):
        shown = brainsynth(command, "--help").out
        words = {word for word in shown.replace("│", " ").split() if word.startswith("--")}
        assert "--help" in words
        for word in words - {"--help", "--"}:
            assert f"`{word}" in manual, f"{command} {word}"


def test_version_is_the_packages(brainsynth: Command) -> None:
    assert brainsynth("--version").out.strip() == "brainsynth 0.1.0"


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("process",), ("--nonsense",), ("bench",)])
def test_wrong_usage_ends_with_two(arguments: tuple[str, ...], brainsynth: Command) -> None:
    assert brainsynth(*arguments).code == 2


def test_every_kind_of_failure_has_its_code() -> None:
    assert exit_code(ControlError()) == 2
    assert exit_code(NoInputError()) == 4
    assert exit_code(DiskFullError()) == 5
    assert exit_code(PermissionError()) == 5
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(ZeroDivisionError()) == 70


def test_a_fault_of_ours_is_one_sentence_unless_debugged(
    models: Path, brainsynth: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("plugin_host.playing.golden_check.check_golden", fail)
    monkeypatch.setattr("plugin_host.playing.model.check_golden", fail)
    ended = brainsynth("verify", models / "gain.onnx")
    assert (ended.code, len(ended.err.splitlines())) == (70, 1)
    assert "fault in this program (ZeroDivisionError: division by zero)" in ended.err
    monkeypatch.setenv("BRAINSYNTH_DEBUG", "1")
    ended = brainsynth("verify", models / "gain.onnx")
    assert ended.code == 70
    assert "Traceback" in ended.err
    assert 'raise ZeroDivisionError("division by zero")' in ended.err


def test_a_reader_that_has_enough_is_no_failure(models: Path) -> None:
    command = f"{sys.executable} -m plugin_host.commands info {models / 'gain.onnx'} --json | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


class TestModels:
    def test_lists_all_that_are_bundled(self, brainsynth: Command) -> None:
        ended = brainsynth("models")
        assert ended.code == 0
        names = [line.split()[0] for line in ended.out.splitlines()[1:]]
        assert names == bundled_names()
        assert {"cello", "pitch"} <= set(names)


class TestInfo:
    def test_tells_controls_latency_size_and_origin(self, brainsynth: Command, tmp_path: Path) -> None:
        model = tiny_models.delay_effect(
            delay=96,
            controls=(tiny_models.F0_HZ, tiny_models.MODE),
            trained={"f0_hz": {"low": 100, "median": 200, "high": 400}},
            provenance={"licence": "CC0-1.0", "data": "[none]"},
        )
        path = tiny_models.save(model, tmp_path)
        ended = brainsynth("info", path)
        assert ended.code == 0
        lines = [" ".join(line.split()) for line in ended.out.splitlines()]
        assert lines[0] == "delay, effect, test"
        assert "latency 96 samples (2.00 ms)" in lines
        assert "trained f0_hz 100 to 400, median 200" in lines
        assert "licence CC0-1.0" in lines
        assert "data [none]" in lines
        assert "proof none" in lines
        assert "runs on CPUExecutionProvider" in lines
        assert "f0_hz 20 2000 220 Hz log" in lines
        assert "mode dry both wet dry, wet, both" in lines

    def test_shows_vectors_maps_and_tolerances(self, brainsynth: Command, tmp_path: Path) -> None:
        points = tuple(
            {"label": label, "x": 0, "y": 0, "value": (x, 0, 0)}
            for label, x in (("low", -1), ("[high]", 1), ("low", 0))
        )
        place = Control.model_validate(tiny_models.PLACE.model_dump() | {"map": points})
        pads = Control(name="pads", minimum=0, maximum=1, default=0, size=8, scale=Scale.TRIGGER)
        outputs = {"output.place": np.ones((1, 3, 1)), "output.pads": np.ones((1, 8, 1))}
        golden = GoldenPair(
            inputs={"audio": Tensor.of(np.zeros((1, 1, tiny_models.HOP_LENGTH)))},
            outputs={name: Tensor.of(values) for name, values in outputs.items()},
            tolerance=1e-5,
            tolerances={"output.place": 2e-3},
        )
        ends = tiny_models.document("analyzer", "ends", outputs=(place, pads), golden=golden)
        build = tiny_models.GraphBuilder()
        hops = build("Transpose", build.frames("audio", tiny_models.HOP_LENGTH), perm=[0, 2, 1])
        for name, first, last in (("place", 0, 3), ("pads", 3, 11)):
            limits = (build.constant([end], np.int64) for end in (first, last, 1))
            build("Slice", hops, *limits, out=f"output.{name}")
        path = tiny_models.save(build.model(ends), tmp_path)
        ended = brainsynth("info", path)
        lines = [" ".join(line.split()) for line in ended.out.splitlines()]
        assert "place[0..2] -1 1 0, 0.5, 0 linear Where it sounds." in lines
        assert "pads[0..7] 0 1 0 trigger" in lines
        assert "Map of place, 3 points: low, [high]" in lines
        assert (
            "proof carried in the file: brainsynth verify; a host may be off by place 0.002, pads 1e-05"
            in lines
        )
        assert "format 2" in lines
        shown = json.loads(brainsynth("info", path, "--json").out)
        assert shown["tolerances"] == {"output.place": 2e-3, "output.pads": 1e-5}
        assert shown["document"]["outputs"][0]["map"][1]["label"] == "[high]"

    def test_speaks_json(self, brainsynth: Command, models: Path) -> None:
        shown = json.loads(brainsynth("info", models / "gain.onnx", "--json").out)
        assert shown["size_bytes"] == (models / "gain.onnx").stat().st_size
        assert shown["has_proof"] is True
        assert shown["document"]["controls"][0]["maximum"] == 4.0

    def test_knows_bundled_models(self, brainsynth: Command) -> None:
        assert "pitch_shift" in brainsynth("info", "cello").out


class TestVerify:
    def test_proves_files_and_bundled_models(self, brainsynth: Command, models: Path) -> None:
        ended = brainsynth("verify", models / "gain.onnx", "pitch")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.count("passed") == (6 + 3) + (6 * 3 + 3 + 1)

    def test_tells_a_model_that_plays_differently(
        self, brainsynth: Command, models: Path, tmp_path: Path
    ) -> None:
        wrong = tiny_models.gain_effect(golden=tiny_models.gain_golden(error=1e-3))
        path = tiny_models.save(wrong, tmp_path, "wrong")
        ended = brainsynth("verify", models / "gain.onnx", path)
        assert ended.code == 1
        assert (ended.out.count("passed"), ended.out.count("failed")) == (9 + 5, 4)

    def test_tells_a_file_without_proof_and_goes_on(self, brainsynth: Command, models: Path) -> None:
        ended = brainsynth("verify", models / "delay.onnx", models / "gain.onnx")
        assert ended.code == 3
        assert ended.out.count("passed") == 9
        assert "delay.onnx: the file carries no golden pair" in ended.err


class TestExport:
    def test_what_is_no_run_is_refused(self, brainsynth: Command, tmp_path: Path) -> None:
        ended = brainsynth("export", tmp_path, "-o", tmp_path / "x.onnx")
        assert ended.code == 2
        assert ended.err.startswith("brainsynth: ")
        assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize("command", ["process", "generate", "infer", "render", "cross", "demo", "export"])
def test_what_is_written_is_named_by_one_option(command: str, brainsynth: Command) -> None:
    assert "--output" in brainsynth(command, "--help").out
    assert "--output" in brainsynth("train", "timbre", "--help").out


class TestTrain:
    @pytest.mark.parametrize("name", ["--output", "-o", "--out"])
    def test_the_runs_folder_is_named_as_every_output(
        self, name: str, brainsynth: Command, tmp_path: Path
    ) -> None:
        ended = brainsynth("train", "timbre", tmp_path / "nowhere", name, tmp_path / "run")
        assert "nowhere does not exist" in ended.err
        assert " --out " not in brainsynth("train", "timbre", "--help").out

    def test_a_folder_without_recordings_is_refused(self, brainsynth: Command, tmp_path: Path) -> None:
        ended = brainsynth("train", "timbre", tmp_path, "--output", tmp_path / "run")
        assert ended.code == 2
        assert str(tmp_path) in ended.err
        assert "Traceback" not in ended.err
