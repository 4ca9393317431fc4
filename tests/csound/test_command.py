"""`brainsynth csound` ends as Csound does, finds models beside the .csd, and says what is missing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.csound.csound_abi import Engine
from plugin_host.csound.load_csound import check_version, load_csound
from plugin_host.errors import MissingPackageError
from tests.conftest import Command
from tests.support.children import start_child

REPOSITORY = Path(__file__).parents[2]
CSD = """<CsoundSynthesizer>
<CsOptions>
-d -m0 -odac
</CsOptions>
<CsInstruments>
sr = 48000
ksmps = 64
0dbfs = 1
instr 1
  aout nngen "sine.onnx", p4
  out aout*0.5
endin
</CsInstruments>
<CsScore>
{}
</CsScore>
</CsoundSynthesizer>
"""


@pytest.fixture
def piece(models: Path, tmp_path: Path) -> Path:
    shutil.copy(models / "sine.onnx", tmp_path)
    (tmp_path / "piece.csd").write_text(CSD.format("i 1 0 0.5 440"))
    return tmp_path / "piece.csd"


def test_renders_with_csounds_own_flags(piece: Path, brainsynth: Command) -> None:
    out = piece.parent / "out.wav"
    assert brainsynth("csound", piece, "-o", out, "-f", "--format=wav").code == 0
    sound, rate = soundfile.read(out)
    assert (rate, len(sound)) == (48_000, 24_000)
    assert np.argmax(np.abs(np.fft.rfft(sound))) == 220
    assert np.max(np.abs(sound)) == pytest.approx(0.5, abs=1e-3)


def test_renders_what_csound_renders(piece: Path, brainsynth: Command) -> None:
    piece.write_text(CSD.replace('nngen "sine.onnx", p4', "poscil 1, p4").format("i 1 0 0.777 440"))
    ours, theirs = piece.parent / "ours.wav", piece.parent / "theirs.wav"
    assert brainsynth("csound", piece, "-o", ours, "-f", "-K").code == 0
    subprocess.run(["csound", piece, "-o", theirs, "-f", "-K"], capture_output=True, check=True)
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize(
    ("score", "code"),
    [("i 1 0 0.1 9", 1), ("i 1 0 0.1 9\ni 1 0 0.1 9\ni 1 0 0.1 9", 3), ("i 1 0 0.1 440", 0)],
)
def test_ends_with_the_number_of_errors_as_csound_does(
    score: str, code: int, piece: Path, brainsynth: Command
) -> None:
    piece.write_text(CSD.format(score))
    assert brainsynth("csound", piece, "-n").code == code
    piece.write_text(CSD.replace('nngen "sine.onnx", p4', "poscil 1, p4, p4 < 100 ? 999 : -1").format(score))
    assert subprocess.run(["csound", piece, "-n"], capture_output=True, check=False).returncode == code


def test_an_orchestra_that_does_not_compile_exits_with_one(piece: Path, brainsynth: Command) -> None:
    piece.write_text(CSD.replace("nngen", "nngenn").format("i 1 0 1 440"))
    assert brainsynth("csound", piece, "-n").code == 1


@pytest.mark.parametrize("arguments", [("none.csd",), ("-odac",), ("-o", "out.wav")])
def test_without_a_csd_says_what_is_needed(arguments: tuple[str, ...], brainsynth: Command) -> None:
    ended = brainsynth("csound", *arguments)
    assert ended.code == 2
    assert ".csd" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("csounds_own_work", ["", "kcount = 0\nwhile kcount < 20000 do\nkcount += 1\nod"])
def test_ctrl_c_ends_it_and_keeps_what_was_rendered(csounds_own_work: str, piece: Path) -> None:
    # Ctrl-C works whether it comes while a model plays or while Csound is busy with opcodes of its own.
    long = CSD.replace("endin", f"{csounds_own_work}\nendin")
    piece.write_text(long.format("i 1 0 100000 440"))
    out = piece.parent / "long.wav"
    command = [sys.executable, "-m", "plugin_host.commands", "csound", str(piece), "-o", str(out)]
    process = start_child(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    try:
        deadline = time.monotonic() + 120
        while not (out.exists() and out.stat().st_size > 100_000):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        # One that does not end would fill the disk.
        process.kill()
    assert process.returncode == 130
    assert "brainsynth: interrupted" in said
    assert "Traceback" not in said
    assert soundfile.info(out).frames > 10_000


@pytest.mark.parametrize(
    ("hidden", "sentence"),
    [
        ("sys.modules['ctcsound'] = None", "pip install 'ctcsound>=6.17,<7'"),
        (
            "ctypes.CDLL = fail",
            "libcsound64.so: cannot open shared object file): version 6 is needed, "
            "sudo apt-get install csound libcsound64-dev libcsnd-dev",
        ),
    ],
)
def test_without_csound_everything_else_works_and_one_sentence_says_what_to_install(
    hidden: str, sentence: str, piece: Path
) -> None:
    code = f"""
import ctypes, sys
def fail(name, *_, **__):
    raise OSError(f"{{name}}: cannot open shared object file")
import numpy, onnxruntime
from brainsynth import Model
{hidden}
Model("cello").stream()
from plugin_host.commands.app import main
main(["csound", {str(piece)!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=120, check=False
    )
    assert done.returncode == 5
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_major_version_is_refused() -> None:
    with pytest.raises(
        MissingPackageError, match=r"Csound 7\.0 was found, .* made for Csound 6: sudo apt-get"
    ):
        check_version(7000)
    check_version(6190)


def test_another_layout_is_refused() -> None:
    ctcsound = load_csound()
    csound = ctcsound.Csound()
    import ctypes

    address = ctypes.cast(csound.csound(), ctypes.c_void_p).value or 0
    Engine(ctcsound.libcsound, address)
    with pytest.raises(MissingPackageError, match=r"another order than 6\.18"):
        Engine(ctcsound.libcsound, address + 8)


def test_the_environment_has_csound() -> None:
    assert shutil.which("csound", path=os.environ.get("PATH")), "sudo apt-get install csound"
