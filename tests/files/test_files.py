"""Files through an effect: in step, as they were, whole or not at all, never in place of an input."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.files import writer
from plugin_host.files.atomic_file import PartialFile, remove_leftovers
from plugin_host.files.done_record import RECORD_NAME, hash_file
from plugin_host.files.file_job import FileTask, Work
from plugin_host.files.plan import Job
from plugin_host.files.request import Request
from plugin_host.files.writer import AudioWriter, choose_encoding
from tests.conftest import Command
from tests.support.sound_files import read_sound, tree, write_sound

Audio = NDArray[np.float32]


@pytest.mark.parametrize("sample_rate", [48_000, 44_100])
@pytest.mark.parametrize("model", ["gain", "delay", "leaky"])
def test_file_is_sample_for_sample_what_the_effect_gives(
    model: str, sample_rate: int, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", noise, sample_rate, "FLOAT")
    ended = brainsynth(
        "process", source, "-m", models / f"{model}.onnx", "-o", tmp_path / "out.wav", "--mix", 0.7
    )
    assert (ended.code, ended.err) == (0, "")
    output, rate = read_sound(tmp_path / "out.wav")
    wanted = NeuralEffect(models / f"{model}.onnx", mix=0.7)(noise, sample_rate)
    assert rate == sample_rate
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_array_equal(output, wanted)


@pytest.mark.parametrize("length", [1, 99, 100, 8192, 8193])
def test_output_is_in_step_with_the_input_and_as_long(
    length: int, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", noise[:, :length], subtype="FLOAT")
    assert brainsynth("process", source, "-m", models / "delay.onnx", "-o", tmp_path / "out.wav").code == 0
    np.testing.assert_array_equal(read_sound(tmp_path / "out.wav")[0], noise[:, :length])


def test_tail_lets_the_output_ring_on(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    source = write_sound(tmp_path / "in.wav", np.full((1, 640), 0.5, np.float32), subtype="FLOAT")
    call = ("process", source, "-m", models / "leaky.onnx", "-o")
    assert brainsynth(*call, tmp_path / "short.wav").code == 0
    assert brainsynth(*call, tmp_path / "long.wav", "--tail").code == 0
    short, long = (read_sound(tmp_path / name)[0] for name in ("short.wav", "long.wav"))
    assert (short.shape, long.shape) == ((1, 640), (1, 1640))
    np.testing.assert_array_equal(long[:, :640], short)
    assert np.all(long[:, 640:] > 0.1)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        (".wav", "PCM_U8"),
        (".wav", "PCM_16"),
        (".wav", "PCM_24"),
        (".wav", "FLOAT"),
        (".wav", "DOUBLE"),
        (".flac", "PCM_16"),
        (".flac", "PCM_24"),
        (".aiff", "PCM_24"),
        (".ogg", "VORBIS"),
        (".mp3", "MPEG_LAYER_III"),
    ],
)
def test_rate_depth_container_and_length_are_kept(
    suffix: str, subtype: str, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / f"in{suffix}", noise, 44_100, subtype)
    ended = brainsynth("process", source, "-m", models / "gain.onnx", "-o", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    before, after = soundfile.info(source), soundfile.info(tmp_path / "out" / f"in{suffix}")
    for fact in ("samplerate", "channels", "frames", "format", "subtype"):
        assert getattr(after, fact) == getattr(before, fact), fact


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (".wav", ("FLAC", "PCM_16"), ("WAV", "PCM_16")),
        (".wav", ("FLAC", "PCM_24"), ("WAV", "PCM_24")),
        (".wav", ("MP3", "MPEG_LAYER_III"), ("WAV", "PCM_24")),
        (".wav", ("OGG", "VORBIS"), ("WAV", "PCM_24")),
        (".wav", ("WAVEX", "PCM_24"), ("WAVEX", "PCM_24")),
        (".WAV", ("RF64", "FLOAT"), ("RF64", "FLOAT")),
        (".flac", ("WAV", "FLOAT"), ("FLAC", "PCM_24")),
        (".flac", ("WAV", "PCM_16"), ("FLAC", "PCM_16")),
        (".mp3", ("WAV", "PCM_16"), ("MP3", "MPEG_LAYER_III")),
        (".opus", ("WAV", "PCM_16"), ("OGG", "OPUS")),
        (".OPUS", ("OGG", "VORBIS"), ("OGG", "OPUS")),
        (".ogg", ("OGG", "OPUS"), ("OGG", "OPUS")),
        (".ogg", ("WAV", "PCM_16"), ("OGG", "VORBIS")),
    ],
)
def test_encoding_stays_as_near_as_the_container_allows(
    suffix: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    assert choose_encoding(suffix, *before) == after


def test_folder_is_mirrored_and_its_output_inside_it_left_out(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    takes = tmp_path / "takes"
    for name in ("one.wav", "deep/two.flac", "deep/er/three.aiff", ".hidden.wav", "._one.wav"):
        write_sound(takes / name, noise)
    (takes / "notes.txt").write_text("no sound")
    call = (
        "process",
        takes,
        "-m",
        models / "gain.onnx",
        "-o",
        takes / "out",
        "-j",
        1,
        "--if-exists",
        "overwrite",
    )
    for _ in range(2):
        assert brainsynth(*call).code == 0
        assert tree(takes / "out") == ["deep/er/three.aiff", "deep/two.flac", "one.wav"]


def test_pattern_is_mirrored_from_its_first_wildcard_on(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    for name in ("a/one.wav", "a/one.flac", "b/c/two.wav", "take [1].wav"):
        write_sound(tmp_path / "takes" / name, noise)
    call = ("-m", models / "gain.onnx", "-j", 1, "-o")
    assert brainsynth("process", tmp_path / "takes" / "**" / "*.wav", *call, tmp_path / "out").code == 0
    assert tree(tmp_path / "out") == ["a/one.wav", "b/c/two.wav", "take [1].wav"]
    assert brainsynth("process", tmp_path / "takes" / "take [1].wav", *call, tmp_path / "named").code == 0
    assert tree(tmp_path / "named") == ["take [1].wav"]


def test_container_of_all_outputs_can_be_chosen(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    write_sound(tmp_path / "in" / "a.flac", noise, subtype="PCM_24")
    call = (
        "process",
        tmp_path / "in",
        "-m",
        models / "gain.onnx",
        "-o",
        tmp_path / "out",
        "--container",
        "wav",
    )
    assert brainsynth(*call).code == 0
    assert soundfile.info(tmp_path / "out" / "a.wav").subtype == "PCM_24"


def test_several_workers_make_the_same_files(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    for number in range(4):
        write_sound(tmp_path / "in" / f"{number}.wav", noise * (number + 1) / 4, 44_100)
    for workers in (1, 2):
        call = ("-m", models / "leaky.onnx", "-o", tmp_path / str(workers), "-j", workers)
        assert brainsynth("process", tmp_path / "in", *call).code == 0
    assert tree(tmp_path / "1") == [f"{number}.wav" for number in range(4)]
    for name in tree(tmp_path / "1"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_report_says_what_became_of_every_file(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    broken = noise.copy()
    broken[0, 5:8] = (np.nan, np.inf, -np.inf)
    write_sound(tmp_path / "in" / "good.wav", broken, 44_100, "FLOAT")
    write_sound(tmp_path / "in" / "loud.wav", noise, subtype="PCM_16")
    (tmp_path / "in" / "bad.wav").write_bytes(b"RIFF")
    report = tmp_path / "report.json"
    call = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", "--set", "gain=4")
    ended = brainsynth(*call, "--report", report, "-j", 2)
    assert ended.code == 1
    assert "1 failed" in ended.out
    assert "2 made" in ended.out
    assert "3 samples of the input, NaN or infinite, became 0" in ended.err
    content = json.loads(report.read_text())
    assert content["totals"] | {"duration_s": 0, "processing_s": 0} == {
        "made": 2, "kept": 0, "failed": 1, "not_tried": 0, "duration_s": 0, "processing_s": 0,
    }  # fmt: skip
    assert content["request"]["settings"] == {"gain": 4.0}
    bad, good, loud = content["files"]
    assert [Path(entry["source"]).name for entry in (bad, good, loud)] == ["bad.wav", "good.wav", "loud.wav"]
    assert (good["status"], good["repaired_samples"], good["sample_rate"], good["channels"]) == (
        "made",
        3,
        44_100,
        2,
    )
    assert (
        good["latency_samples"] == NeuralEffect(models / "gain.onnx").player(44_100, 2, None).latency_samples
    )
    assert good["rtf"] == pytest.approx(good["processing_s"] / good["duration_s"], abs=1e-4)
    assert good["clipped_samples"] == 0
    assert loud["clipped_samples"] == np.count_nonzero(
        np.abs(read_sound(tmp_path / "in" / "loud.wav")[0] * 4) > 1
    )
    assert (bad["status"], bad["error_kind"], bad["error"]) == (
        "failed",
        "AudioFileError",
        ended.err.split(": ", 1)[1].splitlines()[0],
    )
    assert np.isfinite(read_sound(tmp_path / "out" / "good.wav")[0]).all()


def test_nothing_has_the_outputs_name_before_it_is_whole(models: Path, noise: Audio, tmp_path: Path) -> None:
    source, target = write_sound(tmp_path / "in.wav", np.tile(noise, 3)), tmp_path / "out" / "out.wav"
    seen: list[tuple[bool, list[str]]] = []
    task = FileTask(Request(str(models / "gain.onnx"), ""))
    outcome = task(
        Work(Job(source, target, "out.wav")), lambda done: seen.append((target.exists(), tree(target.parent)))
    )
    assert outcome.report.status == "made"
    assert len(seen) > 3
    assert not any(exists for exists, _ in seen)
    assert all(len(files) == 1 and files[0].startswith(".out.wav.") for _, files in seen)
    assert tree(target.parent) == ["out.wav"]


def test_memory_does_not_grow_with_the_file(models: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, seconds in (("short.wav", 2), ("long.wav", 600)):
        with soundfile.SoundFile(tmp_path / name, "w", 48_000, 1, "PCM_16") as file:
            for _ in range(seconds):
                file.write(random.uniform(-0.5, 0.5, 48_000))
    code = f"""
