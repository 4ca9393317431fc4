"""How good timbre transfer sounds, measured on held-out notes.

python -m benchmarks.transfer_quality --recordings PATH --models cello,flute=runs/flute.onnx [--limit N]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from rich.table import Table

from benchmarks.classifier import Classifier
from benchmarks.metrics import (
    at_same_level,
    cents,
    log_mel_l1_db,
    loudness_l1_db,
    multi_scale_spectral_loss,
)
from benchmarks.pictures import save_picture
from benchmarks.players import MeanSpectrumPlayer, ModelPlayer, Played, Player
from benchmarks.recordings import SAMPLE_RATE, Recording, find_recordings, held_out_notes, read_audio
from benchmarks.report import wide_console, write_results
from benchmarks.sounding import sounding_times
from benchmarks.trackers import make_tracker
from benchmarks.tracking import VOICED, Tracker, tracked
from benchmarks.train_classifier import trained_classifier


def pitch_errors(audio: np.ndarray, played: Played, judge: Tracker, second: Tracker) -> np.ndarray:
    """Compare the pitch that came out with the pitch asked for.

    Parameters
    ----------
    audio : ndarray
        (T,) the input at 48 kHz.
    played : Played
        What came out.
    judge : Tracker
        Follows both sounds.
    second : Tracker
        Follows the input as well: where the two disagree by 50 cents, nobody knows what was asked for.

    Returns
    -------
    ndarray
        (M,) cents, of every 5 ms in which input and output sound and are voiced.
    """
    moments = np.intersect1d(
        sounding_times(audio, SAMPLE_RATE), sounding_times(played.audio, SAMPLE_RATE), assume_unique=True
    )
    asked, other, came = (
        tracked(tracker, sound).at(moments)
        for tracker, sound in ((judge, audio), (second, audio), (judge, played.audio))
    )
    known = (asked.voicing >= VOICED) & (np.abs(cents(asked.f0_hz, other.f0_hz)) <= 50.0)
    judged = known & (came.voicing >= VOICED)
    return cents(came.f0_hz, asked.f0_hz * 2.0**played.octave)[judged]


def measure_resynthesis(
    player: Player, notes: Sequence[Recording], classifier: Classifier, instrument: str
) -> dict[str, float]:
    """Let a player play its own instrument's notes.

    Parameters
    ----------
    player : Player
        Who.
    notes : sequence of Recording
        What.
    classifier : Classifier
        Judges the instrument.
    instrument : str
        The player's.

    Returns
    -------
    dict of str to float
        Means over notes: ``mss``, ``log_mel_db``, ``loudness_db``; ``taken_percent`` for the instrument.
    """
    rows = []
    for note in track(notes, description=f"{instrument}, {player.name}", transient=True):
        audio = read_audio(note.path)
        played = player.resynthesize(audio).audio
        reference, estimate = at_same_level(audio, played)
        rows.append(
            (
                multi_scale_spectral_loss(reference, estimate),
                log_mel_l1_db(reference, estimate, SAMPLE_RATE),
                loudness_l1_db(audio, played, SAMPLE_RATE, sounding_times(audio, SAMPLE_RATE)),
                100.0 * (_named(classifier, played) == instrument),
            )
        )
    means = np.mean(rows, axis=0)
    return dict(zip(("mss", "log_mel_db", "loudness_db", "taken_percent"), means.tolist(), strict=True))


def measure_transfer(
    player: Player,
    notes: Sequence[Recording],
    classifier: Classifier,
    instrument: str,
    trackers: tuple[Tracker, Tracker] | None,
    pictures: Path | None = None,
) -> dict[str, Any]:
    """Let a player play other instruments' notes.

    Parameters
    ----------
    player : Player
        Who.
    notes : sequence of Recording
        What.
    classifier : Classifier
        Judges the instrument.
    instrument : str
        The player's.
    trackers : tuple of Tracker, optional
        Judge the pitch, as in :func:`pitch_errors`.
    pictures : Path, optional
        Folder for spectrograms of one note of each instrument.

    Returns
    -------
    dict
        ``taken_percent``, also by source, and what the rest was taken for; ``loudness_db``, the mean over
        notes; ``median_cents``, ``within_50_percent`` and ``octave_or_more_percent`` (1150 cents or more)
        over frames.
    """
    answers: dict[str, list[str]] = {}
    loudness: list[float] = []
    errors: list[np.ndarray] = []
    for note in track(notes, description=f"{instrument}, {player.name}", transient=True):
        audio = read_audio(note.path)
        played = player.transfer(audio)
        if pictures is not None and note.instrument not in answers:
            sounds = {note.path.stem: audio, f"as {instrument}": played.audio}
            save_picture(pictures / f"{note.instrument}_as_{instrument}.png", sounds, SAMPLE_RATE)
        answers.setdefault(note.instrument, []).append(_named(classifier, played.audio))
        moments = sounding_times(audio, SAMPLE_RATE)
        loudness.append(loudness_l1_db(audio, played.audio, SAMPLE_RATE, moments, played.gain_db))
        if trackers is not None:
            errors.append(pitch_errors(audio, played, *trackers))
    everything = [answer for given in answers.values() for answer in given]
    size = np.abs(np.concatenate(errors)) if errors else np.zeros(0)
    return {
        "taken_percent": _share(everything, instrument),
        "taken_percent_by_source": {
            name: _share(given, instrument) for name, given in sorted(answers.items())
        },
        "taken_for_percent": {name: _share(everything, name) for name in sorted(set(everything))},
        "loudness_db": float(np.mean(loudness)),
        "median_cents": float(np.median(size)) if size.size else float("nan"),
        "within_50_percent": 100.0 * float(np.mean(size <= 50.0)) if size.size else float("nan"),
        "octave_or_more_percent": 100.0 * float(np.mean(size >= 1150.0)) if size.size else float("nan"),
    }


def _named(classifier: Classifier, audio: np.ndarray) -> str:
    return classifier.instrument(audio, SAMPLE_RATE) if np.abs(audio).max(initial=0.0) > 1e-6 else "silence"


def _share(answers: Sequence[str], instrument: str) -> float:
    return 100.0 * answers.count(instrument) / len(answers)


def _quality_table(figures: dict[str, dict[str, Any]]) -> Table:
    table = Table(
        title="held-out notes resynthesised, and other instruments' transferred", title_justify="left"
    )
    heads = ("MSS", "log-mel dB", "loudness dB", "taken %", "→ taken %", "loudness dB", "cents", "≤ 50 c %")
    for head in ("target", "played by", *heads, "octave+ %"):
        table.add_column(head, justify="left" if head in ("target", "played by") else "right")
    for target, players in figures.items():
        for name, found in players.items():
            own, moved = found["resynthesis"], found["transfer"]
            values = [own[key] for key in ("mss", "log_mel_db", "loudness_db", "taken_percent")]
            values += [moved[key] for key in ("taken_percent", "loudness_db", "median_cents")]
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer_quality")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument(
        "--models",
        default="cello,flute,saxophone,trombone",
        help="instruments, with commas between; INSTRUMENT=FILE.onnx for one that is not bundled",
    )
    parser.add_argument("--analyzer", default="pitch", help="for the calibration: a name or a model file")
    parser.add_argument("--players", default="model,mean spectrum", help="which of the two to measure")
    parser.add_argument(
        "--pitch-tracker", default="pyin", help="judges the pitch: pyin, yin, swiftf0 or none"
    )
    parser.add_argument("--limit", type=int, help="only so many notes for each target")
    parser.add_argument("--pictures", type=Path, help="folder for spectrograms before and after")
    given = parser.parse_args()
    torch.set_num_threads(1)

    console = wide_console()
    recordings = find_recordings(given.recordings)
    classifier = trained_classifier(recordings)
    held_out = held_out_notes(recordings)
    wants_pitch = given.pitch_tracker != "none"
    judges = (make_tracker(given.pitch_tracker), make_tracker("swiftf0")) if wants_pitch else None
    figures: dict[str, dict[str, Any]] = {}
    for entry in given.models.split(","):
        instrument, _, path = entry.partition("=")
        training = [
            recording
            for recording in recordings
            if recording.instrument == instrument and not recording.is_held_out and recording.is_single_note
        ]
        own = [note for note in held_out if note.instrument == instrument][: given.limit]
        others = [note for note in held_out if note.instrument != instrument][: given.limit]
        players: dict[str, Player] = {}
        if "model" in given.players:
            players["model"] = ModelPlayer(path or instrument, given.analyzer)
        if "mean" in given.players:
            players["mean spectrum"] = MeanSpectrumPlayer(training, make_tracker("pyin"))
        figures[instrument] = {
            name: {
                "resynthesis": measure_resynthesis(player, own, classifier, instrument),
                "transfer": measure_transfer(
                    player,
                    others,
                    classifier,
                    instrument,
                    judges if name == "model" else None,
                    given.pictures if name == "model" else None,
                ),
            }
            for name, player in players.items()
        }
    console.print(_quality_table(figures))
    console.print(_source_table(figures, sorted({note.instrument for note in held_out})))
    if given.limit is None:
        settings = {"pitch_tracker": given.pitch_tracker, "players": given.players}
        console.print(f"written to {write_results('transfer_quality', settings, figures)}")


if __name__ == "__main__":
    main()
