"""What a model says of its training is checked, and no program that only a model names is ever run."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin_host.errors import ModelFileError, SynthError
from plugin_host.matching.inference import ParameterModel
from plugin_host.matching.parameter_origin import read_origin
from plugin_host.model_file.document import ModelDocument, Range
from plugin_host.playing.model import Model
from plugin_host.synths.synth import SYNTHS_FOLDER
from tests.conftest import Command
from tests.support.parameter_models import copy_model


def document(**provenance: str | None) -> ModelDocument:
    """Give the document of the bundled model, with other provenance; None leaves a key out."""
    bundled = Model("fm").document
    changed = {name: text for name, text in (bundled.provenance | provenance).items() if text is not None}
    return bundled.model_copy(update={"provenance": changed})


@pytest.mark.parametrize(
    "name", ["{folder}/evil.csd", "../../{folder}/evil.csd", "../synths/fm.csd", "evil.csd", ""]
)
def test_a_synth_that_the_model_names_is_run_only_if_it_is_bundled(name: str, tmp_path: Path) -> None:
    evil = tmp_path / "evil.csd"
    evil.write_bytes((SYNTHS_FOLDER / "fm.csd").read_bytes())
    up = "../" * len(SYNTHS_FOLDER.parts)
    named = name.replace("../../{folder}", up + str(tmp_path).lstrip("/")).replace("{folder}", str(tmp_path))
    model = ParameterModel(copy_model(tmp_path / "own.onnx", {"synth": named}))
    assert model.synth_path is None
    with pytest.raises(SynthError, match="if you have that synth and trust it, give its path"):
        _ = model.synth
    assert ParameterModel(model.model, evil).synth_path == evil


def test_the_bundled_synth_is_found_by_its_name() -> None:
    assert ParameterModel("fm").synth_path == SYNTHS_FOLDER / "fm.csd"


@pytest.mark.parametrize("key", ["synth", "sound_seconds"])
def test_a_missing_key_of_the_family_is_named(key: str) -> None:
    with pytest.raises(
        ModelFileError, match=rf"x\.onnx.*no 'brainsynth\.provenance\.{key}'.*family 'parameters'"
    ):
        read_origin(document(**{key: None}), "x.onnx")


@pytest.mark.parametrize("text", ["", "two", "nan", "inf", "-2", "0", "1e9", "9" * 5000])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ModelFileError, match=r"provenance\.sound_seconds.*seconds above 0") as refusal:
        read_origin(document(sound_seconds=text), "x.onnx")
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("text", ["f0_hz", "f0_hz=", "f0_hz=low", "f0_hz=nan", "f0_hz=-1", "f0_hz=0.1=0.2"])
def test_errors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ModelFileError, match=r"provenance\.held_out_error.*NAME=ERROR"):
        read_origin(document(held_out_error=text), "x.onnx")
    assert read_origin(document(held_out_error=None), "x.onnx").held_out_error == {}


def test_levels_that_no_gain_reaches_are_refused() -> None:
    far = {"loudest_db": Range(low=1e30, median=1e30, high=1e30)}
    with pytest.raises(ModelFileError, match=r"trained\.loudest_db.*within 200 dB"):
        read_origin(document().model_copy(update={"trained": far}), "x.onnx")


@pytest.mark.csound
def test_command_says_what_to_do_about_a_synth_that_is_not_bundled(
    brainsynth: Command, tmp_path: Path
) -> None:
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(48_000) / 20) / 3, 48_000)
    ran = tmp_path / "ran"
    (tmp_path / "evil.csd").write_text(
        f"<CsoundSynthesizer>\n<CsInstruments>\nires system_i 1, {{{{touch {ran}}}}}\n</CsInstruments>\n</CsoundSynthesizer>"
    )
    own = copy_model(tmp_path / "own.onnx", {"synth": str(tmp_path / "evil.csd")})
    done = brainsynth("infer", tmp_path / "a.wav", "--model", own, "--render", tmp_path / "b.wav")
    assert done.code == 3
    assert "--synth FILE.csd" in done.err
    assert not ran.exists()
