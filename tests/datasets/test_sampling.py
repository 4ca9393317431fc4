"""Sound number i has the same parameters in every call, distributed as asked."""

import json
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Preset, Synth
from plugin_host.datasets.generation import make_sampler
from plugin_host.datasets.sampling import MusicalSampler
from plugin_host.errors import ControlError, PresetError, UsageError
from plugin_host.synths.preset import find_preset, find_presets, read_presets
from tests.support.synths import SINE, write_synth

WAVES = """
chn_k "wave", 1, 1, 0, 0, 2, 0, 0, 0, 0, "choices=sine,saw,square"
chn_k "ratio", 1, 1, 2, 1, 4
"""


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    return Synth(write_synth(tmp_path_factory.mktemp("synth") / "waves.csd", WAVES + SINE))


def column(synth: Synth, name: str) -> int:
    return [parameter.name for parameter in synth.parameters].index(name)


def test_random_values_are_uniform_in_the_declared_scale(synth: Synth) -> None:
    sampler = make_sampler(synth, "random", seed=3)
    values = np.stack([sampler.draw(index) for index in range(2000)])
    pitch, level, ratio, wave = (column(synth, name) for name in ("f0_hz", "level", "ratio", "wave"))
    assert np.mean(values[:, pitch] < (100 * 1000) ** 0.5) == pytest.approx(0.5, abs=0.04)
    assert np.mean(values[:, level] < 0.5) == pytest.approx(0.25, abs=0.04)
    for index, steps in ((ratio, (1, 2, 3, 4)), (wave, (0, 1, 2))):
        found, counts = np.unique(values[:, index], return_counts=True)
        assert found.tolist() == list(steps)
        assert counts / 2000 == pytest.approx(1 / len(steps), abs=0.04)
    assert len(np.unique(values, axis=0)) == 2000


def test_a_number_and_a_seed_give_the_same_values(synth: Synth) -> None:
    first, again, other = (make_sampler(synth, "random", seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.draw(7), again.draw(7))
    assert not np.array_equal(first.draw(7), first.draw(8))
    assert not np.array_equal(first.draw(7), other.draw(7))
    assert not np.array_equal(first.draw(7), first.draw(7, attempt=1))


def test_a_grid_is_every_combination(synth: Synth) -> None:
    sampler = make_sampler(synth, "grid", 0, steps={"f0_hz": 3, "wave": 3})
    assert sampler.count == 9
    values = np.stack([sampler.draw(index) for index in range(9)])
    pitch, wave = column(synth, "f0_hz"), column(synth, "wave")
    assert values[::3, pitch] == pytest.approx([100, 316.2278, 1000])
    assert values[:3, wave].tolist() == [0, 1, 2]
    assert set(values[:, column(synth, "level")]) == {0.5}
    assert len(np.unique(values, axis=0)) == 9


def test_musical_values_are_near_presets(synth: Synth) -> None:
    presets = [
        Preset("waves.csd", {"f0_hz": 200, "level": 0.5, "wave": "saw"}),
        Preset("waves.csd", {"f0_hz": 900, "level": 0, "wave": "square"}),
    ]
    sampler = MusicalSampler(synth, presets, seed=1)
    values = np.stack([sampler.draw(index) for index in range(1000)])
    centres = np.stack([synth.to_unit(preset.values) for preset in presets])
    unit = np.stack([synth.to_unit(synth.name_values(row)) for row in values])
    pitch, level, wave = (column(synth, name) for name in ("f0_hz", "level", "wave"))
    distances = np.abs(unit[:, None, pitch] - centres[None, :, pitch])
    nearest = np.argmin(distances, axis=1)
    assert np.bincount(nearest) / 1000 == pytest.approx([0.5, 0.5], abs=0.06)
    assert 0.04 < np.std(unit[nearest == 0, level]) < 0.12
    kept = unit[:, wave] == centres[nearest, wave]
    assert np.mean(kept) == pytest.approx(0.8 + 0.2 / 3, abs=0.05)
    # The level of the second preset is at an end, where what would pass it is reflected.
    at_end = unit[nearest == 1, level]
    assert at_end.min() > 0
    assert np.median(at_end) == pytest.approx(0.6745 * 0.08, rel=0.15)
    with pytest.raises(UsageError, match="has no presets to draw near to"):
        MusicalSampler(synth, [], seed=1)
    with pytest.raises(PresetError, match="has no control 'depth'"):
        MusicalSampler(synth, [Preset("other.csd", {"depth": 1})], seed=1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.csv", "f0_hz, wave\n200, saw\n\n300, sine\n"),
        ("mine.jsonl", '{"f0_hz": 200, "wave": "saw"}\n\n{"f0_hz": 300}\n'),
        ("mine.jsonl", '{"parameters": {"f0_hz": 200, "wave": 1}}\n{"parameters": {"f0_hz": 300}}\n'),
    ],
)
def test_a_list_of_settings(name: str, content: str, synth: Synth, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    sampler = make_sampler(synth, "list", 0, settings_list=path)
    assert sampler.count == 2
    first, second = (synth.name_values(sampler.draw(index)) for index in (0, 1))
    assert first == {"f0_hz": 200, "level": 0.5, "ratio": 2, "wave": "saw"}
    assert second == {"f0_hz": 300, "level": 0.5, "ratio": 2, "wave": "sine"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mine.csv", "f0_hz, wave\n200, saw\n2000, saw\n", "line 3 of .*: f0_hz is 2000"),
        ("mine.csv", "f0_hz, wave\n200\n", "line 2 of .* has 1 value and the first line names 2"),
        ("mine.csv", "f0_hz, wave\n200, round\n", "line 2 of .*: wave is 'round'"),
        ("mine.csv", "", "lists no sounds"),
        (
            "mine.jsonl",
            '{"f0_hz": 200}\n{"f0": 1}\n',
            "line 2 of .* has no control 'f0': it has f0_hz",
        ),
        ("mine.jsonl", "{\n", "line 1 of .* is no JSON object"),
        ("mine.jsonl", "[1]\n", "line 1 of .* is no JSON object"),
    ],
)
def test_broken_lists_are_refused_with_the_number_of_the_line(
    name: str, content: str, said: str, synth: Synth, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=said):
        make_sampler(synth, "list", 0, settings_list=path)


