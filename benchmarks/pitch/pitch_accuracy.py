"""How well pitch trackers follow real notes whose pitch is known from their names.

python -m benchmarks.pitch.pitch_accuracy --recordings PATH [--noise-db 10] [--trackers ours,pyin] [--limit N]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.metrics import cents, pitch_figures
from benchmarks.common.noise import add_pink_noise
from benchmarks.common.notes import KnownNote, find_tunings
from benchmarks.common.recordings import SAMPLE_RATE, find_recordings, held_out_notes
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import ModelTracker, make_tracker
from benchmarks.pitch.tracking import VOICED, Tracker, track_pitch


def measure(
    tracker: Tracker, notes: Sequence[KnownNote], noise_db: float | None
) -> dict[str, dict[str, float]]:
    """Let a tracker follow every note.

    Parameters
    ----------
    tracker : Tracker
        Which.
    notes : sequence of KnownNote
        What.
    noise_db : float, optional
        Signal-to-noise ratio of added pink noise.

    Returns
    -------
    dict
        Figures by instrument, their ``mean``, and of ``all`` frames, where long notes weigh most.
    """
    errors: dict[str, list[np.ndarray]] = {}
    voiced: dict[str, list[np.ndarray]] = {}
    for note in track(notes, description=tracker.name, transient=True):
        audio = note.audio
        if noise_db is not None:
            audio = add_pink_noise(audio, SAMPLE_RATE, noise_db, note.sounding_s, note.name)
        found = track_pitch(tracker, audio).at(note.sounding_s)
        for group in (note.recording.instrument, "all"):
            errors.setdefault(group, []).append(cents(found.f0_hz, note.f0_hz))
            voiced.setdefault(group, []).append(found.voicing >= VOICED)
    rows = {
        group: pitch_figures(np.concatenate(errors[group]), np.concatenate(voiced[group]))
        for group in sorted(errors)
    }
    pooled = rows.pop("all")
    mean = {name: float(np.nanmean([row[name] for row in rows.values()])) for name in pooled}
    return {**rows, "mean": mean, "all": pooled}


def _table(title: str, rows: dict[str, dict[str, float]]) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    heads = ["≤ 50 c", "octave", "> 200 c", "voiced", "v: ≤ 50 c", "v: octave", "v: > 200 c", "v: median c"]
    table.caption = "% of sounding frames; v: of those called voiced"
    table.add_column("")
    for head in heads:
        table.add_column(head, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.2f}" for value in row.values()))
    return table


def _trackers(given: argparse.Namespace) -> Iterator[Tracker]:
    for name in given.trackers.split(","):
        if name != "ours":
            yield make_tracker(name)
            continue
        yield ModelTracker(given.model)
        if given.delay_ms:
            yield ModelTracker(given.model, given.delay_ms / 1000.0)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pitch.pitch_accuracy")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument("--noise-db", type=float, help="add pink noise at this signal-to-noise ratio")
    parser.add_argument("--trackers", default="ours,pyin,swiftf0,pesto,yin", help="with commas between")
    parser.add_argument("--model", default="pitch", help="our tracker: a bundled name or a model file")
    parser.add_argument(
        "--delay-ms", type=float, default=0.0, help="our tracker's delay, not held against it"
    )
    parser.add_argument("--limit", type=int, help="only so many notes")
    given = parser.parse_args()

    console = wide_console()
    chosen = held_out_notes(find_recordings(given.recordings), given.limit)
    with console.status("finding the tuning of each note"):
        notes = find_tunings(chosen)
    console.print(
        f"{len(notes)} held-out notes; {len(chosen) - len(notes)} more are not the notes that their names give"
    )

    results = {}
    for tracker in _trackers(given):
        results[tracker.name] = measure(tracker, notes, given.noise_db)
        console.print(_table(tracker.name, results[tracker.name]))
    for group in ("mean", "all"):
        console.print(_table(group, {name: rows[group] for name, rows in results.items()}))
    if given.limit is None:
        noise = "clean" if given.noise_db is None else f"pink{given.noise_db:g}"
        settings = {"noise_db": given.noise_db, "notes": len(notes)}
        console.print(f"written to {write_results(f'pitch_accuracy_{noise}', settings, results)}")


if __name__ == "__main__":
    main()
