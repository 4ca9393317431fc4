"""How soon a tracker follows an octave step.

python -m benchmarks.pitch.pitch_latency [--recordings PATH] [--trackers ours,yin] [--count 200]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.metrics import cents
from benchmarks.common.notes import find_tunings
from benchmarks.common.recordings import find_recordings, held_out_notes
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.octave_steps import OctaveStep, spliced_steps, synthetic_steps
from benchmarks.pitch.trackers import ModelTracker, make_tracker
from benchmarks.pitch.tracking import Tracker, track_pitch

WITHIN_CENTS = 50.0
STAYS_S = 0.2
"""Staying means to the end of this time after the step."""


def settling_time_s(tracker: Tracker, step: OctaveStep) -> float:
    """Measure the time from a step until the tracker gives the new pitch and keeps to it.

    Parameters
    ----------
    tracker : Tracker
        Its look-ahead counts.
    step : OctaveStep
        The sound to track.

    Returns
    -------
    float
        Seconds; infinite where it never settles.
    """
    found = track_pitch(tracker, step.audio)
    known_s = found.times_s + tracker.look_ahead_s - step.step_s
    looked_at = (found.times_s >= step.step_s) & (found.times_s <= step.step_s + STAYS_S)
    wrong = np.abs(cents(found.f0_hz[looked_at], step.f0_hz)) > WITHIN_CENTS
    if not wrong.any():
        return max(0.0, float(known_s[looked_at][0]))
    last_wrong = np.flatnonzero(wrong)[-1]
    return float(known_s[looked_at][last_wrong + 1]) if last_wrong + 1 < wrong.size else float("inf")


def measure(tracker: Tracker, steps: Sequence[OctaveStep]) -> dict[str, float]:
    """Let a tracker follow many steps.

    Parameters
    ----------
    tracker : Tracker
        Which.
    steps : sequence of OctaveStep
        At least one.

    Returns
    -------
    dict of str to float
        ``median_ms``, ``p95_ms`` and ``never_percent``.
    """
    times = [
        settling_time_s(tracker, step) for step in track(steps, description=tracker.name, transient=True)
    ]
    ordered = np.sort(times)
    return {
        "median_ms": 1000.0 * float(ordered[len(times) // 2]),
        "p95_ms": 1000.0 * float(ordered[min(len(times) - 1, int(0.95 * len(times)))]),
        "never_percent": 100.0 * float(np.mean(~np.isfinite(ordered))),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pitch.pitch_latency")
    parser.add_argument("--recordings", type=Path, help="folder with the instruments, for spliced real notes")
    parser.add_argument("--trackers", default="ours,yin,swiftf0,pesto", help="with commas between")
    parser.add_argument("--model", default="pitch", help="our tracker: a bundled name or a model file")
    parser.add_argument("--count", type=int, default=200, help="how many steps of each kind")
    given = parser.parse_args()

    console = wide_console()
    kinds = {"synthetic": list(synthetic_steps(given.count))}
    if given.recordings is not None:
        with console.status("finding the tuning of each note"):
            notes = find_tunings(held_out_notes(find_recordings(given.recordings)))
        spliced = list(spliced_steps(notes, make_tracker("pyin")))
        chosen = np.random.default_rng(0).permutation(len(spliced))[: given.count]
        kinds["spliced notes"] = [spliced[index] for index in chosen]

    table = Table(title="from an octave step until within 50 cents to stay", title_justify="left")
    for head in ("steps", "", "tracker", "median ms", "p95 ms", "never %"):
        table.add_column(head, justify="left" if head in ("steps", "tracker") else "right")
    results: dict[str, dict[str, dict[str, float]]] = {}
    for name in given.trackers.split(","):
        tracker = ModelTracker(given.model) if name == "ours" else make_tracker(name)
        for kind, steps in kinds.items():
            found = measure(tracker, steps)
            results.setdefault(name, {})[kind] = found
            table.add_row(kind, str(len(steps)), name, *(f"{value:.1f}" for value in found.values()))
    console.print(table)
    settings = {"steps": {kind: len(steps) for kind, steps in kinds.items()}}
    console.print(f"written to {write_results('pitch_latency', settings, results)}")


if __name__ == "__main__":
    main()
