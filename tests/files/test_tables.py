"""Analyzers write tables of files, generators play them: frame by frame, as the scales say, or not at all."""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plugin_host.errors import TableFileError
from plugin_host.files.table_curves import TableCurves
from plugin_host.files.table_reader import ControlTable
from plugin_host.files.table_writer import TableWriter
from plugin_host.model_file.controls import Control, Scale
from plugin_host.playing.model import Model
from tests.conftest import Command
from tests.support import tiny_models
from tests.support.sound_files import read_sound, tree, write_sound

Audio = NDArray[np.float32]
RATE, HOP = tiny_models.SAMPLE_RATE, tiny_models.HOP_LENGTH
FRAME_S = HOP / RATE

LEVEL = Control(name="level", minimum=-1, maximum=1, default=0.25)
CUTOFF = Control(name="cutoff_hz", unit="Hz", minimum=1, maximum=1e4, default=100, scale=Scale.LOG)
VOWEL = Control(name="vowel", minimum=0, maximum=2, default=0, scale=Scale.CHOICE, choices=("a", "e", "i, o"))
STRIKE = Control(name="strike", minimum=0, maximum=1, default=0, scale=Scale.TRIGGER)
PLACE = Control(name="place", minimum=-1, maximum=1, default=(0.1, 0.2, 0.3), size=3)
CONTROLS = (LEVEL, CUTOFF, VOWEL, STRIKE, PLACE)
DOCUMENT = tiny_models.document("generator", "all", controls=CONTROLS)


