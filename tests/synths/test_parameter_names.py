"""Channels have any names; the parameters' names, by which everything else knows them, are made of these."""

from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer, Synth, generate
from plugin_host.datasets.dataset import DataSet
from plugin_host.datasets.sampling import GridSampler
from plugin_host.errors import ControlError
from plugin_host.synths.parameter_names import name_parameters
from plugin_host.synths.parameters import by_name
from plugin_host.synths.preset import read_presets
from tests.conftest import Command
from tests.support.synths import write_synth

SINE = """
chn_k "Osc.Freq Hz", 1, 3, 440, 100, 1000, 0, 0, 0, 0, "unit=Hz"
chn_k "LEVEL", 1, 2, 0.5, 0, 1
chn_k "level", 1, 2, 1, 0, 1
chn_k "mix", 1, 2, 1, 0, 1
instr 1
  out oscili(chnget:k("LEVEL")*chnget:k("level")*chnget:k("mix"), chnget:k("Osc.Freq Hz"))
endin
"""


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        (["Filter.Cut Off", "f0_hz", "A-B"], ["filter_cut_off", "f0_hz", "a_b"]),
        (["Cut", "CUT", "cut"], ["cut_3", "cut_2", "cut"]),
        (["a b", "a_b_2", "A B", "a.b"], ["a_b_3", "a_b_2", "a_b", "a_b_4"]),
        (["1st", "%", "Größe", "x" * 80], ["p_1st", "p", "groe", "x" * 50]),
        (["mix", "Class", "class"], ["mix_amount", "class_amount", "class_amount_2"]),
        (["x" * 64, "_low"], ["x" * 64, "low"]),
    ],
)
def test_names_are_made_of_channels(channels: list[str], names: list[str]) -> None:
    made = name_parameters(channels)
    assert [made[channel] for channel in channels] == names
    assert name_parameters(reversed(channels)) == made


def test_a_parameter_is_set_by_its_name_or_its_channels(tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "named.csd", SINE))
    assert [p.name for p in synth.parameters] == ["level", "level_2", "mix_amount", "osc_freq_hz"]
    assert [p.channel for p in synth.parameters] == ["", "LEVEL", "mix", "Osc.Freq Hz"]
    assert synth.values({"LEVEL": 0.25, "Osc.Freq Hz": 300}).tolist() == [1, 0.25, 1, 300]
    assert by_name(synth.parameters, {"level_2": 1, "LEVEL": 2}) == {"level_2": 2}
    assert by_name(synth.parameters, {"LEVEL": 2, "level_2": 1}) == {"level_2": 1}
    with pytest.raises(ControlError, match="has no control 'Osc'"):
        synth.values({"Osc": 1})
    with Renderer(synth) as renderer:
        sound = renderer.render({"LEVEL": 0.25, "osc_freq_hz": 800})[0]
    spectrum = np.abs(np.fft.rfft(sound[:800]))
    assert (np.abs(sound).max(), np.argmax(spectrum)) == (pytest.approx(0.25, abs=0.02), 80)
    assert GridSampler(synth.parameters, {"Osc.Freq Hz": 3}).draw(1)[3] == pytest.approx(100000**0.5)


def test_presets_and_data_sets_have_the_parameters_names(brainsynth: Command, tmp_path: Path) -> None:
    path = write_synth(tmp_path / "named.csd", SINE)
    made = tmp_path / "made.json"
    settings = ("--set", "level_2=0.1", "--set", "Osc.Freq Hz=200", "--set", "LEVEL=0.2")
    assert brainsynth("render", path, *settings, "--save", made).code == 0
    assert read_presets(made)[0].values == {
        "level": 1.0,
        "level_2": 0.2,
        "mix_amount": 1.0,
        "osc_freq_hz": 200.0,
    }
    again = brainsynth(
        "render", path, "--preset", made, "--set", "LEVEL=0.3", "--save", tmp_path / "again.json"
    )
    assert again.code == 0, again.err
    assert read_presets(tmp_path / "again.json")[0].values["level_2"] == 0.3
    listed = brainsynth("render", path).out
    assert "channel" in listed
    assert "Osc.Freq Hz" in listed
    assert generate(path, tmp_path / "data", 2, workers=1).made == 2
    data = DataSet(tmp_path / "data")
    assert [p.channel_name for p in data.parameters] == ["level", "LEVEL", "mix", "Osc.Freq Hz"]
    assert '"osc_freq_hz":' in (tmp_path / "data" / "manifest.jsonl").read_text()
