"""A VST3 instrument is a synth: its parameters, its sound, and what it may do wrong."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainsynth import DataSet, Renderer, Synth, generate
from plugin_host.errors import ControlError, SynthError
from plugin_host.idle_children import IdleChildren
from plugin_host.model_file.controls import Scale
from plugin_host.synths import plugin_process
from plugin_host.synths.kinds import hash_synth
from tests.conftest import Command
from tests.support.vst_plugins import CRASHES, HANGS, HAS_HUNDREDS, KEEPS_STATE, build_plugin

LONG_DECAY = 0.9
"""At which the instruments that do wrong do so."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_plugin(tmp_path_factory.mktemp("vst"))


def pitch_of(sound: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(sound[0, :48_000] * np.hanning(48_000)))
    return float(np.argmax(spectrum))


def test_parameters_are_the_plugins_and_a_note(plain: Path) -> None:
    synth = Synth(plain)
    assert (synth.name, synth.file_name) == ("Plain", "Plain.vst3")
    assert (synth.sample_rate, synth.channels, synth.frames) == (48_000, 2, 96_000)
    cut_off, decay, note, voices, wave = synth.parameters
    assert [p.name for p in synth.parameters] == ["cut_off", "decay", "note", "voices", "wave"]
    assert (cut_off.channel_name, cut_off.minimum, cut_off.maximum) == ("Cut Off", 0, 1)
    assert cut_off.default == pytest.approx(900 / 7900, abs=1e-6)
    assert cut_off.description == "100 Hz to 8000 Hz"
    assert decay.scale is Scale.LINEAR
    assert (note.minimum, note.maximum, note.default, note.unit) == (36, 84, 57, "MIDI")
    assert (voices.scale, voices.minimum, voices.maximum, voices.default) == (Scale.INTEGER, 1, 8, 2)
    assert (wave.scale, wave.choices, wave.default) == (Scale.CHOICE, ("Saw", "Pulse"), 0)


def test_every_parameter_moves_the_sound_and_defaults_are_the_plugins(plain: Path) -> None:
    with Renderer(plain) as renderer:
        assert (renderer.rewinds, renderer.deterministic) == (True, True)
        usual = renderer.render()
        assert usual.shape == (2, 96_000)
        assert usual.dtype == np.float32
        # Values at which pedalboard believes the plugin to be from the beginning are passed on, too.
        for settings in ({"cut_off": 0}, {"decay": 0}, {"voices": 1}, {"wave": "Pulse"}, {"note": 36}):
            assert not np.array_equal(renderer.render(settings), usual), settings
        assert np.array_equal(renderer.render(renderer.synth.defaults), usual)
        assert np.array_equal(renderer.render({"Cut Off": 900 / 7900}), usual)
        loud = np.abs(renderer.render({"voices": 1})).max()
        assert np.abs(renderer.render({"voices": 4})).max() == pytest.approx(loud / 2, rel=1e-3)
        assert np.abs(renderer.render({"voices": 8})).max() == pytest.approx(loud / 8**0.5, rel=1e-3)


@pytest.mark.parametrize(("note", "hz"), [(57, 220), (69, 440), (36, 65.4)])
def test_the_note_is_the_pitch(plain: Path, note: int, hz: float) -> None:
    with Renderer(plain, True) as renderer:
        assert pitch_of(renderer.render({"note": note, "decay": 1})) == pytest.approx(hz, abs=1)


def test_a_sound_does_not_depend_on_the_one_before(plain: Path, tmp_path: Path) -> None:
    with Renderer(plain, True) as renderer:
        first = renderer.render({"note": 60, "decay": 0.1})
        renderer.render({"note": 72, "decay": 1, "wave": "Pulse"})
        assert np.array_equal(renderer.render({"note": 60, "decay": 0.1}), first)
        renderer.close()
        assert np.array_equal(renderer.render({"note": 60, "decay": 0.1}), first)


def test_one_channel_where_the_plugin_has_one(tmp_path: Path) -> None:
    with Renderer(build_plugin(tmp_path, outputs=1), True) as renderer:
        assert renderer.render().shape == (1, 96_000)


def test_what_a_plugin_keeps_from_sound_to_sound_is_said(tmp_path: Path, brainsynth: Command) -> None:
    path = build_plugin(tmp_path, evil=KEEPS_STATE)
    done = brainsynth("render", path, "-o", tmp_path / "a.wav")
    assert done.code == 0
    assert "gives another sound each time: switch off what is random in it" in done.err


def test_the_plugins_own_texts_are_shown(plain: Path, tmp_path: Path, brainsynth: Command) -> None:
    listed = brainsynth("render", plain)
    assert listed.code == 0
    assert "0.05 s to 2 s" in listed.out
    preset = tmp_path / "mine.json"
    done = brainsynth("render", plain, "--set", "cut_off=0.5", "--save", preset, "-o", tmp_path / "a.wav")
    assert (done.code, done.err) == (0, "")
    written = json.loads(preset.read_text())
    assert (written["synth"], written["values"]["cut_off"]) == ("Plain.vst3", 0.5)
    assert written["shown"] == {"cut_off": "4050 Hz", "decay": "0.5 s", "voices": "2", "wave": "Saw"}
    again = brainsynth("render", plain, "--preset", preset, "-o", tmp_path / "b.wav")
    assert (again.code, again.err) == (0, "")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_its_hash_is_that_of_its_files(plain: Path, tmp_path: Path) -> None:
    copy = tmp_path / plain.name
    shutil.copytree(plain, copy)
    seen = {hash_synth(plain), hash_synth(copy)}
    assert len(seen) == 1
    assert Synth(copy).sha256 in seen
    (copy / "Contents" / "Resources").mkdir()
    (copy / "Contents" / "Resources" / "picture.png").write_bytes(b"none")
    assert hash_synth(copy) in seen
    with next(copy.rglob("Plain.so")).open("ab") as binary:
        binary.write(b"more")
    assert hash_synth(copy) not in seen


