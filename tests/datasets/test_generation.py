"""A data set is made by many processes, survives whatever ends them, and is read back exactly."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from brainsynth import DataSet, EndlessBatches, Renderer, Synth, generate
from plugin_host.datasets.crew import make_sounds
from plugin_host.datasets.generation import make_sampler
from plugin_host.datasets.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    drop_broken_lines,
    read_manifest,
    sound_name,
)
from plugin_host.datasets.sound_maker import PARTIAL_SUFFIX, SoundMaker, write_sound
from plugin_host.datasets.training_feed import DataSetFeed, resynthesis_of
from plugin_host.errors import DataSetError, DiskFullError, OutputError, SynthMismatchError, UsageError
from tests.conftest import Command
from tests.support.children import start_child
from tests.support.small_disk import can_mount
from tests.support.synths import SINE, write_synth

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Synth:
    return Synth(write_synth(tmp_path_factory.mktemp("synth") / "sine.csd"))


@pytest.fixture(scope="module")
def made(synth: Synth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make thirty sounds, in two calls."""
    folder = tmp_path_factory.mktemp("data")
    assert generate(synth, folder, 10, seed=5, workers=1).made == 10
    seen: list[tuple[int, int]] = []
    tally = generate(synth, folder, 30, seed=5, workers=2, on_progress=lambda *done: seen.append(done))
    assert (tally.made, tally.failed) == (20, 0)
    assert seen[0] == (10, 30)
    assert seen[-1] == (30, 30)
    assert seen == sorted(seen)
    return folder


def test_a_synth_and_a_data_set_may_have_any_name(tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / os.fsdecode(b"caf\xe9.csd")))
    folder = tmp_path / os.fsdecode(b"d\xe9part")
    assert generate(synth, folder, 1, workers=1).made == 1
    assert generate(synth, folder, 2, workers=1).made == 1
    assert DataSet(folder).info.synth == r"caf\xe9.csd"


def test_sounds_are_renders_of_their_parameters(made: Path, synth: Synth) -> None:
    data = DataSet(made)
    assert (len(data), data.skipped, data.problems) == (30, 0, [])
    assert data.info.synth == "sine.csd"
    assert data.info.synth_sha256 == synth.sha256
    assert data.parameters == synth.parameters
    sampler = make_sampler(synth, "random", 5)
    with Renderer(synth) as renderer:
        for index in (0, 9, 10, 29):
            assert np.array_equal(data.values[index], sampler.draw(index))
            sound, unit = data[index]
            expected = np.clip(renderer.render_values(sampler.draw(index))[0], -1, 1)
            assert sound == pytest.approx(expected, abs=2**-23)
            assert unit == pytest.approx(synth.to_unit(synth.name_values(data.values[index])), abs=1e-6)
    assert soundfile.info(made / sound_name(0)).subtype == "PCM_24"
    with pytest.raises(IndexError, match="30"):
        data[30]


def test_the_manifest_is_readable(made: Path) -> None:
    lines = [json.loads(line) for line in (made / MANIFEST_NAME).read_text().splitlines()]
    assert sorted(line["index"] for line in lines) == list(range(30))
    (line,) = (line for line in lines if line["index"] == 7)
    assert line["file"] == "sounds/0000/000007.flac"
    sound, _ = soundfile.read(made / line["file"])
    assert line["peak_db"] == pytest.approx(20 * np.log10(np.abs(sound).max()), abs=0.01) or line["clipped"]
    assert line["silent"] is False
    assert line["draws"] == 1
    assert set(line["parameters"]) == {"f0_hz", "level"}


def test_the_number_of_processes_changes_nothing(made: Path, synth: Synth, tmp_path: Path) -> None:
    generate(synth, tmp_path / "again", 30, seed=5, workers=1)
    for index in range(30):
        assert (tmp_path / "again" / sound_name(index)).read_bytes() == (
            made / sound_name(index)
        ).read_bytes()


