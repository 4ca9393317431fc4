"""Whether ONNX Runtime in blocks still plays what torch plays after ten minutes.

python -m benchmarks.host.ten_minutes --run RUN --model cello [--minutes 10] [--recordings PATH]

RUN is the folder from which the model was exported: torch needs the same weights. The generator is fed moving
controls, the pitch analyzer a melody or, with --recordings, held-out notes.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.table import Table

from benchmarks.common.recordings import find_recordings, held_out_notes, read_audio
from benchmarks.common.report import wide_console, write_results
from export.graph import round_to_half
from export.proof import GraphPlayer, play_torch, random_blocks
from export.signals import proof_inputs
from plugin_host.model_file.bundled import find_model
from training.analysis.bundled_weights import load_analyzer
from training.families.timbre.model import Instrument, TimbreGenerator
from training.families.timbre.settings import TimbreSize
from training.loop.run import open_run
from training.loop.trainer import weights_of
from training.streaming.model import StreamingModel

TARGET = 1e-4
TORCH_BLOCK = 375  # frames
BATCH = 4000  # frames; random blocks are drawn for so many at a time


def load_generator(run: Path) -> TimbreGenerator:
    """Load the generator of a run as an export has it, its weights rounded to half precision.

    Parameters
    ----------
    run : Path
        A folder made by ``brainsynth train timbre``.

    Returns
    -------
    TimbreGenerator
        Ready to play.

    Raises
    ------
    training.errors.RunError
        If the folder is not a run, or has no checkpoint.
    """
    checkpoint = open_run(run)
    size = TimbreSize(**checkpoint.config["size"])
    instrument = Instrument(TimbreGenerator.sample_rate, TimbreGenerator.hop_length, size)
    instrument.load_state_dict(weights_of(checkpoint.tensors))
    generator = TimbreGenerator(instrument).eval()
    round_to_half(generator)
    return generator


def differences(found: np.ndarray, wanted: np.ndarray, relative: bool = False) -> np.ndarray:
    """Give the size of each difference.

    Parameters
    ----------
    found, wanted : ndarray
        Of one shape, not empty.
    relative : bool
        Whether differences from values above one are divided by these.

    Returns
    -------
    ndarray
        float64 of that shape; infinite where a difference is not a number.

    Raises
    ------
    ValueError
        If the shapes differ or there is nothing to compare.
    """
    if found.shape != wanted.shape or found.size == 0:
        raise ValueError(f"values of shape {found.shape} cannot be compared with {wanted.shape}")
    wanted = wanted.astype(np.float64)
    size = np.abs(found - wanted)
    return np.nan_to_num(size / np.maximum(np.abs(wanted), 1.0) if relative else size, nan=np.inf)


def largest_by_minute(values: np.ndarray, per_minute: int) -> list[float]:
    """Give the largest value of each minute.

    Parameters
    ----------
    values : ndarray
        (..., T).
    per_minute : int
        Values a minute along the last axis.

    Returns
    -------
    list of float
        One for each minute begun.
    """
    length = values.shape[-1]
    return [float(values[..., i : i + per_minute].max()) for i in range(0, length, per_minute)]


def compare(model: StreamingModel, path: Path, inputs: dict[str, torch.Tensor]) -> dict[str, dict[str, Any]]:
    """Play the same through torch in long blocks and through ONNX Runtime in blocks of 1 to 16 frames.

    Parameters
    ----------
    model : StreamingModel
        The torch model; sound is compared by absolute, analysed values above one by relative differences.
    path : Path
        The file exported from it.
    inputs : dict of str to tensor
        Of any number of frames.

    Returns
    -------
    dict
        For each output ``by_minute``, ``largest``, ``passed`` and ``over_percent``, the share of values that
        are over the target.
    """
    hop_length = model.hop_length
    frames = max(v.shape[-1] // hop_length if name == "audio" else v.shape[-1] for name, v in inputs.items())
    firsts = range(0, frames, BATCH)
    blocks = [n for first in firsts for n in random_blocks(min(BATCH, frames - first), first)]
    played = GraphPlayer(path.read_bytes(), model).play(inputs, blocks)
    whole, rest = divmod(frames, TORCH_BLOCK)
    wanted = play_torch(model, inputs, [TORCH_BLOCK] * whole + [rest] * (rest > 0))
    figures = {}
    for name, values in wanted.items():
        is_sound = name == "output.audio"
        errors = differences(played[name], values, relative=not is_sound)
        by_minute = largest_by_minute(errors, 60 * model.sample_rate // (1 if is_sound else hop_length))
        figures[name.removeprefix("output.")] = {
            "by_minute": [f"{error:.2e}" for error in by_minute],
            "largest": f"{max(by_minute):.2e}",
            "over_percent": 100.0 * float(np.mean(errors > TARGET)),
            "passed": int(max(by_minute) <= TARGET),
        }
    return figures


def real_sound(folder: Path, samples: int) -> torch.Tensor:
    """String held-out notes together, again from the first where they are too few.

    Parameters
    ----------
    folder : Path
        With the instruments.
    samples : int
        How much is wanted.

    Returns
    -------
    tensor
        (1, 1, samples) float32.
    """
    parts: list[np.ndarray] = []
    have = 0
    for recording in held_out_notes(find_recordings(folder)):
        parts.append(read_audio(recording.path))
        have += parts[-1].size
        if have >= samples:
            break
    return torch.from_numpy(np.resize(np.concatenate(parts), samples))[None, None]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host.ten_minutes")
    parser.add_argument("--run", type=Path, required=True, help="the run from which the model was exported")
    parser.add_argument("--model", required=True, help="the exported effect: a bundled name or a file")
    parser.add_argument("--analyzer", default="pitch", help="the pitch analyzer: a bundled name or a file")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--recordings", type=Path, help="folder with the instruments, for the analyzer")
    given = parser.parse_args()

    effect, analyzer = find_model(given.model), load_analyzer()
    frames = round(60 * given.minutes * analyzer.sample_rate / analyzer.hop_length)
    generator, sound = load_generator(given.run), proof_inputs(analyzer, frames, seed=1)
    if given.recordings is not None:
        sound = {"audio": real_sound(given.recordings, frames * analyzer.hop_length)}
    round_to_half(analyzer)
    decoder = effect.with_name(f"{effect.stem}.decoder.onnx")
    kind = "notes" if given.recordings is not None else "melody"
    results = {
        f"{effect.stem}: generator": compare(generator, decoder, proof_inputs(generator, frames, seed=1)),
        f"analyzer, {kind}": compare(analyzer, find_model(given.analyzer), sound),
    }
    table = Table(title=f"torch - ONNX Runtime over {given.minutes:g} minutes", title_justify="left")
    for head in ("", "output", "largest", f"over {TARGET:g}, %", "by minute"):
        table.add_column(head)
    for title, rows in results.items():
        for output, row in rows.items():
            over = f"{row['over_percent']:.4f}"
            table.add_row(title, output, row["largest"], over, " ".join(row["by_minute"]))
    wide_console().print(table)
    print(f"written to {write_results('ten_minutes', {'minutes': given.minutes}, results)}")


if __name__ == "__main__":
    main()
