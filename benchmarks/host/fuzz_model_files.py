"""Load and play thousands of damaged model files: `python -m benchmarks.host.fuzz_model_files`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.report import write_results
from benchmarks.host.model_mutations import MUTATIONS
from plugin_host.errors import HostError, ModelFileError
from plugin_host.model_file.bundled import find_model
from plugin_host.model_file.document import Role
from plugin_host.playing.model import Model
from plugin_host.playing.trial import limit_memory, try_model
from tests.support import tiny_models

BUNDLED = ("pitch", "cello.decoder", "fm")
BUNDLED_SHARE = 0.15
LIMIT_S = 30.0
LONGEST_MESSAGE = 1500
REFUSED, PLAYED = "refused in a sentence", "played"
KILLED = "killed the child that tried it, and was refused in a sentence"
STOPPED = "the child ran out of its time"
GOOD = (REFUSED, PLAYED, KILLED)
SHOWN = 20
REPORT_EVERY = 1000


def originals() -> tuple[list[bytes], list[bytes]]:
    """Give the files that are damaged: tiny ones of every role and kind of control, and bundled ones."""
    makers = (
        tiny_models.gain_effect, tiny_models.delay_effect, tiny_models.leaky_effect, tiny_models.mode_effect,
        tiny_models.kinds_effect, tiny_models.kinds_generator, tiny_models.ends_analyzer, tiny_models.rms_analyzer,
        tiny_models.sine_generator,
    )  # fmt: skip
    tiny = [make().SerializeToString() for make in makers]
    proved = tiny_models.gain_effect(golden=tiny_models.gain_golden()).SerializeToString()
    return [*tiny, proved], [find_model(name).read_bytes() for name in BUNDLED]


def damaged(number: int, seed: int, files: tuple[list[bytes], list[bytes]]) -> tuple[bytes, str]:
    """Give a damaged file, always the same of a number and seed, and what was done to it."""
    random = np.random.default_rng((seed, number))
    group = files[1] if random.random() < BUNDLED_SHARE else files[0]
    mutation = MUTATIONS[int(random.integers(len(MUTATIONS)))]
    return mutation(group[int(random.integers(len(group)))], random), mutation.__name__


def play(path: str) -> str:
    """Load a file, play some blocks and its golden pair, and give the outcome; what is not ours is raised.

    Outputs must be finite and of the right length.
    """
    try:
        model = Model(path)
        stream, rate = model.stream(block_size=None), model.document.sample_rate
        random = np.random.default_rng(0)
        channels = model.document.channels
        hop_length, given = model.document.hop_length, 0
        for size in (1, 64, 1000):
            sound = random.uniform(-1, 1, (channels, size)).astype(np.float32)
            if model.document.role is Role.GENERATOR:
                made = [stream.generate(size)]
            elif model.document.role is Role.EFFECT:
                made = [stream.process(sound)]
            else:
                made = list(stream.analyze(sound).values())
            frames = (given + size) // hop_length - given // hop_length
            length = frames if model.document.role is Role.ANALYZER else size
            if any(part.shape[-1] != length for part in made):
                return f"of the wrong length: {[part.shape for part in made]} of {size} samples"
            given += size
            if not all(np.isfinite(part).all() for part in made):
                return f"not finite at {rate} Hz"
        if model.document.golden is not None:
            model.check()
    except HostError as error:
        sentence = str(error)
        is_told = Path(path).name in sentence or "'" in sentence
        return REFUSED if is_told and len(sentence) < LONGEST_MESSAGE else f"badly told: {sentence[:200]}"
    return PLAYED


def work(connection: Connection, printed: str) -> None:
    """Play the files whose paths arrive, within limits, and send the outcomes back; a child's whole life."""
    output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    limit_memory()
    while True:
        path = connection.recv()
        try:
            outcome = play(path)
        except BaseException as error:
            outcome = f"unexplained {type(error).__name__}: {str(error)[:200]}"
        sys.stdout.flush()
        if os.fstat(output).st_size:
            os.ftruncate(output, 0)
            outcome = "something on the standard output"
        connection.send(outcome)


class Child:
    """A process that plays file after file, and is replaced when it dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=work, args=(other, str(self._folder / "printed")), daemon=True)
        self._process.start()
        other.close()

    def play(self, path: Path) -> str:
        """Give the outcome of a file."""
        try:
            self._connection.send(str(path))
            if self._connection.poll(LIMIT_S):
                return self._connection.recv()
            outcome = STOPPED
        except (EOFError, ConnectionError):
            self._process.join()
            outcome = self._try(path)
        self.end()
        self._start()
        return outcome

    def _try(self, path: Path) -> str:
        """Try a file that has killed the process as the commands do, which must refuse it."""
        try:
            try_model(path)
        except ModelFileError:
            return KILLED
        return f"the child died of {self._process.exitcode}"

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def main() -> None:
    """Damage, play, count, and write it down; fail where anything is neither played nor refused in a sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many files (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="another gives other files (default: %(default)s)"
    )
    parser.add_argument("--first", type=int, default=0, help="begin at this file (default: %(default)s)")
    parser.add_argument("--limit", action="store_true", help="do not write the results down")
    options = parser.parse_args()
    print(f"seed {options.seed}, files {options.first} to {options.first + options.count - 1}", flush=True)
    files, outcomes, bad = originals(), Counter[str](), list[dict[str, Any]]()
    slowest, began = 0.0, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child, path = Child(folder), folder / "damaged.onnx"
        for number in range(options.first, options.first + options.count):
            data, what = damaged(number, options.seed, files)
            path.write_bytes(data)
            started = time.monotonic()
            outcome = child.play(path)
            slowest = max(slowest, time.monotonic() - started)
            outcomes[outcome if outcome in GOOD else outcome.partition(":")[0]] += 1
            if outcome not in GOOD:
                bad.append({"number": number, "mutation": what, "outcome": outcome})
                print(f"file {number} of seed {options.seed}, {what}: {outcome}", flush=True)
            if not (number + 1) % REPORT_EVERY:
                print(f"{number + 1}: {dict(outcomes)}", flush=True)
        child.end()
    for outcome, count in outcomes.most_common():
        print(f"{count:>7} {outcome}")
    print(f"slowest {slowest:.1f} s; {time.monotonic() - began:.0f} s in all")
    figures = {"outcomes": dict(outcomes), "slowest_s": slowest, "bad": bad[:SHOWN]}
    if not options.limit:
        settings = {"count": options.count, "seed": options.seed, "first": options.first}
        write_results("fuzz_model_files", settings, {"model files": figures})
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
