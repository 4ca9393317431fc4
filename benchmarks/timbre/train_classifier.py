"""Train the judges of timbre transfer on real notes and measure how often they are right on held-out ones.

python -m benchmarks.timbre.train_classifier --recordings PATH [--steps N]
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from rich.table import Table
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from benchmarks.common.cache import CACHE
from benchmarks.common.recordings import SAMPLE_RATE, Recording, find_recordings, held_out_notes, read_audio
from benchmarks.common.report import wide_console, write_results
from benchmarks.pitch.trackers import make_tracker
from benchmarks.pitch.tracking import track_pitch
from benchmarks.timbre.classifier import Classifier, InstrumentNet
from benchmarks.timbre.crops import Crops, shifted
from benchmarks.timbre.gestures import Gesture, gesture_of, with_gesture
from benchmarks.timbre.resynthesis import resynthesise

BATCH_SIZE = 64
VERSION = 3
"""Raised when a classifier trained before would no longer be the one trained now."""


def train(crops: Crops, n_instruments: int, steps: int) -> InstrumentNet:
    """Train a network from random weights.

    Parameters
    ----------
    crops : Crops
        The training data.
    n_instruments : int
        Outputs.
    steps : int
        Batches of 64.

    Returns
    -------
    InstrumentNet
        In evaluation mode.
    """
    torch.manual_seed(0)
    # Channels last is quicker; bfloat16 takes a third of the time where the processor knows it, else ten times as much.
    network = convert_conv2d_weight_memory_format(InstrumentNet(n_instruments), torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    knows_bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    for _ in track(range(steps), description="training"):
        shown, labels = crops.batch(BATCH_SIZE)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=knows_bfloat16):
            logits = network(shown)
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def trained_classifier(
    recordings: Sequence[Recording], steps: int = 1500, uses_gestures: bool = False
) -> Classifier:
    """Give the classifier of a library, trained now or on an earlier call.

    Parameters
    ----------
    recordings : sequence of Recording
        The library; its held-out files are not looked at.
    steps : int
        Batches.
    uses_gestures : bool
        Whether a note's own dynamics and vibrato may indicate its instrument. A transfer keeps the player's,
        so a judge of timbre must ignore them.

    Returns
    -------
    Classifier
        Kept on disk for the next call.
    """
    training = [recording for recording in recordings if not recording.is_held_out]
    version = f"{VERSION} {steps}" if uses_gestures else f"{VERSION} {steps} without gestures"
    contents = "\n".join([version, *sorted(recording.path.name for recording in training)])
    path = CACHE / "classifier" / f"{hashlib.sha256(contents.encode()).hexdigest()[:16]}.pt"
    if not path.exists():
        instruments = sorted({recording.instrument for recording in training})
        crops = Crops(training, instruments, np.random.default_rng(0), uses_gestures)
        Classifier(tuple(instruments), train(crops, len(instruments), steps)).save(path)
    return Classifier.load(path)


def name_instruments(
    classifier: Classifier, notes: Sequence[Recording], change: Callable[[np.ndarray], np.ndarray]
) -> list[tuple[Recording, str]]:
    """Let the classifier name the instrument of each note.

    Parameters
    ----------
    classifier : Classifier
        The judge.
    notes : sequence of Recording
        What it judges.
    change : callable
        Made of each note beforehand, (T,) at 48 kHz.

    Returns
    -------
    list of tuple
        Each note with the instrument named.
    """
    return [
        (note, classifier.instrument(change(read_audio(note.path)), SAMPLE_RATE))
        for note in track(notes, description="judging", transient=True)
    ]


def changes(notes: Sequence[Recording]) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Name the changes that must not mislead the classifier.

    Parameters
    ----------
    notes : sequence of Recording
        What will be judged, instruments in turn: each note gets the gestures of the next, another instrument's.

    Returns
    -------
    dict of str to callable
        (T,) at 48 kHz to the same, or to another length.
    """
    tracker = make_tracker("pyin")
    next_notes = cycle([*notes[1:], notes[0]])

    def gesture(audio: np.ndarray) -> Gesture:
        return gesture_of(audio, SAMPLE_RATE, track_pitch(tracker, audio))

    def with_the_next(audio: np.ndarray) -> np.ndarray:
        return with_gesture(audio, SAMPLE_RATE, gesture(audio), gesture(read_audio(next(next_notes).path)))

    return {
        "as recorded": lambda audio: audio,
        "3 semitones lower": lambda audio: shifted(audio, SAMPLE_RATE, -3.0),
        "3 semitones higher": lambda audio: shifted(audio, SAMPLE_RATE, 3.0),
        "with another instrument's gestures": with_the_next,
        "resynthesised": lambda audio: resynthesise(audio, track_pitch(tracker, audio)),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.train_classifier")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument("--steps", type=int, default=1500, help="training steps")
    given = parser.parse_args()
    torch.set_num_threads(1)

    recordings = find_recordings(given.recordings)
    notes = held_out_notes(recordings)
    judges = {
        "timbre": trained_classifier(recordings, given.steps),
        "performance": trained_classifier(recordings, given.steps, uses_gestures=True),
    }
    table = Table(title="held-out notes named rightly, %", title_justify="left")
    for head in ("judge", "", *judges["timbre"].instruments, "all"):
        table.add_column(head, justify="right" if head in judges["timbre"].instruments else "left")
    figures = {}
    for judge, classifier in judges.items():
        for name, change in changes(notes).items():
            answers = name_instruments(classifier, notes, change)
            right = Counter(note.instrument for note, answer in answers if answer == note.instrument)
            total = Counter(note.instrument for note, _ in answers)
            shares = {instrument: 100.0 * right[instrument] / total[instrument] for instrument in total}
            shares["all"] = 100.0 * right.total() / total.total()
            table.add_row(judge, name, *(f"{shares[head]:.1f}" for head in (*classifier.instruments, "all")))
            wrong = {note.path.name: answer for note, answer in answers if answer != note.instrument}
            figures[f"{judge}: {name}"] = {"right_percent": shares, "wrong": wrong}
    console = wide_console()
    console.print(table)
    settings = {"steps": given.steps, "notes": len(notes)}
    console.print(f"written to {write_results('classifier', settings, figures)}")


if __name__ == "__main__":
    main()
