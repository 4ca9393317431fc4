"""A synth of one's own may crash Csound: the command tells of it, and signals reach it once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from plugin_host.commands.exit_codes import ExitCode
from plugin_host.commands.own_orchestra import compiles_own_orchestra
from tests.support.children import start_child

REPOSITORY = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "plugin_host.commands")
SYNTH = """<CsoundSynthesizer>
<CsInstruments>
sr = 48000
ksmps = 64
nchnls = 1
0dbfs = 1
chn_k "level", 3, 2, 0.5, 0, 1
instr 1
  klevel chnget "level"
  {}
  aout poscil klevel, 440
  out aout
endin
</CsInstruments>
<CsScore>
i 1 0 0.2
e 0.5
</CsScore>
</CsoundSynthesizer>
"""


@pytest.fixture
def synth(tmp_path: Path) -> Path:
    (tmp_path / "own.csd").write_text(SYNTH.format(""))
    return tmp_path / "own.csd"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(word) for word in (*COMMAND, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)


@pytest.mark.parametrize("command", ["render", "generate"])
def test_a_crash_is_told_in_a_sentence(command: str, synth: Path, tmp_path: Path) -> None:
    synth.write_text(SYNTH.format("ival table 1/0, 1"))
    out = tmp_path / ("out.wav" if command == "render" else "sounds")
    ended = run(command, synth, "-o", out, *(("-n", 3) if command == "generate" else ()))
    assert ended.returncode == ExitCode.FAILED
    assert ended.stderr.startswith(
        "brainsynth: Csound crashed (Segmentation fault): something in the orchestra"
    )
    assert len(ended.stderr.splitlines()) == 1


def test_what_does_not_crash_is_as_ever(synth: Path, tmp_path: Path) -> None:
    ended = run("render", synth, "-o", tmp_path / "out.wav", "--set", "level=0.25")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert abs(soundfile.read(tmp_path / "out.wav")[0]).max() == pytest.approx(0.25, abs=1e-3)
    assert run("render", synth, "-o", tmp_path / "out.wav", "--set", "level=9").returncode == ExitCode.USAGE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_what_is_made(
    number: signal.Signals, synth: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sounds"
    process = start_child(
        [*COMMAND, "generate", synth, "-o", out, "-n", 100000, "-j", 1],
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    deadline = time.monotonic() + 60
    while len(list(out.rglob("*.flac"))) < 5 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert not list(out.rglob("*.partial*"))


@pytest.mark.parametrize(
    ("words", "apart"),
    [
        (("render", "own.csd", "-o", "x.wav"), True),
        (("--debug", "generate", "own.csd"), True),
        (("render", "fm", "-o", "x.wav"), False),
        (("csound", "piece.csd"), False),
        (("process", "render", "own.csd"), False),
        ((), False),
    ],
)
def test_only_a_synth_of_ones_own_runs_apart(words: tuple[str, ...], apart: bool) -> None:
    assert compiles_own_orchestra(words) == apart
