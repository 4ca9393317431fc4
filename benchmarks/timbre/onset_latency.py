"""How soon a timbre effect responds to a note that begins after silence.

python -m benchmarks.timbre.onset_latency [--models cello,my.onnx] [--recordings PATH] [--count 100]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from rich.table import Table

from benchmarks.common.notes import KnownNote, find_tunings
from benchmarks.common.recordings import SAMPLE_RATE, find_recordings, held_out_notes
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.octave_steps import held_part
from benchmarks.pitch.trackers import make_tracker
from benchmarks.timbre.full_strength import full_strength
from benchmarks.timbre.instruments import INSTRUMENTS
from brainsynth import Model, errors
from plugin_host.effects.calibration import ANALYZER

SILENCE_S = 0.5
LATER_S = (0.15, 0.35)
"""From here to there after the silence, the level that a sound has later is taken."""

WINDOW_S = 0.002
BELOW_DB = (20.0, 10.0)
BLOCK_SIZE = 128


def rise_time_s(sound: np.ndarray, below_db: float) -> float:
    """Find when a sound, after `SILENCE_S` of silence, first comes near the level that it has later.

    Parameters
    ----------
    sound : ndarray
        (T,) at 48 kHz; the silence and at least the end of `LATER_S` after it.
    below_db : float
        How near, in decibels below the later level.

    Returns
    -------
    float
        Seconds from the end of the silence until the mean square of the last 2 ms is there; infinite where it
        never is before the later level is taken, or where that is silence itself.
    """
    window, start = round(WINDOW_S * SAMPLE_RATE), round(SILENCE_S * SAMPLE_RATE)
    energy = np.concatenate((np.zeros(window), np.cumsum(sound.astype(np.float64) ** 2)))
    recent = (energy[window:] - energy[:-window]) / window
    first, last = (start + round(s * SAMPLE_RATE) for s in LATER_S)
    later = float(np.mean(sound[first:last].astype(np.float64) ** 2))
    near = np.flatnonzero(recent[start:last] >= later * 10.0 ** (-below_db / 10.0))
    return near[0] / SAMPLE_RATE if near.size and later > 1e-12 else float("inf")


def synthetic_onsets(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Make tones that begin within 1 ms.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Draws pitch (110 to 880 Hz), timbre, level (-30 to -10 dB) and phases.

    Yields
    ------
    ndarray
        (T,) float32, `SILENCE_S` of silence first.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(0.6 * SAMPLE_RATE)) / SAMPLE_RATE
    for _ in range(count):
        f0_hz, slope = 110.0 * 2.0 ** rng.uniform(0.0, 3.0), rng.uniform(0.5, 2.5)
        numbers = np.arange(1, int(16000.0 / f0_hz) + 1)
        phases = rng.uniform(0.0, 2.0 * np.pi, numbers.size)
        tone = sum(
            k**-slope * np.sin(2.0 * np.pi * k * f0_hz * time_s + p)
            for k, p in zip(numbers, phases, strict=True)
        )
        level = 10.0 ** (rng.uniform(-30.0, -10.0) / 20.0)
        yield after_silence(np.asarray(tone) * level / np.sqrt(np.mean(np.square(tone))))


def after_silence(sound: np.ndarray, fade_s: float = 0.001) -> np.ndarray:
    """Put silence before a sound, which fades in.

    Parameters
    ----------
    sound : ndarray
        (T,).
    fade_s : float
        How long the fade is.

    Returns
    -------
    ndarray
        (T + `SILENCE_S`,) float32.
    """
    fade = np.minimum(1.0, np.arange(sound.size) / (fade_s * SAMPLE_RATE))
    return np.concatenate((np.zeros(round(SILENCE_S * SAMPLE_RATE)), sound * fade)).astype(np.float32)


def cut_in_notes(notes: Sequence[KnownNote]) -> Iterator[np.ndarray]:
    """Let the held part of real notes begin at once.

    Parameters
    ----------
    notes : sequence of KnownNote
        Those that are not held long enough are skipped.

    Yields
    ------
    ndarray
        (T,) float32, `SILENCE_S` of silence first.
    """
    judge = make_tracker("pyin")
    parts = (held_part(note, judge) for note in notes)
    yield from (after_silence(part) for part in parts if part is not None)


def whole_notes(notes: Sequence[KnownNote]) -> Iterator[np.ndarray]:
    """Let real notes begin with their own attacks.

    Parameters
    ----------
    notes : sequence of KnownNote
        The shortest are skipped.

    Yields
    ------
    ndarray
        (T,) float32, `SILENCE_S` of silence first.
    """
    for note in notes:
        part = note.audio[max(0, round((note.sounding_s[0] - 0.01) * SAMPLE_RATE)) :]
        if part.size >= (LATER_S[1] + 0.01) * SAMPLE_RATE:
            yield after_silence(part[: SAMPLE_RATE // 2])


def play_through(model: Model, sound: np.ndarray) -> np.ndarray | None:
    """Play a sound through an effect in blocks, as a sound card would, each sound moved into its range.

    Parameters
    ----------
    model : Model
        An effect of one channel that can be calibrated.
    sound : ndarray
        (T,) float32 at 48 kHz.

    Returns
    -------
    ndarray or None
        (T,) what came out while that went in, the delay not taken out; None where no pitch is found.
    """
    try:
        settings = full_strength(model, sound, Model(ANALYZER))
    except errors.CalibrationError:
        return None
    stream = model.stream(SAMPLE_RATE, 1, BLOCK_SIZE)
    stream.set(**settings)
    # The controls glide to where they were set during the silence.
    blocks = (sound[None, i : i + BLOCK_SIZE] for i in range(0, sound.size - BLOCK_SIZE + 1, BLOCK_SIZE))
    return np.concatenate([stream.process(block) for block in blocks], axis=1)[0]


def onset_latencies_s(source: np.ndarray, played: np.ndarray) -> list[float]:
    """Compare when an input rises and when the output does, at each of `BELOW_DB`.

    Parameters
    ----------
    source, played : ndarray
        (T,) each, input and output.

    Returns
    -------
    list of float
        Seconds; NaN where the input itself never rises, infinite where the output does not.
    """
    rises = [(rise_time_s(source, below), rise_time_s(played, below)) for below in BELOW_DB]
    return [out - into if np.isfinite(into) else float("nan") for into, out in rises]


def figures(latencies: Sequence[Sequence[float]]) -> dict[str, float]:
    """Sum up many onsets.

    Parameters
    ----------
    latencies : sequence of sequence of float
        As `onset_latencies_s` gives them, one for each onset, at least one.

    Returns
    -------
    dict of str to float
        For each of `BELOW_DB` median and 95th percentile in ms and percent that never rose; ``onsets``.
    """
    found: dict[str, float] = {}
    for below, column in zip(BELOW_DB, np.array(latencies).T, strict=True):
        ordered = 1000.0 * np.sort(column[~np.isnan(column)])
        if ordered.size == 0:
            continue
        found[f"median_ms_{below:g}dB"] = float(ordered[ordered.size // 2])
        found[f"p95_ms_{below:g}dB"] = float(ordered[min(ordered.size - 1, int(0.95 * ordered.size))])
        found[f"never_percent_{below:g}dB"] = 100.0 * float(np.mean(np.isinf(ordered)))
        found["onsets"] = max(found.get("onsets", 0), ordered.size)
    return found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.onset_latency")
    parser.add_argument("--models", default=INSTRUMENTS, help="names or files, with commas")
    parser.add_argument("--recordings", type=Path, help="folder with the instruments, for real notes")
    parser.add_argument("--count", type=int, default=100, help="how many onsets of each kind at most")
    given = parser.parse_args()

    console = wide_console()
    kinds = {"synthetic": list(synthetic_onsets(given.count))}
    if given.recordings is not None:
        with console.status("finding the tuning of each note"):
            notes = find_tunings(held_out_notes(find_recordings(given.recordings)))
        kinds["notes cut in"] = list(cut_in_notes(notes))[: given.count]
        kinds["notes with their attack"] = list(whole_notes(notes))[: given.count]
    table = Table(title="from the input's rise to the output's", title_justify="left")
    for head in (
        "model",
        "onsets",
        "",
        *(f"{n} at -{b:g} dB" for b in BELOW_DB for n in ("median", "p95", "never")),
    ):
        table.add_column(head, justify="left" if head in ("model", "onsets") else "right")
    results = {}
    for name in given.models.split(","):
        model = Model(name)
        rows: dict[str, dict[str, float]] = {}
        for kind, sounds in kinds.items():
            outputs = [(s, play_through(model, s)) for s in track(sounds, description=kind, transient=True)]
            rows[kind] = figures(
                [onset_latencies_s(source, played) for source, played in outputs if played is not None]
            )
            shown = [f"{value:.1f}" for key, value in rows[kind].items() if key != "onsets"]
            table.add_row(model.name, kind, str(rows[kind]["onsets"]), *shown)
        reported = model.stream(SAMPLE_RATE, 1, BLOCK_SIZE).latency_samples
        results[model.name] = {"reported_latency_samples": reported, **rows}
        console.print(f"{model.name}: reported latency {reported} samples in blocks of {BLOCK_SIZE}")
    console.print(table)
    settings = {"onsets": {kind: len(sounds) for kind, sounds in kinds.items()}}
    console.print(f"written to {write_results('onset_latency', settings, results)}")


if __name__ == "__main__":
    main()