def read_table(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return {name: [row[index] for row in rows[1:]] for index, name in enumerate(rows[0])}


def write_table(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def curves_of(path: Path, text: str, cuts: list[int], **fixed: object) -> dict[str, NDArray[np.float32]]:
    table = ControlTable(write_table(path, text), CONTROLS, "generator 'all'")
    curves = TableCurves(table, fixed, DOCUMENT)
    parts = [curves.take(frames) for frames in cuts]
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


@pytest.mark.parametrize("sample_rate", [48_000, 44_100])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 24_000])
def test_table_holds_what_the_analyzer_gives(
    sample_rate: int, length: int, models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    sound = noise[:1, :length]
    source = write_sound(tmp_path / "in.wav", sound, sample_rate, "FLOAT")
    ended = brainsynth("process", source, "-m", models / "rms.onnx", "-o", tmp_path / "out.csv")
    assert (ended.code, ended.err) == (0, "")
    found = read_table(tmp_path / "out.csv")
    wanted = Model(models / "rms.onnx").render(sound, sample_rate)
    assert list(found) == ["time_s", *wanted]
    for name, values in wanted.items():
        assert values.shape[-1] == math.ceil(length * 48_000 / sample_rate / HOP)
        np.testing.assert_array_equal(np.array(found[name], dtype=np.float32), values[0])
    np.testing.assert_allclose(
        np.array(found["time_s"], dtype=float), np.arange(len(found["time_s"])) * FRAME_S, atol=1e-6
    )


def test_channels_of_a_file_are_analyzed_as_one(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    source = write_sound(tmp_path / "in.wav", noise, subtype="FLOAT")
    assert brainsynth("process", source, "-m", models / "rms.onnx", "-o", tmp_path / "out.csv").code == 0
    wanted = Model(models / "rms.onnx").render(noise.mean(axis=0, keepdims=True), 48_000)["rms"][0]
    found = np.array(read_table(tmp_path / "out.csv")["rms"], dtype=np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_folders_become_tables_and_tables_become_sounds(
    models: Path, noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    for name in ("one.wav", "deep/two.flac"):
        write_sound(tmp_path / "takes" / name, noise)
    call = ("process", tmp_path / "takes", "-m", models / "rms.onnx", "-o", tmp_path / "tables", "-j", 2)
    assert brainsynth(*call).code == 0
    assert tree(tmp_path / "tables") == ["deep/two.csv", "one.csv"]
    assert "2 kept" in brainsynth(*call).out
    ended = brainsynth(*call, "--if-exists", "fail")
    assert ended.code == 1
    assert "exists already" in ended.err
    for table in ("one.csv", "deep/two.csv"):
        write_table(tmp_path / "tables" / table, "time_s,f0_hz\n0,220\n0.25,440\n")
    back = ("process", tmp_path / "tables", "-m", models / "sine.onnx", "-o", tmp_path / "sounds", "-j", 1)
    assert brainsynth(*back).code == 0
    assert tree(tmp_path / "sounds") == ["deep/two.wav", "one.wav"]
    assert "2 kept" in brainsynth(*back, "--if-exists", "skip").out
    write_table(tmp_path / "tables" / "one.csv", "time_s,f0_hz\n0,220\n0.25,330\n")
    ended = brainsynth(*back, "--if-exists", "skip")
    assert "1 made, 1 kept" in ended.out


def test_generator_plays_the_curves_of_a_table(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    table = write_table(tmp_path / "in.csv", "time_s,f0_hz\n0,220\n0.1,440\n0.2,440\n")
    call = ("process", table, "-m", models / "sine.onnx", "-o")
    assert brainsynth(*call, tmp_path / "out.wav").code == 0
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_24"
    output, rate = read_sound(tmp_path / "out.wav")
    assert (output.shape, rate) == ((1, round(0.3 * 48_000)), 48_000)
    frames = math.ceil(output.shape[1] / HOP)
    curve = 220 * 2 ** np.minimum(np.arange(frames) * FRAME_S / 0.1, 1)
    stream = Model(models / "sine.onnx").stream()
    wanted = stream.generate(frames * HOP, f0_hz=curve.astype(np.float32))[:, : output.shape[1]]
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(output, wanted, atol=2e-4)


def test_generator_plays_constants_for_some_seconds_at_any_rate(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    call = ("process", "-m", models / "sine.onnx", "-o", tmp_path / "out.wav", "--seconds", 0.5)
    assert brainsynth(*call, "--set", "f0_hz=1000", "--rate", 44_100).code == 0
    output, rate = read_sound(tmp_path / "out.wav")
    assert (output.shape, rate) == ((1, 22_050), 44_100)
    spectrum = np.abs(np.fft.rfft(output[0] * np.hanning(22_050)))
    assert np.argmax(spectrum) == 500
    report = tmp_path / "report.json"
    ended = brainsynth(
        *call, "--set", "f0_hz=1000", "--rate", 44_100, "--if-exists", "skip", "--report", report
    )
    assert "1 kept" in ended.out
    assert json.loads(report.read_text())["files"][0]["source"] == ""
    assert "1 made" in brainsynth(*call, "--set", "f0_hz=900", "--if-exists", "skip").out


def test_what_a_generator_lags_is_left_out(tmp_path: Path, brainsynth: Command) -> None:
    model = tiny_models.save(tiny_models.sine_generator(latency_samples=100), tmp_path)
    out = tmp_path / "out.wav"
    assert brainsynth("process", "-m", model, "-o", out, "--seconds", 0.1, "--set", "f0_hz=300").code == 0
    wanted = Model(model).stream().generate(4900, f0_hz=300.0)[:, 100:]
    np.testing.assert_allclose(read_sound(out)[0], wanted, atol=2**-23)


def test_set_has_priority_over_a_column(models: Path, tmp_path: Path, brainsynth: Command) -> None:
    table = write_table(tmp_path / "in.csv", "time_s,f0_hz\n0,220\n0.1,440\n")
    call = ("-m", models / "sine.onnx", "--set", "f0_hz=300", "-o")
    assert brainsynth("process", table, *call, tmp_path / "one.wav").code == 0
    assert brainsynth("process", *call, tmp_path / "two.wav", "--seconds", 0.2).code == 0
    one, two = (read_sound(tmp_path / name)[0] for name in ("one.wav", "two.wav"))
    np.testing.assert_array_equal(one, two)


def test_columns_that_the_model_does_not_know_are_named_and_left_out(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    table = write_table(tmp_path / "in.csv", "time_s,voicing,f0_hz,note\n0,0.5,220,C\n0.1,abc,440,\n")
    report = tmp_path / "report.json"
    call = ("process", table, "-m", models / "sine.onnx", "-o", tmp_path / "out.wav", "--report", report)
    ended = brainsynth(*call)
    assert ended.code == 0
    assert "in.csv: columns that the model does not know were left out: voicing, note" in ended.err
    assert json.loads(report.read_text())["files"][0]["left_out"] == ["voicing", "note"]


def test_vectors_triggers_and_seeds_are_played_from_tables_and_settings(
    tmp_path: Path, brainsynth: Command
) -> None:
    generator = tiny_models.save(tiny_models.kinds_generator(), tmp_path)
    frame_s = [f"{frame * FRAME_S:.6f}" for frame in range(4)]
    rows = zip(frame_s, ("0.5", "-0.5", "0.25", "0"), ("0", "1", "0", "0"), strict=True)
    lines = [f"{time},{place},{hit}" for time, place, hit in rows]
    table = write_table(tmp_path / "in.csv", "\n".join(["time_s,place[2],hit", *lines]))
    out = tmp_path / "out.wav"
    call = ("process", table, "-m", generator, "-o", out, "--set", "place[1]=-0.125", "--set", "dice=3")
    ended = brainsynth(*call)
    assert ended.code == 0, ended.err
    stream = Model(generator).stream()
    stream.set(dice=3)
    place = np.array([[0, 0, 0, 0], [-0.125] * 4, [0.5, -0.5, 0.25, 0]], dtype=np.float32)
    wanted = stream.generate(4 * HOP, place=place, hit=np.array([0, 1, 0, 0], dtype=np.float32))
    assert sorted(set(wanted[0].tolist())) == [2.75, 3.75, 4.75, 16.75]
    found, _ = read_sound(out)
    np.testing.assert_allclose(found, np.clip(wanted, -1, 1), atol=1e-6)
    quiet = ("--set", "place=0.5,0,-0.25", "--seconds", 0.01, "--if-exists", "overwrite")
    assert brainsynth("process", "-m", generator, "-o", out, *quiet).code == 0
    np.testing.assert_allclose(read_sound(out)[0], -0.5, atol=1e-6)
    for setting, words in (("place=1,2", "3 numbers are needed"), ("place[3]=0", "place[3]")):
        ended = brainsynth("process", "-m", generator, "-o", out, "--seconds", 1, "--set", setting)
        assert ended.code == 2
        assert words in ended.err


def test_an_analyzers_vector_has_a_column_for_each_element(
    noise: Audio, tmp_path: Path, brainsynth: Command
) -> None:
    analyzer = tiny_models.save(tiny_models.ends_analyzer(), tmp_path)
    source = write_sound(tmp_path / "in.wav", noise[:1], subtype="FLOAT")
    assert brainsynth("process", source, "-m", analyzer, "-o", tmp_path / "out.csv").code == 0
    table = read_table(tmp_path / "out.csv")
    assert list(table) == ["time_s", "ends[0]", "ends[1]"]
    for element in range(2):
        found = np.array(table[f"ends[{element}]"], dtype=np.float32)
        np.testing.assert_array_equal(found, noise[0].reshape(-1, HOP)[:, element])


def test_a_recording_is_played_on_a_cello(tmp_path: Path, brainsynth: Command) -> None:
    time = np.arange(48_000) / 48_000
    tone = sum(np.sin(2 * np.pi * 196 * k * time) / k for k in range(1, 6))
    take = write_sound(tmp_path / "take.wav", 0.1 * np.asarray(tone)[None])
    assert brainsynth("process", take, "-m", "pitch", "-o", tmp_path / "take.csv").code == 0
    table = read_table(tmp_path / "take.csv")
    assert list(table) == ["time_s", "f0_hz", "voicing", "loudness_db"]
    assert np.median(np.array(table["f0_hz"], dtype=float)) == pytest.approx(196, rel=0.01)
    ended = brainsynth("process", tmp_path / "take.csv", "-m", "cello.decoder", "-o", tmp_path / "cello.wav")
    assert (ended.code, ended.err) == (0, "")
    cello, rate = read_sound(tmp_path / "cello.wav")
    assert (cello.shape, rate) == ((1, 48_000), 48_000)
    spectrum = np.abs(np.fft.rfft(cello[0, 24_000:] * np.hanning(24_000)))
    partials = [spectrum[round(98 * k) - 2 : round(98 * k) + 3].max() for k in (1, 2, 3)]
    assert min(partials) > 20 * np.median(spectrum)


BAD = {
    "": "is empty; its first line must name the columns, such as time_s,level",
    "time_s,level\n": "has no rows below its first line",
    "time_s,level\n0,0.5\n": "has a single row and does not say how long it lasts",
    "level\n0\n1\n": "has no column time_s",
    "time_s;level\n0;1\n": "separate columns by commas",
    "time_s,volume\n0,1\n1,1\n": "no column that is a control of generator 'all'",
    "time_s,levle\n0,1\n1,1\n": "did you mean 'level'",
    "time_s,level,level\n0,1,1\n": "has two columns level",
    "time_s,level\n0,0\n1\n": "line 3: it has 1 cell for 2 columns",
    "time_s,level\n0,0\n1,loud\n": "line 3, column level: 'loud' is no finite number",
    "time_s,level\n0,0\n1,\n": "line 3, column level: an empty cell is no finite number",
    "time_s,level\n0,nan\n1,0\n": "line 2, column level: 'nan' is no finite number",
    "time_s,level\n0,0\n\n1,1.5\n": "line 4, column level: level is 1.5, needed is a number from -1 to 1",
    "time_s,vowel\n0,a\n1,u\n": "line 3, column vowel: vowel is 'u': choose one of",
    "time_s,vowel\n0,a\n1,0.5\n": "line 3, column vowel: vowel is 0.5, needed is a whole number",
    "time_s,place[1]\n0,0\n1,2\n": r"line 3, column place\[1\]:",
    "time_s,place[3]\n0,0\n1,2\n": "no column that is a control",
    "time_s,level\n0,0\n1,0\n1,0\n": "line 4, column time_s: 1 comes after 1; times must rise",
    "time_s,level\n-1,0\n1,0\n": "line 2, column time_s: -1 is no time",
    "time_s,level\nx,0\n1,0\n": "line 2, column time_s: 'x' is no finite number",
    'time_s,level\n0,"0\n': "there are 2 cells|finite number|no table",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: BAD[text][:40])
def test_bad_table_is_refused_with_line_and_column(text: str, tmp_path: Path) -> None:
    table = write_table(tmp_path / "bad.csv", text)
    with pytest.raises(TableFileError, match=BAD[text]) as refusal:
        ControlTable(table, CONTROLS, "generator 'all'")
    assert str(refusal.value).startswith(str(table))


def test_what_is_no_table_is_refused(models: Path, noise: Audio, tmp_path: Path, brainsynth: Command) -> None:
    sound = write_sound(tmp_path / "a.wav", noise)
    call = ("-m", models / "sine.onnx", "-o", tmp_path / "out.wav")
    for source, words in ((sound, "no table of text"), (tmp_path / "none.csv", "does not exist")):
        ended = brainsynth("process", source, *call)
        assert ended.code == 1
        assert words in ended.err
    assert tree(tmp_path) == ["a.wav"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.wav", "-m", "rms", "-o", "out.wav"), "ends in .wav, and what is written here ends in .csv"),
        (("a.wav", "-m", "rms", "-o", "out", "--container", "wav"), "outputs cannot end in .wav here"),
        (("a.csv", "-m", "sine", "-o", "out.csv"), "ends in .csv, and what is written here"),
        (("a.wav", "-m", "rms", "-o", "out", "--mix", "0.5"), "--mix is for a model of role effect"),
        (("a.wav", "-m", "rms", "-o", "out", "--auto"), "--auto is for a model of role effect"),
        (("a.csv", "-m", "sine", "-o", "out", "--tail"), "--tail is for a model of role effect"),
        (
            ("a.wav", "-m", "gain", "-o", "out", "--seconds", "1"),
            "--seconds is for a model of role generator",
        ),
        (("a.wav", "-m", "rms", "-o", "out", "--rate", "8000"), "--rate is for a model of role generator"),
        (("-m", "rms", "-o", "out"), "no input was named; name an audio file"),
        (("-m", "sine", "-o", "out.wav"), "or say how long to play with --seconds"),
        (("-m", "sine", "-o", "out", "--seconds", "1"), "must be the name of a file"),
        (("-m", "sine", "-o", "out.wav", "--seconds", "0"), "is no length"),
        (("-m", "sine", "-o", "out.wav", "--seconds", "nan"), "is no length"),
        (("-m", "sine", "-o", "out.wav", "--seconds", "1", "--rate", "3"), "1000"),
        (("-m", "sine", "-o", "out.wav", "--seconds", "1", "--set", "f0_hz=1"), "f0_hz is 1"),
    ],
)
def test_options_that_do_not_fit_the_role_are_refused(
    arguments: tuple[str, ...],
    words: str,
    models: Path,
    tmp_path: Path,
    brainsynth: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    named = [str(models / f"{text}.onnx") if text in ("rms", "sine", "gain") else text for text in arguments]
    ended = brainsynth("process", *named)
    assert ended.code == 2
    assert words in ended.err
    assert tree(tmp_path) == []


def test_each_scale_moves_in_its_own_way(tmp_path: Path) -> None:
    step = f"{4 * FRAME_S:.6f}"
    text = f'time_s,level,cutoff_hz,vowel,strike,place[1]\n0,-1,1,a,0,0\n{step},1,16,"i, o",0.5,1\n'
    curves = curves_of(tmp_path / "a.csv", text, [6])
    np.testing.assert_allclose(curves["level"], [-1, -0.5, 0, 0.5, 1, 1], atol=1e-3)
    np.testing.assert_allclose(curves["cutoff_hz"], [1, 2, 4, 8, 16, 16], rtol=1e-3)
    np.testing.assert_array_equal(curves["vowel"], [0, 0, 0, 0, 2, 2])
    np.testing.assert_array_equal(curves["strike"], [0, 0, 0, 0, 0.5, 0])
    np.testing.assert_allclose(curves["place"][1], [0, 0.25, 0.5, 0.75, 1, 1], atol=1e-3)
    np.testing.assert_allclose(curves["place"][[0, 2]], [[0.1] * 6, [0.3] * 6], rtol=1e-6)


def test_elements_that_are_set_are_not_taken_from_the_table(tmp_path: Path) -> None:
    text = "time_s,place[0],place[1]\n0,0,0\n1,0,0\n"
    curves = curves_of(tmp_path / "a.csv", text, [2], **{"place[1]": 0.75})
    np.testing.assert_allclose(curves["place"], [[0, 0], [0.75, 0.75], [0.3, 0.3]], rtol=1e-6)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 30), st.floats(-1, 1, allow_subnormal=False), st.sampled_from([0, 0, 0.5, 1])
        ),
        min_size=2,
        max_size=20,
    ),
    st.lists(st.integers(1, 17), min_size=1, max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_cutting_a_table_into_calls_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float, float]], cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    ticks = np.cumsum([row[0] for row in rows])
    lines = [
        f"{tick * FRAME_S / 4:.6f},{level!r},{strike}"
        for tick, (_, level, strike) in zip(ticks, rows, strict=True)
    ]
    text = "\n".join(["time_s,level,strike", *lines])
    whole, parts = curves_of(path, text, [sum(cuts)]), curves_of(path, text, cuts)
    for name, curve in whole.items():
        np.testing.assert_array_equal(parts[name], curve)
    fired = {int(tick // 4) for tick, row in zip(ticks, rows, strict=True) if row[2] > 0}
    assert {int(frame) for frame in np.flatnonzero(whole["strike"])} == {n for n in fired if n < sum(cuts)}


@given(st.lists(st.floats(-1, 1, width=32, allow_subnormal=False), min_size=2, max_size=300))
@settings(max_examples=30, deadline=None)
def test_what_is_written_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    place = np.array([[values, values[::-1], values]], dtype=np.float32)
    words = np.arange(len(values), dtype=np.float32)[None] % 3
    with TableWriter(path, (PLACE, VOWEL), FRAME_S) as writer:
        writer.write({"place": place[..., :1], "vowel": words[:, :1]})
        writer.write({"place": place[..., 1:], "vowel": words[:, 1:]})
        writer.commit()
    curves = TableCurves(ControlTable(path, CONTROLS, "x"), {}, DOCUMENT).take(len(values))
    # Times are written to the microsecond, so that frames are interpolated from that near.
    np.testing.assert_allclose(curves["place"], place[0], atol=2e-3)
    np.testing.assert_array_equal(curves["vowel"], words[0])


def test_table_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with TableWriter(target, (LEVEL,), FRAME_S) as writer:
        writer.write({"level": np.zeros((1, 3), dtype=np.float32)})
        assert not target.exists()
    assert tree(tmp_path) == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(models: Path, tmp_path: Path) -> None:
    def lines(count: int) -> Iterator[str]:
        yield "time_s,f0_hz\n"
        for index in range(count):
            yield f"{index / 1000:.3f},{220 + index % 100}\n"

    for name, rows in (("short.csv", 1_000), ("long.csv", 300_000)):
        with (tmp_path / name).open("w") as file:
            file.writelines(lines(rows))
    code = f"""
import resource
from pathlib import Path
from plugin_host.files.file_job import FileTask, Work
from plugin_host.files.plan import Job
from plugin_host.files.request import Request
task = FileTask(Request({str(models / "sine.onnx")!r}, ""))
folder = Path({str(tmp_path)!r})
for name in ("short", "long"):
    target = folder / "out" / (name + ".wav")
    outcome = task(Work(Job(folder / (name + ".csv"), target, target.name)), lambda done: None)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(outcome.report.status, outcome.report.duration_s, memory)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    (short, _, before), (long, duration_s, after) = (line.split() for line in done.stdout.splitlines())
    assert (short, long, float(duration_s)) == ("made", "made", 300.0)
    # The long sound is 58 MB as float32, its table twice as much as objects.
    assert int(after) - int(before) < 8 * 1024
