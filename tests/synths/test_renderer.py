"""A sound is the same whatever was rendered before it, in every process, and Csound leaves no other trace."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer, Synth, bundled_synths, render
from plugin_host.errors import ControlError, SynthError
from plugin_host.synths.csound_score import CsoundScore
from tests.support.synths import HEADER, SINE, write_synth

REPOSITORY = Path(__file__).parents[2]

ECHO = """
chn_k "level", 1, 2, 0.5, 0, 1
gaecho init 0
instr 1
  gaecho = gaecho*0.9 + oscili:a(chnget:k("level"), 440)*0.1
  out gaecho
endin
"""

NOISE = """
chn_k "level", 1, 2, 0.5, 0, 1
instr 1
  kmoved random -1, 1
  out a(kmoved*chnget:k("level"))
endin
"""


def afresh(synth: Synth, unit: np.ndarray) -> np.ndarray:
    """Render in a Csound that has rendered nothing else."""
    score = CsoundScore(synth.path, synth.frames)
    score.set(tuple(p.name for p in synth.parameters), synth.values(synth.from_unit(unit)))
    sound, _ = score.perform()
    score.close()
    return sound


ENDS_EARLY = """
chn_k "ends", 1, 1, 0, 0, 1
instr 1
  if chnget:i("ends") == 1 then
    event_i "e", 0, 0.05
  endif
  out oscili(0.5, 440)
endin
"""


def test_a_score_that_ends_early_is_followed_by_silence_not_by_the_sound_before(tmp_path: Path) -> None:
    with Renderer(write_synth(tmp_path / "ending.csd", ENDS_EARLY)) as renderer:
        assert renderer.rewinds
        whole, short = renderer.render({"ends": 0}), renderer.render({"ends": 1})
    assert short.shape == whole.shape == (1, 1600)
    assert whole[0, 500:800].max() > 0.4
    np.testing.assert_array_equal(short[:, :380], whole[:, :380])
    np.testing.assert_array_equal(short[:, 420:], 0.0)


@pytest.mark.parametrize("name", bundled_synths())
def test_a_sound_does_not_depend_on_those_before(name: str) -> None:
    synth = Synth(name)
    units = np.random.default_rng(3).random((6, len(synth.parameters)))
    with Renderer(synth) as renderer:
        assert renderer.rewinds
        sounds = [renderer.render_unit(unit) for unit in units]
        again = renderer.render_unit(units[1])
    assert np.array_equal(sounds[1], again)
    assert np.array_equal(sounds[5], afresh(synth, units[5]))
    assert not np.array_equal(sounds[1], sounds[5])
    assert np.abs(sounds).max() > 0.01


def test_a_fresh_process_gives_the_same_samples() -> None:
    code = (
        "import hashlib\nfrom brainsynth import Renderer, bundled_synths\n"
        "for name in bundled_synths():\n"
        "    renderer = Renderer(name)\n"
        "    sound = renderer.render_unit([0.7] * len(renderer.synth.parameters))\n"
        "    print(name, hashlib.sha256(sound.tobytes()).hexdigest())\n"
    )
    here: list[str] = []
    for name in bundled_synths():
        synth = Synth(name)
        with Renderer(synth) as renderer:
            renderer.render({})
            sound = renderer.render_unit([0.7] * len(synth.parameters))
        here.append(f"{name} {hashlib.sha256(sound.tobytes()).hexdigest()}")
    assert run_python(code) == here


ENDING = """
import os, signal, sys
from pathlib import Path
from plugin_host.synths.csound_score import CsoundScore

def interrupt(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "__del__":
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
score = CsoundScore(Path(sys.argv[1]))
sys.setprofile(interrupt)
score.close()
sys.setprofile(None)
print("nothing has happened")
"""


def test_a_signal_that_comes_while_csound_is_freed_is_not_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDING, str(write_synth(tmp_path / "sine.csd"))]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_plug_ins_are_loaded_only_once() -> None:
    # Loaded again and again, JACK's library crashes after some three hundred times.
    code = (
        "from brainsynth import Synth\nSynth('fm')\n"
        "print('csound/plugins' in open('/proc/self/maps').read())\n"
    )
    assert run_python(code) == ["True"]


def run_python(code: str) -> list[str]:
    """Run a program that must print nothing on its standard error, and give its lines."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "orchestra", [ECHO, NOISE], ids=["a room that rings on", "a shared random generator"]
)
def test_what_leaks_into_the_next_sound_is_found(orchestra: str, tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "leaks.csd", orchestra))
    with Renderer(synth) as renderer:
        assert not renderer.rewinds
        assert renderer.deterministic
        first = renderer.render({"level": 0.9})
        assert not np.array_equal(renderer.render({"level": 0.2}), first)
        assert np.array_equal(renderer.render({"level": 0.9}), first)
    assert np.array_equal(afresh(synth, np.array([0.9])), first)


def test_randomness_from_the_clock_is_found(tmp_path: Path) -> None:
    with Renderer(write_synth(tmp_path / "clock.csd", "seed 0\n" + NOISE)) as renderer:
        assert not renderer.deterministic


def test_full_scale_channels_and_rate_are_those_of_the_orchestra(tmp_path: Path) -> None:
    header = "sr = 12000\nksmps = 30\nnchnls = 2\n0dbfs = 32768\n"
    orchestra = SINE.replace("out asine", "outs asine*32768, asine*-16384")
    synth = Synth(write_synth(tmp_path / "two.csd", orchestra, header=header))
    left, right = render(synth, level=1)
    assert synth.sample_rate == 12_000
    seconds = np.arange(1200) / 12_000
    assert left[:1200] == pytest.approx(np.sin(2 * np.pi * 440 * seconds), abs=1e-3)
    assert right == pytest.approx(-left / 2, abs=1e-6)
    assert not left[1200:].any()


