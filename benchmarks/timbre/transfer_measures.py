"""Play held-out notes with a player and measure the output."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from benchmarks.common.metrics import (
    at_same_level,
    cents,
    log_mel_l1_db,
    loudness_l1_db,
    multi_scale_spectral_loss,
)
from benchmarks.common.pictures import save_picture
from benchmarks.common.recordings import SAMPLE_RATE, Recording, read_audio
from benchmarks.common.sounding import sounding_times
from benchmarks.pitch.tracking import VOICED, Tracker, track_pitch
from benchmarks.timbre.classifier import Classifier
from benchmarks.timbre.players import Played, Player


def pitch_errors(audio: np.ndarray, played: Played, judge: Tracker, second: Tracker) -> np.ndarray:
    """Compare the pitch that came out with the pitch asked for.

    Parameters
    ----------
    audio : ndarray
        (T,) the input at 48 kHz.
    played : Played
        What came out.
    judge : Tracker
        Tracks both sounds.
    second : Tracker
        Tracks the input as well: where the two disagree by 50 cents, the pitch asked for is unknown.

    Returns
    -------
    ndarray
        (M,) cents, of every 5 ms in which input and output sound and are voiced.
    """
    moments = np.intersect1d(
        sounding_times(audio, SAMPLE_RATE), sounding_times(played.audio, SAMPLE_RATE), assume_unique=True
    )
    asked, other, came = (
        track_pitch(tracker, sound).at(moments)
        for tracker, sound in ((judge, audio), (second, audio), (judge, played.audio))
    )
    known = (asked.voicing >= VOICED) & (np.abs(cents(asked.f0_hz, other.f0_hz)) <= 50.0)
    judged = known & (came.voicing >= VOICED)
    return cents(came.f0_hz, asked.f0_hz * 2.0**played.octave)[judged]


@dataclass(frozen=True)
class Judges:
    """The two classifiers that name the instrument of a sound.

    Attributes
    ----------
    timbre : Classifier
        Trained to ignore dynamics and vibrato, which a transfer keeps from its source.
    performance : Classifier
        Uses them, too.
    """

    timbre: Classifier
    performance: Classifier


def measure_resynthesis(
    player: Player, notes: Sequence[Recording], judges: Judges, instrument: str
) -> dict[str, float]:
    """Let a player play its own instrument's notes.

    Parameters
    ----------
    player : Player
        Plays the notes.
    notes : sequence of Recording
        The notes.
    judges : Judges
        Name the instrument.
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
                100.0 * (_name_instrument(judges.timbre, played) == instrument),
            )
        )
    means = np.mean(rows, axis=0)
    return dict(zip(("mss", "log_mel_db", "loudness_db", "taken_percent"), means.tolist(), strict=True))


def measure_transfer(
    player: Player,
    notes: Sequence[Recording],
    judges: Judges,
    instrument: str,
    trackers: tuple[Tracker, Tracker] | None,
    pictures: Path | None = None,
) -> dict[str, Any]:
    """Let a player play other instruments' notes.

    Parameters
    ----------
    player : Player
        Plays the notes.
    notes : sequence of Recording
        The notes.
    judges : Judges
        Name the instrument.
    instrument : str
        The player's.
    trackers : tuple of Tracker, optional
        Judge the pitch, as in :func:`pitch_errors`.
    pictures : Path, optional
        Folder for spectrograms of one note of each instrument.

    Returns
    -------
    dict
        ``taken_percent`` by the judge of timbre, also by source, and what the rest was taken for;
        ``taken_with_gestures_percent`` by the judge of the performance; ``uncalibrated`` notes;
        ``loudness_db``, the mean over notes; ``median_cents``, ``within_50_percent`` and
        ``octave_or_more_percent`` (1150 cents or more) over frames.
    """
    answers: dict[str, list[str]] = {}
    performances: list[str] = []
    loudness: list[float] = []
    errors: list[np.ndarray] = []
    uncalibrated = 0
    for note in track(notes, description=f"{instrument}, {player.name}", transient=True):
        audio = read_audio(note.path)
        played = player.transfer(audio)
        uncalibrated += not played.calibrated
        if pictures is not None and note.instrument not in answers:
            sounds = {note.path.stem: audio, f"as {instrument}": played.audio}
            save_picture(pictures / f"{note.instrument}_as_{instrument}.png", sounds, SAMPLE_RATE)
        answers.setdefault(note.instrument, []).append(_name_instrument(judges.timbre, played.audio))
        performances.append(_name_instrument(judges.performance, played.audio))
        moments = sounding_times(audio, SAMPLE_RATE)
        loudness.append(loudness_l1_db(audio, played.audio, SAMPLE_RATE, moments, played.gain_db))
        if trackers is not None:
            errors.append(pitch_errors(audio, played, *trackers))
    everything = [answer for given in answers.values() for answer in given]
    size = np.abs(np.concatenate(errors)) if errors else np.zeros(0)
    return {
        "taken_percent": _share(everything, instrument),
        "taken_with_gestures_percent": _share(performances, instrument),
        "taken_percent_by_source": {
            name: _share(given, instrument) for name, given in sorted(answers.items())
        },
        "taken_for_percent": {name: _share(everything, name) for name in sorted(set(everything))},
        "uncalibrated": uncalibrated,
        "loudness_db": float(np.mean(loudness)),
        "median_cents": float(np.median(size)) if size.size else float("nan"),
        "within_50_percent": 100.0 * float(np.mean(size <= 50.0)) if size.size else float("nan"),
        "octave_or_more_percent": 100.0 * float(np.mean(size >= 1150.0)) if size.size else float("nan"),
    }


def _name_instrument(classifier: Classifier, audio: np.ndarray) -> str:
    return classifier.instrument(audio, SAMPLE_RATE) if np.abs(audio).max(initial=0.0) > 1e-6 else "silence"


def _share(answers: Sequence[str], instrument: str) -> float:
    return 100.0 * answers.count(instrument) / len(answers)
