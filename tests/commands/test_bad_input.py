"""What a user may get wrong: one clear sentence, the right exit code, no traceback, and nothing lost."""

import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plugin_host.errors import AudioFileError, DiskFullError, ModelFileError, OutputError
from plugin_host.files.atomic_file import output_error
from plugin_host.files.writer import AudioWriter
from plugin_host.playing.model import Model
from plugin_host.sound_files.reader import AudioReader
from tests.conftest import Command, Ended
from tests.support import tiny_models
from tests.support.sound_files import read_sound, tree, write_sound
from training.data.recordings import content_hash, file_hash, read_usable
from training.loop.report import Silent

Audio = NDArray[np.float32]


def assert_refused(ended: Ended, code: int, *words: str) -> None:
    """Check the exit code, that there is one sentence and no traceback, and that it holds these words."""
    assert ended.code == code, ended
    (sentence,) = ended.err.strip().splitlines()
    assert sentence.startswith("brainsynth: ")
    for word in words:
        assert word in sentence


def cut(path: Path, part: float) -> Path:
    """Cut the end off a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def zero_channels(path: Path) -> Path:
    """Let a WAV's header say that it has no channels."""
    data = bytearray(path.read_bytes())
    data[22:24] = b"\0\0"
    path.write_bytes(data)
    return path


def long_noise() -> Audio:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (2, 96_000)).astype(np.float32)


BROKEN: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "in.wav", "does not exist"),
    "empty": (lambda folder: touch(folder / "in.wav"), "is empty (0 bytes)"),
    "no samples": (lambda folder: write_sound(folder / "in.wav", long_noise()[:, :0]), "holds no samples"),
    "no audio": (
        lambda folder: touch(folder / "in.wav", b"hello, world" * 9),
        "is no audio file that can be read",
    ),
    "header only": (lambda folder: cut(write_sound(folder / "in.wav", long_noise()), 0.0001), "is truncated"),
    "zero channels": (
        lambda folder: zero_channels(write_sound(folder / "in.wav", long_noise())),
        "has zero channels",
    ),
    "device": (lambda folder: link_to(folder / "in.wav", Path("/dev/zero")), "is not a regular file"),
    **{
        f"truncated {kind}": (
            lambda folder, suffix=suffix, subtype=subtype, part=part: cut(
                write_sound(folder / f"in{suffix}", long_noise(), 48_000, subtype), part
            ),
            words,
        )
        for kind, suffix, subtype, part, words in (
            ("wav 16", ".wav", "PCM_16", 0.6, "its header promises 384,000 bytes of sound and it holds"),
            ("wav float", ".wav", "FLOAT", 0.999, "is truncated"),
            ("aiff", ".aiff", "PCM_24", 0.6, "is truncated"),
            ("flac", ".flac", "PCM_16", 0.6, "truncated"),
            ("ogg", ".ogg", "VORBIS", 0.6, "is truncated"),
            ("mp3", ".mp3", "MPEG_LAYER_III", 0.6, "is truncated"),
        )
    },
}


def touch(path: Path, data: bytes = b"") -> Path:
    path.write_bytes(data)
    return path


def link_to(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_audio_is_refused(kind: str, models: Path, tmp_path: Path, brainsynth: Command) -> None:
    make, words = BROKEN[kind]
    source = make(tmp_path)
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 1, source.name, words)
    assert tree(tmp_path / "out") == []
    with pytest.raises(AudioFileError, match=source.name), AudioReader(source) as reader:
        for _ in reader.blocks(4096):
            pass


