"""The wheel holds what it should and nothing else, and asks for what is needed and no more."""

import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]
LARGEST_MODEL = 3_000_000
BUNDLED = "plugin_host/model_file/bundled_models"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(REPOSITORY),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_wheel_holds_exactly_the_packages_and_the_name_to_import(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    (info,) = (name for name in top if name.endswith(".dist-info"))
    assert top - {info} == {"brainsynth.py", "training", "export", "plugin_host", "csd"}
    assert "csd/README.md" in wheel.namelist()


def test_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    on_disk = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("training", "export", "plugin_host", "csd")
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "plugin_host/playing/model.py" in on_disk
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == on_disk | {"brainsynth.py"}


def test_wheel_holds_the_bundled_models_small_enough(wheel: zipfile.ZipFile) -> None:
    sizes = {
        entry.filename: entry.file_size for entry in wheel.infolist() if entry.filename.endswith(".onnx")
    }
    assert {
        "plugin_host/model_file/bundled_models/cello.onnx",
        "plugin_host/model_file/bundled_models/pitch.onnx",
    } <= set(sizes)
    assert {Path(name).parent.as_posix() for name in sizes} == {BUNDLED}
    assert max(sizes.values()) <= LARGEST_MODEL


def test_runtime_needs_no_torch_and_one_onnxruntime(metadata: Message) -> None:
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    runtime = [need for need in requirements if need.marker is None or "extra" not in str(need.marker)]
    assert {need.name for need in runtime} >= {
        "ctcsound",
        "numpy",
        "soundfile",
        "pedalboard",
        "pydantic",
        "typer",
        "rich",
    }
    assert not {"torch", "onnx", "matplotlib", "soxr"} & {need.name for need in runtime}
    machines = [
        ({"sys_platform": "linux", "platform_machine": "x86_64"}, "onnxruntime-gpu"),
        ({"sys_platform": "win32", "platform_machine": "AMD64"}, "onnxruntime-gpu"),
        ({"sys_platform": "linux", "platform_machine": "aarch64"}, "onnxruntime"),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, "onnxruntime"),
    ]
    for machine, wanted in machines:
        chosen = {
            need.name
            for need in runtime
            if need.name.startswith("onnxruntime")
            and need.marker is not None
            and need.marker.evaluate(machine)
        }
        assert chosen == {wanted}, machine


def test_wheel_is_free_software_with_a_command(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "GPL-3.0-or-later"
    (licence,) = (name for name in wheel.namelist() if name.endswith("/LICENSE"))
    assert b"GNU GENERAL PUBLIC LICENSE" in wheel.read(licence)
    (scripts,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "brainsynth = plugin_host.commands.app:main" in wheel.read(scripts).decode()


def test_constraints_pin_everything_that_is_asked_for() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    versions = {pin.name: str(pin.specifier)[2:] for pin in pins}
    for need in (Requirement(text) for group in groups for text in group):
        assert need.specifier.contains(versions[need.name]), need
    assert versions["torch"] == "2.13.0"
    assert not [line for line in lines if "://" in line or line.startswith("-")]
