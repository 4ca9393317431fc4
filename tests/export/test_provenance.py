"""A file says what made it: the run's own commands, the terms of its recordings, and what was done by hand."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import onnx
import pytest

from brainsynth import Model
from export.errors import ExportTargetError
from export.provenance import amend, graph_sha256, training_command
from plugin_host.commands.train import family_command
from plugin_host.model_file.bundled import MODELS_FOLDER, bundled_names
from training.families import find_family

CONFIG = {
    "family": "timbre",
    "recordings": "/home/someone/my recordings/cello",
    "settings": {"steps": 6000, "seed": 3},
    "size": {},
}


def test_a_run_says_its_command_with_what_differs_from_the_defaults() -> None:
    assert training_command(CONFIG) == "brainsynth train timbre cello --seed 3 --steps 6000 --output RUN"


SOURCES = {
    "parameters, data set": ({"synth": "fm.csd", "sounds": 500, "endless": 0}, {"data": Path("DATA")}),
    "parameters, endless": (
        {"synth": "fm.csd", "sounds": 400, "endless": 4000, "disk_limit_gb": 1.0},
        {"synth": "fm.csd", "disk_limit": 1.0},
    ),
    "parameters, endless on a small disk": (
        {"synth": "fm.csd", "sounds": 20, "endless": 40, "disk_limit_gb": 0.03},
        {"synth": "fm.csd", "disk_limit": 0.03},
    ),
    "parameters, endless, of an earlier version": (
        {"synth": "fm.csd", "sounds": 400, "endless": 4000},
        {"synth": "fm.csd", "disk_limit": 1.0},
    ),
    "lpc, data set": (
        {"synth": "allpole.csd", "sounds": 300, "recordings": None},
        {"data": Path("DATA"), "recordings": None},
    ),
    "lpc, both": (
        {"synth": "allpole.csd", "sounds": 300, "recordings": "/x/my drums"},
        {"data": Path("DATA"), "recordings": Path("my drums")},
    ),
    "lpc, its own": (
        {"synth": "allpole.csd", "sounds": 2000, "recordings": "/x/my drums"},
        {"data": None, "recordings": Path("my drums")},
    ),
    "timbre, recordings": ({"recordings": "/x/cello"}, {"recordings": Path("cello")}),
    "pitch, nothing": ({}, {}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_command_asks_for_the_run_that_it_was_made_of(kind: str) -> None:
    config, sources = SOURCES[kind]
    family = find_family(kind.partition(",")[0])
    settings = {"steps": 77, "seed": 5}
    words = shlex.split(training_command({"family": family.name, "settings": settings, "size": {}} | config))
    assert words[:3] == ["brainsynth", "train", family.name]
    asked = family_command(family).make_context("train", words[3:]).params
    assert {name: asked.get(name) for name in sources} == sources
    assert {name: asked[f"Settings_{name}"] for name in settings} == settings
    assert asked["output"] == Path("RUN")


def test_a_lengthened_run_says_each_of_its_commands() -> None:
    commands = training_command(CONFIG | {"lengthened": [[6000, 7000]]}).split("; ")
    assert [command.partition("--steps ")[2] for command in commands] == [
        "6000 --output RUN",
        "7000 --output RUN",
    ]


def test_an_amended_file_has_the_same_graph(tmp_path: Path) -> None:
    path = tmp_path / "fm.onnx"
    shutil.copy(MODELS_FOLDER / "fm.onnx", path)
    before = onnx.load(path)
    amend(path, {"later": "averaged: the last two"})
    after = onnx.load(path)
    assert after.graph == before.graph
    assert Model(path).document.provenance["later"] == "averaged: the last two"
    assert Model(path).document.provenance["data"] == Model("fm").document.provenance["data"]
    assert [p.name for p in tmp_path.iterdir()] == ["fm.onnx"]


def test_a_file_with_a_changed_graph_cannot_be_amended(tmp_path: Path) -> None:
    proto = onnx.load(MODELS_FOLDER / "fm.onnx")
    proto.graph.doc_string = "another"
    path = tmp_path / "fm.onnx"
    onnx.save(proto, path)
    with pytest.raises(ExportTargetError, match="another graph"):
        amend(path, {"later": "none"})


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_file_says_all_that_made_it(name: str) -> None:
    provenance = Model(name).document.provenance
    needed = ("data", "data_terms", "training", "training_command", "later", "author", "licence")
    assert all(provenance.get(key) not in (None, "", "unknown") for key in needed)
    assert graph_sha256(onnx.load(MODELS_FOLDER / f"{name}.onnx")) == provenance["graph_sha256"]
    if "Philharmonia" in provenance["data"]:
        assert "models trained on them may be published" in provenance["data_terms"]


@pytest.mark.parametrize(
    "name", ["cello", "clarinet", "flute", "french-horn", "oboe", "saxophone", "trombone"]
)
def test_one_command_makes_the_weights_of_an_instrument(name: str) -> None:
    for part in (name, f"{name}.decoder"):
        provenance = Model(part).document.provenance
        assert provenance["later"] == "none"
        dry = " --size-partitions 4" if name == "saxophone" else ""
        command = f"brainsynth train timbre {name} --taught 0.5{dry} --steps 3600 --output RUN"
        assert provenance["training_command"] == command
