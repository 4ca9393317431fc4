"""`brainsynth render` gives a sound, lists parameters, and refuses with one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from brainsynth import Renderer
from plugin_host.synths.preset import find_preset, read_presets
from tests.conftest import Command
from tests.support.small_disk import can_mount
from tests.support.synths import HEADER, SINE, write_synth


@pytest.fixture
def sine(tmp_path: Path) -> Path:
    return write_synth(tmp_path / "sine.csd")


def test_a_sound_is_rendered(brainsynth: Command, sine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    ended = brainsynth("render", sine, "--set", "f0_hz=300", "--set", "level=0.25", "-o", out)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    sound, rate = soundfile.read(out, dtype="float32")
    assert (rate, soundfile.info(out).subtype) == (8000, "PCM_24")
    expected = Renderer(sine).render({"f0_hz": 300, "level": 0.25})[0]
    assert sound == pytest.approx(expected, abs=2**-23)
    assert np.abs(sound).max() == pytest.approx(0.25, abs=0.01)


def test_options_that_are_missed_are_named(brainsynth: Command, tmp_path: Path) -> None:
    synth = write_synth(tmp_path / "sine.csd", options="-odac -r 22050")
    assert "its options -r 22050 are not used" in brainsynth("render", synth, "-o", tmp_path / "out.wav").err
    assert (
        "-r 22050" in brainsynth("generate", synth, "-o", tmp_path / "data", "--count", 1, "--workers", 1).err
    )


def test_clipping_is_reported(brainsynth: Command, sine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.flac"
    ended = brainsynth("render", sine, "--set", "level=2", "-o", out)
    assert ended.code == 0
    assert "samples were beyond full scale and clipped" in ended.err


def test_parameters_are_listed(brainsynth: Command) -> None:
    ended = brainsynth("render", "subtractive")
    assert ended.code == 0
    assert "subtractive, 2 s at 48000 Hz, 1 channel, 16 parameters" in ended.out
    assert "osc1_wave" in ended.out
    assert "saw, square, triangle" in ended.out
    assert "choice, one of equal osc" in ended.out
    assert "250 to 5000" in ended.out
    assert "Presets: round bass, " in ended.out


def test_silence_is_reported(brainsynth: Command, tmp_path: Path) -> None:
    silent = write_synth(tmp_path / "silent.csd", SINE.replace("out asine", "out 0.0009*asine"))
    ended = brainsynth("render", silent, "-o", tmp_path / "out.wav")
    assert ended.code == 0
    assert (
        ended.err
        == f"brainsynth: {tmp_path / 'out.wav'}: the sound is silent; look at the synth's levels and note\n"
    )
    assert (tmp_path / "out.wav").exists()


def test_a_path_may_hold_any_letter_and_a_synth_may_include_files(
    brainsynth: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "two words \u97f3"
    folder.mkdir()
    (folder / "part.udo").write_text(SINE)
    synth = write_synth(folder / "\xe4 synth.csd", '#include "part.udo"\n')
    ended = brainsynth("render", synth, "-o", folder / "\xfc.wav")
    assert (ended.code, ended.err) == (0, "")
    assert np.abs(soundfile.read(folder / "\xfc.wav")[0]).max() == pytest.approx(0.5, abs=0.01)


def test_a_synth_of_one_parameter_and_two_channels(brainsynth: Command, tmp_path: Path) -> None:
    text = 'chn_k "f0_hz", 1, 3, 440, 100, 1000\ninstr 1\naout oscili 0.5, chnget:k("f0_hz")\nouts aout, -aout\nendin\n'
    header = HEADER.replace("nchnls = 1", "nchnls = 2")
    synth = write_synth(tmp_path / "one.csd", text, header=header)
    assert "one, 0.2 s at 8000 Hz, 2 channels, 1 parameter\n" in brainsynth("render", synth).out
    assert brainsynth("render", synth, "-o", tmp_path / "out.wav").code == 0
    sound, _ = soundfile.read(tmp_path / "out.wav")
    assert sound.shape == (1600, 2)
    assert sound[:, 0] == pytest.approx(-sound[:, 1], abs=2**-22)
    assert sound.any()


def test_a_preset_of_another_synth_is_reported(brainsynth: Command, sine: Path, tmp_path: Path) -> None:
    other = write_synth(tmp_path / "other.csd", SINE + "; other\n")
    saved = tmp_path / "saved.json"
    assert brainsynth("render", other, "--save", saved).code == 0
    ended = brainsynth("render", sine, "--preset", saved, "-o", tmp_path / "out.wav")
    assert ended.code == 0
    assert f"the preset {saved} was made with other.csd, not sine.csd" in ended.err
    saved.write_text('{"values": {"level": NaN}}')
    ended = brainsynth("render", sine, "--preset", saved, "-o", tmp_path / "out.wav")
    assert ended.code == 2
    assert f"the preset 'saved' does not fit {sine}: level is nan" in ended.err


def test_a_full_disk_is_reported_as_such(tmp_path: Path) -> None:
    """On a full disk where the system lets us have one, else with a limit on the size of files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [sys.executable, "-m", "plugin_host.commands", "render", "fm", "-o", str(disk / "out.wav")]
    if can_mount(disk):
        script = 'mount -t tmpfs -o size=64k tmpfs "$0"; head -c 65536 /dev/zero > "$0/full"; "$@"'
        start, why = ["unshare", "--mount"], "No space left on device); make room there"
    else:
        script, start, why = 'ulimit -f 1; "$@"', [], "File too large)"
    done = subprocess.run(
        [*start, "sh", "-c", script, str(disk), *command],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5
    assert f"cannot be written ({why}" in done.stderr
    assert done.stderr.count("\n") == 1


COMMANDS = ("render", "generate", "infer", "cross", "train parameters", "train lpc")


@pytest.mark.parametrize("command", COMMANDS)
def test_documentation_names_every_option(command: str, brainsynth: Command) -> None:
    docs = Path(__file__).parents[2] / "docs"
    name, *family = command.split()
    section = (docs / "command-line.md").read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    if family:
        section += (docs / "training.md").read_text().split(f"\n### {family[0]}\n")[1].split("\n### ")[0]
    words = brainsynth(*command.split(), "--help").out.replace("│", " ").split()
    options = {word for word in words if re.fullmatch(r"--[a-z-]+", word)} - {"--help"}
    assert options
    for option in options:
        assert option in section, option


def test_presets_are_rendered_and_saved(brainsynth: Command, tmp_path: Path) -> None:
    saved, out = tmp_path / "mine.json", tmp_path / "mine.wav"
    ended = brainsynth("render", "fm", "--preset", "bell", "--set", "index=1", "--save", saved, "-o", out)
    assert (ended.code, ended.err) == (0, "")
    (preset,) = read_presets(saved)
    renderer = Renderer("fm")
    assert preset.values == {**find_preset("bell", renderer.synth).values, "index": 1}
    again = tmp_path / "again.wav"
    assert brainsynth("render", "fm", "--preset", saved, "-o", again).code == 0
    assert again.read_bytes() == out.read_bytes()
    saved.write_text(saved.read_text().replace(preset.synth_sha256, "0" * 64))
    ended = brainsynth("render", "fm", "--preset", saved, "-o", again)
    assert ended.code == 0
    assert "was made with another version of fm.csd" in ended.err


def test_a_synth_that_is_never_the_same_is_reported(brainsynth: Command, tmp_path: Path) -> None:
    noise = "seed 0\n" + SINE.replace("oscili chnget:k", "noise 0*chnget:k").replace(
        'noise 0*chnget:k("level"), chnget:k("f0_hz")', 'noise chnget:k("level"), 0'
    )
    ended = brainsynth("render", write_synth(tmp_path / "noise.csd", noise), "-o", tmp_path / "out.wav")
    assert ended.code == 0
    assert "gives another sound each time: seed its random opcodes" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--set", "f0=3", "-o", "out.wav"), 2, "synth 'sine' has no control 'f0': it has f0_hz, level"),
        (("--set", "level=3", "-o", "out.wav"), 2, "level is 3, needed is a number from 0 to 2"),
        (("--set", "level=loud", "-o", "out.wav"), 2, "level is 'loud', needed is a number"),
        (("--set", "level", "-o", "out.wav"), 2, "--set level is no setting; write --set name=value"),
        (("--set", "level=1"), 2, "where the sound goes is not said: add --output out.wav"),
        (("--set", "f0_hz=nan", "-o", "out.wav"), 2, "f0_hz is nan, needed is a number from 100 to 1000 Hz"),
        (("--set", "f0_hz=inf", "-o", "out.wav"), 2, "f0_hz is inf, needed is a number from 100 to 1000 Hz"),
        (("--preset", "bell", "-o", "out.wav"), 2, "has no preset 'bell': it has no presets"),
        (("-o", "sine.csd"), 2, "sine.csd"),
        (("-o", "out.xyz"), 2, "'out.xyz' must have a name that ends in .aif"),
        (("-o", "out"), 2, "'out' must have a name that ends in .aif"),
        (("-o", "sine.csd/out.wav"), 5, "cannot be written"),
        (("-o", "out.wav", "--save", "mine.txt"), 2, "must have a name that ends in .json"),
    ],
)
def test_impossible_requests_are_refused(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    brainsynth: Command,
    sine: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sine.read_bytes()
    ended = brainsynth("render", "sine.csd", *arguments)
    assert ended.code == code
    assert said in ended.err
    assert ended.err.startswith("brainsynth: ")
    assert ended.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["sine.csd"]
    assert sine.read_bytes() == before


def test_bad_synths_are_refused(brainsynth: Command, tmp_path: Path) -> None:
    silent = write_synth(tmp_path / "silent.csd", "instr 1\nendin\n")
    wrong = write_synth(tmp_path / "wrong.csd", SINE.replace("oscili", "oscilly"))
    for name, said in (
        (silent, "declares no parameters: declare each in the orchestra's header as chn_k"),
        (wrong, 'Csound says: error: syntax error, unexpected T_IDENT (token "oscilly")'),
        ("subtractiv", "there is no synth 'subtractiv': did you mean 'subtractive'?"),
        (tmp_path / "none.csd", "cannot be read"),
    ):
        ended = brainsynth("render", name)
        assert ended.code == 3
        assert said in ended.err
        assert ended.err.count("\n") == 1
