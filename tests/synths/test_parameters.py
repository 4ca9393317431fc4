"""A .csd's parameters are those that Csound lists; bad declarations are refused with one sentence."""

import textwrap
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer, Synth, bundled_synths, generate
from plugin_host.datasets.sampling import ListSampler
from plugin_host.errors import ControlError, HostError, SynthError, UnknownSynthError
from plugin_host.model_file.controls import Scale
from plugin_host.synths.parameters import SynthParameter, from_unit, to_unit
from plugin_host.synths.preset import read_presets
from tests.conftest import Command
from tests.support.synths import SINE, write_synth

KINDS = """
chn_k "cutoff_hz", 1, 3, 1000, 100, 8000, 0, 0, 0, 0, "unit=Hz"
chn_k "amount", 3, 2, 0.25, 0, 1
chn_k "ratio", 1, 1, 2, 1, 8
chn_k "shape", 1, 1, 1, 0, 2, 0, 0, 0, 0, "choices=sine,saw,square"
chn_k "osc1_level", 1, 2, 0.5, 0, 1, 0, 0, 0, 0, "equal=osc unit=dB"
chn_k "osc2_level", 1, 2, 0.1, 0, 1, 0, 0, 0, 0, "unit=dB equal=osc"
chn_k "says_nothing", 1
chn_k "meter", 2, 2, 0, 0, 1
chn_a "sound", 1
instr 1
  out a(0)
endin
"""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    return Synth(write_synth(tmp_path_factory.mktemp("synth") / "kinds.csd", KINDS))


def test_parameters_are_the_input_channels_that_declare_something(kinds: Synth) -> None:
    found = {parameter.name: parameter for parameter in kinds.parameters}
    assert list(found) == ["amount", "cutoff_hz", "osc1_level", "osc2_level", "ratio", "shape"]
    cutoff = found["cutoff_hz"]
    assert (cutoff.scale, cutoff.default, cutoff.minimum, cutoff.maximum, cutoff.unit) == (
        Scale.LOG,
        1000,
        100,
        8000,
        "Hz",
    )
    assert found["amount"].scale is Scale.LINEAR
    assert found["ratio"].scale is Scale.INTEGER
    assert (found["shape"].scale, found["shape"].choices) == (Scale.CHOICE, ("sine", "saw", "square"))
    assert [(p.equal, p.voice, p.part) for p in kinds.parameters if p.equal] == [
        ("osc", 0, "level"),
        ("osc", 1, "level"),
    ]


def test_rate_channels_and_length_of_the_sound(kinds: Synth) -> None:
    assert (kinds.name, kinds.sample_rate, kinds.channels, kinds.frames) == ("kinds", 8000, 1, 1600)
    assert kinds.duration_s == 0.2
    assert kinds.defaults["shape"] == "saw"
    assert kinds.defaults["cutoff_hz"] == 1000


def test_unit_values_follow_the_scale(kinds: Synth) -> None:
    middle = {"cutoff_hz": (100 * 8000) ** 0.5, "amount": 0.5, "ratio": 4, "shape": "saw"}
    middle |= {"osc1_level": 0, "osc2_level": 1}
    assert kinds.to_unit(middle) == pytest.approx([0.5, 0.5, 0, 1, 3 / 7, 0.5])
    assert kinds.from_unit([0.5, 0.5, 0, 1, 3 / 7, 0.5]) == pytest.approx(middle | {"shape": "saw"}, abs=1e-9)
    assert from_unit(kinds.parameters, [0, 0, 0, 0, 0.49, 0.3])[4:].tolist() == [4, 1]
    assert kinds.from_unit(np.ones(6))["cutoff_hz"] == 8000
    alone = [
        SynthParameter(name="shape", minimum=0, maximum=0, default=0, scale=Scale.CHOICE, choices=("sine",))
    ]
    assert to_unit(alone, [0.0]).tolist() == from_unit(alone, [0.7]).tolist() == [0]


@pytest.mark.parametrize("unit", [[0.5] * 5, [0.5] * 7, [0.5] * 5 + [float("nan")], 0.5])
def test_numbers_that_are_not_settings_are_refused(kinds: Synth, unit: object) -> None:
    with pytest.raises(ControlError, match="needed are 6, one for each parameter"):
        kinds.from_unit(np.asarray(unit))


def test_settings_are_checked(kinds: Synth) -> None:
    with pytest.raises(ControlError, match="did you mean 'ratio'"):
        kinds.values({"ration": 1})
    with pytest.raises(ControlError, match="from 100 to 8000 Hz"):
        kinds.values({"cutoff_hz": 99})
    with pytest.raises(ControlError, match="choose one of 'sine', 'saw'"):
        kinds.values({"shape": "round"})


VOICES = """
chn_k "voices", 1, 1, 0, 0, 2, 0, 0, 0, 0, "choices=1,2,4"
instr 1
  out a(chnget:k("voices"))
endin
"""


