"""Train the judges of timbre transfer and measure how often they are right on notes that they have not learned.

python -m benchmarks.timbre.train_classifier --recordings PATH [--steps N] [--for-choosing]
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from rich.table import Table

from benchmarks.common.recordings import (
    SAMPLE_RATE,
    Recording,
    find_recordings,
    held_out_notes,
    notes_for_choosing,
    read_audio,
)
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import ModelTracker
from benchmarks.pitch.tracking import track_pitch
from benchmarks.timbre.classifier import Classifier
from benchmarks.timbre.crops import WINDOW_DELAY_S, shifted
from benchmarks.timbre.gestures import Gesture, gesture_of, with_gesture
from benchmarks.timbre.judges import LEARNED_MAKERS, STEPS, trained_judges
from benchmarks.timbre.resynthesis import resynthesise
from benchmarks.timbre.soundfont_notes import installed_soundfonts, soundfont_notes
from benchmarks.timbre.verdicts import Verdict, verdicts

CHOSEN_BY = "fluid"
"""The soundfont by which settings of the training are chosen."""

Sounds = Iterable[tuple[str, np.ndarray]]
"""Instruments and what they play, (T,) at 48 kHz."""


def changed_notes(notes: Sequence[Recording]) -> dict[str, Sounds]:
    """Name the changes of notes that must not mislead a judge.

    Parameters
    ----------
    notes : sequence of Recording
        What will be judged, instruments in turn: each note gets the gestures of the next, another instrument's.

    Returns
    -------
    dict of str to iterable
        Instrument and sound of every note.
    """
    tracker = ModelTracker("pitch", WINDOW_DELAY_S)
    next_notes = cycle([*notes[1:], notes[0]])

    def gesture(audio: np.ndarray) -> Gesture:
        return gesture_of(audio, SAMPLE_RATE, track_pitch(tracker, audio))

    def with_the_next(audio: np.ndarray) -> np.ndarray:
        return with_gesture(audio, SAMPLE_RATE, gesture(audio), gesture(read_audio(next(next_notes).path)))

    changes = {
        "as recorded": lambda audio: audio,
        "3 semitones lower": lambda audio: shifted(audio, SAMPLE_RATE, -3.0),
        "3 semitones higher": lambda audio: shifted(audio, SAMPLE_RATE, 3.0),
        "with another instrument's gestures": with_the_next,
        "resynthesised": lambda audio: resynthesise(audio, track_pitch(tracker, audio)),
    }
    return {name: _changed(notes, change) for name, change in changes.items()}


def _changed(notes: Sequence[Recording], change: Callable[[np.ndarray], np.ndarray]) -> Sounds:
    for note in notes:
        yield note.instrument, change(read_audio(note.path))


def soundfont_sounds(for_choosing: bool) -> dict[str, Sounds]:
    """Name the soundfonts that are installed and that judges have not heard, and give their notes.

    Parameters
    ----------
    for_choosing : bool
        Only the one that settings are chosen by.

    Returns
    -------
    dict of str to iterable
        Instrument and sound of every note.

    Raises
    ------
    FileNotFoundError
        If there are none, or nothing that plays them.
    """
    return {
        f"soundfont {name}": ((note.instrument, note.audio) for note in soundfont_notes(path))
        for name, path in installed_soundfonts().items()
        if name == CHOSEN_BY or (not for_choosing and name not in LEARNED_MAKERS)
    }


def judged(judges: Mapping[str, Classifier], sounds: Sounds) -> Iterator[Verdict]:
    """Let the judges hear sounds.

    Parameters
    ----------
    judges : mapping of str to Classifier
        By name.
    sounds : iterable of tuple
        Instrument and sound.

    Yields
    ------
    Verdict
        Of every judge on every sound.
    """
    for instrument, audio in track(sounds, description="judging", transient=True):
        yield from verdicts(judges, audio, instrument)


def right_percent(given: Sequence[Verdict]) -> dict[str, float]:
    """Count how often instruments are named rightly.

    Parameters
    ----------
    given : sequence of Verdict
        Of one judge.

    Returns
    -------
    dict of str to float
        By instrument; ``mean`` is that of the instruments.
    """
    total = Counter(verdict.source for verdict in given)
    right = Counter(verdict.source for verdict in given if verdict.answer == verdict.source)
    found = {instrument: 100.0 * right[instrument] / total[instrument] for instrument in sorted(total)}
    return {**found, "mean": float(np.mean(list(found.values())))}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.train_classifier")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument("--steps", type=int, default=STEPS, help="training steps")
    parser.add_argument(
        "--for-choosing",
        action="store_true",
        help=f"with the notes and the soundfont ({CHOSEN_BY}) kept for that",
    )
    given = parser.parse_args()
    torch.set_num_threads(1)

    console = wide_console()
    recordings = find_recordings(given.recordings)
    judges = trained_judges(recordings, given.steps)
    notes = notes_for_choosing(recordings) if given.for_choosing else held_out_notes(recordings)
    sounds = changed_notes(notes)
    try:
        sounds |= soundfont_sounds(given.for_choosing)
    except FileNotFoundError as error:
        console.print(f"without soundfonts: {error}")
    heads = (*sorted({note.instrument for note in notes}), "mean")
    table = Table(title="named rightly, %: whole notes / without 150 ms of onset", title_justify="left")
    for head in ("judge", "sounds", *heads):
        table.add_column(head, justify="right" if head in heads else "left")
    figures: dict[str, dict[str, Any]] = {}
    for name, some in sounds.items():
        heard = list(judged(judges, some))
        for judge in judges:
            parts: dict[str, list[Verdict]] = {}
            for verdict in heard:
                if verdict.judge == judge:
                    parts.setdefault(verdict.heard, []).append(verdict)
            right = {part: right_percent(answers) for part, answers in parts.items()}
            figures[f"{judge}: {name}"] = {"right_percent": right}
            table.add_row(
                judge, name, *(" / ".join(f"{right[part][head]:.0f}" for part in right) for head in heads)
            )
    console.print(table)
    if not given.for_choosing:
        settings = {"steps": given.steps, "notes": len(notes)}
        console.print(f"written to {write_results('classifier', settings, figures)}")


if __name__ == "__main__":
    main()
