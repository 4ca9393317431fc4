"""Every family of the registry, and a toy that is registered by one line: learns, stops, goes on, exports, streams."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from brainsynth import Model
from export.export_run import export_run
from plugin_host.datasets.dataset import DataSet
from plugin_host.datasets.generation import generate
from plugin_host.datasets.training_feed import DataSetFeed
from tests.conftest import Command
from tests.support import toy_synth
from tests.support.proofs import assert_proved
from tests.support.trainings import assert_same_run, train_family
from training.data.source import Source
from training.errors import SettingsError
from training.families import PACKAGES, families, find_family
from training.families.tables import settings_tables
from training.loop.exports import ExportSpec
from training.loop.family import Family, Recordings, SynthSounds
from training.loop.run import Checkpoint, Run, open_run
from training.loop.settings import settings_of

REPOSITORY = Path(__file__).parents[2]
TOY = "tests.families.toy"
RATE = 48000
FAMILIES = [package.rpartition(".")[2] for package in (*PACKAGES, TOY)]

SMALL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "timbre": ({"batch": 2, "excerpt_frames": 40}, {"width": 16, "hidden": 12, "partitions": 3}),
    "parameters": ({"batch": 8}, vars(toy_synth.SIZE)),
    "lpc": ({"batch": 2, "excerpt_frames": 20}, {"width": 16, "hidden": 12}),
    "pitch": ({"batch": 2, "excerpt_frames": 40}, {"width": 24, "hidden": 16}),
    "grains": (
        {"batch": 2, "excerpt_frames": 16},
        {"width": 16, "partials": 4, "transients": 4, "event_s": 0.3},
    ),
    "oneshots": (
        {"batch": 2, "excerpt_frames": 16},
        {"width": 16, "partials": 4, "harmonics": 4, "transients": 4, "event_s": 0.3},
    ),
    "music": (
        {"batch": 2, "excerpt_s": 0.4},
        {"hidden": 12, "layers": 1, "codebooks": 2, "codes": 16, "components": 8},
    ),
}
"""Settings and sizes with which a step takes no time; a family that is not here has its own defaults."""

MODULES = ["settings", "model", "data", "losses", "train", "measures", "exports"]
"""What is in every family's package; `features` or `sounds` are only where they are needed."""

