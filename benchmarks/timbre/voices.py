"""Which timbre model takes a voice best: whistling, humming, singing and speech, each played with `process --auto`.

python -m benchmarks.timbre.voices [--models cello,my.onnx] [--keep FOLDER] [--pictures FOLDER]
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.progress import track
from rich.table import Table

from benchmarks.common.pictures import save_picture
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import FinePYin, ModelTracker
from benchmarks.pitch.tracking import Tracker
from benchmarks.timbre.instruments import INSTRUMENTS
from benchmarks.timbre.players import Played
from benchmarks.timbre.voice_inputs import Take, make_takes, pitch_at_moments, sounds_at_moments
from benchmarks.timbre.voice_measures import (
    MEASURES,
    below_pitch_at_beginnings_db,
    click_db,
    flips_per_s,
    loudness_correlation,
    mean_ranks,
    outside_semitones,
    pitch_errors_cents,
    silent_percent,
    sounding_percent,
    within_50_percent,
)
from brainsynth import Model, NeuralEffect
from plugin_host.effects.calibration import (
    ANALYZER,
    check_can_be_suited,
    listen,
    suit,
    suited_low_cut_hz,
)
from plugin_host.errors import NothingToCalibrateError

STEP_CENTS = 25.0
"""Of the judge's coarser half; the finer one does not go in steps."""

WINDOW_DELAY_S = 0.008
"""Of the project's own tracker."""

Figures = dict[str, dict[str, dict[str, float]]]
"""By take, then by model."""


@dataclass(frozen=True)
class Judges:
    """Trackers of the pitch that comes out.

    Attributes
    ----------
    pitch : Tracker
        Independent of the models. It looks at 85 ms at a time, so that it hears no pitch in a squeak of 40.
    flips : Tracker
        Fast enough for such squeaks: the project's own.
    """

    pitch: Tracker
    flips: Tracker


@dataclass(frozen=True)
class PlayedTake(Played):
    """A take as a model played it.

    Attributes
    ----------
    low_cut_hz : float
        Below which it was cut.
    controls : dict of str to float
        As calibration found them, octave and gain among them.
    """

    low_cut_hz: float = 0.0
    controls: dict[str, float] = field(default_factory=dict)


def play(model: Model, audio: np.ndarray, analyzer: Model) -> PlayedTake:
    """Play a take as ``brainsynth process --auto`` does.

    Parameters
    ----------
    model : Model
        An effect that can be calibrated.
    audio : ndarray
        (T,) float32 at 48 kHz.
    analyzer : Model
        Finds pitch and loudness.

    Returns
    -------
    PlayedTake
        Uncalibrated where there is no pitch.
    """
    check_can_be_suited(model)
    try:
        heard = listen(analyzer, audio, SAMPLE_RATE)
    except NothingToCalibrateError:
        return PlayedTake(NeuralEffect(model)(audio, SAMPLE_RATE), calibrated=False)
    controls = suit(model, heard)
    low_cut_hz = suited_low_cut_hz(model, heard, controls)
    options: dict[str, Any] = {"low_cut_hz": low_cut_hz, **controls}
    played = NeuralEffect(model, **options)(audio, SAMPLE_RATE)
    return PlayedTake(
        played,
        controls["octave"],
        controls["loudness_gain"],
        low_cut_hz=low_cut_hz,
        controls=controls,
    )


def measure(take: Take, played: PlayedTake, model: Model, judges: Judges) -> dict[str, float]:
    """Take all measures of a take that was played.

    Parameters
    ----------
    take : Take
        What went in.
    played : PlayedTake
        What came out.
    model : Model
        What played it.
    judges : Judges
        Tell the pitch that came out.

    Returns
    -------
    dict of str to float
        `MEASURES`; ``worst_below_pitch_db``, of all beginnings; what calibration chose, as ``octave``, ``gain_db``,
        ``gate_db`` and ``low_cut_hz``.
    """
    asked_hz = take.f0_hz * 2.0**played.octave
    came_hz, fast_hz = (pitch_at_moments(judge, played.audio) for judge in (judges.pitch, judges.flips))
    instrument = sounds_at_moments(played.audio)
    errors = np.abs(pitch_errors_cents(asked_hz, came_hz))
    below = below_pitch_at_beginnings_db(played.audio, asked_hz)
    trained = model.document.trained["f0_hz"]
    return {
        "octave": played.octave,
        "gain_db": played.gain_db,
        "gate_db": played.controls.get("noise_gate", float("nan")),
        "low_cut_hz": played.low_cut_hz,
        "median_cents": float(np.median(errors)) if errors.size else float("nan"),
        "within_50_percent": within_50_percent(asked_hz, came_hz),
        "sounding_percent": sounding_percent(take.sounds, instrument),
        "silent_percent": silent_percent(take.sounds, instrument),
        "loudness_correlation": loudness_correlation(take.audio, played.audio, take.sounds),
        "click_db": click_db(played.audio),
        "below_pitch_db": float(np.mean(below)) if below else float("nan"),
        "worst_below_pitch_db": max(below, default=float("nan")),
        "flips_per_s": flips_per_s(asked_hz, fast_hz),
        "outside_semitones": outside_semitones(asked_hz, trained.low, trained.high),
    }


def hear(take: Take, tracker: Tracker) -> dict[str, float]:
    """Tell what the tracker within the models makes of a take, before any model plays.

    Parameters
    ----------
    take : Take
        What is heard.
    tracker : Tracker
        The project's own.

    Returns
    -------
    dict of str to float
        ``within_50_percent`` and ``flips_per_s``, of the pitch that it hears; ``moments``, how many have a pitch.
    """
    heard_hz = pitch_at_moments(tracker, take.audio)
    return {
        "within_50_percent": within_50_percent(take.f0_hz, heard_hz),
        "flips_per_s": flips_per_s(take.f0_hz, heard_hz),
        "moments": int((take.f0_hz > 0).sum()),
    }


