"""Damage small sound files in every way and read them: `python -m benchmarks.host.fuzz_sound_files`.

Whatever a file holds, it is read or refused in a sentence that names it. One in fifty also goes through `process`,
which makes a whole output or none, and leaves nothing else behind.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common.report import write_results
from plugin_host.errors import AudioFileError, HostError
from plugin_host.files.file_job import FileTask, Work
from plugin_host.files.plan import Job
from plugin_host.files.report import Status
from plugin_host.files.request import Request
from plugin_host.sound_files.codec_process import CodecEndedError
from plugin_host.sound_files.reader import AudioReader
from tests.support import tiny_models

SLOW_S = 20.0
PROCESSED = 50
FORMS = (
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAV", "MS_ADPCM"), ("WAVEX", "PCM_24"), ("RF64", "PCM_16"),
    ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
)  # fmt: skip
SUFFIXES = {"FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3", "AIFF": ".aiff"}
EXTREMES = tuple(bytes([value]) * size for value in (0x00, 0x01, 0x7F, 0x80, 0xFF) for size in (1, 2, 4, 8))


def make_seeds() -> list[tuple[str, bytes]]:
    """Encode a moment of noise in every form, each with the suffix of its name."""
    seeds: list[tuple[str, bytes]] = []
    for number, (container, subtype) in enumerate(FORMS):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, (6000, 1 + number % 2))
        content = io.BytesIO()
        soundfile.write(content, noise, 48_000, subtype, format=container)
        seeds.append((SUFFIXES.get(container, ".wav"), content.getvalue()))
    return seeds


def flip_bits(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Turn a few bits over, most of them in the header."""
    for _turn in range(chance.randint(1, 20)):
        end = len(data) if chance.random() < 0.4 else min(len(data), 200)
        data[chance.randrange(end)] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Cut the end off."""
    del data[chance.randrange(1, len(data)) :]


def remove_span(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Take a part out."""
    start = chance.randrange(len(data))
    del data[start : start + chance.choice((1, 2, 4, 100, 4000))]


def repeat_span(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Put a part in twice, anywhere."""
    start, place = chance.randrange(len(data)), chance.randrange(len(data))
    data[place:place] = data[start : start + chance.choice((1, 8, 100, 4000))]


def insert_noise(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Put random bytes in, at the front as well."""
    place = 0 if chance.random() < 0.3 else chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.choice((1, 7, 128, 2000)))


def set_extremes(data: bytearray, chance: random.Random, _: bytes) -> None:
    """Set fields of the header to the least and the largest numbers."""
    for _turn in range(chance.randint(1, 3)):
        value = chance.choice(EXTREMES)
        place = chance.randrange(min(len(data), 120))
        data[place : place + len(value)] = value


def append_other(data: bytearray, _: random.Random, other: bytes) -> None:
    """Put another file behind."""
    data += other


def splice_other(data: bytearray, chance: random.Random, other: bytes) -> None:
    """Go on with the rest of another file."""
    place = chance.randrange(len(data))
    data[place:] = other[min(place, len(other) - 1) :]


WAYS: tuple[Callable[[bytearray, random.Random, bytes], None], ...] = (
    flip_bits, cut, remove_span, repeat_span, insert_noise, set_extremes, append_other, splice_other,
)  # fmt: skip


def damage(seeds: list[tuple[str, bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Give the suffix and the bytes of a damaged file, the same for the same seed and number."""
    chance = random.Random(f"{seed} {number}")
    suffix, content = chance.choice(seeds)
    data = bytearray(content)
    for way in chance.sample(WAYS, chance.choice((1, 1, 1, 2, 3))):
        way(data, chance, chance.choice(seeds)[1])
        data = data or bytearray(b"\0")
    return suffix, bytes(data)


def read(path: Path) -> str:
    """Read a file, as far as it can be, and name the outcome; what is wrong begins with an exclamation mark."""
    try:
        with AudioReader(path) as reader:
            for block in reader.blocks(8192):
                if block.dtype != np.float32 or not np.isfinite(block).all():
                    return "!samples that are no numbers"
        return "read"
    except AudioFileError as error:
        if str(path) not in str(error) or "\n" in str(error):
            return f"!no sentence about the file: {error}"
        return "decoder died" if isinstance(error, CodecEndedError) else "refused"
    except Exception as error:
        return f"!{type(error).__name__}: {error}"


def process(task: FileTask, path: Path, folder: Path) -> str:
    """Put a file through a model, and see that its output is whole or absent, and alone."""
    target = folder / path.name
    try:
        report = task(Work(Job(path, target, target.name)), lambda _: None).report
    except HostError as error:
        return f"!raised: {error}"
    found = [entry.name for entry in folder.iterdir()]
    made = report.status is Status.MADE
    if found != ([target.name] if made else []):
        return f"!left {found} behind {report.status}"
    if made:
        with AudioReader(target) as reader:
            whole = reader.read_rest().shape[1] == round(report.duration_s * report.sample_rate)
        target.unlink()
        return "processed" if whole else "!an output of another length"
    return "not processed" if path.name in report.error else f"!no sentence about the file: {report.error}"


def main() -> None:
    """Damage, read and process files; print what became of them, and fail if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: %(default)s)")
    options = parser.parse_args()
    seeds, outcomes, wrong = make_seeds(), Counter[str](), list[str]()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "out").mkdir()
        task = FileTask(Request(str(tiny_models.save(tiny_models.gain_effect(), folder)), ""))
        for number in range(options.count):
            suffix, content = damage(seeds, options.seed, number)
            path = folder / f"damaged-{number}{suffix}"
            path.write_bytes(content)
            started = time.perf_counter()
            found = [read(path)]
            if number % PROCESSED == 0:
                found.append(process(task, path, folder / "out"))
            seconds = time.perf_counter() - started
            if seconds > SLOW_S:
                found.append(f"!took {seconds:.0f} s")
            slowest = max(slowest, seconds)
            wrong += [
                f"seed {options.seed}, file {number}: {outcome[1:]}" for outcome in found if outcome[0] == "!"
            ]
            outcomes.update("wrong" if outcome[0] == "!" else outcome for outcome in found)
            path.unlink()
    print(f"seed {options.seed}, {options.count} files, slowest {slowest:.1f} s: {dict(outcomes)}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    figures = {"outcomes": dict(outcomes), "slowest_s": slowest, "wrong": wrong}
    print(
        write_results("fuzz_sound_files", {"count": options.count, "seed": options.seed}, {"reader": figures})
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
