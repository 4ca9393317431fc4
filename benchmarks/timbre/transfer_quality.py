"""How good timbre transfer sounds, measured on held-out notes.

python -m benchmarks.timbre.transfer_quality --recordings PATH --models cello,flute=runs/flute.onnx [--limit N]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from benchmarks.common.recordings import find_recordings, held_out_notes, notes_for_choosing
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import make_tracker
from benchmarks.timbre.instruments import INSTRUMENTS
from benchmarks.timbre.judges import trained_judges
from benchmarks.timbre.players import CALIBRATE, FULL_STRENGTH, MeanSpectrumPlayer, ModelPlayer, Player
from benchmarks.timbre.transfer_measures import measure_real, measure_resynthesis, measure_transfer


def quality_table(figures: dict[str, dict[str, Any]]) -> Table:
    """Lay out distances, loudness and pitch.

    Parameters
    ----------
    figures : dict
        By target, then by player; ``real`` is no player.

    Returns
    -------
    Table
        A row for each player and setting.
    """
    table = Table(
        title="held-out notes resynthesised (MSS to loudness), and other instruments' transferred",
        title_justify="left",
    )
    heads = ("MSS", "log-mel dB", "loudness dB", "→ loudness dB", "cents", "≤ 50 c %", "octave+ %", "as is")
    for head in ("target", "played by", "set by"):
        table.add_column(head)
    for head in heads:
        table.add_column(head, justify="right")
    for target, player, setting, moved in _transfers(figures):
        own = figures[target][player]["resynthesis"]
        values = [own[key] for key in ("mss", "log_mel_db", "loudness_db")]
        keys = ("loudness_db", "median_cents", "within_50_percent", "octave_or_more_percent")
        values += [moved[key] for key in keys]
        table.add_row(
            target, player, setting, *(f"{value:.2f}" for value in values), str(moved["uncalibrated"])
        )
    return table


def taken_table(figures: dict[str, dict[str, Any]], sources: Sequence[str]) -> Table:
    """Lay out how often each judge takes what is played for the target.

    Parameters
    ----------
    figures : dict
        By target, then by player; ``real`` is no player.
    sources : sequence of str
        Instruments whose notes were transferred, a column each.

    Returns
    -------
    Table
        A row for each kind of sound and judge; two numbers a cell: whole, and after 150 ms.
    """
    table = Table(
        title="taken for the target, %: whole notes / without 150 ms of onset", title_justify="left"
    )
    for head in ("target", "sound", "judge"):
        table.add_column(head)
    for head in ("all", *sources):
        table.add_column(head, justify="right")
    for target, players in figures.items():
        sounds = {"real": players["real"]}
        sounds |= {
            f"{name}, own notes": found["resynthesis"] for name, found in players.items() if name != "real"
        }
        sounds |= {
            f"{player}, {setting}": moved for _, player, setting, moved in _transfers({target: players})
        }
        for sound, found in sounds.items():
            for judge, shares in found["taken_percent"].items():
                # Of the instrument's own notes all are of one source.
                columns = ("all", *(source for source in sources if source != target))
                cells = {head: _pair(shares, head) for head in columns}
                table.add_row(target, sound, judge, *(cells.get(head, "") for head in ("all", *sources)))
        table.add_section()
    return table


def _transfers(figures: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for target, players in figures.items():
        for player, found in players.items():
            for setting, moved in found.get("transfer", {}).items():
                yield target, player, setting, moved


def _pair(shares: dict[str, dict[str, float]], source: str) -> str:
    values = (shares[heard].get(source) for heard in shares)
    shown = [f"{value:.0f}" for value in values if value is not None]
    return " / ".join(shown)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.transfer_quality")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument(
        "--models",
        default=INSTRUMENTS,
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
    parser.add_argument(
        "--settings",
        default=f"{CALIBRATE},{FULL_STRENGTH}",
        help="how notes are suited to the models: calibrate (as users get it), full-strength, or both",
    )
    parser.add_argument("--pictures", type=Path, help="folder for spectrograms before and after")
    given = parser.parse_args()
    settings = given.settings.split(",")
    if unknown := set(settings) - set(ModelPlayer.settings):
        parser.error(f"--settings has {', '.join(sorted(unknown))}; give {' or '.join(ModelPlayer.settings)}")
    torch.set_num_threads(1)

    console = wide_console()
    recordings = find_recordings(given.recordings)
    judges = trained_judges(recordings)
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
        figures[instrument] = {"real": measure_real(own, judges, instrument)}
        for name, player in players.items():
            is_model = name == "model"
            figures[instrument][name] = {
                "resynthesis": measure_resynthesis(player, own, judges, instrument),
                "transfer": {
                    setting: measure_transfer(
                        player,
                        others,
                        judges,
                        instrument,
                        trackers if is_model else None,
                        setting,
                        given.pictures / setting if is_model and given.pictures else None,
                    )
                    for setting in (settings if is_model else player.settings)
                },
            }
    console.print(quality_table(figures))
    console.print(taken_table(figures, sorted({note.instrument for note in notes})))
    if given.limit is None and not given.for_choosing:
        flat = {
            f"{instrument}, {name}" if name == "real" else f"{instrument} by {name}": found
            for instrument, players in figures.items()
            for name, found in players.items()
        }
        path = write_results("transfer_quality", {"judges": sorted(judges)}, flat)
        console.print(f"written to {path}")


if __name__ == "__main__":
    main()
