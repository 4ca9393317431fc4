"""From a VST3 instrument to its parameters in a sound: generate, train, export, infer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from brainsynth import DataSet
from plugin_host.matching import known_sounds
from tests.conftest import Command
from tests.support.vst_plugins import build_plugin

pytestmark = pytest.mark.slow


def test_a_plugin_goes_all_the_way(
    brainsynth: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(known_sounds, "COUNT", 50)
    plugin, data, run, model = (
        build_plugin(tmp_path),
        tmp_path / "data",
        tmp_path / "run",
        tmp_path / "m.onnx",
    )
    assert brainsynth("generate", plugin, "-o", data, "--count", 60, "--workers", 2).code == 0
    made = DataSet(data)
    assert (len(made), made.info.synth, made.info.rewinds) == (60, "Plain.vst3", True)
    assert not (data / "synth.csd").exists()
    trained = brainsynth("train", "parameters", data, "--synth", plugin, "--output", run, "--steps", 30)
    assert trained.code == 0
    assert "the logs will show no sounds" not in trained.err
    assert brainsynth("export", run, "-o", model, "--licence", "CC0-1.0", "--author", "Test").code == 0

    sound, preset, again = tmp_path / "a.wav", tmp_path / "a.json", tmp_path / "b.wav"
    brainsynth("render", plugin, "--set", "note=64", "--set", "wave=Pulse", "-o", sound)
    options = ("--model", model, "--synth", plugin, "--refine", 40, "-o", preset, "--render", again)
    inferred = brainsynth("infer", sound, *options)
    assert inferred.code == 0
    assert " Hz" in inferred.out
    found = json.loads(preset.read_text())
    assert found["values"].keys() == {p.name for p in made.parameters}
    # The heard pitch sets the note.
    assert found["values"]["note"] == 64
    assert found["shown"]["wave"] == found["values"]["wave"]
    rendered, _ = soundfile.read(again)
    assert rendered.shape == (96_000, 2)
    assert np.abs(rendered).max() > 0.01

    refused = brainsynth("infer", sound, "--model", model, "--refine", 40)
    assert refused.code != 0
    assert "'Plain.vst3', which is not bundled" in refused.err