def test_another_request_is_refused(made: Path, synth: Synth, tmp_path: Path) -> None:
    before = (made / MANIFEST_NAME).read_bytes()
    with pytest.raises(DataSetError, match="begun with seed 5 and now it is 6"):
        generate(synth, made, 40, seed=6)
    with pytest.raises(DataSetError, match="begun with redraw_silent False and now it is True"):
        generate(synth, made, 40, seed=5, redraw_silent=True)
    other = write_synth(tmp_path / "sine.csd", SINE + "\n")
    with pytest.raises(DataSetError, match="another synth, or another version of it"):
        generate(other, made, 40, seed=5)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(DataSetError, match=r"holds something else \(letter.txt\)"):
        generate(synth, tmp_path / "full", 40)
    assert (made / MANIFEST_NAME).read_bytes() == before


def test_impossible_counts_are_refused(synth: Synth, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-1 workers were asked for"):
        generate(synth, tmp_path / "data", 3, workers=-1)
    for count, said in ((None, "how many sounds"), (0, "--count is 0")):
        with pytest.raises(UsageError, match=said):
            generate(synth, tmp_path / "data", count)
    with pytest.raises(UsageError, match="more than the grid or list has, which is 4"):
        generate(synth, tmp_path / "data", 5, sampling="grid", steps={"f0_hz": 4})
    assert not (tmp_path / "data").exists()


def test_silent_and_clipped_sounds_are_counted_and_drawn_again(tmp_path: Path) -> None:
    gate = SINE.replace("out asine", 'out (chnget:k("level") < 0.4 ? 0 : 1)*asine')
    synth = write_synth(tmp_path / "gate.csd", gate)
    tally = generate(synth, tmp_path / "as-they-come", 60, seed=1, workers=1)
    assert 5 < tally.silent < 22
    assert 15 < tally.clipped < 45
    assert tally.redrawn == 0
    data = DataSet(tmp_path / "as-they-come")
    assert np.count_nonzero(data.peaks_db < -60) == tally.silent
    assert np.count_nonzero(data.peaks_db > 0) == tally.clipped
    better = generate(
        synth, tmp_path / "better", 60, seed=1, workers=1, redraw_silent=True, redraw_clipped=True
    )
    assert (better.silent, better.clipped) == (0, 0)
    assert better.redrawn > 40
    levels = DataSet(tmp_path / "better").values[:, 1]
    assert levels.min() >= 0.4
    assert levels.max() <= 1.0


def test_sounds_that_cannot_be_rendered_are_reported_and_left_out(tmp_path: Path) -> None:
    bursting = SINE.replace("out asine", 'out asine/(chnget:k("level") < 1 ? 1 : 0)')
    synth = write_synth(tmp_path / "bursting.csd", bursting)
    tally = generate(synth, tmp_path / "data", 20, seed=1, workers=1)
    assert 4 < tally.failed < 16
    assert tally.made == 20 - tally.failed
    data = DataSet(tmp_path / "data")
    assert len(data) == tally.made
    assert len(data.failed) == tally.failed
    assert all("samples that are NaN or infinite" in why for why in data.failed.values())
    assert generate(synth, tmp_path / "data", 20, seed=1, workers=1).failed == 0


def run_command(folder: Path, synth: Path, count: int = 4000) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "plugin_host.commands", "generate", str(synth), "-n", str(count)]
    return start_child(
        [*command, "-o", str(folder), "-j", "2"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_until(happened: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def lines_in(folder: Path) -> int:
    path = folder / MANIFEST_NAME
    return path.read_bytes().count(b"\n") if path.is_file() else 0


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["all", "parent"])
def test_kill_9_leaves_nothing_corrupt_and_the_same_call_goes_on(
    whom: str, synth: Synth, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    process = run_command(folder, synth.path)
    wait_until(lambda: lines_in(folder) > 60)
    (os.killpg if whom == "all" else os.kill)(process.pid, signal.SIGKILL)
    # Workers that have lost their parent end by themselves; the pipe, which they have too, closes with the last of them.
    process.communicate(timeout=120)
    sounds = sorted(folder.glob("sounds/*/*.flac"))
    assert all(soundfile.read(path)[0].shape == (1600,) for path in sounds)
    data = DataSet(folder)
    assert data.skipped <= 1
    # What has no line yet was being made.
    assert 0 <= len(sounds) - len(data) <= 2
    assert len(data) < 4000
    kept = {path: path.stat().st_mtime_ns for path in sounds[:50]}
    count = int(data.indices.max()) + 20
    assert generate(synth, folder, count, workers=1).failed == 0
    whole = DataSet(folder)
    assert whole.indices.tolist() == list(range(max(count, len(whole))))
    assert whole.skipped == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert not list(folder.glob("sounds/*/.*"))
    sampler = make_sampler(synth, "random", 0)
    assert np.array_equal(whole.values[:count], [sampler.draw(index) for index in range(count)])


def test_only_one_call_writes_and_ctrl_c_says_how_many_sounds_exist(synth: Synth, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    process = run_command(folder, synth.path, count=100_000)
    wait_until(lambda: lines_in(folder) > 20)
    with pytest.raises(DataSetError, match="another process is writing sounds into"):
        generate(synth, folder, 10)
    os.kill(process.pid, signal.SIGINT)
    said = process.communicate(timeout=120)[1].decode().splitlines()
    assert process.returncode == 130
    data = DataSet(folder)
    # A slow machine says how far it is, too.
    assert said[-2:] == [
        f"brainsynth: {len(data)} sounds are in {folder}; the same command continues",
        "brainsynth: interrupted",
    ]
    assert data.skipped == 0


def limit_files(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_stops_it_and_what_was_written_is_whole(synth: Synth, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if can_mount(disk):
        folder, count = disk, 100
        script = 'mount -t tmpfs -o size=200k tmpfs "$0"; "$@"; echo $? >&2; cp -r "$0" "$0-copy"'
        start = ["unshare", "--mount", "sh", "-c", script, str(disk)]
    else:
        folder, count = tmp_path / "data", 100
        start = []
    command = [sys.executable, "-m", "plugin_host.commands", "generate", str(synth.path), "-n", str(count)]
    done = subprocess.run(
        [*start, *command, "-o", str(folder), "-j", "1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        preexec_fn=None if start else limit_files(5000),
    )
    said = done.stderr.splitlines()
    if start:
        assert said.pop() == "5"
        folder = tmp_path / "disk-copy"
        assert said[0].endswith("make room there, or choose another disk")
    assert len(said) == 1
    assert "cannot be written" in said[0]
    data = DataSet(folder)
    assert data.skipped <= 2
    assert 5 < len(data) < count
    assert all(np.isfinite(data[index][0]).all() for index in range(len(data)))
    assert not list(folder.glob("sounds/*/.*"))
    assert generate(synth, folder, count, workers=1).made == count - len(data)
    assert (len(DataSet(folder)), DataSet(folder).skipped) == (count, 0)


class DyingMaker(SoundMaker):
    """Ends its process at sound 3."""

    def _make(self, index: int, renderer: Renderer, on_share: Callable[[float], None]) -> ManifestEntry:
        if index == 3:
            os._exit(9)
        return super()._make(index, renderer, on_share)


def test_a_process_that_dies_takes_one_sound_with_it(synth: Synth, tmp_path: Path) -> None:
    maker = DyingMaker(synth, make_sampler(synth, "random", 0), tmp_path, False, False)
    tally = make_sounds(maker, range(25), 2, lambda done: None)
    assert (tally.made, tally.failed) == (24, 1)
    manifest = read_manifest(tmp_path, synth.parameters)
    assert manifest.indices.tolist() == [index for index in range(25) if index != 3]
    assert manifest.failed == {3: "the process that rendered it ended (code 9)"}
    again = SoundMaker(synth, make_sampler(synth, "random", 0), tmp_path, False, False)
    assert make_sounds(again, [3], 1, lambda done: None).made == 1
    manifest = read_manifest(tmp_path, synth.parameters)
    assert (manifest.indices.tolist(), manifest.failed) == (list(range(25)), {})


def test_broken_entries_and_missing_files_are_named_skipped_and_counted(synth: Synth, tmp_path: Path) -> None:
    generate(synth, tmp_path, 12, workers=1)
    path = tmp_path / MANIFEST_NAME
    lines = {json.loads(line)["index"]: json.loads(line) for line in path.read_text().splitlines()}
    lines[2]["parameters"]["f0_hz"] = 5000
    del lines[3]["parameters"]["level"]
    lines[4]["parameters"]["depth"] = 1
    lines[5]["parameters"]["level"] = "loud"
    del lines[6]["parameters"]
    texts = [json.dumps(lines[index]) for index in range(12)]
    texts[1] = texts[1][:40]
    texts[7] = "[]"
    path.write_text("\n".join(texts) + "\n" + texts[8][:30])
    (tmp_path / sound_name(9)).unlink()
    (tmp_path / sound_name(10)).write_bytes(b"")
    (tmp_path / sound_name(11)).write_bytes((tmp_path / sound_name(11)).read_bytes()[:900])
    data = DataSet(tmp_path)
    assert data.indices.tolist() == [0, 8, 11]
    assert data.skipped == 8 + 2
    assert [problem.replace(str(tmp_path), "DATA") for problem in data.problems] == [
        "line 2 of DATA/manifest.jsonl is broken (it is no JSON)",
        "line 3 of DATA/manifest.jsonl is broken (f0_hz is 5000)",
        "line 4 of DATA/manifest.jsonl is broken (there is no 'level')",
        "line 5 of DATA/manifest.jsonl is broken (it has depth)",
        "line 6 of DATA/manifest.jsonl is broken (it does not describe a sound)",
        "line 7 of DATA/manifest.jsonl is broken (there is no 'parameters')",
        "line 8 of DATA/manifest.jsonl is broken (it does not describe a sound)",
        "line 13 of DATA/manifest.jsonl is broken (its end is missing)",
        "DATA/sounds/0000/000009.flac is missing or empty",
        "DATA/sounds/0000/000010.flac is missing or empty",
    ]
    assert data[1][0].any()
    with pytest.raises(DataSetError, match=r"000011\.flac is damaged|000011\.flac has"):
        data[2]
    drop_broken_lines(tmp_path, synth.parameters)
    assert (DataSet(tmp_path).skipped, lines_in(tmp_path)) == (2, 5)


def test_the_last_entry_about_a_sound_counts(synth: Synth, tmp_path: Path) -> None:
    generate(synth, tmp_path, 3, workers=1)
    path = tmp_path / MANIFEST_NAME
    line = json.loads(path.read_text().splitlines()[0])
    line["parameters"]["level"] = 1.25
    path.write_text(path.read_text() + json.dumps(line) + "\n")
    data = DataSet(tmp_path)
    assert len(data) == 3
    assert data.values[line["index"], 1] == 1.25


def test_folders_that_are_not_data_sets_are_refused(synth: Synth, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"is no data set of sounds .*brainsynth generate SYNTH\.csd"):
        DataSet(tmp_path)
    generate(synth, tmp_path / "data", 2, workers=1)
    (tmp_path / "data" / MANIFEST_NAME).unlink()
    with pytest.raises(DataSetError, match="holds no sounds that can be used"):
        DataSet(tmp_path / "data")
    (tmp_path / "data" / "synth.json").write_text('{"synth": "fm.csd"}')
    with pytest.raises(DataSetError, match=r"synth\.json is damaged \(synth_sha256: Field required\)"):
        DataSet(tmp_path / "data")


def test_a_sound_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    usual = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 4000)).astype(np.float32)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        with pytest.raises(OutputError, match="cannot be written") as caught:
            write_sound(tmp_path / "a" / "noise.flac", noise, 8000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, usual)
    assert not isinstance(caught.value, DiskFullError)
    assert not list((tmp_path / "a").iterdir())


WRITING = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from plugin_host.datasets.sound_maker import write_sound

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
write_sound(Path(sys.argv[1]), np.random.default_rng(0).uniform(-1, 1, (1, 4000)).astype(np.float32), 8000)
"""


def test_a_sound_whose_process_is_killed_while_it_writes_has_no_name_yet(tmp_path: Path) -> None:
    """The system kills what writes past the limit, in the middle of the file."""
    command = [sys.executable, "-c", WRITING, str(tmp_path / "noise.flac")]
    assert subprocess.run(command, cwd=REPOSITORY).returncode == -signal.SIGXFSZ
    (left,) = tmp_path.iterdir()
    assert left.stat().st_size == 2000
    assert left.name.startswith(".noise.flac.")
    assert left.name.endswith(PARTIAL_SUFFIX)


def test_a_missing_sound_is_made_again(made: Path, synth: Synth, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "data"))
    (folder / sound_name(3)).unlink()
    (folder / sound_name(8)).write_bytes(b"")
    assert DataSet(folder).skipped == 2
    assert generate(synth, folder, 30, seed=5, workers=1).made == 2
    assert (len(DataSet(folder)), DataSet(folder).skipped) == (30, 0)
    for index in (3, 8):
        assert (folder / sound_name(index)).read_bytes() == (made / sound_name(index)).read_bytes()


def test_a_synth_that_is_never_the_same_is_reported_once(brainsynth: Command, tmp_path: Path) -> None:
    noise = SINE.replace("out asine", "anoise noise 0.1, 0\nout asine + anoise")
    unseeded = write_synth(tmp_path / "noise.csd", f"seed 0\n{noise}")
    ended = brainsynth("generate", unseeded, "-n", 3, "-o", tmp_path / "a", "-j", 1)
    assert ended.code == 0
    said = "gives another sound each time, so these sounds cannot be made again: seed its random opcodes\n"
    assert ended.err == f"brainsynth: {unseeded} {said}"
    seeded = write_synth(tmp_path / "seeded.csd", f"seed 1\n{noise}")
    assert brainsynth("generate", seeded, "-n", 3, "-o", tmp_path / "b", "-j", 1).err == ""
    problems: list[str] = []
    with EndlessBatches(unseeded, tmp_path / "c", 4, 2, workers=1, on_problem=problems.append) as endless:
        endless.held_out()
        with endless.batch(0):
            pass
    assert len(problems) == 1


def test_a_synth_that_includes_files_is_generated_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "part.udo").write_text(SINE)
    including = write_synth(tmp_path / "including.csd", '#include "part.udo"\n')
    assert generate(including, tmp_path / "a", 4, workers=2).made == 4
    data = DataSet(tmp_path / "a")
    assert resynthesis_of(DataSetFeed(data)) is None
    resynthesise = resynthesis_of(DataSetFeed(data), including)
    assert resynthesise is not None
    again = resynthesise(data[0][1])
    assert again == pytest.approx(data[0][0][-len(again) :], abs=1e-4)
    with pytest.raises(
        SynthMismatchError, match=r"string\.csd is not the synth that made the data set .*including\.csd"
    ):
        resynthesis_of(DataSetFeed(data), "string")


def test_a_data_set_whose_sounds_all_failed_is_refused(tmp_path: Path) -> None:
    bursting = write_synth(tmp_path / "bursting.csd", SINE.replace("out asine", "out asine/0"))
    assert generate(bursting, tmp_path / "data", 3, workers=1).failed == 3
    with pytest.raises(DataSetError, match=r"\(sound 0: .*samples that are NaN or infinite"):
        DataSet(tmp_path / "data")


def test_endless_batches(synth: Synth, tmp_path: Path) -> None:
    with EndlessBatches(synth, tmp_path, 12, 5, seed=2, workers=1) as endless:
        held_out = endless.held_out()
        assert held_out.indices.tolist() == list(range(5))
        values: list[np.ndarray] = []
        for number in (0, 1):
            with endless.batch(number) as batch:
                values.append(batch.values)
                assert len(batch) == 12
                folder = batch.folder
            assert not folder.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside", "brainsynth-batches.txt"]
    drawn = np.concatenate([held_out.values, *values])
    sampler = make_sampler(synth, "random", 2)
    assert np.array_equal(drawn, [sampler.draw(index) for index in range(29)])
    # Resumed at another batch, it gives that one.
    with EndlessBatches(synth, tmp_path, 12, 5, seed=2, workers=1) as endless, endless.batch(1) as batch:
        assert np.array_equal(batch.values, values[1])
        assert endless.held_out().values == pytest.approx(held_out.values)


def test_endless_batches_delete_only_what_is_theirs(synth: Synth, tmp_path: Path) -> None:
    for name in ("batch-of-takes", "batch-000001"):
        take = tmp_path / name / name / "take.wav"
        take.parent.mkdir(parents=True)
        take.write_bytes(b"mine")
        with pytest.raises(UsageError, match=rf"{name} holds other things \({name}\)"):
            EndlessBatches(synth, tmp_path / name, 12, 5, workers=1)
        assert take.exists()
    own = tmp_path / "own"
    with EndlessBatches(synth, own, 12, 5, workers=1) as endless:
        endless.held_out()
    (own / "brainsynth-batches.txt").unlink()  # as an earlier version left it, killed in its second batch
    (own / "batch-000001").mkdir()
    (own / "batch-others").mkdir()
    with pytest.raises(UsageError, match=r"own holds other things \(batch-others\)"):
        EndlessBatches(synth, own, 12, 5, workers=1)
    (own / "batch-others").rmdir()
    with EndlessBatches(synth, own, 12, 5, workers=1) as endless:
        (own / "batch-others").mkdir()
        with endless.batch(0):
            assert (own / "batch-000000").is_dir()
    assert {path.name for path in own.iterdir()} == {"aside", "batch-others", "brainsynth-batches.txt"}


def test_endless_batches_have_a_bound_on_the_disk(synth: Synth, tmp_path: Path) -> None:
    # 1600 samples of three bytes.
    with pytest.raises(UsageError, match="make a batch at most 100"):
        EndlessBatches(synth, tmp_path, 1000, 8, largest_bytes=208 * 4800)
    EndlessBatches(synth, tmp_path, 100, 8, largest_bytes=208 * 4800)


def test_command_makes_a_data_set(brainsynth: Command, synth: Synth, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    ended = brainsynth("generate", synth.path, "--steps", "f0_hz=3,level=2", "-o", folder, "-j", 1)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"6 sounds in {folder}, 6 made in ")
    assert "2 silent" not in ended.out
    again = brainsynth("generate", synth.path, "--steps", "f0_hz=3,level=2", "-o", folder, "-j", 1)
    assert (again.code, again.out) == (0, f"6 sounds in {folder}\n")
    other = brainsynth("generate", "fm", "-n", 5, "-o", folder)
    assert (other.code, other.out) == (2, "")
    assert other.err.startswith(f"brainsynth: the sounds in {folder} were made by another synth")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("none.csd", "-n", 5), 3, "none.csd cannot be read"),
        (("fm",), 2, "how many sounds are wanted is not given: --count 10000"),
        (("fm", "--steps", "ratio"), 2, "--steps ratio is no number of values"),
        (("fm", "--steps", "rate=3"), 2, "there is no parameter 'rate'"),
        (("fm", "-n", 5, "--sampling", "some"), 2, "there is no sampling 'some'"),
        (("fm", "--sampling", "list"), 2, "sampling list needs a list"),
        (("fm", "--list", "no.csv"), 2, "the list no.csv cannot be read (No such file or directory)"),
        (("fm", "--list", "no.csv", "--steps", "ratio=3"), 2, "give one of the two"),
        (("fm", "--steps", "ratio=3", "--redraw-silent"), 2, "nothing to draw again"),
        (("fm", "--steps", f"ratio={10**20}"), 2, "it has at most 1,000,000 values"),
        (("fm", "--steps", "ratio=9999,f0_hz=9999"), 2, "99,980,001 sounds were asked for"),
        (("fm", "-n", 10**12), 2, "a data set holds at most 10,000,000"),
    ],
)
def test_command_refuses_with_one_sentence(
    arguments: tuple[object, ...], code: int, said: str, brainsynth: Command, tmp_path: Path
) -> None:
    ended = brainsynth("generate", *arguments, "-o", tmp_path / "data")
    assert ended.code == code
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


RARELY_NOISY = """
chn_k "level", 1, 2, 0.5, 0, 1
chn_k "wave", 1, 1, 0, 0, 6, 0, 0, 0, 0, "choices=sine,saw,square,noise,pulse,ramp,none"
instr 1
  if ({}) then
    aout random -0.5, 0.5
  else
    aout oscili 0.5*chnget:i("level"), 200
  endif
  out aout
endin
"""
"""Noise from a generator that all notes share: what it gives depends on how many samples it gave before."""


def sounds_in(folder: Path, count: int) -> list[bytes]:
    return [(folder / sound_name(index)).read_bytes() for index in range(count)]


def test_a_choice_that_changes_later_sounds_is_found_before_the_first_sound(tmp_path: Path) -> None:
    synth = write_synth(tmp_path / "noisy.csd", RARELY_NOISY.format('chnget:i("wave") == 3'))
    with Renderer(synth) as renderer:
        assert not renderer.rewinds
        assert renderer.deterministic
    said: list[str] = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        assert generate(synth, folder, 60, workers=workers, on_problem=said.append).made == 60
        assert not DataSet(folder).info.rewinds
    assert said == []
    assert sounds_in(tmp_path / "1", 60) == sounds_in(tmp_path / "2", 60)


LATE = RARELY_NOISY.format('chnget:i("level") > 0.7 && chnget:i("level") < 0.95')


@pytest.mark.parametrize("workers", [1, 2])
def test_sounds_that_change_later_ones_are_found_while_they_are_made(workers: int, tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "noisy.csd", LATE))
    sampler = make_sampler(synth, "random", 3)
    with Renderer(synth) as renderer:
        assert renderer.rewinds, "the test needs a synth of which the first look tells nothing"
    said: list[str] = []
    folder = tmp_path / "data"
    tally = generate(synth, folder, 130, seed=3, workers=workers, on_problem=said.append)
    assert tally.made == 130
    assert len(said) == 1
    assert (
        "is another one in a fresh Csound: all sounds are made again, each in a Csound of its own" in said[0]
    )
    data = DataSet(folder)
    assert (len(data), data.skipped, data.info.rewinds) == (130, 0, False)
    with Renderer(synth, rewinds=False) as renderer:
        noisy = [index for index in range(130) if 0.7 < sampler.draw(index)[0] < 0.95]
        assert len(noisy) > 3
        for index in (0, 129, *noisy):
            sound = renderer.render_values(sampler.draw(index))[0]
            assert data[index][0] == pytest.approx(sound, abs=2**-23)
    # It stays so for what is added.
    assert generate(synth, folder, 140, seed=3, workers=workers, on_problem=said.append).made == 10
    assert len(said) == 1


def test_what_was_made_before_the_synth_was_found_out_is_made_again(tmp_path: Path) -> None:
    synth = Synth(write_synth(tmp_path / "noisy.csd", RARELY_NOISY.format('chnget:i("wave") == 3')))
    folder = tmp_path / "data"
    assert generate(synth, folder, 30, workers=1).made == 30
    right = sounds_in(folder, 30)
    # As of a version that believed the synth.
    (folder / "synth.json").write_text(
        (folder / "synth.json").read_text().replace('"rewinds": false', '"rewinds": true')
    )
    for index in range(30):
        (folder / sound_name(index)).write_bytes(right[0])
    said: list[str] = []
    assert generate(synth, folder, 10, workers=1, on_problem=said.append).made == 30
    assert "changes those after it: all sounds are made again" in said[0]
    assert sounds_in(folder, 30) == right


def test_sounds_do_not_depend_on_the_processes_even_where_nobody_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin_host.datasets.sound_maker._is_verified", lambda index: False)
    synth = Synth(write_synth(tmp_path / "noisy.csd", LATE))
    sampler = make_sampler(synth, "random", 3)
    for name, order in (("up", range(130)), ("parts", [*range(100, 130), *range(50), *range(50, 100)])):
        maker = SoundMaker(synth, sampler, tmp_path / name, False, False)
        (tmp_path / name).mkdir()
        assert make_sounds(maker, order, 1, lambda done: None).made == 130
    assert sounds_in(tmp_path / "up", 130) == sounds_in(tmp_path / "parts", 130)