def test_a_word_comes_before_a_position_wherever_people_write_it(brainsynth: Command, tmp_path: Path) -> None:
    """Of the words 1, 2 and 4, 2 is the word at position 1, and only 0 is no word."""
    path = write_synth(tmp_path / "voices.csd", VOICES)
    synth = Synth(path)
    for written in ("2", 2, 2.0, " 2 "):
        assert synth.values({"voices": written}) == [1], written
    assert [synth.values({"voices": written})[0] for written in ("1", "4", "0")] == [0, 2, 0]
    for written in ("3", "9", "1e3", "nan", True, 10**5000, "9" * 5000):
        with pytest.raises(ControlError, match="voices is"):
            synth.values({"voices": written})
    preset = tmp_path / "two.json"
    for arguments in (("--set", "voices=2"), ("--preset", preset)):
        preset.write_text('{"synth": "voices.csd", "values": {"voices": 2}}')
        ended = brainsynth("render", path, *arguments, "--save", tmp_path / "made.json")
        assert ended.code == 0, ended.err
        assert read_presets(tmp_path / "made.json")[0].values == {"voices": "2"}
    for name, text in {"list.csv": "voices\n2\n", "list.jsonl": '{"voices": 2}\n{"voices": "2"}\n'}.items():
        (tmp_path / name).write_text(text)
        assert set(ListSampler(synth, tmp_path / name).draw(0)) == {1}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("", "declares no parameters: declare each"),
        ('chn_k "free", 1', "declares no parameters: declare each"),
        (
            'chn_k "low", 1, 3, 1, 0, 1',
            "Csound says: INIT ERROR in instr 0 .*invalid channel parameters.* above 0",
        ),
        ('chn_k "a", 1, 2, 0, 0, 1, 0, 0, 0, 0, "choices=x,y"', "declare it as an integer, type 1"),
        ('chn_k "a", 1, 1, 0, 0, 2, 0, 0, 0, 0, "choices=x,y"', "a choice of 2 words needs"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choises=x,y"', "attribute 'choises'; those known are unit"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices=saw, square"', "'square', which is no attribute"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices="', "'choices=', which is no attribute"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices=saw,"', "a word that can be typed"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices=a,a"', "two choices 'a'; words must differ"),
        ('chn_k "a", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices=a,b choices=c,d"', "choices= twice"),
        ('chn_k "osc_a", 1, 2, 0, 0, 1, 0, 0, 0, 0, "equal=osc"', "must begin with osc1_"),
        ('chn_k "osc1_a", 1, 2, 0, 0, 1, 0, 0, 0, 0, "equal=osc"', "for one voice only"),
        (
            'chn_k "osc1_a", 1, 2, 0, 0, 1, 0, 0, 0, 0, "equal=osc"\n'
            'chn_k "osc2_a", 1, 2, 0, 0, 2, 0, 0, 0, 0, "equal=osc"',
            "voices with equal=osc that differ",
        ),
    ],
)
def test_impossible_declarations_are_refused(declared: str, said: str, tmp_path: Path) -> None:
    path = write_synth(tmp_path / "wrong.csd", f"{declared}\ninstr 1\nendin\n")
    with pytest.raises(SynthError, match=said) as caught:
        Synth(path)
    assert "wrong.csd" in str(caught.value)


def test_csounds_own_message_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_synth(tmp_path / "wrong.csd", SINE.replace("oscili", "oscilly"))
    with pytest.raises(SynthError, match=r"wrong\.csd does not compile; Csound says: error: .*oscilly"):
        Synth(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("score", "said"), [("f 0 100", "more than 60 s"), ("", "more than 60 s|plays nothing")]
)
def test_scores_without_a_sound_are_refused(score: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SynthError, match=said):
        Synth(write_synth(tmp_path / "wrong.csd", score=score))


def test_the_synth_in_the_manual_works(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "synths.md").read_text()
    text = manual[manual.index("    <CsoundSynthesizer>") : manual.index("Save it as `mine.csd`")]
    path = tmp_path / "mine.csd"
    path.write_text(textwrap.dedent(text))
    synth = Synth(path)
    assert [parameter.name for parameter in synth.parameters] == [
        "cutoff_hz",
        "osc1_hz",
        "osc2_hz",
        "wave",
    ]
    assert synth.duration_s == pytest.approx(2, abs=0.01)
    with Renderer(synth) as renderer:
        square, saw = (renderer.render({"wave": wave}) for wave in ("square", "saw"))
        one_way, other_way = (
            renderer.render({"osc1_hz": a, "osc2_hz": b}) for a, b in ((100, 300), (300, 100))
        )
        assert renderer.deterministic
    assert 0.1 < np.abs(square).max() < 1
    assert not np.allclose(square, saw)
    assert one_way == pytest.approx(other_way, abs=1e-5)


def test_any_encoding_is_quoted(tmp_path: Path) -> None:
    path = write_synth(tmp_path / "mit Leerzeichen und \xe4.csd", SINE + "; gr\xfcn\n")
    path.write_bytes(path.read_text().encode("latin-1"))
    assert generate(path, tmp_path / "data", 2, workers=1).made == 2
    assert (tmp_path / "data" / "synth.csd").read_bytes() == path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"oscili", b"oscilly_\xfc"))
    with pytest.raises(SynthError, match="does not compile; Csound says: error"):
        Synth(path)


def test_a_note_that_fails_is_reported(tmp_path: Path) -> None:
    orchestra = SINE.replace("out asine", "out asine*tab_i(1, 99)")
    with pytest.raises(SynthError, match=r"cannot be rendered; Csound says: INIT ERROR in instr 1 .*table"):
        Synth(write_synth(tmp_path / "wrong.csd", orchestra))


def test_missing_synths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match=r"none\.csd cannot be read"):
        Synth(tmp_path / "none.csd")
    with pytest.raises(UnknownSynthError, match="did you mean 'subtractive'"):
        Synth("subtractiv")
    assert issubclass(SynthError, HostError)
    assert {"fm", "subtractive", "additive", "string", "voice", "large"} <= set(bundled_synths())
