"""An instrument of Cabbage is a synth as it is: its widgets are parameters, and it gets a note."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer, Synth
from plugin_host.errors import ControlError, SynthError
from plugin_host.model_file.controls import Scale
from plugin_host.synths.cabbage_section import read_widgets
from plugin_host.synths.kinds import hash_synth
from plugin_host.synths.parameters import to_unit
from plugin_host.synths.played_note import find_play
from tests.support.synths import SINE, write_synth

REED_ORGAN = Path(__file__).parents[1] / "support" / "csd" / "reed_organ.csd"

DRONE = """
instr 1
  out oscili(0.5, 200)
endin
"""
VOICE = """
massign 0, 2
instr 1
  gk chnget "x"
endin
instr 2
  out oscili(ampmidi(1), cpsmidi())*linsegr:k(0, 0.01, 1, 0.1, 0)
endin
"""


@pytest.fixture(scope="module")
def reed_organ() -> Synth:
    return Synth(REED_ORGAN)


def with_widgets(path: Path, widgets: str, orchestra: str = "instr 1\n  out a(0)\nendin\n") -> Path:
    """Write a .csd whose section <Cabbage> begins in line 1, so that the widgets begin in line 2."""
    write_synth(path, orchestra)
    path.write_text(f"<Cabbage>\n{widgets}\n</Cabbage>\n{path.read_text()}")
    return path


def loudest_hz(sound: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * rate / len(sound))


def test_widgets_are_parameters(reed_organ: Synth) -> None:
    found = {p.name: p for p in reed_organ.parameters}
    assert {p.name: p.channel_name for p in reed_organ.parameters} == {
        "att": "ATT",
        "filter_cut_off": "Filter.Cut Off",
        "level": "level",
        "octave": "octave",
        "semi_tones": "semi-tones",
        "tremulant": "tremulant",
        "wave": "Wave",
    }
    cut = found["filter_cut_off"]
    assert (cut.minimum, cut.maximum, cut.default, cut.scale, cut.skew) == (
        200,
        3400,
        2000,
        Scale.LINEAR,
        0.5,
    )
    assert (found["level"].default, found["level"].skew, found["att"].skew) == (0.5, 1, 0.5)
    assert (found["semi_tones"].scale, found["semi_tones"].minimum) == (Scale.INTEGER, -12)
    assert (found["octave"].choices, found["octave"].default) == (("off", "on"), 1)
    assert found["wave"].choices == ("Saw", "Square, hollow", "Pulse (25 %)")
    assert reed_organ.defaults["wave"] == "Square, hollow"


def test_a_skew_gives_low_values_more_of_the_way(reed_organ: Synth) -> None:
    """As a slider of JUCE: minimum + range * way^(1/skew)."""
    middle = reed_organ.from_unit(np.full(7, 0.5))
    assert middle["filter_cut_off"] == pytest.approx(200 + 3200 * 0.25)
    values = reed_organ.values(middle | {"filter_cut_off": 1000, "att": 0.02})
    assert to_unit(reed_organ.parameters, values)[:2] == pytest.approx([0.1, 0.5])


def test_it_is_played_as_by_a_keyboard(reed_organ: Synth) -> None:
    assert reed_organ.duration_s == pytest.approx(2, abs=0.01)
    with Renderer(reed_organ) as renderer:
        assert (renderer.rewinds, renderer.deterministic) == (True, True)
        plain = {"octave": "off", "Filter.Cut Off": 3400, "level": 1}
        sound = renderer.render(plain)[0]
        assert loudest_hz(sound[2000:10000], 8000) == pytest.approx(220, abs=1.1)
        assert not np.abs(sound[13_000:]).max() > 1e-3  # it has ended 1.5 s after its beginning
        assert loudest_hz(renderer.render(plain | {"semi_tones": 12})[0][2000:10000], 8000) == pytest.approx(
            440, abs=1.1
        )
        saw, square, pulse = (
            renderer.render(plain | {"Wave": word})[0] for word in reed_organ.parameters[-1].choices
        )
        second = [abs(np.fft.rfft(one[4000:8000])[220]) for one in (saw, square, pulse)]
        assert second[1] < 0.01 * min(second[0], second[2])  # a square has no second partial
        assert not np.allclose(saw, pulse, atol=0.01)


@pytest.mark.parametrize(
    "score", ["f0 z", "f 0 3600", "", "i 1 0 z", "i1 0 [3600*24*7]", "i 1 0 3600 ; i 1 0 1"]
)
def test_a_score_that_never_ends_gets_a_note(score: str, tmp_path: Path) -> None:
    path = with_widgets(tmp_path / "voice.csd", 'rslider channel("x"), range(0, 1, 0)')
    csd = write_synth(tmp_path / "plain.csd", VOICE, score).read_text()
    path.write_text(path.read_text().partition("<CsoundSynthesizer>")[0] + csd)
    synth = Synth(path)
    assert synth.duration_s == pytest.approx(2, abs=0.01)
    with Renderer(synth) as renderer:
        sound = renderer.render()[0]
    assert np.abs(sound).max() == pytest.approx(102 / 127, abs=0.02)
    assert loudest_hz(sound[2000:10000], 8000) == pytest.approx(220, abs=1.1)


def test_a_drone_plays_for_as_long_and_gets_no_second_note(tmp_path: Path) -> None:
    path = with_widgets(tmp_path / "drone.csd", 'rslider channel("x"), range(0, 1, 0)', DRONE)
    path.write_text(path.read_text().replace("i 1 0 0.1\ne 0.2", "i 1 0 [60*60*24]"))
    with Renderer(path) as renderer:
        sound = renderer.render()[0]
    assert (len(sound), np.abs(sound).max()) == (16000, pytest.approx(0.5, abs=0.01))


@pytest.mark.parametrize(
    "score", ["i 1 0 0.1\ne 0.2", "f0 z\ni 1 0 1", 'i "Organ" 0 [2*3]', "i 1 0 z\ne 2", "i 1 0 $DUR"]
)
def test_a_score_that_says_what_is_played_is_left_alone(score: str, tmp_path: Path) -> None:
    path = write_synth(tmp_path / "scored.csd", SINE, score, options="-M0 --midi-key-cps=4")
    assert find_play(path.read_bytes()) is None


def test_the_note_is_a_part_of_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "organ.csd"
    shutil.copyfile(REED_ORGAN, path)
    play = find_play(path.read_bytes())
    assert play is not None
    assert str(play) == "played for 2 s, note 57 102 1.5 s --midi-key-cps=4 --midi-velocity-amp=5"
    assert hash_synth(path) == Synth(path).sha256
    assert (
        find_play(write_synth(path, SINE, "f0 z").read_bytes()) is None
    )  # nothing says that it waits for MIDI


@pytest.mark.parametrize(
    ("widgets", "said"),
    [
        ("rslider range(0, 1, 0)", r"line 2: the rslider has no channel; add channel\("),
        ('\nbutton channel(""), value(0)', "line 3: the button has no channel"),
        (
            'hslider channel("a"), range(0, 1, 0)\nlabel text("x")\nnslider channel("a"), range(0, 2, 0)',
            "line 4: the nslider 'a' has another range than the hslider of that channel in line 2",
        ),
        (
            'rslider channel("a"), range(1, 300, 10000, 0.5)',
            "line 2: the rslider 'a' is declared wrongly: default 10000 must",
        ),
        (
            'rslider channel("a"), range(1, 1, 1)',
            "'a' is declared wrongly: minimum 1 must be below maximum 1",
        ),
        (
            'rslider channel("a"), range(0, one, 1)',
            "line 2: the rslider 'a' has 'one' where a number is needed",
        ),
        ('rslider channel("a"), range(0, 1, nan)', "'a' has 'nan' where a number is needed"),
        ('rslider channel("a"), range(0, 1, 0, 0)', "'a' has a skew of 0; needed is one above 0"),
        (
            'checkbox channel("a"), value(7)',
            "the checkbox 'a' is declared wrongly: default 7 must be from 0 to 1",
        ),
        (
            'combobox channel("a"), items("x", "y"), value(3)',
            "the combobox 'a' is declared wrongly: default 2 must",
        ),
        ('rslider channel("a"), range(0, 1, 0\nlabel text("b")', r"line 2: range\( is not closed"),
        ('rslider channel("a), range(0, 1, 0)', r"line 2: channel\( is not closed"),
        ("", "declares no parameters: .* in a section <Cabbage>"),
        ('form caption("a")\nvmeter channel("b")', "declares no parameters: .* in a section <Cabbage>"),
        ('[{"type": "form"}]', "line 1: the section <Cabbage> is JSON, as of Cabbage 3"),
        (
            "\n".join(f'rslider channel("a{i}")' for i in range(2000)),
            "declares 2000 parameters, and a synth has at most 512",
        ),
    ],
)
def test_impossible_widgets_are_refused(widgets: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SynthError, match=said) as caught:
        Synth(with_widgets(tmp_path / "wrong.csd", widgets))
    assert str(caught.value).count("wrong.csd") == 1
    assert len(str(caught.value)) < 500


def test_widgets_are_read_however_they_are_written(tmp_path: Path) -> None:
    widgets = r"""