import resource
from pathlib import Path
from plugin_host.files.plan import Job
from plugin_host.files.file_job import FileTask, Work
from plugin_host.files.request import Request
task = FileTask(Request({str(models / "gain.onnx")!r}, ""))
folder = Path({str(tmp_path)!r})
for name in ("short.wav", "long.wav"):
    outcome = task(Work(Job(folder / name, folder / "out" / name, name)), lambda done: None)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(outcome.report.status, outcome.report.duration_s, memory)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    (short, _, before), (long, duration_s, after) = (line.split() for line in done.stdout.splitlines())
    assert (short, long, float(duration_s)) == ("made", "made", 600.0)
    # The long file is 115 MB as float32.
    assert int(after) - int(before) < 8 * 1024


@pytest.mark.parametrize(
    "way", ["same", "dots", "symlink", "hard link", "linked folder", "folder onto itself"]
)
def test_an_input_is_never_overwritten(
    way: str, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in" / "a.wav", noise)
    before = source.read_bytes()
    (tmp_path / "in" / "deep").mkdir()
    os.symlink(source, tmp_path / "link.wav")
    os.link(source, tmp_path / "hard.wav")
    os.symlink(tmp_path / "in", tmp_path / "folder")
    inputs, output = {
        "same": (source, source),
        "dots": (source, tmp_path / "in" / "deep" / ".." / "a.wav"),
        "symlink": (source, tmp_path / "link.wav"),
        "hard link": (source, tmp_path / "hard.wav"),
        "linked folder": (source, tmp_path / "folder"),
        "folder onto itself": (tmp_path / "in", tmp_path / "folder"),
    }[way]
    ended = brainsynth(
        "process", inputs, "-m", models / "gain.onnx", "-o", output, "--if-exists", "overwrite"
    )
    assert ended.code == 2
    assert "inputs are never overwritten" in ended.err
    assert source.read_bytes() == before
    assert (tmp_path / "link.wav").is_symlink()


@pytest.mark.parametrize("names", [("a.wav", "A.wav"), ("a.wav", "a.flac"), ("\u00e9.wav", "e\u0301.wav")])
def test_two_inputs_never_become_one_output(
    names: tuple[str, str], models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    for name in names:
        write_sound(tmp_path / "in" / name, noise)
    call = (
        "process",
        tmp_path / "in",
        "-m",
        models / "gain.onnx",
        "-o",
        tmp_path / "out",
        "--container",
        "wav",
    )
    ended = brainsynth(*call)
    assert ended.code == 2
    assert "would both become" in ended.err
    assert not (tmp_path / "out").exists()


def test_a_model_or_report_is_no_output(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "a.wav", noise)
    model = tmp_path / "model.wav"
    model.write_bytes((models / "gain.onnx").read_bytes())
    ended = brainsynth("process", source, "-m", model, "-o", model, "--if-exists", "overwrite")
    assert (ended.code, model.read_bytes()) == (2, (models / "gain.onnx").read_bytes())
    ended = brainsynth("process", source, "-m", model, "-o", tmp_path / "out", "--report", source)
    assert ended.code == 2
    assert ".json" in ended.err


class TestIfExists:
    """What a second call does about what the first one made."""

    @pytest.fixture
    def call(self, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command) -> Command:
        for number in range(2):
            write_sound(tmp_path / "in" / f"{number}.wav", noise[:, : 9000 + number])
        fixed = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", "-j", 1)
        assert brainsynth(*fixed).code == 0
        return lambda *more: brainsynth(*fixed, *more)

    def test_the_same_call_makes_what_is_missing_and_keeps_the_rest(
        self, call: Command, tmp_path: Path
    ) -> None:
        kept = (tmp_path / "out" / "1.wav").stat().st_mtime_ns
        (tmp_path / "out" / "0.wav").unlink()
        ended = call()
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("1 made, 1 kept")
        assert (tmp_path / "out" / "1.wav").stat().st_mtime_ns == kept

    @pytest.mark.parametrize("change", ["settings", "input", "output", "record gone"])
    def test_by_default_no_other_file_is_replaced(
        self, change: str, call: Command, noise: Audio, tmp_path: Path
    ) -> None:
        output = tmp_path / "out" / "0.wav"
        if change == "input":
            write_sound(tmp_path / "in" / "0.wav", noise[:, :9000] * 0.5)
        elif change == "output":
            write_sound(output, noise)
        elif change == "record gone":
            (tmp_path / "out" / RECORD_NAME).unlink()
        before = hash_file(output)
        ended = call(*(["--set", "gain=2"] if change == "settings" else []))
        assert ended.code == 1
        assert "0.wav exists already, and is not what this command makes of this input" in ended.err
        assert hash_file(output) == before

    def test_what_a_killed_call_made_and_did_not_record_is_its_own(
        self, call: Command, tmp_path: Path
    ) -> None:
        output, record = tmp_path / "out" / "0.wav", tmp_path / "out" / RECORD_NAME
        whole = output.read_bytes()
        lines = [line for line in record.read_text().splitlines() if "sha256" not in line or "1.wav" in line]
        record.write_text("\n".join(lines))
        ended = call()
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("1 made, 1 kept")
        assert output.read_bytes() == whole
        assert call().out.strip() == "2 kept"

    def test_fail_leaves_everything_and_says_so(self, call: Command) -> None:
        ended = call("--if-exists", "fail")
        assert (ended.code, ended.out.strip()) == (1, "2 failed")
        assert "0.wav exists already; choose --if-exists resume, skip or overwrite" in ended.err

    def test_overwrite_makes_all_again(self, call: Command, tmp_path: Path) -> None:
        before = read_sound(tmp_path / "out" / "0.wav")[0]
        assert "2 made" in call("--if-exists", "overwrite", "--set", "gain=0.5").out
        np.testing.assert_allclose(read_sound(tmp_path / "out" / "0.wav")[0], before / 2, atol=2 / 32768)

    def test_skip_keeps_what_is_whole_and_the_same(self, call: Command, tmp_path: Path) -> None:
        times = [path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.wav")]
        assert call("--if-exists", "skip").out.strip() == "2 kept"
        assert [path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.wav")] == times

    @pytest.mark.parametrize(
        "change", ["input", "output cut", "output changed", "output gone", "record gone", "record torn"]
    )
    def test_skip_makes_again_what_it_cannot_trust(
        self, change: str, call: Command, noise: Audio, tmp_path: Path
    ) -> None:
        output, record = tmp_path / "out" / "0.wav", tmp_path / "out" / RECORD_NAME
        good = output.read_bytes()
        if change == "input":
            write_sound(tmp_path / "in" / "0.wav", noise[:, :9000] * 0.5)
        elif change == "output cut":
            output.write_bytes(good[:-1])
        elif change == "output changed":
            output.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        elif change == "output gone":
            output.unlink()
        elif change == "record gone":
            record.unlink()
        else:
            record.write_text(record.read_text().replace('"input_sha256"', '"input_sha'))
        again = "2 made" if change.startswith("record") else "1 made, 1 kept"
        assert call("--if-exists", "skip").out.startswith(again)
        assert (output.read_bytes() == good) is (change != "input")
        assert call("--if-exists", "skip").out.strip() == "2 kept"

    @pytest.mark.parametrize("more", [("--set", "gain=2"), ("--mix", 0.5), ("--tail",)])
    def test_skip_makes_again_what_was_asked_for_differently(
        self, more: tuple[object, ...], call: Command
    ) -> None:
        assert call("--if-exists", "skip", *more).out.startswith("2 made")
        assert call("--if-exists", "skip", *more).out.strip() == "2 kept"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_record_that_cannot_be_written_costs_neither_sound_nor_summary(
    workers: int, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    for number in range(3):
        write_sound(tmp_path / "in" / f"{number}.wav", noise[:, :1000])
    (tmp_path / "out" / RECORD_NAME).mkdir(parents=True)
    report = tmp_path / "report.json"
    ended = brainsynth(
        "process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out", "-j", workers,
        "--report", report,
    )  # fmt: skip
    assert ended.code == 5
    assert ended.out.startswith("3 made")
    (sentence,) = ended.err.splitlines()
    assert f"{RECORD_NAME} cannot be written" in sentence
    assert [entry["status"] for entry in json.loads(report.read_text())["files"]] == ["made"] * 3


def test_leftovers_of_killed_programs_go_and_those_of_running_ones_stay(tmp_path: Path) -> None:
    dead = tmp_path / f".a.wav.{'0' * 12}.brainsynth-partial"
    dead.write_bytes(b"half")
    dead_folder = tmp_path / f".set.{'0' * 12}.brainsynth-partial"
    (dead_folder / "samples").mkdir(parents=True)
    (dead_folder / "samples" / "a.wav").write_bytes(b"whole")
    with PartialFile(tmp_path / "b.wav") as running:
        assert remove_leftovers(tmp_path) == 2
        assert not dead.exists()
        assert not dead_folder.exists()
        assert running.path.exists()
        running.path.write_bytes(b"whole")
        running.commit()
    assert tree(tmp_path) == ["b.wav"]


def test_a_program_that_is_ended_while_it_opens_a_file_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(_: Path, words: dict[str, str]) -> None:
        assert Path(words["encode"]).exists()
        raise SystemExit(143)

    monkeypatch.setattr(writer, "CodecFile", end)
    with pytest.raises(SystemExit) as ended:
        AudioWriter(tmp_path / "a.wav", 44_100, 1, "WAV", "PCM_16")
    del ended
    gc.collect()
    assert list(tmp_path.iterdir()) == []
