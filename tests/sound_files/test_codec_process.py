"""A process that decodes or encodes may die: that is one file's fault, and the next file has another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from plugin_host.errors import AudioFileError
from plugin_host.files.writer import AudioWriter
from plugin_host.idle_children import IdleChildren
from plugin_host.sound_files import codec_process
from plugin_host.sound_files.codec_process import CodecEndedError, borrow_codec, return_codec
from plugin_host.sound_files.encoding import Encoding
from plugin_host.sound_files.reader import AudioReader
from tests.conftest import Command
from tests.support.sound_files import tree, write_sound

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")

STUB = """
import sys; sys.path = {path!r}
from plugin_host.sound_files import codec_child, decoding
def read(self, length):
    {deed}
decoding.Decoding.read = read
{before}
codec_child.serve()
"""


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "in.wav", np.random.default_rng(0).uniform(-0.5, 0.5, (2, 100_000)))


def replace_child(monkeypatch: pytest.MonkeyPatch, deed: str, before: str = "") -> None:
    """Let processes that are started from now on do something else than decode."""
    monkeypatch.setattr(codec_process, "_idle", IdleChildren(codec_process.CodecProcess, 1))
    code = STUB.format(path=[*sys.path, str(Path(__file__).parents[2])], deed=deed, before=before)
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda _, **how: popen([sys.executable, "-c", code], **how))


@pytest.mark.parametrize(
    ("deed", "before", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "", "the decoder ended with signal 11 at this file"),
        ("import os; os._exit(3)", "", "the decoder ended with code 3 at this file"),
        (
            "while True: pass",
            "codec_child.TIME_LIMIT_S = 0.2",
            "the decoder was busy without end at this file",
        ),
        ("bytearray(3 << 30)", "", "needs more memory than a sound file may have (2 GiB)"),
        ("raise KeyError(1)", "", "the decoder ended with code 1"),
    ],
)
def test_the_death_of_a_decoder_is_the_fault_of_its_file(
    deed: str,
    before: str,
    words: str,
    sound: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    replace_child(monkeypatch, deed, before)
    with pytest.raises(AudioFileError) as refusal, AudioReader(sound) as reader:
        reader.read(100)
    assert str(refusal.value).startswith(f"{sound} ")
    assert words in str(refusal.value)
    monkeypatch.undo()
    with AudioReader(sound) as reader:
        assert reader.read_rest().shape == (2, 100_000)
    assert capfd.readouterr() == ("", "")


def test_what_libraries_print_is_no_message(
    sound: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    replace_child(monkeypatch, "import os; os.write(1, b'x'); os.write(2, b'x'); import numpy; "
                  "return numpy.ones((5, 2), numpy.float32)")  # fmt: skip
    with AudioReader(sound) as reader:
        np.testing.assert_array_equal(reader.read_rest(), np.ones((2, 5), np.float32))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rate", [200_001, 300_000])
def test_a_rate_at_which_the_encoder_dies_is_refused(
    rate: int, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    write_sound(tmp_path / "in" / "high.wav", np.full((1, 50_000), 0.1), rate)
    write_sound(tmp_path / "in" / "low.wav", np.full((1, 5000), 0.1), 48_000)
    call = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", "-j", 1)
    ended = brainsynth(*call, "--container", "ogg")
    assert (ended.code, tree(tmp_path / "out")) == (1, ["low.ogg"])
    assert f"high.ogg cannot be written: OGG in VORBIS does not take 1 channel at {rate} Hz" in ended.err


def test_an_encoder_that_dies_leaves_nothing(tmp_path: Path) -> None:
    block = np.zeros((1, 1000), np.float32)
    with AudioWriter(tmp_path / "out.wav", 48_000, 1, "WAV", "PCM_16") as writer:
        writer.write(block)
        codec = writer._file._codec
        assert codec is not None
        codec._process.kill()
        with pytest.raises(
            AudioFileError, match=r"out\.wav cannot be written: the encoder ended with signal 9 at"
        ):
            writer.write(block)
    assert tree(tmp_path) == []


def test_one_process_serves_many_files(sound: Path) -> None:
    codecs = set()
    for _ in range(5):
        with AudioReader(sound) as reader:
            reader.read(10)
            codecs.add(reader._file._codec)
        with pytest.raises(AudioFileError, match="is closed already"):
            reader.read_rest()
    assert len(codecs) == 1


def test_a_process_that_ended_while_it_waited_is_nobodys_fault(sound: Path) -> None:
    codec = borrow_codec()
    return_codec(codec)
    codec._process.kill()
    codec._process.wait()
    with AudioReader(sound) as reader:
        assert reader.read_rest().shape == (2, 100_000)


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    paths = [
        write_sound(tmp_path / f"{n}.wav", np.full((1, 30_000 + n), n / 20), subtype="FLOAT")
        for n in range(12)
    ]

    def check(path: Path) -> bool:
        with AudioReader(path) as reader:
            audio = reader.read_rest()
        number = int(path.stem)
        return audio.shape == (1, 30_000 + number) and bool(np.allclose(audio, number / 20))

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(check, paths * 3))


@pytest.mark.parametrize("how", ["end", "kill", "interrupt"])
def test_no_process_outlives_the_program(how: str, sound: Path) -> None:
    code = f"""
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from plugin_host.sound_files.reader import AudioReader
reader = AudioReader(Path({str(sound)!r}))
other = AudioReader(Path({str(sound)!r}))
other.close()
print(reader._file._codec._process.pid, flush=True)
if {how!r} != "end":
    time.sleep(60)
"""
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    child = int(program.stdout.readline())
    if how != "end":
        program.send_signal(signal.SIGKILL if how == "kill" else signal.SIGINT)
    program.communicate(timeout=30)
    for _ in range(300):
        if not is_alive(child):
            break
        time.sleep(0.02)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_its_end_is_an_error_about_an_audio_file() -> None:
    assert issubclass(CodecEndedError, AudioFileError)


def test_a_file_to_encode_is_never_made(tmp_path: Path) -> None:
    missing = tmp_path / "removed.wav"
    with pytest.raises(AudioFileError, match="No such file"):
        Encoding(str(missing), 44_100, 1, "WAV", "FLOAT")
    assert not missing.exists()