each_family = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture(autouse=True)
def with_toy(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Register the toy, in the one line that a family takes."""
    monkeypatch.setattr("training.families.PACKAGES", [*PACKAGES, TOY])
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def small_pools() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.families.lpc.train.POOL_BATCHES", 2)
        patched.setattr("training.families.lpc.train.HELD_OUT_EXCERPTS", 2)
        patched.setattr("training.families.pitch.data.HELD_OUT_SOUNDS", 2)
        yield


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for f0_hz in (110, 150, 220):
        soundfile.write(folder / f"{f0_hz}.wav", 0.1 * sawtooth(f0_hz), RATE)
    return folder


def sawtooth(f0_hz: float) -> NDArray[np.float32]:
    """Six seconds of the first harmonics of a sawtooth."""
    orders = np.arange(1, 20)[:, None]
    phases = 2 * np.pi * f0_hz * orders * np.arange(6 * RATE) / RATE
    return (np.sin(phases) / orders).sum(0).astype(np.float32)


def source_of(family: Family, recordings: Path, request: pytest.FixtureRequest) -> Source:
    """Give a family the least that it learns from."""
    sounds = family.learns(SynthSounds)
    found = None
    if sounds is not None:
        found = DataSetFeed(request.getfixturevalue("allpole")) if sounds.synth else toy_synth.ToySounds(24)
    return Source(recordings if family.learns(Recordings) else None, found)


@pytest.fixture(scope="module")
def allpole(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    folder = tmp_path_factory.mktemp("allpole") / "data"
    generate("allpole", folder, 20, workers=1)
    return DataSet(folder)


def small(family: Family, steps: int = 4) -> tuple[Any, Any]:
    settings, size = SMALL.get(family.name, ({}, {}))
    return family.settings(steps=steps, **settings), family.size(**size)


@each_family
def test_a_family_learns_stops_and_goes_on_to_the_same_bits(
    name: str, recordings: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    family = find_family(name)
    source, (settings, size) = source_of(family, recordings, request), small(family)
    whole = train_family(name, source, tmp_path / "whole", settings, size)
    assert whole.steps == [1, 2, 3, 4]
    train_family(name, source, tmp_path / "halves", settings, size, interrupt_at=2)
    assert open_run(tmp_path / "halves").metadata["step"] == 2
    train_family(name, source, tmp_path / "halves", settings, size)
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    checkpoint = open_run(tmp_path / "whole")
    assert checkpoint.config["family"] == name
    assert checkpoint.config["settings"] == vars(settings)
    figures = checkpoint.metadata["figures"]
    assert figures
    assert figures == open_run(tmp_path / "halves").metadata["figures"]
    names = {key.split(".")[0] for key in checkpoint.tensors}
    moved = [
        key
        for key, value in checkpoint.tensors.items()
        if key.startswith("average.") and not torch.equal(value, _twin(checkpoint.tensors, key, names))
    ]
    assert moved, "the average equals the module: nothing was learned"


@pytest.mark.parametrize(("name", "old"), [("timbre", "timbre"), ("parameters", "parameters"), ("lpc", "ar")])
def test_a_run_of_the_first_version_goes_on_to_the_same_bits(
    name: str,
    old: str,
    recordings: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = find_family(name)
    source, (settings, size) = source_of(family, recordings, request), small(family)
    with monkeypatch.context() as first_version:
        # It split recordings by their names and cut nothing, as runs go on that do not say what was decided.
        first_version.setattr(Run, "prepared", lambda _: {})
        train_family(name, source, tmp_path / "whole", settings, size)
        train_family(name, source, tmp_path / "halves", settings, size, interrupt_at=2)
    config = open_run(tmp_path / "halves").config
    # What it wrote: no hash of recordings, another name, less metadata beside the same tensors.
    assert not (tmp_path / "halves" / "data.json").exists()
    earlier = {key: value for key, value in config.items() if key != "recordings_sha256"} | {"family": old}
    (tmp_path / "halves" / "config.json").write_text(json.dumps(earlier))
    (path,) = (tmp_path / "halves" / "checkpoints").iterdir()
    metadata = {"step": 2, "errors": {"f0_hz": 0.25}, "held_out": 6}
    save_file(load_file(path), path, {"facts": json.dumps(metadata)})
    assert open_run(tmp_path / "halves").metadata["figures"] == {"error/f0_hz": 0.25}
    assert train_family(name, source, tmp_path / "halves", settings, size).steps == [3, 4]
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def _twin(tensors: dict[str, torch.Tensor], key: str, names: set[str]) -> torch.Tensor:
    """The module's weight beside the average's; with one module keys say ``average.`` instead of its name."""
    twin = key.removeprefix("average.")
    if twin in tensors:
        return tensors[twin]
    (module,) = names - {"average", "optimiser", "map", "songs"}
    return tensors[f"{module}.{twin}"]


@pytest.mark.slow
@each_family
def test_what_a_family_exports_streams_and_proves_itself(
    name: str,
    recordings: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family = find_family(name)
    train_family(name, source_of(family, recordings, request), tmp_path / "run", *small(family, steps=1))
    export_specs = family.export_specs

    def first_and_last(checkpoint: Checkpoint, stem: str) -> list[ExportSpec]:
        """What lies between is made of the same parts, and a graph of the LPC models takes half a minute."""
        specs = export_specs(checkpoint, stem)
        return specs if len(specs) < 3 else [specs[0], specs[-1]]

    monkeypatch.setattr(Family, "export_specs", property(lambda _: first_and_last))
    monkeypatch.setattr("export.proof.LONG_S", 1.0)
    for written in export_run(tmp_path / "run", tmp_path / "mine.onnx", {"licence": "CC0-1.0"}):
        model = Model(written.path)
        assert model.document.family == name
        assert model.document.provenance["licence"] == "CC0-1.0"
        assert_proved(model)
        check_stream(model)


def check_stream(model: Model) -> None:
    """A file plays through the host, and what it plays is something."""
    rate, channels = model.document.sample_rate, model.document.channels
    noise = np.random.default_rng(0).normal(0, 0.1, (channels, rate // 2)).astype(np.float32)
    stream = model.stream(rate, channels)
    if model.document.role == "generator":
        triggers = {control.name: 1.0 for control in model.controls.values() if control.scale == "trigger"}
        played = stream.generate(4096, **triggers)
    elif model.document.role == "analyzer":
        played = np.concatenate([value.ravel() for value in stream.analyze(noise).values()])
    else:
        played = stream.process(noise)
    assert np.isfinite(played).all()
    assert np.any(played)


def test_the_toy_goes_from_recordings_to_sound_by_the_command_line(
    brainsynth: Command, recordings: Path, tmp_path: Path
) -> None:
    listed = brainsynth("train")
    assert listed.code == 0
    assert "Learn to predict a sound from its past." in listed.out
    run, file = tmp_path / "run", tmp_path / "toy.onnx"
    options = ("--steps", 300, "--batch", 64, "--size-hop-length", 32)
    done = brainsynth("train", "toy", recordings, "--output", run, *options)
    # A machine that has much else to do finds time to tell how far it is.
    said = [line for line in done.err.splitlines() if "steps a second" not in line]
    assert (done.code, said) == (0, [])
    assert open_run(run).config["settings"]["batch"] == 64
    assert brainsynth("export", run, "-o", file).code == 0
    assert brainsynth("verify", file).code == 0
    model = Model(file)
    assert model.document.hop_length == 32
    tone = 0.1 * sawtooth(110)[None, :RATE]
    # Weights that have learned nothing make it louder.
    assert np.std(model.render(tone, RATE)) < 0.8 * np.std(tone)


def test_the_toy_takes_nothing_but_its_line_of_the_registry() -> None:
    shared = [p for room in ("training", "export", "plugin_host") for p in (REPOSITORY / room).rglob("*.py")]
    assert len(shared) > 100
    assert not [path for path in shared if re.search(r"\btoy", path.read_text(), re.IGNORECASE)]
    assert find_family("toy").settings.__module__ == f"{TOY}.settings"
    assert len(families()) == len(PACKAGES) + 1


@each_family
def test_every_family_has_the_same_file_names(name: str) -> None:
    package = find_family(name).settings.__module__.rpartition(".")[0]
    folder = Path(*package.split("."))
    assert not [module for module in MODULES if not (REPOSITORY / folder / f"{module}.py").is_file()]


@pytest.mark.parametrize("page", ["adding-a-family.md", "design.md"])
def test_the_docs_name_the_files_of_a_family(page: str) -> None:
    text = (REPOSITORY / "docs" / page).read_text()
    (listed,) = (line for line in text.splitlines() if "same file names" in line)
    assert re.findall(r"`(\w+)\.py`", listed) == MODULES


def test_the_page_on_families_shows_the_toy_as_it_is() -> None:
    page = (REPOSITORY / "docs" / "adding-a-family.md").read_text()
    files = sorted((Path(__file__).parent / "toy").glob("*.py"))
    assert len(files) == 1 + len(MODULES)
    for path in files:
        assert f"```python\n{path.read_text()}```" in page, path.name


def test_tables_in_the_docs_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.families.PACKAGES", PACKAGES)
    assert settings_tables() in (REPOSITORY / "docs" / "training.md").read_text()


@pytest.mark.parametrize(("old", "new"), [("params", "parameters"), ("ar", "lpc")])
def test_older_names_still_name_their_families(old: str, new: str) -> None:
    assert find_family(old).name == new


def test_a_family_that_does_not_exist_is_named_with_its_neighbour(brainsynth: Command) -> None:
    with pytest.raises(SettingsError, match="no family 'timbr'; did you mean timbre"):
        find_family("timbr")
    refused = brainsynth("train", "timbr")
    assert refused.code == 2
    assert refused.err == "brainsynth: there is no family 'timbr'; did you mean timbre?\n"
    listed = brainsynth("train", "xyz", "--help")
    assert listed.code == 2
    assert listed.err.endswith(
        "the families are timbre, parameters, lpc, pitch, grains, oneshots, music, toy\n"
    )


@each_family
def test_every_setting_is_an_option_with_help_and_is_checked(
    name: str, brainsynth: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    family = find_family(name)
    shown = brainsynth("train", name, "--help").out
    settings = [*settings_of(family.settings), *settings_of(family.size)]
    assert {"steps", "seed"} <= {setting.name for setting in settings}
    assert len({setting.option for setting in settings}) == len(settings)
    for setting in settings:
        assert setting.option in shown
        assert setting.range.help
    argument = [tmp_path] if family.learns(Recordings) else []
    refused = brainsynth("train", name, *argument, "--output", tmp_path / "run", "--steps", 0)
    assert refused.code == 2
    assert refused.err == "brainsynth: --steps is 0; needed is a whole number, 1 or more.\n"
    assert not (tmp_path / "run").exists()
