"""How good timbre transfer sounds, measured on held-out notes.

python -m benchmarks.timbre.transfer_quality --recordings PATH --models cello,flute=runs/flute.onnx [--limit N]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from benchmarks.common.recordings import find_recordings, held_out_notes, notes_for_choosing
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import make_tracker
from benchmarks.timbre.players import MeanSpectrumPlayer, ModelPlayer, Player
from benchmarks.timbre.train_classifier import trained_classifier
from benchmarks.timbre.transfer_measures import Judges, measure_resynthesis, measure_transfer


def _quality_table(figures: dict[str, dict[str, Any]]) -> Table:
    table = Table(
        title="held-out notes resynthesised, and other instruments' transferred", title_justify="left"
    )
    heads = (
        "MSS",
        "log-mel dB",
        "loudness dB",
        "taken %",
        "→ taken %",
        "with gestures %",
        "loudness dB",
        "cents",
        "≤ 50 c %",
    )
    for head in ("target", "played by", *heads, "octave+ %"):
        table.add_column(head, justify="left" if head in ("target", "played by") else "right")
    for target, players in figures.items():
        for name, found in players.items():
            own, moved = found["resynthesis"], found["transfer"]
            values = [own[key] for key in ("mss", "log_mel_db", "loudness_db", "taken_percent")]
            values += [moved[key] for key in ("taken_percent", "taken_with_gestures_percent")]
            values += [moved[key] for key in ("loudness_db", "median_cents")]
            values += [moved[key] for key in ("within_50_percent", "octave_or_more_percent")]
            table.add_row(target, name, *(f"{value:.2f}" for value in values))
    return table


def _source_table(figures: dict[str, dict[str, Any]], sources: Sequence[str]) -> Table:
    table = Table(title="transferred notes taken for the target, %, by source", title_justify="left")
    for head in ("target", "played by", *sources):
        table.add_column(head, justify="right")
    for target, players in figures.items():
        for name, found in players.items():
            shares = found["transfer"]["taken_percent_by_source"]
            row = (f"{shares[source]:.0f}" if source in shares else "" for source in sources)
            table.add_row(target, name, *row)
    return table


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.transfer_quality")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument(
        "--models",
        default="cello,flute,saxophone,trombone",
        help="instruments, with commas between; INSTRUMENT=FILE.onnx for one that is not bundled",
    )
    parser.add_argument("--analyzer", default="pitch", help="for the calibration: a name or a model file")
    parser.add_argument("--players", default="model,mean spectrum", help="which of the two to measure")
    parser.add_argument(
        "--pitch-tracker", default="fine pyin", help="judges the pitch: fine pyin, yin, swiftf0 or none"
    )
    parser.add_argument(
        "--for-choosing",
        action="store_true",
        help="with the notes kept for choosing settings; writes nothing",
    )
    parser.add_argument("--limit", type=int, help="only so many notes for each target")
    parser.add_argument("--pictures", type=Path, help="folder for spectrograms before and after")
    given = parser.parse_args()
    torch.set_num_threads(1)

    console = wide_console()
    recordings = find_recordings(given.recordings)
    judges = Judges(trained_classifier(recordings), trained_classifier(recordings, uses_gestures=True))
    notes = notes_for_choosing(recordings) if given.for_choosing else held_out_notes(recordings)
    wants_pitch = given.pitch_tracker != "none"
    trackers = (make_tracker(given.pitch_tracker), make_tracker("swiftf0")) if wants_pitch else None
    figures: dict[str, dict[str, Any]] = {}
    for entry in given.models.split(","):
        instrument, _, path = entry.partition("=")
        training = [
            recording
            for recording in recordings
            if recording.instrument == instrument and not recording.is_held_out and recording.is_single_note
        ]
        own = [note for note in notes if note.instrument == instrument][: given.limit]
        others = [note for note in notes if note.instrument != instrument][: given.limit]
        players: dict[str, Player] = {}
        if "model" in given.players:
            players["model"] = ModelPlayer(path or instrument, given.analyzer)
        if "mean" in given.players:
            players["mean spectrum"] = MeanSpectrumPlayer(training, make_tracker("pyin"))
        figures[instrument] = {
            name: {
                "resynthesis": measure_resynthesis(player, own, judges, instrument),
                "transfer": measure_transfer(
                    player,
                    others,
                    judges,
                    instrument,
                    trackers if name == "model" else None,
                    given.pictures if name == "model" else None,
                ),
            }
            for name, player in players.items()
        }
    console.print(_quality_table(figures))
    console.print(_source_table(figures, sorted({note.instrument for note in notes})))
    if given.limit is None and not given.for_choosing:
        flat = {
            f"{instrument} by {name}": found
            for instrument, players in figures.items()
            for name, found in players.items()
        }
        path = write_results("transfer_quality", {}, flat)
        console.print(f"written to {path}")


if __name__ == "__main__":
    main()