def test_a_link_to_a_plugin_is_one_and_can_be_pickled(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "other.vst3").symlink_to(plain)
    synth = pickle.loads(pickle.dumps(Synth(tmp_path / "other.vst3")))
    with Renderer(synth, True) as renderer:
        assert renderer.render().any()


def test_a_list_beside_the_plugin_says_what_moves(tmp_path: Path) -> None:
    plugin = build_plugin(tmp_path, evil=HAS_HUNDREDS)
    names = tmp_path / "Plain.parameters.json"
    with pytest.raises(
        SynthError, match=r"has 601 parameters .* at most 512; name .*Plain\.parameters\.json"
    ):
        Synth(plugin)
    names.write_text('["Cut Off", "knob_77"]')
    synth = Synth(plugin)
    assert [p.name for p in synth.parameters] == ["cut_off", "knob_77"]
    with Renderer(synth, True) as renderer:
        assert pitch_of(renderer.render()) == pytest.approx(220, abs=1)
    before = synth.sha256
    names.write_text('["Cut Off", "knob_77", "note"]')
    assert hash_synth(plugin) != before
    for wrong, words in (
        ('["Cut Of"]', "names 'Cut Of', which the plugin does not have: did you mean 'Cut Off'"),
        ("[]", "names no parameters"),
        ('{"a": 1}', "names no parameters"),
        ("[", "cannot be read"),
    ):
        names.write_text(wrong)
        with pytest.raises(SynthError, match=words):
            Synth(plugin)


def test_settings_that_do_not_fit_are_refused(plain: Path) -> None:
    synth = Synth(plain)
    for settings in ({"note": 85}, {"cut_off": 1.1}, {"wave": "Sine"}, {"MIDI Ch. 1 CC 0": 1}):
        with pytest.raises(ControlError):
            synth.values(settings)


def test_what_is_no_plugin_is_refused(plain: Path, tmp_path: Path, brainsynth: Command) -> None:
    missing = brainsynth("render", tmp_path / "missing.vst3")
    assert missing.code != 0
    assert "missing.vst3 cannot be read (No such file or directory)" in missing.err
    empty = tmp_path / "empty.vst3"
    empty.mkdir()
    assert "empty.vst3 holds no plugin" in brainsynth("render", empty).err
    file = tmp_path / "text.vst3"
    file.write_text("no plugin")
    found = brainsynth("render", file)
    assert found.code != 0
    assert "the plugin " in found.err
    assert "cannot be played" in found.err
    assert found.err.count("\n") == 1


def test_an_effect_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match=r"is an effect, and takes no notes.*needed is a VST3 instrument"):
        Synth(build_plugin(tmp_path, is_synth=False))


def test_a_crash_costs_only_its_sound(tmp_path: Path, brainsynth: Command) -> None:
    plugin = build_plugin(tmp_path, evil=CRASHES)
    with Renderer(plugin, True) as renderer:
        first = renderer.render()
        with pytest.raises(SynthError, match=r"Plain\.vst3 crashed \(Segmentation fault\)"):
            renderer.render({"decay": LONG_DECAY})
        assert np.array_equal(renderer.render(), first)
    done = brainsynth("render", plugin, "--set", f"decay={LONG_DECAY}", "-o", tmp_path / "a.wav")
    assert done.code != 0
    assert done.err.count("\n") == 1
    tally = generate(plugin, tmp_path / "data", 12, workers=1)
    assert tally.failed
    assert tally.made
    data = DataSet(tmp_path / "data")
    decays = data.values[:, [p.name for p in data.parameters].index("decay")]
    assert decays.max() < 0.5


def test_a_plugin_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_process, "LIMIT_S", 1.0)
    monkeypatch.setattr(plugin_process, "_idle", IdleChildren(plugin_process.PluginProcess, 1))
    with Renderer(build_plugin(tmp_path, evil=HANGS), True) as renderer:
        assert renderer.render().any()
        with pytest.raises(SynthError, match=r"Plain\.vst3 did not answer within 1 s, and was ended"):
            renderer.render({"decay": LONG_DECAY})
        assert renderer.render().any()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_plugin_has_no_screen_to_open_a_window_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":77")
    process = plugin_process.PluginProcess()
    try:
        with pytest.raises(SynthError, match="file not found"):
            process.ask(Path("none.vst3"), {"texts": []})
        environment = Path(f"/proc/{process._process.pid}/environ").read_bytes().split(b"\0")
        assert not [entry for entry in environment if entry.startswith(b"DISPLAY=")]
        assert [entry for entry in environment if entry.startswith(b"PATH=")]
    finally:
        process.end()
