"""Parameters are estimated from sounds of any level, rate and length, refined, and refused where there is no sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from brainsynth import Model, Renderer, Synth, infer, refine
from plugin_host.errors import ControlError, InferenceError, StreamError, SynthError, UsageError
from plugin_host.matching.heard_pitch import heard_pitch
from plugin_host.matching.inference import ParameterModel
from plugin_host.matching.onset_reading import read_from_onset
from plugin_host.matching.sound_distances import mss
from plugin_host.matching.target_sound import from_onset, gain_into_range, loudest_db
from plugin_host.matching.trials import Trials
from plugin_host.model_file.bundled import find_model
from plugin_host.streaming.rate_conversion import resample
from plugin_host.synths.preset import read_presets
from plugin_host.synths.synth import SYNTHS_FOLDER
from tests.conftest import Command
from tests.support.parameter_models import copy_model, without_confidence

pytestmark = pytest.mark.csound

RATE = 48_000
SETTINGS = {"f0_hz": 180.0, "ratio": 3.0, "index": 4.0, "level_db": -6.0, "attack_s": 0.02}

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def model() -> ParameterModel:
    return ParameterModel("fm")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer("fm")


@pytest.fixture(scope="module")
def sound(renderer: Renderer) -> Sound:
    return renderer.render(SETTINGS)


def off(model: ParameterModel, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> float:
    """Give the largest difference of two settings as a part of a range."""
    return float(np.max(np.abs(model.synth.to_unit(found) - model.synth.to_unit(wanted))))


def test_estimates_are_those_of_the_last_hop_of_a_stream(model: ParameterModel, sound: Sound) -> None:
    found = infer(sound, RATE, model)
    whole = np.pad(from_onset(sound[0]), (0, 1024))[: 94 * 1024]
    whole = np.pad(whole, (0, 94 * 1024 - len(whole)))
    analyzed = Model(model.model.path).stream().analyze(whole[None])
    for parameter in model.parameters:
        assert analyzed[parameter.name].shape == (1, 94)
        last = float(analyzed[parameter.name][0, -1])
        if parameter.name == "f0_hz":
            heard = heard_pitch(found.target, RATE)
            assert found.estimate["f0_hz"] == heard == pytest.approx(last, rel=0.1)
        else:
            assert found.estimate[parameter.name] == pytest.approx(last, rel=1e-5)
    assert found.values == found.estimate
    assert found.refinement is None
    assert not found.warnings


def test_estimates_are_near_the_parameters(model: ParameterModel, sound: Sound) -> None:
    found = infer(sound, RATE, model).values
    assert off(model, {"f0_hz": found["f0_hz"]}, {"f0_hz": 180.0}) < 0.05
    assert off(model, {"level_db": found["level_db"]}, {"level_db": -6.0}) < 0.1
    assert off(model, found, SETTINGS) < 0.5


def test_it_is_surer_of_its_own_sound_than_of_noise(model: ParameterModel, sound: Sound) -> None:
    found = infer(sound, RATE, model)
    assert found.confidence is not None
    assert found.confidence.keys() == found.values.keys()
    assert found.confidence["f0_hz"] > 0.9
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    lost = infer(noise, RATE, model).confidence
    assert lost is not None
    assert all(0 <= sure <= 1 for sure in lost.values())
    assert np.mean(list(lost.values())) < np.mean(list(found.confidence.values())) - 0.2


def test_a_model_of_an_earlier_version_says_nothing_of_how_sure_it_is(sound: Sound, tmp_path: Path) -> None:
    path = tmp_path / "earlier.onnx"
    path.write_bytes(without_confidence("subtractive").SerializeToString())
    found = infer(sound, RATE, path)
    assert found.confidence is None
    assert found.values == infer(sound, RATE, "subtractive").values


def test_silence_before_and_sound_after_change_nothing(model: ParameterModel, sound: Sound) -> None:
    wanted = infer(sound, RATE, model).estimate
    whole = np.pad(sound, ((0, 0), (0, 0)))
    late = np.concatenate([np.zeros((1, 70_001), np.float32), whole], axis=1)
    assert infer(late, RATE, model).estimate == wanted
    long = np.concatenate([whole, np.full((1, RATE), 0.1, np.float32)], axis=1)
    kept = len(from_onset(long[0])) - RATE
    cut = infer(long, RATE, model).target
    assert len(cut) == 2 * RATE
    np.testing.assert_array_equal(cut[:kept], from_onset(whole[0]))


def test_a_sound_shorter_than_those_of_training_is_padded_with_silence(
    model: ParameterModel, sound: Sound
) -> None:
    ended = sound[:, :20_000] * np.linspace(1, 0, 20_000, dtype=np.float32)
    short = infer(ended, RATE, model).target
    assert len(short) == 2 * RATE
    assert short[:15_000].any()
    assert not short[20_000:].any()


def test_a_sound_that_is_cut_off_is_estimated_from_what_there_is(model: ParameterModel, sound: Sound) -> None:
    wanted = infer(sound, RATE, model).estimate
    found = infer(sound[:, :29_000], RATE, model)
    assert len(found.target) < 29_000
    assert off(model, found.estimate, wanted) < 0.12
    refined = infer(sound[:, :29_000], RATE, model, refine_renders=8).refinement
    assert refined is not None
    assert refined.mss_after < 4


def test_noise_before_a_sound_is_left_out(model: ParameterModel, sound: Sound) -> None:
    late = np.concatenate([np.zeros((1, 9 * RATE), np.float32), sound], axis=1)
    noise = 3e-4 * np.random.default_rng(0).standard_normal(late.shape).astype(np.float32)
    target, whole = infer(late + noise, RATE, model).target, infer(sound, RATE, model).target
    assert abs(int(np.abs(target).argmax()) - int(np.abs(whole).argmax())) < 0.006 * RATE


@pytest.mark.parametrize("rate", [44_100, 96_000, 22_050])
def test_other_rates_and_stereo_give_the_same_estimates(
    model: ParameterModel, sound: Sound, rate: int
) -> None:
    wanted = infer(sound, RATE, model).estimate
    converted = resample(sound[0], RATE, rate)
    stereo = np.stack([1.2 * converted, 0.8 * converted])
    assert off(model, infer(stereo, rate, model).estimate, wanted) < 0.03


def test_rates_are_converted_without_delay() -> None:
    time = np.arange(4410) / 44_100
    tone = np.sin(2 * np.pi * 1000 * time).astype(np.float32)
    converted = resample(tone, 44_100, 48_000)
    assert len(converted) == 4800
    expected = np.sin(2 * np.pi * 1000 * np.arange(4800) / 48_000)
    assert np.max(np.abs(converted - expected)[100:-100]) < 1e-3
    assert np.std(converted[-24:]) > 0.3  # to the end, where the filter finds nothing more


def test_a_sound_of_another_level_is_brought_into_the_range_of_training(
    model: ParameterModel, sound: Sound
) -> None:
    quiet = infer(sound * 0.003, RATE, model)
    assert quiet.gain_db > 20
    known = model.model.document.trained["loudest_db"]
    assert loudest_db(quiet.target) == pytest.approx(known.low, abs=0.01)
    assert "made 2" in quiet.warnings[0]
    assert "dB louder" in quiet.warnings[0]
    assert "dB softer" in infer(sound * 1000, RATE, model).warnings[0]
    assert infer(sound, RATE, model).gain_db == 0


def test_gain_is_none_near_the_range_and_reaches_its_nearer_end_from_afar() -> None:
    assert gain_into_range(-30.9, -25.0, -3.0) == 0
    assert gain_into_range(-40.0, -25.0, -3.0) == 15
    assert gain_into_range(10.0, -25.0, -3.0) == -13


def test_silent_short_and_malformed_sounds_are_refused(model: ParameterModel, sound: Sound) -> None:
    with pytest.raises(InferenceError, match="silent"):
        infer(np.zeros((1, RATE), np.float32), RATE, model)
    with pytest.raises(InferenceError, match="silent"):
        infer(np.zeros((1, 0), np.float32), RATE, model)
    with pytest.raises(InferenceError, match="lasts 10 ms"):
        infer(from_onset(sound[0])[:500], RATE, model)
    with pytest.raises(StreamError, match="sample rates from 1000"):
        infer(sound, 0.0, model)
    broken = sound.copy()
    broken[0, 1000:1010] = np.nan
    found = infer(broken, RATE, model)
    assert np.isfinite(found.target).all()
    assert found.warnings == ("10 samples of the sound are NaN or infinite, and taken for 0",)
    with pytest.raises(InferenceError, match="channels cancel each other"):
        infer(np.concatenate([sound, -sound]), RATE, model)
    with pytest.raises(StreamError, match=r"channels come first: pass audio\.T"):
        infer(sound.T, RATE, model)
    with pytest.raises(UsageError, match="2 or more"):
        infer(sound, RATE, model, refine_renders=1)


def test_refinement_comes_nearer(renderer: Renderer, sound: Sound) -> None:
    target = from_onset(sound[0])
    start = renderer.synth.values(SETTINGS | {"index": 4.6, "f0_hz": 183.0, "attack_s": 0.03})
    calls: list[tuple[int, int, float]] = []
    found = refine(
        target,
        renderer,
        renderer.synth.name_values(start),
        40,
        on_progress=lambda *progress: calls.append(progress),
    )
    assert found.mss_after < 0.8 * found.mss_before
    assert found.renders == len(calls) == 40
    assert calls[-1] == (40, 40, found.mss_after)
    again = from_onset(renderer.render(found.values)[0])
    assert mss(target, again, RATE) == pytest.approx(found.mss_after, abs=1e-6)


def test_refinement_finds_a_wrong_choice() -> None:
    with Renderer("subtractive") as renderer:
        target = from_onset(renderer.render({"osc1_wave": "saw"})[0])
        found = refine(target, renderer, {"osc1_wave": "triangle"}, 20)
    assert found.values["osc1_wave"] == "saw"


def test_refinement_never_makes_it_worse(renderer: Renderer, sound: Sound) -> None:
    target = from_onset(sound[0])
    perfect = refine(target, renderer, SETTINGS, 8)
    assert perfect.mss_after == perfect.mss_before == pytest.approx(0, abs=1e-6)
    assert perfect.values == renderer.synth.name_values(renderer.synth.values(SETTINGS))
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    hopeless = refine(noise, renderer, SETTINGS, 8, seed=3)
    assert hopeless.mss_after <= hopeless.mss_before


def test_refinement_refuses_impossible_requests(renderer: Renderer, sound: Sound) -> None:
    with pytest.raises(UsageError, match="2 or more"):
        refine(sound[0], renderer, SETTINGS, 1)
    with pytest.raises(ControlError):
        refine(sound[0], renderer, {"f0_hz": 1e6}, 10)


def test_refinement_without_cma_says_what_to_install(
    brainsynth: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    done = brainsynth("infer", files / "bell.wav", "--model", "fm", "--refine", 5)
    assert done.code == 5
    assert "pip install 'brainsynth[synth]'" in done.err
    assert brainsynth("infer", files / "bell.wav", "--model", "fm").code == 0


def test_ctrl_c_ends_the_search_and_writes_the_best_so_far(
    brainsynth: Command, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render, costs, rendered = Renderer.render_values, [], []

    def interrupt(renderer: Renderer, values: NDArray[np.float64]) -> Sound:
        if len(costs) == 10:
            raise KeyboardInterrupt
        rendered.append(values)
        return render(renderer, values)

    def note(self: Trials, *arguments: Any) -> float:
        costs.append(keep(self, *arguments))
        return costs[-1]

    keep = Trials._keep
    monkeypatch.setattr(Trials, "_keep", note)
    monkeypatch.setattr(Renderer, "render_values", interrupt)
    preset = tmp_path / "found.json"
    done = brainsynth("infer", files / "bell.wav", "--model", "fm", "--refine", 50, "-o", preset, "-j", 1)
    assert done.code == 130
    assert f"interrupted after {len(costs)} of 50 sounds" in done.err
    best = rendered[len(rendered) - len(costs) + int(np.argmin(costs))]
    written = json.loads(preset.read_text())["values"]
    parameters = ParameterModel("fm").synth
    np.testing.assert_allclose(parameters.values(written), best, rtol=1e-6)


def test_ctrl_c_before_the_search_leaves_the_estimate(
    model: ParameterModel, sound: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("plugin_host.matching.inference.KnownSounds", interrupt)
    found = infer(sound, RATE, model, refine_renders=50)
    assert found.refinement is not None
    assert (found.refinement.interrupted, found.refinement.renders) == (True, 1)
    assert found.values == found.estimate
    assert found.refinement.mss_after == found.refinement.mss_before < 5


def test_inference_with_refinement_reports_its_search(model: ParameterModel, sound: Sound) -> None:
    found = infer(sound, RATE, model, refine_renders=12)
    assert found.refinement is not None
    assert found.values == found.refinement.values
    assert found.refinement.mss_after <= found.refinement.mss_before


def changed_synth(folder: Path, old: str, new: str) -> Path:
    text = (SYNTHS_FOLDER / "fm.csd").read_text()
    assert old in text
    path = folder / "fm.csd"
    path.write_text(text.replace(old, new, 1))
    return path


def test_a_synth_of_another_rate_is_searched_at_its_own(
    model: ParameterModel, sound: Sound, tmp_path: Path
) -> None:
    other = ParameterModel(model.model, changed_synth(tmp_path, "sr     = 48000", "sr     = 32000"))
    found = infer(sound, RATE, other, refine_renders=12)
    same = infer(sound, RATE, model, refine_renders=12)
    assert other.synth.sample_rate == 32000
    assert found.refinement is not None
    assert same.refinement is not None
    assert found.refinement.mss_before < same.refinement.mss_before + 2.0


def test_a_synth_that_has_changed_is_reported(model: ParameterModel, sound: Sound, tmp_path: Path) -> None:
    other = ParameterModel(model.model, changed_synth(tmp_path, "; Two operators", "; Both operators"))
    assert "has changed since fm was trained on it" in infer(sound, RATE, other).warnings[0]


def test_a_synth_with_other_parameters_is_refused(model: ParameterModel, tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match="f0_hz differ"):
        ParameterModel(
            model.model, changed_synth(tmp_path, '"f0_hz",         3, 220,  55,', '"f0_hz", 3, 220, 50,')
        )
    with pytest.raises(InferenceError, match=r"does not estimate the parameters of .*subtractive"):
        ParameterModel(model.model, "subtractive")


def test_models_and_synths_that_cannot_be_used_are_refused(sound: Sound, tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match="'pitch' estimates no synth's parameters"):
        infer(sound, RATE, "pitch")
    own = copy_model(tmp_path / "own.onnx", {"synth": "mine.csd"})
    assert infer(sound, RATE, own).values
    with pytest.raises(SynthError, match=r"'mine\.csd'.*--synth FILE\.csd"):
        infer(sound, RATE, own, refine_renders=5)
    with pytest.raises(SynthError, match="cannot be read"):
        infer(sound, RATE, own, tmp_path / "missing.csd")


@pytest.fixture
def files(tmp_path: Path, sound: Sound) -> Path:
    late = np.concatenate([np.zeros((1, 60_000), np.float32), sound], axis=1)
    soundfile.write(tmp_path / "bell.wav", np.tile(resample(late[0], RATE, 44_100)[:, None], 2), 44_100)
    return tmp_path


def test_command_writes_preset_sound_and_picture(brainsynth: Command, files: Path) -> None:
    outputs = files / "bell.json", files / "again.wav", files / "bell.png"
    done = brainsynth(
        "infer", files / "bell.wav", "--model", "fm", "-o", outputs[0], "--render", outputs[1],
        "--picture", outputs[2], "--refine", 6,
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "6 sounds rendered" in done.out
    (preset,) = read_presets(outputs[0])
    synth = Synth("fm")
    preset.check(synth)
    assert preset.fits(synth)
    assert preset.synth == "fm.csd"
    assert preset.name == "bell"
    assert len(preset.values) == len(synth.parameters)
    made, rate = soundfile.read(outputs[1], dtype="float32", always_2d=True)
    assert rate == RATE
    rendered = Renderer(synth).render(preset.values)
    np.testing.assert_allclose(made.T, rendered, atol=1e-6)
    assert outputs[2].read_bytes()[:4] == b"\x89PNG"


def test_a_preset_tells_how_it_was_found(brainsynth: Command, files: Path) -> None:
    preset = files / "sure.json"
    ended = brainsynth("infer", files / "bell.wav", "-m", "fm", "-o", preset, "--refine", 6)
    assert ended.code == 0
    assert "sure" in ended.out
    found = json.loads(preset.read_text())["found"]
    assert found["model"] == "fm"
    assert found["renders"] == 6
    assert found["distance_db"] < 6
    assert set(found["confidence"]) == set(json.loads(preset.read_text())["values"])


def test_command_refuses_with_one_sentence(brainsynth: Command, files: Path) -> None:
    model, bell = "fm", files / "bell.wav"
    soundfile.write(files / "silence.wav", np.zeros(RATE), RATE)
    soundfile.write(files / "moment.wav", np.ones(1), RATE)
    # Its last second is silent, and longer than what is read at a time.
    opposite = np.pad(np.outer(np.full(3 * RATE, 0.3), [1.0, -1.0]), ((0, 2 * RATE), (0, 0)))
    soundfile.write(files / "opposite.wav", opposite, RATE)
    (files / "damaged.onnx").write_bytes(find_model("fm").read_bytes()[:100_000])
    (files / "folder.png").mkdir()
    for arguments, code, words in (
        ((files / "silence.wav", "--model", model), 1, "silent"),
        ((files / "none.wav", "--model", model), 1, "does not exist"),
        ((bell, "--model", "pitch"), 3, "estimates no synth"),
        ((bell, "--model", "fmm"), 3, "no model"),
        ((bell, "--model", model, "--render", bell), 2, "never overwritten"),
        ((bell, "--model", model, "-o", files / "x.txt"), 2, ".json"),
        ((bell, "--model", model, "--refine", "1"), 2, "2 or more"),
        ((bell, "--model", model, "--synth", "subtractive"), 3, "does not estimate"),
        ((bell, "--model", files / "damaged.onnx"), 3, "damaged.onnx"),
        ((bell, "--model", model, "--synth", files / "none.csd"), 3, "cannot be read"),
        ((files / "opposite.wav", "--model", model), 1, "channels cancel each other"),
        ((files / "moment.wav", "--model", model), 1, "lasts 0 ms from its onset on"),
        ((bell, "--model", model, "-o", bell / "x.json", "--refine", 2), 5, "cannot be written"),
        (
            (bell, "--model", model, "--picture", files / "folder.png", "--refine", 1000),
            5,
            "cannot be written",
        ),
    ):
        done = brainsynth("infer", *arguments)
        assert done.code == code, done.err
        assert words in done.err
        assert done.err.count("\n") == 1
        assert done.out == ""


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (96_000, 2), (48_000, 6)])
def test_command_takes_any_rate_and_channels(
    brainsynth: Command, files: Path, sound: Sound, rate: int, channels: int
) -> None:
    converted = resample(sound[0], RATE, rate)
    soundfile.write(files / "any.wav", np.tile(converted[:, None], channels), rate)
    done = brainsynth("infer", files / "any.wav", "--model", "fm", "-o", files / "any.json")
    assert (done.code, done.err) == (0, "")
    f0_hz = read_presets(files / "any.json")[0].values["f0_hz"]
    assert f0_hz == pytest.approx(180.0, rel=0.15)


def test_command_reads_no_more_of_a_long_sound_than_it_uses(files: Path, sound: Sound) -> None:
    long = np.concatenate([np.zeros(5 * RATE), np.tile(sound[0], 15)])
    soundfile.write(files / "long.flac", long, RATE)
    audio, rate, repaired = read_from_onset(files / "long.flac", 3.0)
    assert (rate, repaired) == (RATE, 0)
    assert 4 * RATE < audio.shape[1] <= 5 * RATE
    assert from_onset(audio[0])[:RATE] == pytest.approx(from_onset(sound[0])[:RATE], abs=2**-15)


def test_command_reports_what_is_wrong_with_samples(brainsynth: Command, files: Path, sound: Sound) -> None:
    broken = sound[0] * 1e4
    broken[:3] = np.inf
    soundfile.write(files / "broken.wav", broken, RATE, subtype="FLOAT")
    again = files / "again.wav"
    done = brainsynth("infer", files / "broken.wav", "--model", "fm", "--render", again)
    assert done.code == 0
    samples, level, clipped = done.err.splitlines()
    assert samples.endswith("broken.wav: 3 samples were NaN or infinite and taken for 0")
    assert "dB softer" in level
    assert clipped.startswith(f"brainsynth: {again}: ")
    assert clipped.endswith("samples were beyond full scale and clipped")


def test_a_preset_needs_no_csound(brainsynth: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctcsound", None)
    bell, preset = files / "bell.wav", files / "bell.json"
    assert brainsynth("infer", bell, "--model", "fm", "-o", preset).code == 0
    assert json.loads(preset.read_text())["units"]["f0_hz"] == "Hz"
    for option in (("--refine", 5), ("--render", files / "again.wav")):
        done = brainsynth("infer", bell, "--model", "fm", *option)
        assert done.code == 5
        assert "ctcsound is not installed: pip install" in done.err
        assert done.err.count("\n") == 1
    assert not (files / "again.wav").exists()


def test_command_says_that_a_synth_has_changed(brainsynth: Command, files: Path) -> None:
    synth = changed_synth(files, "; Two operators", "; Both operators")
    done = brainsynth("infer", files / "bell.wav", "--model", "fm", "--synth", synth)
    assert done.code == 0
    assert "has changed since" in done.err