def new_folder(path: Path) -> Path:
    """Make a folder to keep sounds in.

    Parameters
    ----------
    path : Path
        Where; its parents are made.

    Returns
    -------
    Path
        The same, an empty folder.

    Raises
    ------
    SystemExit
        If anything is there but an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SystemExit(f"{path} is there already, and nothing is overwritten: name a new folder for --keep")
    path.mkdir(parents=True, exist_ok=True)
    return path


def _file_name(*names: str) -> str:
    return "_as_".join(Path(name).stem for name in names).replace(", ", "_").replace(" ", "_")


def _save(folder: Path, name: str, audio: np.ndarray) -> None:
    soundfile.write(folder / f"{name}.wav", audio, SAMPLE_RATE, subtype="FLOAT")


def _table(figures: Figures) -> Table:
    title = "voices played as instruments, calibrated to each take"
    table = Table(title=title, title_justify="left", padding=(0, 0))
    chosen = {"octave": "octave", "gain_db": "gain\ndB"}
    heads = {**chosen, **{key: found.label for key, found in MEASURES.items()}}
    for head in ("take", "model", *heads.values()):
        table.add_column(head, justify="left" if head in ("take", "model") else "right", no_wrap=True)
    for take, models in figures.items():
        for number, (name, found) in enumerate(models.items()):
            table.add_row("" if number else take, name, *(_cell(key, found[key]) for key in heads))
        table.add_section()
    return table


def _cell(key: str, value: float) -> str:
    places = {"loudness_correlation": 2, "octave": 0}.get(key, 1)
    return "" if np.isnan(value) else f"{value:.{places}f}"


def _heard_table(heard: dict[str, dict[str, float]]) -> Table:
    title = "what the models' own tracker hears in the voices"
    table = Table(title=title, title_justify="left", padding=(0, 0))
    for head in ("take", "≤ 50 c %", "flips /s"):
        table.add_column(head, justify="left" if head == "take" else "right")
    for take, found in heard.items():
        table.add_row(take, f"{found['within_50_percent']:.1f}", f"{found['flips_per_s']:.1f}")
    return table


def _rank_table(figures: Figures) -> Table:
    title = "mean rank over measures, from 1 for the best"
    table = Table(title=title, title_justify="left", padding=(0, 0))
    of_takes = {take: mean_ranks({take: models}) for take, models in figures.items()}
    for head in ("model", "all", *of_takes):
        table.add_column(head.replace(", ", ",\n"), justify="left" if head == "model" else "right")
    for name, rank in sorted(mean_ranks(figures).items(), key=lambda entry: entry[1]):
        table.add_row(name, f"{rank:.2f}", *(f"{ranks[name]:.2f}" for ranks in of_takes.values()))
    return table


def measure_all(
    takes: Sequence[Take], names: Sequence[str], judges: Judges, keep: Path | None, pictures: Path | None
) -> Figures:
    """Let every model play every take.

    Parameters
    ----------
    takes : sequence of Take
        What goes in.
    names : sequence of str
        Bundled models or files.
    judges : Judges
        Tell the pitch that comes out.
    keep, pictures : Path, optional
        Folders for what comes out, and for spectrograms.

    Returns
    -------
    dict of str to dict of str to dict of str to float
        `measure` of each, by take, then by model.
    """
    analyzer = Model(ANALYZER)
    figures: Figures = {take.name: {} for take in takes}
    for name in names:
        model = Model(name)
        for take in track(takes, description=name, transient=True):
            played = play(model, take.audio, analyzer)
            figures[take.name][name] = measure(take, played, model, judges)
            file_name = _file_name(take.name, name)
            if keep is not None:
                _save(keep, file_name, played.audio)
            if pictures is not None:
                sounds = {take.name: take.audio, f"as {name}": played.audio}
                save_picture(pictures / f"{file_name}.png", sounds, SAMPLE_RATE)
    return figures


def _write(figures: Figures, heard: dict[str, dict[str, float]]) -> Path:
    by_model = {
        name: {"mean_rank": rank, **{take: found[name] for take, found in figures.items()}}
        for name, rank in mean_ranks(figures).items()
    }
    return write_results("voices", {"takes": list(heard)}, {"tracker": heard, **by_model})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.voices")
    parser.add_argument("--models", default=INSTRUMENTS, help="names or files, with commas between")
    parser.add_argument(
        "--keep", type=Path, help="new folder for the takes and what was made of them, as WAV"
    )
    parser.add_argument("--pictures", type=Path, help="folder for spectrograms before and after")
    return parser


def main() -> None:
    """Run from the command line; only a run without options is written down."""
    parser = _parser()
    given = parser.parse_args()
    keep = new_folder(given.keep) if given.keep is not None else None
    console = wide_console()
    judges = Judges(FinePYin(STEP_CENTS), ModelTracker(ANALYZER, WINDOW_DELAY_S))
    with console.status("making the voices"):
        takes = make_takes(judges.pitch)
    if keep is not None:
        for take in takes:
            _save(keep, _file_name(take.name), take.audio)
    figures = measure_all(takes, given.models.split(","), judges, keep, given.pictures)
    heard = {take.name: hear(take, judges.flips) for take in takes}
    for table in (_table(figures), _heard_table(heard), _rank_table(figures)):
        console.print(table)
    if given == parser.parse_args([]):
        console.print(f"written to {_write(figures, heard)}")


if __name__ == "__main__":
    main()