#define LOOK colour("red"), textcolour(1, 2, 3)
form caption("a, b; (c)") size(10, 10) /* rslider channel("no") */
RSLIDER Range ( 0, 10, 5 ) $LOOK, \
  Channel("one")} hslider channel("two") range(.5, 1.) button bounds(0, (1 + 2), 3, 4) channel("three")
rslider channel("four"), range(1, 16, 8, 1, 1), text("; range(0, 1, 0)")
rslider channel("four"), range(1, 16, 8, 1, 1), text("the same")
combobox channel("five") text("a", "a", "") value(0)
combobox channel("six"), channeltype("string"), items("a", "b")
checkbox widgetarray("seven", 2), value(1)
hrange channel("low", "high"), range(0, 1, 0.2:0.8)
"""
    path = with_widgets(tmp_path / "widgets.csd", widgets)
    found = {p.name: (p.minimum, p.maximum, p.default, p.scale.value) for p in Synth(path).parameters}
    assert found == {
        "one": (0, 10, 5, "linear"),
        "two": (0.5, 1, 0.5, "linear"),
        "three": (0, 1, 0, "choice"),
        "four": (1, 16, 8, "integer"),
        "five": (0, 2, 0, "choice"),
        "seven1": (0, 1, 1, "choice"),
        "seven2": (0, 1, 1, "choice"),
    }
    assert Synth(path).parameters[0].choices == ("a", "a (2)", "item 3")
    assert [w.line for w in read_widgets(path.read_text(), "x") if w.kind == "combobox"] == [9, 10]


def test_what_chn_k_says_of_a_channel_counts(tmp_path: Path) -> None:
    orchestra = 'chn_k "x", 1, 3, 200, 100, 400\n' + DRONE
    parameters = Synth(
        with_widgets(tmp_path / "both.csd", 'rslider channel("x"), range(0, 1, 0)', orchestra)
    ).parameters
    assert [(p.name, p.scale, p.maximum) for p in parameters] == [("x", Scale.LOG, 400)]
    of_cabbage_3 = Synth(with_widgets(tmp_path / "json.csd", '{"widgets": [{"type": "form"}]}', orchestra))
    assert of_cabbage_3.parameters == parameters


def test_cabbages_own_opcodes_are_named(tmp_path: Path) -> None:
    orchestra = (
        'instr 1\n  kx, kchanged cabbageGetValue "x"\n  ky cabbageGet "x", "bounds"\n  out a(kx)\nendin\n'
    )
    with pytest.raises(SynthError, match="of Cabbage's own opcodes, only cabbageGetValue"):
        Synth(with_widgets(tmp_path / "own.csd", 'rslider channel("x")', orchestra))


def test_cabbages_opcodes_that_csound_has_under_other_names_work(tmp_path: Path) -> None:
    orchestra = """
instr 1
  klevel cabbageGetValue "level"
  cabbageSet "level", "colour", 1, 2, 3
  cabbageSetValue "lamp", klevel*2 ; is seen only
  cabbageSetValue "back", 200
  out oscili(klevel, chnget:k("back"))*(cabbageGetValue:k("level") > 0 ? 1 : 0)
endin
"""
    widgets = 'rslider channel("level"), range(0, 1, 0.25)\ncheckbox channel("lamp")\nbutton channel("go"), latched(0)'
    path = with_widgets(tmp_path / "own.csd", widgets, orchestra)
    synth = Synth(path)
    assert [p.name for p in synth.parameters] == ["level"]
    with Renderer(synth) as renderer:
        assert np.abs(renderer.render({"level": 0.5})).max() == pytest.approx(0.5, abs=0.02)


def test_settings_of_widgets_are_checked(reed_organ: Synth) -> None:
    with pytest.raises(ControlError, match="choose one of 'Saw', 'Square, hollow'"):
        reed_organ.values({"Wave": "sine"})
    with pytest.raises(ControlError, match="from 200 to 3400"):
        reed_organ.values({"Filter.Cut Off": 100})
