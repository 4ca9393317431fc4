"""Work in several processes: nothing is lost when a worker dies, nothing is left when the user stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugin_host.files.batch import Batch
from plugin_host.files.done_record import RECORD_NAME
from plugin_host.files.file_job import FileTask, Outcome, Work
from plugin_host.files.plan import IfExists, Job, plan_jobs
from plugin_host.files.processes import WorkerEnded, Workers
from plugin_host.files.report import FileReport, Status
from plugin_host.files.request import Request
from tests.conftest import Command
from tests.support.children import start_child
from tests.support.sound_files import tree


def square_or_die(job: int, on_progress: Callable[[float], None]) -> tuple[int, int]:
    """Give the square and this process's number; end without a word at 3."""
    on_progress(0.5)
    if job == 3:
        os._exit(9)
    time.sleep(0.05)
    on_progress(1.0)
    return job * job, os.getpid()


def test_a_worker_that_dies_takes_only_its_own_job_with_it() -> None:
    with Workers(square_or_die, range(8), 2) as workers:
        found = dict(item for item in workers.results() if item is not None)
        assert list(workers.progress) == [1.0, 1.0, 1.0, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert found.pop(3) == WorkerEnded(9)
    assert {job: result[0] for job, result in found.items() if not isinstance(result, WorkerEnded)} == {
        job: job * job for job in range(8) if job != 3
    }
    processes = {result[1] for result in found.values() if not isinstance(result, WorkerEnded)}
    assert os.getpid() not in processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


class FragileTask(FileTask):
    """Ends its process at the file 1.wav."""

    def __call__(self, work: Work, on_progress: Callable[[float], None]) -> Outcome:
        if work.job.name == "1.wav":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(work, on_progress)


def test_a_file_that_kills_its_worker_is_reported_and_the_others_are_made(
    models: Path, tmp_path: Path
) -> None:
    for number in range(4):
        write_long(tmp_path / "in" / f"{number}.wav", 1)
    jobs = plan_jobs([str(tmp_path / "in")], tmp_path / "out")
    task = FragileTask(Request(str(models / "gain.onnx"), ""))
    reports = list(Batch(task, jobs, tmp_path / "out", IfExists.FAIL, workers=2).run())
    assert sorted((Path(report.target).name, report.status.value) for report in reports) == [
        ("0.wav", "made"),
        ("1.wav", "failed"),
        ("2.wav", "made"),
        ("3.wav", "made"),
    ]
    (failed,) = (report for report in reports if report.status is Status.FAILED)
    assert "1.wav: its worker process ended (signal 9)" in failed.error
    assert tree(tmp_path / "out") == ["0.wav", "2.wav", "3.wav"]


class QuickTask(FileTask):
    """Makes nothing, and says so at once."""

    def __call__(self, work: Work, on_progress: Callable[[float], None]) -> Outcome:
        on_progress(0.5)
        return Outcome(FileReport(str(work.job.source), str(work.job.target), Status.MADE))


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_costs_as_much_for_each_file_however_many_there_are(workers: int, tmp_path: Path) -> None:
    jobs = [Job(tmp_path / f"{n}.wav", tmp_path / "out" / f"{n}.wav", f"{n}.wav") for n in range(300)]
    seen: list[tuple[int, float]] = []
    batch = Batch(QuickTask(Request("", "")), jobs, tmp_path / "out", IfExists.FAIL, workers)
    reports = list(batch.run(lambda index, done: seen.append((index, done))))
    assert len(reports) == len(jobs)
    assert {index for index, done in seen if done == 1.0} == set(range(len(jobs)))
    assert len(seen) < 5 * len(jobs)


def write_long(path: Path, seconds: int) -> None:
    path.parent.mkdir(exist_ok=True)
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (44_100, 2))
    with soundfile.SoundFile(path, "w", 44_100, 2, "PCM_16") as file:
        for _ in range(seconds):
            file.write(audio)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_whole_files_only_and_the_next_call_goes_on(
    workers: int, models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    write_long(tmp_path / "in" / "0.wav", 1)
    for number in (1, 2):
        write_long(tmp_path / "in" / f"{number}.wav", 120)
    report = tmp_path / "report.json"
    arguments = (
        "process",
        tmp_path / "in",
        "-m",
        models / "gain.onnx",
        "-o",
        tmp_path / "out",
        "-j",
        workers,
    )
    command = [sys.executable, "-m", "plugin_host.commands", *map(str, arguments), "--report", str(report)]
    running = start_child(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    record = tmp_path / "out" / RECORD_NAME
    wait_for(
        lambda: record.exists() and "sha256" in record.read_text() and len(tree(tmp_path / "out")) > 1,
        running,
    )
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert tree(tmp_path / "out") == ["0.wav"]
    assert '"interrupted": true' in report.read_text()
    assert "1 made, 2 not tried" in out
    for number in (1, 2):
        write_long(tmp_path / "in" / f"{number}.wav", 1)
    assert brainsynth(*arguments).out.startswith("2 made, 1 kept")


def test_a_killed_program_leaves_nothing_that_looks_finished(
    models: Path, tmp_path: Path, brainsynth: Command
) -> None:
    write_long(tmp_path / "in" / "0.wav", 120)
    arguments = ("process", tmp_path / "in", "-m", models / "gain.onnx", "-o", tmp_path / "out")
    running = subprocess.Popen([sys.executable, "-m", "plugin_host.commands", *map(str, arguments)])
    wait_for(lambda: bool(tree(tmp_path / "out")), running)
    running.kill()
    running.wait(timeout=120)
    (left,) = tree(tmp_path / "out")
    assert left.startswith(".0.wav.")
    write_long(tmp_path / "in" / "0.wav", 1)
    assert brainsynth(*arguments).code == 0
    assert tree(tmp_path / "out") == ["0.wav"]


def wait_for(condition: Callable[[], bool], running: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds while a process runs."""
    until = time.monotonic() + 120
    while not condition():
        assert running.poll() is None, "the program ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_worker_told_to_end_while_an_object_is_freed_ends_all_the_same() -> None:
    code = """
import os, signal
from plugin_host.files.processes import end_on_terminate

class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))

end_on_terminate()
freed = Freed()
del freed
signal.pause()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