def test_a_folder_named_like_audio_holds_none(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    (tmp_path / "in.wav").mkdir()
    ended = brainsynth("process", tmp_path / "in.wav", "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 4, "no audio file found in", ".wav")


def test_a_pattern_that_matches_nothing_is_nothing_to_do(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    ended = brainsynth("process", tmp_path / "*.wav", "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 4, "no audio file found", "*.wav")


def test_wav_written_into_a_pipe_is_no_truncated_one(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise())
    data = bytearray(source.read_bytes())
    position = data.index(b"data") + 4
    data[position : position + 4] = struct.pack("<I", 0xFFFFFFFF)
    data[4:8] = struct.pack("<I", 0xFFFFFFFF)
    source.write_bytes(data)
    assert brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out").code == 0
    assert read_sound(tmp_path / "out" / "in.wav")[0].shape == (2, 96_000)


def test_ogg_cut_between_two_pages_is_truncated(tmp_path: Path) -> None:
    source = write_sound(tmp_path / "in.ogg", long_noise())
    data = source.read_bytes()
    source.write_bytes(data[: data.rindex(b"OggS")])
    with pytest.raises(AudioFileError, match=r"in\.ogg is truncated: its last page"):
        AudioReader(source)


def test_reader_gives_finite_samples_only(tmp_path: Path) -> None:
    audio = long_noise()
    audio[0, 10], audio[1, 5000] = np.nan, -np.inf
    source = write_sound(tmp_path / "in.wav", audio, subtype="FLOAT")
    with AudioReader(source) as reader:
        read = np.concatenate(list(reader.blocks(4096)), axis=1)
        assert reader.repaired_samples == 2
    audio[0, 10] = audio[1, 5000] = 0
    np.testing.assert_array_equal(read, audio)


def test_mp3_with_tags_around_it_is_whole(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "in.mp3", long_noise())
    tag = b"ID3\x04\0\0" + bytes([0, 0, 2, 0]) + bytes(256)
    source.write_bytes(tag + source.read_bytes() + b"TAG" + bytes(125))
    assert brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out").code == 0


def test_one_bad_file_does_not_stop_the_others(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    for name in ("a.wav", "c.wav"):
        write_sound(tmp_path / "in" / name, long_noise())
    cut(write_sound(tmp_path / "in" / "b.flac", long_noise()), 0.5)
    ended = brainsynth(
        "process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", "-j", 1
    )
    assert_refused(ended, 1, "b.flac")
    assert ended.out.startswith("2 made, 1 failed")
    assert tree(tmp_path / "out") == ["a.wav", "c.wav"]


def test_samples_that_are_no_numbers_are_replaced_and_counted(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    audio = long_noise()
    audio[1, 100:103] = np.nan
    source = write_sound(tmp_path / "in.wav", audio, subtype="FLOAT")
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out.wav")
    assert ended.code == 0
    assert "3 samples of the input, NaN or infinite, became 0" in ended.err
    wanted = audio.copy()
    wanted[1, 100:103] = 0
    np.testing.assert_array_equal(read_sound(tmp_path / "out.wav")[0], wanted)


def test_a_model_that_breaks_down_is_muted_and_counted(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    audio = long_noise()
    audio[0, 5000] = 0.95
    source = write_sound(tmp_path / "in.wav", audio, subtype="FLOAT")
    ended = brainsynth("process", source, "-m", models / "fragile.onnx", "-o", tmp_path / "out.wav")
    assert ended.code == 0
    assert "the model's output was not finite and was muted" in ended.err
    assert np.isfinite(read_sound(tmp_path / "out.wav")[0]).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["gain=5"], ("gain", "5", "4")),
        (["gain=nan"], ("gain", "nan")),
        (["gain=loud"], ("gain", "'loud'", "a number is needed")),
        (["gian=1"], ("gian", "did you mean 'gain'?")),
        (["mix=0.5"], ("no control 'mix'",)),
        (["block_size=64"], ("no control 'block_size'",)),
        (["gain"], ("--set gain is no setting", "name=value")),
        (["=3"], ("--set =3 is no setting",)),
    ],
)
def test_wrong_settings_are_said_once_and_nothing_is_begun(
    settings: list[str], words: tuple[str, ...], models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    for name in ("a.wav", "b.wav"):
        write_sound(tmp_path / "in" / name, long_noise())
    options = [part for setting in settings for part in ("--set", setting)]
    ended = brainsynth(
        "process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", *options
    )
    assert_refused(ended, 2, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--mix", "1.5"], ("mix", "1.5")),
        (["--mix", "nan"], ("mix", "nan")),
        (["--workers", "-1"], ("--workers",)),
        (["--if-exists", "perhaps"], ("perhaps", "skip", "overwrite", "fail")),
        (["--container", "aac"], ("aac", "flac")),
        (["--nonsense"], ("--nonsense",)),
    ],
)
def test_wrong_options_are_refused(
    options: list[str], words: tuple[str, ...], models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "a.wav", long_noise())
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out", *options)
    assert_refused(ended, 2, *words)


def test_a_choice_is_set_by_its_word(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "a.wav", long_noise(), subtype="FLOAT")
    call = ("process", source, "-m", models / "mode.onnx", "-o")
    assert brainsynth(*call, tmp_path / "both.wav", "--set", "mode=both").code == 0
    np.testing.assert_array_equal(read_sound(tmp_path / "both.wav")[0], 2 * long_noise())
    assert_refused(brainsynth(*call, tmp_path / "no.wav", "--set", "mode=wett"), 2, "mode", "wett", "wet")


def test_only_tables_are_played_by_a_generator(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "a.wav", long_noise())
    ended = brainsynth("process", source, "-m", models / "sine.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 1, "a.wav", "no table")
    ended = brainsynth("process", tmp_path, "-m", models / "sine.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 4, "no table found", ".csv")


def make_oversized(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 2**20)


def make_foreign(path: Path) -> None:
    proto = tiny_models.gain_effect()
    del proto.metadata_props[:]
    path.write_bytes(proto.SerializeToString())


BROKEN_MODELS: dict[str, Callable[[Path], object]] = {
    "corrupt": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "truncated": lambda path: path.write_bytes(tiny_models.gain_effect().SerializeToString()[:-300]),
    "oversized": make_oversized,
    "foreign": make_foreign,
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", BROKEN_MODELS)
@pytest.mark.parametrize("command", ["process", "info", "verify", "bench", "live"])
def test_broken_model_files_are_refused_by_every_command(
    kind: str, command: str, tmp_path: Path, brainsynth: Command
) -> None:
    path = tmp_path / "broken.onnx"
    BROKEN_MODELS[kind](path)
    source = write_sound(tmp_path / "a.wav", long_noise()[:, :100])
    options = {"process": (source, "-o", tmp_path / "out", "-m", path), "live": ("-m", path)}
    assert_refused(brainsynth(command, *options.get(command, (path,))), 3, "broken.onnx")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelFileError, match=r"broken\.onnx"):
        Model(path)


def test_unknown_model_name_lists_the_known_ones(tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "a.wav", long_noise()[:, :100])
    ended = brainsynth("process", source, "-m", "chello", "-o", tmp_path / "out")
    assert_refused(ended, 3, "'chello'", "did you mean 'cello'?", "pitch")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse files larger than this, as it refuses everything on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_an_output_that_cannot_be_finished_leaves_nothing(
    suffix: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / f"in{suffix}", np.tile(long_noise(), 4))
    with largest_file(source.stat().st_size // 2):
        ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 5, f"in{suffix} cannot be written", "File too large")
    assert tree(tmp_path / "out") == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_the_last_bytes_count_as_well(suffix: str, models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / f"in{suffix}", long_noise())
    call = ("process", source, "-m", models / "gain.onnx", "-o")
    assert brainsynth(*call, tmp_path / "first").code == 0
    size = (tmp_path / "first" / source.name).stat().st_size
    with largest_file(size - 1):
        ended = brainsynth(*call, tmp_path / "out")
    assert_refused(ended, 5, f"in{suffix} cannot be written")
    assert tree(tmp_path / "out") == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_no_room_for_the_first_byte_is_no_question_of_format(
    suffix: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / f"in{suffix}", long_noise())
    with largest_file(10):
        ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 5, f"in{suffix} cannot be written", "File too large")
    assert tree(tmp_path / "out") == []


def test_an_output_that_was_there_outlives_a_failure(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise())
    call = ("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out.wav")
    assert brainsynth(*call).code == 0
    before = (tmp_path / "out.wav").read_bytes()
    with largest_file(100_000):
        assert brainsynth(*call, "--set", "gain=2", "--if-exists", "overwrite").code == 5
    assert (tmp_path / "out.wav").read_bytes() == before


def test_a_full_disk_is_told_from_other_failures(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="No space left") as full,
        open("/dev/full", "wb", buffering=0) as device,
    ):
        device.write(b"x")
    error = output_error(tmp_path / "out.wav", full.value)
    assert isinstance(error, DiskFullError)
    assert "out.wav cannot be written (No space left on device); make room there" in str(error)


_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=300k tmpfs "$1/disk" || exit 99
shift
exec "$@"
"""


def test_a_full_disk_stops_all_and_leaves_nothing(models: Path, tmp_path: Path) -> None:
    """On a disk of 300 KiB where the system lets us have one, else with a limit on the size of files."""
    for name in ("a.wav", "b.wav", "c.wav"):
        write_sound(tmp_path / "in" / name, np.tile(long_noise(), 2))
    disk = tmp_path / "disk"
    disk.mkdir()
    arguments = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", disk / "out", "-j", 1)
    command = [sys.executable, "-m", "plugin_host.commands", *map(str, arguments)]
    unshare = shutil.which("unshare") or "unshare"
    apart = [unshare, "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    listing = "; code=$?; find \"$0\" -type f ! -name '.*.jsonl' >&2; exit $code"
    shell = [*apart, "sh", "-c", _ON_A_SMALL_DISK, "sh", str(tmp_path)]
    try:
        done = subprocess.run(
            [*shell, "sh", "-c", f'"$@"{listing}', str(disk), *command],
            capture_output=True,
            text=True,
            timeout=120,
        )
    except FileNotFoundError:
        done = None
    if done is None or (done.returncode in (1, 99) and "brainsynth:" not in done.stderr):
        done = subprocess.run(
            ["sh", "-c", f'ulimit -f 100; "$@"{listing}', str(disk), *command],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "3 failed" in done.stdout
    else:
        assert done.stdout.startswith("1 failed, 2 not tried")
        assert "No space left on device" in done.stderr
    assert done.returncode == 5, done
    assert all(line.startswith("brainsynth: ") for line in done.stderr.splitlines()), done.stderr


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Act as a user whom permissions bind; root goes where it likes."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_read_only_output_folder_is_refused(models: Path, open_folder: Path, brainsynth: Command) -> None:
    source = write_sound(open_folder / "in.wav", long_noise())
    model = shutil.copy(models / "gain.onnx", open_folder / "gain.onnx")
    out = open_folder / "out"
    call = ("process", source, "-m", model, "-o")
    assert brainsynth(*call, open_folder / "first").code == 0
    out.mkdir(mode=0o555)
    with ordinary_user():
        ended = brainsynth(*call, out)
    assert_refused(
        ended, 5, "in.wav cannot be written", "Permission denied", "choose a folder that can be written"
    )
    assert tree(out) == []


def test_unreadable_input_is_refused(models: Path, open_folder: Path, brainsynth: Command) -> None:
    source = write_sound(open_folder / "in.wav", long_noise())
    model = shutil.copy(models / "gain.onnx", open_folder / "gain.onnx")
    call = ("process", source, "-m", model, "-o")
    assert brainsynth(*call, open_folder / "first").code == 0
    source.chmod(0)
    with ordinary_user():
        ended = brainsynth(*call, open_folder / "out")
    assert_refused(ended, 1, "in.wav cannot be read: Permission denied")


def test_unreadable_input_in_a_folder_is_named_and_the_rest_goes_on(
    models: Path, open_folder: Path, brainsynth: Command
) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        write_sound(open_folder / "in" / name, long_noise())
    model = shutil.copy(models / "gain.onnx", open_folder / "gain.onnx")
    call = ("process", open_folder / "in", "-m", model, "-j", 1, "-o")
    assert brainsynth(*call, open_folder / "first").code == 0
    (open_folder / "in" / "b.wav").chmod(0)
    with ordinary_user():
        ended = brainsynth(*call, open_folder / "out")
    assert (ended.code, tree(open_folder / "out")) == (1, ["a.wav", "c.wav"])
    (sentence,) = ended.err.strip().splitlines()
    assert f"{open_folder / 'in' / 'b.wav'} cannot be read: Permission denied" in sentence


def test_unreadable_recording_is_named_and_left_out_of_a_training(open_folder: Path) -> None:
    paths = [write_sound(open_folder / name, long_noise()) for name in ("a.wav", "b.wav", "c.wav")]
    sentences: list[str] = []

    class Report(Silent):
        def warn(self, sentence: str) -> None:
            sentences.append(sentence)

    paths[1].chmod(0)
    with ordinary_user():
        without = content_hash(paths)
        found = read_usable(open_folder, paths, file_hash, Report())
    assert list(found) == [paths[0], paths[2]]
    assert len(sentences) == 1
    assert f"{paths[1]} cannot be read (Permission denied)" in sentences[0]
    paths[1].chmod(0o644)
    assert content_hash(paths) != without


def test_output_below_a_file_is_refused(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise())
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", source / "deep")
    assert_refused(ended, 5, "cannot be written", "each other's way")


def test_a_name_that_a_folder_has_is_refused(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise())
    (tmp_path / "out" / "in.wav").mkdir(parents=True)
    ended = brainsynth(
        "process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out", "--if-exists", "overwrite"
    )
    assert_refused(ended, 5, "in.wav cannot be written")


@pytest.mark.parametrize("name", ["take.txt", "take.m4a", "take.w"])
def test_a_single_file_is_not_put_into_a_folder_named_like_a_file(
    name: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise()[:, :100])
    call = ("process", source, "-m", models / "gain.onnx", "-o", tmp_path / name)
    assert_refused(brainsynth(*call), 2, f"{name} ends in {Path(name).suffix}", ".flac")
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()
    assert brainsynth(*call).code == 0


@pytest.mark.parametrize("where", ["file/report.json", "folder.json", "source"])
def test_a_report_that_cannot_be_written_is_found_before_the_work(
    where: str, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise()[:, :100])
    (tmp_path / "file").touch()
    (tmp_path / "folder.json").mkdir()
    os.link(source, tmp_path / "source.json")
    report = tmp_path / ("source.json" if where == "source" else where)
    ended = brainsynth(
        "process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out", "--report", report
    )
    words = "inputs are never overwritten" if where == "source" else "cannot be written"
    assert_refused(ended, 2 if where == "source" else 5, words)
    assert not (tmp_path / "out").exists()


def test_a_crossed_sound_that_cannot_be_written_is_found_before_the_work(
    tmp_path: Path, brainsynth: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "plugin_host.effects.cross_synthesis.cross_synthesize", lambda *_: pytest.fail("it was made")
    )
    source = write_sound(tmp_path / "in.wav", long_noise()[:, :100])
    assert_refused(brainsynth("cross", source, source, "-o", source / "out.wav"), 5, "cannot be written")


def test_several_inputs_need_a_folder(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    sources = [write_sound(tmp_path / name, long_noise()) for name in ("a.wav", "b.wav")]
    ended = brainsynth("process", *sources, "-m", models / "gain.onnx", "-o", tmp_path / "out.wav")
    assert_refused(ended, 2, "out.wav names one file")


def test_a_container_that_cannot_hold_the_sound_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        AudioFileError, match="MP3 in MPEG_LAYER_III does not take 6 channels at 48000 Hz; choose wav"
    ):
        AudioWriter(tmp_path / "a.mp3", 48_000, 6, "MP3", "MPEG_LAYER_III")
    assert tree(tmp_path) == []


def test_errors_have_one_root() -> None:
    assert issubclass(OutputError, AudioFileError)
    assert issubclass(AudioFileError, ValueError)


def test_an_input_that_changes_while_it_is_read_is_not_trusted(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", long_noise())
    read = AudioReader.read

    def read_and_grow(reader: AudioReader, length: int) -> Audio:
        with source.open("ab") as file:
            file.write(bytes(4))
        return read(reader, length)

    monkeypatch.setattr(AudioReader, "read", read_and_grow)
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 1, "in.wav changed while it was read")
    assert tree(tmp_path / "out") == []


def test_sound_at_a_rate_no_stream_can_have_is_refused(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    source = tmp_path / "in.wav"
    soundfile.write(source, long_noise().T, 100)
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert_refused(ended, 1, "100", "Hz")
