"""How well parameters are found of sounds that the synth did not make, beside chance at equal cost.

python -m benchmarks.parameters.recordings --model fm --sounds FOLDER [--sounds FOLDER] [--speech] [--count 20]
    [--budgets 20,50,100]

So many recordings are drawn from each folder. `--speech` adds as many that espeak-ng speaks. Each is refined by each budget,
and as many random sounds of the synth are rendered: the nearest of them is chance. MSS is that of parameter inference. Where
a recording's name tells its note, and this lies in the synth's range, the pitches that were heard, estimated and found are
compared with it.
"""

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from benchmarks.common.metrics import cents
from benchmarks.common.report import wide_console, write_results
from benchmarks.parameters.spoken import speak, version
from brainsynth import Renderer, infer
from plugin_host.matching.inference import Inference, ParameterModel
from plugin_host.matching.sound_distances import MssTarget
from plugin_host.matching.synth_pitch import pitch_parameters
from plugin_host.matching.target_sound import from_onset
from plugin_host.sound_files.reader import AudioReader
from plugin_host.synths.parameters import SynthParameter
from training.data.recordings import find_recordings
from training.hits.notes import named_note

READ_S, SEED, NEAR_CENTS = 8.0, 15, 50.0


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read the first seconds of a file: (C, T), and its rate."""
    with AudioReader(path, accept_truncated=True) as reader:
        return reader.read(round(READ_S * reader.sample_rate)), reader.sample_rate


def note_in_range(model: ParameterModel, path: Path) -> float | None:
    """Pitch in Hz of the note that a file is named by; None if there is none that the synth can play."""
    note = named_note(path.stem)
    pitches = _pitches(model)
    if not note or not pitches:
        return None
    hz = 440 * 2 ** ((note - 69) / 12)
    return hz if pitches[0].minimum <= hz <= pitches[0].maximum else None


def right_pitches(model: ParameterModel, found: Inference, path: Path) -> dict[str, bool]:
    """Whether the pitch of a note that was heard is right, and one of those that were estimated, and found in the end."""
    wanted_hz = note_in_range(model, path)
    if wanted_hz is None:
        return {}
    names = [parameter.name for parameter in _pitches(model)]
    told = {
        "pitch_heard": [found.pitch_hz or np.inf],
        "pitch_estimated": [float(found.estimate[name]) for name in names],
        "pitch": [float(found.values[name]) for name in names],
    }
    off = {what: np.abs(cents(np.array(hz), wanted_hz)).min() for what, hz in told.items()}
    return {what: bool(least <= NEAR_CENTS) for what, least in off.items()}


def _pitches(model: ParameterModel) -> list[SynthParameter]:
    parameters = model.synth.parameters
    return [parameters[place] for place in pitch_parameters(parameters)]


def measure(
    model: ParameterModel, renderer: Renderer, path: Path, budgets: list[int], draw: np.random.Generator
) -> dict[str, Any]:
    """Refine one recording by each budget, and try chance."""
    sound, rate = read(path)
    target, _ = model.target_of(sound, rate)
    judge, count = MssTarget(target, renderer.synth.sample_rate), len(renderer.synth.parameters)
    chance = [
        judge.mss(from_onset(renderer.render_unit(draw.random(count)).mean(0))[: len(target)])
        for _ in range(max(budgets))
    ]
    row: dict[str, Any] = {"name": path.name, "refined": {}, "chance": {}}
    for budget in budgets:
        found = infer(sound, rate, model, refine_renders=budget)
        assert found.refinement is not None
        row["estimate"] = found.refinement.mss_before
        row["refined"][budget], row["chance"][budget] = found.refinement.mss_after, min(chance[:budget])
        row["right"] = right_pitches(model, found, path)
    return row


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="fm")
    parser.add_argument("--sounds", type=Path, action="append", default=[])
    parser.add_argument("--speech", action="store_true", help="also sounds that espeak-ng speaks")
    parser.add_argument("--count", type=int, default=20, help="recordings of each folder")
    parser.add_argument("--budgets", default="20,50,100")
    arguments = parser.parse_args()
    if not arguments.sounds and not arguments.speech:
        parser.error("there are no sounds: give --sounds FOLDER, --speech or both")
    budgets = [int(text) for text in arguments.budgets.split(",")]
    model, draw, choose = ParameterModel(arguments.model), np.random.default_rng(SEED), random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="brainsynth-") as spoken, Renderer(model.synth) as renderer:
        # Spoken ones come last, so that they change nothing of what is drawn for the others.
        sets = [find_recordings(folder) for folder in arguments.sounds]
        sets += [speak(Path(spoken))] if arguments.speech else []
        paths = [path for found in sets for path in choose.sample(found, min(arguments.count, len(found)))]
        rows = [measure(model, renderer, path, budgets, draw) for path in track(paths, "refining")]
    table = Table(title=f"{arguments.model}: {len(rows)} recordings, MSS in dB, medians")
    for name in ("renders", "estimate", "chance", "refined", "no worse than chance"):
        table.add_column(name, justify="right")
    figures: dict[str, Any] = {}
    for budget in budgets:
        refined, chance = (np.array([row[kind][budget] for row in rows]) for kind in ("refined", "chance"))
        estimate = np.array([row["estimate"] for row in rows])
        figures[str(budget)] = {
            "estimate": float(np.median(estimate)),
            "chance": float(np.median(chance)),
            "refined": float(np.median(refined)),
            "no_worse": float(np.mean(refined <= chance)),
        }
        table.add_row(
            str(budget), f"{np.median(estimate):.1f}", f"{np.median(chance):.1f}", f"{np.median(refined):.1f}",
            f"{np.mean(refined <= chance):.0%}",
        )  # fmt: skip
    console = wide_console()
    console.print(table)
    for kind in ("pitch_heard", "pitch_estimated", "pitch"):
        told = [row["right"][kind] for row in rows if row["right"]]
        figures[kind] = [sum(told), len(told)]
        console.print(
            f"{kind.replace('_', ' ')}: right in {sum(told)} of {len(told)} notes in the synth's range"
        )
    settings = {
        "model": arguments.model,
        "sounds": [folder.name for folder in arguments.sounds],
        "count": arguments.count,
        "speech": version() if arguments.speech else None,
    }
    write_results(
        f"parameter_recordings_{Path(arguments.model).stem}",
        settings,
        {"figures": figures, "recordings": rows},
    )


if __name__ == "__main__":
    main()
