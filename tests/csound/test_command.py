"""`brainsynth csound` ends as Csound does, finds models beside the .csd, and says what is missing."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from plugin_host.commands.exit_codes import ExitCode
from plugin_host.csound.csound_abi import Engine
from plugin_host.csound.load_csound import check_version, load_csound
from plugin_host.csound.run_csd import run_csound
from plugin_host.errors import MissingPackageError
from tests.conftest import Command
from tests.support.children import start_child

REPOSITORY = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "plugin_host.commands", "csound")
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
    ("score", "errors"), [("i 1 0 0.1 9", 1), ("i 1 0 0.1 9\n" * 3, 3), ("i 1 0 0.1 9\n" * 130, 130)]
)
def test_whatever_csound_objects_to_ends_with_one_code(
    score: str, errors: int, piece: Path, brainsynth: Command
) -> None:
    # The number of errors, which csound ends with, would say "wrong usage" or "interrupted" here.
    piece.write_text(CSD.format(score))
    assert run_csound([str(piece), "-n"]) == errors
    assert brainsynth("csound", piece, "-n").code == ExitCode.FAILED
    piece.write_text(CSD.replace('nngen "sine.onnx", p4', "poscil 1, p4, p4 < 100 ? 999 : -1").format(score))
    assert subprocess.run(["csound", piece, "-n"], capture_output=True, check=False).returncode == errors


def test_threads_of_csounds_own_do_not_outlive_what_they_work_with(piece: Path) -> None:
    # They wait for work for ever; in memory that was given back this ended a process now and then.
    program = f"""import time
from plugin_host.csound.run_csd import run_csound
for _ in range(8):
    assert run_csound([{str(piece)!r}, "-n", "-j4"]) == 0
    filled = [bytes(5000) for _ in range(3000)]
    time.sleep(0.1)
"""
    piece.write_text(CSD.format("i 1 0 0.05 440\ni 1 0 0.05 220"))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_files_may_have_any_name(piece: Path, brainsynth: Command) -> None:
    named = piece.rename(piece.with_name(os.fsdecode(b"caf\xe9.csd")))
    assert brainsynth("csound", named, "-o", named.with_suffix(".wav")).code == 0
    plain = named.with_suffix(".wav").rename(piece.with_name("plain.wav"))
    assert soundfile.info(plain).frames == 24_000


def test_an_orchestra_that_does_not_compile_exits_with_one(piece: Path, brainsynth: Command) -> None:
    piece.write_text(CSD.replace("nngen", "nngenn").format("i 1 0 1 440"))
    assert brainsynth("csound", piece, "-n").code == 1


@pytest.mark.parametrize(
    "arguments", [("none.csd",), ("none.orc", "none.sco"), ("-odac",), ("-o", "out.wav")]
)
def test_without_a_score_says_what_is_needed(arguments: tuple[str, ...], brainsynth: Command) -> None:
    ended = brainsynth("csound", *arguments)
    assert ended.code == 2
    assert ".csd" in ended.err
    assert "Traceback" not in ended.err


def test_renders_an_orchestra_and_a_score_in_two_files(piece: Path, brainsynth: Command) -> None:
    orchestra = CSD.split("<CsInstruments>")[1].split("</CsInstruments>")[0]
    (piece.parent / "two.orc").write_text(orchestra)
    (piece.parent / "two.sco").write_text("i 1 0 0.5 440\n")
    out = piece.parent / "two.wav"
    assert brainsynth("csound", piece.parent / "two.orc", piece.parent / "two.sco", "-o", out).code == 0
    assert soundfile.info(out).frames == 24_000
    (piece.parent / "two.sco").unlink()
    assert "two.sco" in brainsynth("csound", piece.parent / "two.orc", piece.parent / "two.sco").err


@pytest.mark.parametrize("flags", [("--version",), ("-z",), ("-h",), ("-U", "sndinfo", "none.wav")])
def test_what_needs_no_score_is_answered_as_csound_does(flags: tuple[str, ...]) -> None:
    theirs = subprocess.run(["csound", *flags], capture_output=True, text=True, check=False)
    ours = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert ours.returncode == theirs.returncode
    # All that csound tells, and our opcodes among its own; the numbers are those of opcodes and seconds.
    told = {word for word in theirs.stderr.split() if word.isalpha()}
    assert len(told) > 10
    assert told - set(ours.stderr.split()) == set()


def begin(piece: Path, out: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a long rendering in a process of its own, and wait until the file has some sound."""
    process = start_child(
        [*COMMAND, piece, "-o", out], stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, **options
    )
    deadline = time.monotonic() + 120
    while size_of(out) <= 100_000:
        if process.poll() is not None or time.monotonic() > deadline:
            # One that does not end would fill the disk.
            process.kill()
            pytest.fail(process.communicate()[1])
        time.sleep(0.01)
    return process


