"""Measure how fast synths are rendered and whether renders are equal: `python -m benchmarks.host.generation_speed`."""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.common.report import wide_console, write_results
from brainsynth import DataSet, Renderer, Synth, bundled_synths, generate
from plugin_host.datasets.manifest import MANIFEST_NAME
from plugin_host.matching.sound_distances import mss

ROUNDS = 7
NOTE = re.compile(r"^i 1 0 ([\d.]+)$", re.MULTILINE)
LONG_S = 4.0

_AFRESH = """
import sys
import numpy as np
from brainsynth import Renderer
units = np.load(sys.argv[2])
with Renderer(sys.argv[1]) as renderer:
    np.save(sys.argv[3], np.stack([renderer.render_unit(unit) for unit in units]))
"""


def lengthen(synth: Synth, folder: Path) -> Synth:
    """Give the same synth with sounds of four seconds, of which the note takes as large a part."""
    text = synth.path.read_text()
    note = NOTE.search(text)
    if note is None:
        raise SystemExit(f"the score of {synth.path} is not one note")
    held = LONG_S - synth.duration_s + float(note[1])
    text = text.replace(note[0], f"i 1 0 {held:g}").replace(f"\ne {synth.duration_s:g}", f"\ne {LONG_S:g}")
    path = folder / synth.path.name
    path.write_text(text)
    return Synth(path)


def seconds_of(run: Callable[[], object]) -> float:
    """Give the median processor time of a call, in seconds: other programs run here, too."""
    times: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        run()
        times.append(time.process_time() - begun)
    return float(np.median(times))


def measure_rendering(synth: Synth, count: int) -> dict[str, float]:
    """Render sounds in one Csound and each in its own.

    Returns
    -------
    dict
        Seconds of sound per second of one core.
    """
    units = np.random.default_rng(0).random((count, len(synth.parameters)))
    with Renderer(synth) as renderer:
        together = seconds_of(lambda: [renderer.render_unit(unit) for unit in units])

    def render_apart() -> None:
        for unit in units[:3]:
            renderer.render_unit(unit)
            renderer.close()

    apart = seconds_of(render_apart)
    return {
        "one Csound for all": count * synth.duration_s / together,
        "a Csound each": 3 * synth.duration_s / apart,
    }