def test_contradictory_requests_are_refused(synth: Synth, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no sampling 'even': choose one of random, grid"):
        make_sampler(synth, "even", 0)
    with pytest.raises(UsageError, match="the seed is -1"):
        make_sampler(synth, "random", -1)
    with pytest.raises(UsageError, match="a grid needs the number of values"):
        make_sampler(synth, "grid", 0)
    with pytest.raises(UsageError, match="add --sampling grid"):
        make_sampler(synth, "random", 0, steps={"f0_hz": 2})
    with pytest.raises(UsageError, match="add --sampling list"):
        make_sampler(synth, "musical", 0, settings_list=tmp_path / "mine.csv")
    with pytest.raises(UsageError, match="needs 2 values or more"):
        make_sampler(synth, "grid", 0, steps={"f0_hz": 1})
    with pytest.raises(ControlError, match="it has only 3 values"):
        make_sampler(synth, "grid", 0, steps={"wave": 5})
    with pytest.raises(ControlError, match="there is no parameter 'f0'"):
        make_sampler(synth, "grid", 0, steps={"f0": 5})
    with pytest.raises(UsageError, match=r"mine\.csv cannot be read"):
        make_sampler(synth, "list", 0, settings_list=tmp_path / "mine.csv")


def test_a_preset_is_written_and_read(synth: Synth, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    preset = Preset.of(synth, {"f0_hz": 200, "wave": "saw"}, "mine")
    preset.write(path, synth.parameters)
    (read,) = read_presets(path)
    assert read == preset
    assert read.values == {"f0_hz": 200, "level": 0.5, "ratio": 2, "wave": "saw"}
    assert find_preset(str(path), synth) == preset
    assert preset.fits(synth)
    assert not Preset("waves.csd", {}, synth_sha256="0" * 64).fits(synth)
    assert json.loads(path.read_text())["units"] == {"f0_hz": "Hz"}
    Preset("waves.csd", {"level": 1}).write(path, synth.parameters)
    assert json.loads(path.read_text())["units"] == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "holds no presets"),
        ('{"synth": "fm.csd"}', "holds a preset without values"),
        (
            '{"synth": "fm.csd", "values": {"index": 2}}',
            "made for fm.csd, does not fit .* no control 'index'",
        ),
        ('{"values": {"level": 9}}', "does not fit .* level is 9"),
        ('{"presets": [{"values": {}, "name": "a"}, {"values": {}, "name": "b"}]}', r"2 presets \(a, b\)"),
    ],
)
def test_unusable_presets_are_refused(content: str | None, said: str, synth: Synth, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PresetError, match=said):
        find_preset(str(path), synth)


def test_presets_lie_beside_the_synth(tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "waves.csd", WAVES + SINE))
    assert find_presets(synth) == []
    with pytest.raises(PresetError, match="has no preset 'bright': it has no presets"):
        find_preset("bright", synth)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "waves.json").write_text(
        '{"synth": "waves.csd", "presets": [{"name": "bright", "values": {"wave": "saw"}}]}'
    )
    assert find_preset("bright", synth).values == {"wave": "saw"}
    with pytest.raises(PresetError, match="did you mean 'bright'"):
        find_preset("brite", synth)