def size_of(path: Path) -> int:
    """Give the size of a file, 0 where there is none: libsndfile removes what is there before it begins."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("csounds_own_work", ["", "kcount = 0\nwhile kcount < 20000 do\nkcount += 1\nod"])
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
)
def test_a_signal_ends_it_and_the_file_is_whole(
    number: signal.Signals, code: int, csounds_own_work: str, piece: Path
) -> None:
    # Whether it comes while a model plays or while Csound is busy with opcodes of its own.
    piece.write_text(CSD.replace("endin", f"{csounds_own_work}\nendin").format("i 1 0 100000 440"))
    out = piece.parent / "long.wav"
    process = begin(piece, out)
    try:
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == code
    assert ("brainsynth: interrupted" in said) == (number == signal.SIGINT)
    assert "Traceback" not in said
    assert header_is_whole(out)


def test_one_wish_to_end_may_arrive_twice(piece: Path) -> None:
    # As `timeout` has it, and a Ctrl-C in a terminal: to the command, and to all of its group.
    piece.write_text(CSD.format("i 1 0 100000 440"))
    out = piece.parent / "long.wav"
    process = begin(piece, out, start_new_session=True)
    process.send_signal(signal.SIGTERM)
    os.killpg(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 143
    # Csound's last words: it was not cut off.
    assert "errors in performance" in said


@pytest.mark.parametrize("stuck_at_s", [2, 1.2])
def test_a_later_signal_ends_what_does_not_stop(stuck_at_s: float, piece: Path) -> None:
    # A single k-cycle that does not end, in Csound's own opcodes: it may begin before the first signal comes.
    piece.write_text(
        CSD.format(f"i 1 0 2 440\ni 2 {stuck_at_s} 1").replace(
            "endin", "endin\ninstr 2\nkcount = 0\nwhile kcount < 1 do\nkcount = 0\nod\nendin", 1
        )
    )
    out = piece.parent / "long.wav"
    process = begin(piece, out)
    if stuck_at_s < 2:
        time.sleep(2)
    # On a busy machine the second may be handled so soon after the first that it is taken for its echo.
    for _ in range(60):
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        if process.poll() is not None:
            break
    assert process.returncode == 143
    assert header_is_whole(out)


def test_a_crash_in_csound_is_told_and_the_file_is_whole(piece: Path) -> None:
    piece.write_text(
        CSD.format("i 1 0 2 440\ni 2 2 1").replace("endin", "endin\ninstr 2\nival table 1/0, 1\nendin", 1)
    )
    out = piece.parent / "crashed.wav"
    ended = subprocess.run(
        [*COMMAND, piece, "-o", out], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert ended.returncode == ExitCode.FAILED
    assert "brainsynth: Csound crashed (Segmentation fault)" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert header_is_whole(out)


def test_no_performance_outlives_the_command(piece: Path) -> None:
    piece.write_text(CSD.format("i 1 0 100000 440"))
    out = piece.parent / "long.wav"
    process = begin(piece, out)
    process.kill()
    process.wait()
    assert process.stderr is not None
    # It ends when the last process that holds it does.
    assert "errors in performance" in process.stderr.read()
    assert header_is_whole(out)


def test_lines_of_a_score_come_from_the_terminal_that_the_command_has(piece: Path) -> None:
    piece.write_text(CSD.format("f 0 1"))
    out = piece.parent / "typed.wav"
    subprocess.run(
        [*COMMAND, piece, "-L", "stdin", "-o", out, "-f"],
        input="i 1 0 0.5 440\n",
        text=True,
        capture_output=True,
        cwd=REPOSITORY,
        check=False,
    )
    assert np.max(np.abs(soundfile.read(out)[0])) > 0.4


def header_is_whole(path: Path) -> bool:
    """Say whether a WAV's header counts all samples that follow; libsndfile would count them itself."""
    content = path.read_bytes()
    start = content.index(b"data") + 8
    return len(content) - start == int.from_bytes(content[start - 4 : start], "little") > 100_000


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
from plugin_host.commands.leaving import leave_with
from brainsynth import run_csound
leave_with(lambda: run_csound([{str(piece)!r}]))
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