@pytest.mark.parametrize("ksmps", [1, 7, 1600, 3000])
def test_any_number_of_samples_in_a_k_cycle(ksmps: int, tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "odd.csd", header=HEADER.replace("ksmps = 20", f"ksmps = {ksmps}")))
    with Renderer(synth) as renderer:
        sounds = [renderer.render({"f0_hz": f0_hz}) for f0_hz in (200, 300, 200)]
    assert sounds[0].shape == (1, synth.frames)
    assert np.array_equal(sounds[0], sounds[2])
    assert synth.frames % ksmps == 0
    assert synth.frames - 1600 < ksmps


def test_a_sound_is_as_long_as_with_defaults(tmp_path: Path) -> None:
    orchestra = SINE.replace("instr 1", 'chn_k "tail", 1, 2, 0.1, 0, 1\ninstr 1\nxtratim chnget:i("tail")')
    synth = Synth(write_synth(tmp_path / "tail.csd", orchestra, score="i 1 0 0.1"))
    assert synth.frames == pytest.approx(1600, abs=20)
    with Renderer(synth) as renderer:
        sounds = {tail: renderer.render({"tail": tail})[0] for tail in (0, 0.1, 1, 0)}
        assert np.array_equal(renderer.render({"tail": 1})[0], sounds[1])
    assert {len(sound) for sound in sounds.values()} == {synth.frames}
    assert sounds[1][1500:].any()
    assert sounds[0][:790].any()
    assert not sounds[0][900:].any()
    assert np.array_equal(sounds[0][:790], sounds[1][:790])


OPTIONS = """
import sys
from pathlib import Path
import numpy as np
from brainsynth import render
from tests.support.synths import write_synth

plain = render(write_synth(Path("synth.csd"), options=""))
for options in sys.argv[1:]:
    sound = render(write_synth(Path("synth.csd"), options=options))
    assert sound.shape == (1, 1600) and np.array_equal(sound, plain), options
"""


def test_no_option_of_the_file_counts(tmp_path: Path) -> None:
    options = [
        "-o written.wav -m7 -iadc -M0 -b 16 -n",
        "-C",
        "-n -d -+rtmidi=NULL -M0 -m0d",
        "-L stdin",
        "-r 22050 -k 2205\n--ksmps=7 --nchnls=2 --0dbfs=2",
        "--logfile=written.txt --displays",
        "-+rtaudio=jack -odac -B 4096 --realtime -j 4",
        "-t 30 -I",
        "-z",
        "--no-such-option",
        "; nothing",
    ]
    # What lies in the folder, or in the home, is no part of the synth either.
    (tmp_path / ".csound6rc").write_text("-C -r 22050 -k 2205")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", OPTIONS, *options],
        cwd=tmp_path, env=environment, stdin=subprocess.PIPE, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".csound6rc", "synth.csd"]


def test_options_that_would_change_the_sound_are_named(tmp_path: Path) -> None:
    options = "-odac -r 22050 --omacro:X=1 ; --sample-accurate\n-d --ksmps=7 -b 16"
    path = write_synth(tmp_path / "sine.csd", options=options)
    assert Synth(path).missed_options == ("-r 22050", "--omacro:X=1", "--ksmps=7")
    assert Synth(write_synth(tmp_path / "sine.csd")).missed_options == ()
    broken = write_synth(tmp_path / "broken.csd", SINE.replace("440", "$X"), options=options)
    with pytest.raises(SynthError, match=r"--omacro:X=1, --ksmps=7 are not used"):
        Synth(broken)


def test_what_lies_beside_the_file_is_found_and_any_encoding_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with blanks, ü"
    folder.mkdir()
    (folder / "part.udo").write_text("gilevel = 0.25\n")
    path = write_synth(
        folder / "sine.csd", '#include "part.udo"\n' + SINE.replace("out asine", "out asine*gilevel")
    )
    path.write_bytes(path.read_bytes().replace(b"instr 1", b"; f\xfcr\ninstr 1"))
    assert np.abs(render(path, level=1)).max() == pytest.approx(0.25, abs=0.01)


def test_samples_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    orchestra = SINE.replace("out asine", 'out asine/(chnget:k("level") - 1)')
    with Renderer(write_synth(tmp_path / "bursts.csd", orchestra)) as renderer:
        whole = renderer.render({"level": 0.5})
        with pytest.raises(SynthError, match=r"NaN or infinite \(at f0_hz=440.0, level=1.0\)"):
            renderer.render({"level": 1})
        assert np.array_equal(renderer.render({"level": 0.5}), whole)


def test_settings_are_checked_and_change_the_sound(tmp_path: Path) -> None:
    with Renderer(write_synth(tmp_path / "sine.csd")) as renderer:
        with pytest.raises(ControlError, match="level is 3"):
            renderer.render({"level": 3})
        quiet, loud = (np.abs(renderer.render({"level": level})).max() for level in (0.25, 2))
    assert (quiet, loud) == pytest.approx((0.25, 2), rel=0.01)


def test_a_synth_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "sine.csd"))
    write_synth(tmp_path / "sine.csd", SINE + "\n")
    with pytest.raises(SynthError, match="has changed since it was read"):
        Renderer(synth)
