"""Play held-out notes with a player and measure the output."""

from collections.abc import Mapping, Sequence
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
from benchmarks.timbre.verdicts import Verdict, answers, shares, verdicts


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


def measure_real(
    notes: Sequence[Recording], judges: Mapping[str, Classifier], instrument: str
) -> dict[str, Any]:
    """Let judges hear an instrument's notes as they were recorded: no player can be taken for it more often.

    Parameters
    ----------
    notes : sequence of Recording
        The instrument's.
    judges : mapping of str to Classifier
        By name.
    instrument : str
        What they should be taken for.

    Returns
    -------
    dict of str to dict
        ``taken_percent`` as :func:`benchmarks.timbre.verdicts.shares` gives it.
    """
    heard = [
        verdict for note in notes for verdict in verdicts(judges, read_audio(note.path), note.instrument)
    ]
    return {"taken_percent": shares(heard, instrument)}


def measure_resynthesis(
    player: Player, notes: Sequence[Recording], judges: Mapping[str, Classifier], instrument: str
) -> dict[str, Any]:
    """Let a player play its own instrument's notes.

    Parameters
    ----------
    player : Player
        Plays the notes.
    notes : sequence of Recording
        The notes.
    judges : mapping of str to Classifier
        Name the instrument.
    instrument : str
        The player's.

    Returns
    -------
    dict
        Means over notes: ``mss``, ``log_mel_db``, ``loudness_db``; ``taken_percent`` as in :func:`measure_real`.
    """
    rows: list[tuple[float, float, float]] = []
    heard: list[Verdict] = []
    for note in track(notes, description=f"{instrument}, {player.name}", transient=True):
        audio = read_audio(note.path)
        played = player.resynthesize(audio).audio
        reference, estimate = at_same_level(audio, played)
        rows.append(
            (
                multi_scale_spectral_loss(reference, estimate),
                log_mel_l1_db(reference, estimate, SAMPLE_RATE),
                loudness_l1_db(audio, played, SAMPLE_RATE, sounding_times(audio, SAMPLE_RATE)),
            )
        )
        heard += verdicts(judges, played, note.instrument)
    means = dict(zip(("mss", "log_mel_db", "loudness_db"), np.mean(rows, axis=0).tolist(), strict=True))
    return {**means, "taken_percent": shares(heard, instrument)}


def measure_transfer(
    player: Player,
    notes: Sequence[Recording],
    judges: Mapping[str, Classifier],
    instrument: str,
    trackers: tuple[Tracker, Tracker] | None,
    setting: str | None = None,
    pictures: Path | None = None,
) -> dict[str, Any]:
    """Let a player play other instruments' notes.

    Parameters
    ----------
    player : Player
        Plays the notes.
    notes : sequence of Recording
        The notes.
    judges : mapping of str to Classifier
        Name the instrument.
    instrument : str
        The player's.
    trackers : tuple of Tracker, optional
        Judge the pitch, as in :func:`pitch_errors`.
    setting : str, optional
        How each note is suited to the instrument, one of the player's; the first unless given.
    pictures : Path, optional
        Folder for spectrograms of one note of each instrument.

    Returns
    -------
    dict
        ``taken_percent`` as in :func:`measure_real`; ``taken_for_percent``, what the whole notes were taken for;
        ``uncalibrated`` notes; ``loudness_db``, the mean over notes; ``median_cents``, ``within_50_percent`` and
        ``octave_or_more_percent`` (1150 cents or more) over frames.
    """
    heard: list[Verdict] = []
    loudness: list[float] = []
    errors: list[np.ndarray] = []
    drawn: set[str] = set()
    uncalibrated = 0
    for note in track(notes, description=f"{instrument}, {player.name}, {setting or ''}", transient=True):
        audio = read_audio(note.path)
        played = player.transfer(audio, setting)
        uncalibrated += not played.calibrated
        if pictures is not None and note.instrument not in drawn:
            drawn.add(note.instrument)
            sounds = {note.path.stem: audio, f"as {instrument}": played.audio}
            save_picture(pictures / f"{note.instrument}_as_{instrument}.png", sounds, SAMPLE_RATE)
        heard += verdicts(judges, played.audio, note.instrument)
        moments = sounding_times(audio, SAMPLE_RATE)
        loudness.append(loudness_l1_db(audio, played.audio, SAMPLE_RATE, moments, played.gain_db))
        if trackers is not None:
            errors.append(pitch_errors(audio, played, *trackers))
    size = np.abs(np.concatenate(errors)) if errors else np.zeros(0)
    return {
        "taken_percent": shares(heard, instrument),
        "taken_for_percent": answers(heard),
        "uncalibrated": uncalibrated,
        "loudness_db": float(np.mean(loudness)),
        "median_cents": float(np.median(size)) if size.size else float("nan"),
        "within_50_percent": 100.0 * float(np.mean(size <= 50.0)) if size.size else float("nan"),
        "octave_or_more_percent": 100.0 * float(np.mean(size >= 1150.0)) if size.size else float("nan"),
    }