def measure_csound(synth: Synth, count: int, folder: Path) -> dict[str, float]:
    """Render notes at defaults, by Csound's own program in one process and by ours, in turns.

    Returns
    -------
    dict
        Seconds of sound per second of one core: what Csound itself allows, and what is left of it.
    """
    text = synth.path.read_text()
    note = NOTE.search(text)
    if note is None:
        raise SystemExit(f"the score of {synth.path} is not one note")
    notes = "\n".join(f"i 1 {number * synth.duration_s:g} {note[1]}" for number in range(count))
    path = folder / f"{synth.name}-notes.csd"
    path.write_text(
        text.replace(note[0], notes).replace(f"\ne {synth.duration_s:g}", f"\ne {count * synth.duration_s:g}")
    )
    command = ["csound", "-n", "-d", "-m0", "-+rtaudio=null", str(path)]
    theirs: list[float] = []
    ours: list[float] = []
    with Renderer(synth) as renderer:
        values = synth.values({})
        for _ in range(ROUNDS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run(command, check=True, capture_output=True)
            theirs.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
            begun = time.process_time()
            for _ in range(count):
                renderer.render_values(values)
            ours.append(time.process_time() - begun)
    length = count * synth.duration_s
    return {"csound": length / float(np.median(theirs)), "ours": length / float(np.median(ours))}


def measure_generation(synth: Synth, count: int, workers: int, folder: Path) -> dict[str, float]:
    """Make a data set and read it.

    Returns
    -------
    dict
        Sounds and seconds of sound per second by the clock; for one process also per second of a core; milliseconds
        to read a sound.
    """
    begun, worked = time.monotonic(), time.process_time()
    generate(synth, folder, count, workers=workers)
    passed, worked = time.monotonic() - begun, time.process_time() - worked
    data = DataSet(folder)
    order = np.random.default_rng(0).permutation(len(data))[:200].tolist()
    reading = seconds_of(lambda: [data[index] for index in order]) / len(order)
    size = sum(path.stat().st_size for path in folder.glob("sounds/*/*.flac"))
    of_a_core = (
        {"synth-seconds per second of a core": count * synth.duration_s / worked} if workers == 1 else {}
    )
    return of_a_core | {
        "sounds per second": count / passed,
        "synth-seconds per second": count * synth.duration_s / passed,
        "ms to read a sound": 1e3 * reading,
        "kB a sound": size / count / 1e3,
    }


def measure_noise_floor(synth: Synth, count: int, folder: Path) -> dict[str, float | None]:
    """Compare renders of the same parameters with those of a fresh Csound and of a fresh process.

    Returns
    -------
    dict
        The largest difference in dB of the sound's peak, None where there is none at all; and the largest
        multi-scale spectral distance, in dB.
    """
    units = np.random.default_rng(1).random((count, len(synth.parameters)))
    with Renderer(synth) as renderer:
        first = np.stack([renderer.render_unit(unit) for unit in units])
        again = np.stack([renderer.render_unit(unit) for unit in units[::-1]])[::-1]
    fresh: list[NDArray[np.float32]] = []
    for unit in units:
        fresh.append(renderer.render_unit(unit))
        renderer.close()
    np.save(folder / "units.npy", units)
    arguments = [str(synth.path), str(folder / "units.npy"), str(folder / "sounds.npy")]
    subprocess.run([sys.executable, "-c", _AFRESH, *arguments], check=True)
    others = {
        "same Csound": again,
        "fresh Csound": np.stack(fresh),
        "fresh process": np.load(folder / "sounds.npy"),
    }
    floors: dict[str, float | None] = {}
    for name, sounds in others.items():
        off = np.abs(sounds - first).max(axis=(1, 2)) / np.abs(first).max(axis=(1, 2))
        floors[f"{name}, dB"] = float(20 * np.log10(off.max())) if off.any() else None
    pairs = zip(first[:4], others["fresh process"][:4], strict=True)
    floors["MSS, dB"] = max(
        mss(one.mean(axis=0), other.mean(axis=0), synth.sample_rate) for one, other in pairs
    )
    return floors


def measure_manifest(data: Path, lines: int, folder: Path) -> dict[str, float]:
    """Read a manifest of many lines; only the first of its sounds are there."""
    few = (data / MANIFEST_NAME).read_text().splitlines()
    for name in ("synth.json", "synth.csd"):
        (folder / name).write_bytes((data / name).read_bytes())
    (folder / "sounds").symlink_to(data.resolve() / "sounds")
    with (folder / MANIFEST_NAME).open("w") as file:
        for index in range(lines):
            file.write(re.sub(r'"index": \d+', f'"index": {index}', few[index % len(few)], count=1) + "\n")
    begun = time.process_time()
    found = DataSet(folder)
    passed = time.process_time() - begun
    if len(found) + found.skipped != lines:
        raise SystemExit(f"{len(found)} and {found.skipped} of {lines} lines were read")
    return {"lines": lines, "seconds": passed}


def main() -> None:
    """Measure, print and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synths", default=",".join(bundled_synths()), help="names, separated by commas")
    parser.add_argument("--count", type=int, default=20, help="sounds rendered at a time")
    parser.add_argument("--made", type=int, default=400, help="sounds of a data set")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of a manifest")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.synths.split(","):
            folder = Path(temporary) / name
            folder.mkdir()
            synth = Synth(name)
            figures[name] = {
                "parameters": len(synth.parameters),
                "rendering": measure_rendering(synth, arguments.count),
                "defaults": measure_csound(synth, arguments.count, folder),
                "noise floor": measure_noise_floor(synth, 10, folder),
                "generation, this process": measure_generation(synth, arguments.made, 1, folder / "data"),
            }
            if synth.duration_s == 2:
                figures[name]["rendering, 4 s"] = measure_rendering(lengthen(synth, folder), arguments.count)
            show(name, figures[name])
        folder = Path(temporary) / "two"
        figures["two processes"] = measure_generation(Synth("large"), 2 * arguments.made, 2, folder)
        folder = Path(temporary) / "manifest"
        folder.mkdir()
        figures["manifest"] = measure_manifest(Path(temporary) / "two", arguments.lines, folder)
        show("two processes", figures["two processes"])
        show("manifest", figures["manifest"])
    settings = {name: value for name, value in vars(arguments).items() if name != "synths"}
    print(write_results("generation_speed", settings, figures))


def show(title: str, figures: dict[str, Any]) -> None:
    """Print figures, one to a line."""
    table = Table(title=title, show_header=False)
    for name, value in figures.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for part, number in rows:
            shown = "none" if number is None else f"{number:.4g}"
            table.add_row(f"{name} {part}".strip(), shown)
    wide_console().print(table)


if __name__ == "__main__":
    main()
