"""Where a timbre model differs from its instrument in what spectral losses and judges overlook.

python -m benchmarks.timbre.details --recordings PATH [--models cello,flute=runs/flute.onnx] [--no-transfers]
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
from benchmarks.pitch.tracking import VOICED, PitchTrack, Tracker
from benchmarks.timbre.instruments import INSTRUMENTS
from benchmarks.timbre.note_measures import (
    OCTAVES_HZ,
    Parts,
    attack_ms,
    below_pitch_db,
    decay_ms,
    find_parts,
    moving_db,
    octave_bands_db,
    onset_treble_db,
    onset_treble_level_db,
    vibrato_cents,
    without_rumble,
)
from benchmarks.timbre.players import ModelPlayer, Player

LONGEST_S = 10.0
TRANSFER_S = 2.0
"""Of a note that is transferred, so much after its onset is played: only its beginning is measured."""

LABELS = {
    "onset_treble_db": "onset treble, dB",
    "onset_treble_level_db": "onset treble level, dB",
    "below_pitch_db": "below pitch, dB",
    "attack_ms": "attack, ms",
    "decay_ms": "decay, ms",
    "moving_db": "moving, dB",
    "vibrato_cents": "vibrato, cents",
    **{f"octave_{centre}_hz_db": f"octave at {centre} Hz, dB" for centre in OCTAVES_HZ},
}
"""What is measured, in the table's order, and how the table calls it."""


@dataclass(frozen=True)
class HeardNote:
    """A recorded note with its pitch.

    Attributes
    ----------
    audio : ndarray
        (T,) float32 at 48 kHz, 10 s at most.
    f0_hz : float
        As the tracker hears it, or as the name says where it hears none.
    """

    audio: np.ndarray
    f0_hz: float


def spread_over_pitch(notes: Sequence[Recording], limit: int | None) -> list[Recording]:
    """Choose notes that are spread over an instrument's range.

    Parameters
    ----------
    notes : sequence of Recording
        Of one instrument.
    limit : int, optional
        How many at most.

    Returns
    -------
    list of Recording
        From low to high, evenly many apart; the same ones each time.
    """
    ordered = sorted(notes, key=lambda note: (note.midi, note.path.name))
    if limit is None or limit >= len(ordered):
        return ordered
    return [ordered[round(i)] for i in np.linspace(0, len(ordered) - 1, limit)]


def hear(recording: Recording, tracker: Tracker) -> HeardNote:
    """Read a note and find its pitch, for names may be an octave off.

    Parameters
    ----------
    recording : Recording
        One note.
    tracker : Tracker
        Finds the pitch.

    Returns
    -------
    HeardNote
        Its beginning, where it is longer than 10 s.
    """
    audio = read_audio(recording.path)[: round(LONGEST_S * SAMPLE_RATE)]
    parts = find_parts(without_rumble(audio), recording.note_hz)
    f0_hz = recording.note_hz
    if parts is not None:
        held = _within(tracker(audio), parts.held)
        voiced = held.f0_hz[held.voicing >= VOICED]
        f0_hz = float(np.median(voiced)) if voiced.size else f0_hz
    return HeardNote(audio, f0_hz)


def measure_beginning(audio: np.ndarray, f0_hz: float) -> dict[str, float]:
    """Take the measures of a note's beginning.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    f0_hz : float
        The pitch that the note should have.

    Returns
    -------
    dict of str to float
        The first four of `LABELS`; empty for silence.
    """
    clean = without_rumble(audio)
    parts = find_parts(clean, f0_hz)
    return {} if parts is None else _beginning(clean, parts, f0_hz)


def measure_note(audio: np.ndarray, f0_hz: float, tracker: Tracker) -> dict[str, float]:
    """Take all measures of a note.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.
    f0_hz : float
        The pitch that the note should have.
    tracker : Tracker
        Follows the vibrato; its frames are equally far apart.

    Returns
    -------
    dict of str to float
        All of `LABELS`; empty for silence.
    """
    clean = without_rumble(audio)
    parts = find_parts(clean, f0_hz)
    if parts is None:
        return {}
    pitch = tracker(audio.astype(np.float32))
    octaves = octave_bands_db(clean, parts)
    return {
        **_beginning(clean, parts, f0_hz),
        "decay_ms": decay_ms(clean, parts, f0_hz),
        "moving_db": moving_db(clean, parts),
        "vibrato_cents": vibrato_cents(
            _within(pitch, parts.held).f0_hz, 1.0 / float(np.median(np.diff(pitch.times_s)))
        ),
        **dict(zip(list(LABELS)[-octaves.size :], octaves.tolist(), strict=True)),
    }


def medians(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Sum up many notes.

    Parameters
    ----------
    rows : sequence of dict
        The measures of each note.

    Returns
    -------
    dict of str to float
        Of each of `LABELS` that some note has the median, and under ``NAME_notes`` over how many; ``notes``,
        all; ``silent``, those without any.
    """
    found: dict[str, float] = {"notes": len(rows), "silent": sum(not row for row in rows)}
    for key in LABELS:
        values = [row[key] for row in rows if np.isfinite(row.get(key, np.nan))]
        if values:
            found[key] = float(np.median(values))
            found[f"{key}_notes"] = len(values)
    return found


def measure_model(
    player: Player, instrument: str, heard: dict[str, list[HeardNote]], tracker: Tracker
) -> dict[str, dict[str, float]]:
    """Measure an instrument's notes, what a player makes of them, and what it makes of other instruments' notes.

    Parameters
    ----------
    player : Player
        Plays the notes.
    instrument : str
        The player's.
    heard : dict of str to list of HeardNote
        Notes by their instrument; those of the player's own and of the sources to transfer.
    tracker : Tracker
        Follows the vibrato.

    Returns
    -------
    dict of str to dict of str to float
        `medians` of ``real``, of ``played``, and of ``from SOURCE`` for each source, whose notes are measured at
        their beginning only.
    """
    own = heard[instrument]
    columns = {
        "real": medians([measure_note(note.audio, note.f0_hz, tracker) for note in own]),
        "played": medians(
            [
                measure_note(player.resynthesize(note.audio).audio, note.f0_hz, tracker)
                for note in track(own, description=f"{instrument}, own notes", transient=True)
            ]
        ),
    }
    for source, notes in heard.items():
        if source != instrument:
            shown = track(notes, description=f"{instrument}, from {source}", transient=True)
            columns[f"from {source}"] = medians([measure_transfer(player, note) for note in shown])
    return columns


def measure_transfer(player: Player, note: HeardNote) -> dict[str, float]:
    """Let a player play the beginning of another instrument's note and measure it.

    Parameters
    ----------
    player : Player
        Plays the note.
    note : HeardNote
        The note.

    Returns
    -------
    dict of str to float
        As for `measure_beginning`.
    """
    parts = find_parts(without_rumble(note.audio), note.f0_hz)
    if parts is None:
        return {}
    played = player.transfer(note.audio[: parts.onset + round(TRANSFER_S * SAMPLE_RATE)])
    return measure_beginning(played.audio, note.f0_hz * 2.0**played.octave)


def instrument_and_model(entry: str, instruments: Sequence[str]) -> tuple[str, str]:
    """Understand one of the models that are asked for.

    Parameters
    ----------
    entry : str
        ``cello``, ``cello=my.onnx``, or a file whose name begins with its instrument.
    instruments : sequence of str
        Those of which there are recordings.

    Returns
    -------
    tuple of str
        The instrument; a bundled name or a file.

    Raises
    ------
    ValueError
        If the instrument cannot be told, or is not recorded.
    """
    name, _, path = entry.partition("=")
    for instrument in instruments:
        if name == instrument or (not path and Path(name).name.startswith(instrument)):
            return instrument, path or name
    raise ValueError(
        f"{entry!r} names no instrument of these recordings ({', '.join(instruments)}); "
        "write INSTRUMENT=FILE.onnx for a model file"
    )


def _within(pitch: PitchTrack, part: slice) -> PitchTrack:
    first, last = np.searchsorted(pitch.times_s, (part.start / SAMPLE_RATE, part.stop / SAMPLE_RATE))
    return PitchTrack(pitch.times_s[first:last], pitch.f0_hz[first:last], pitch.voicing[first:last])


def _beginning(clean: np.ndarray, parts: Parts, f0_hz: float) -> dict[str, float]:
    return {
        "onset_treble_db": onset_treble_db(clean, parts),
        "onset_treble_level_db": onset_treble_level_db(clean, parts),
        "below_pitch_db": below_pitch_db(clean, parts, f0_hz),
        "attack_ms": attack_ms(clean, parts, f0_hz),
    }


def _details_table(model: str, columns: dict[str, dict[str, float]]) -> Table:
    title = f"{model}: medians over notes (over how many, where not over all)"
    table = Table(title=title, title_justify="left", padding=(0, 0))
    table.add_column("", no_wrap=True)
    for head, found in columns.items():
        stacked = head.replace(" ", "\n")
        table.add_column(f"{stacked}\n{found['notes']:g} notes", justify="right", no_wrap=True)
    for key, label in LABELS.items():
        table.add_row(label, *(_cell(found, key) for found in columns.values()))
    return table


def _cell(found: dict[str, float], key: str) -> str:
    if key not in found:
        return ""
    counted = found[f"{key}_notes"]
    return f"{found[key]:.1f}" + ("" if counted == found["notes"] else f" ({counted:g})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timbre.details")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with the instruments")
    parser.add_argument(
        "--models",
        default=INSTRUMENTS,
        help="names or files, with commas between; INSTRUMENT=FILE.onnx where the file's name does not begin so",
    )
    parser.add_argument("--analyzer", default="pitch", help="finds the pitch: a name or a model file")
    parser.add_argument("--sources", help="whose notes to transfer, with commas between; all if left out")
    parser.add_argument("--no-transfers", action="store_true", help="only the instrument's own notes")
    parser.add_argument(
        "--for-choosing",
        action="store_true",
        help="with the notes kept for choosing settings; writes nothing",
    )
    parser.add_argument("--limit", type=int, help="only so many notes of each instrument; writes nothing")
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    given = _arguments()
    console = wide_console()
    recordings = find_recordings(given.recordings)
    notes = notes_for_choosing(recordings) if given.for_choosing else held_out_notes(recordings)
    instruments = sorted({note.instrument for note in notes})
    models = [instrument_and_model(entry, instruments) for entry in given.models.split(",")]
    named = given.sources.split(",") if given.sources else instruments
    sources = [] if given.no_transfers else [instrument_and_model(name, instruments)[0] for name in named]
    tracker = ModelTracker(given.analyzer)
    heard: dict[str, list[HeardNote]] = {}
    for name in track(sorted({*sources, *(i for i, _ in models)}), description="reading", transient=True):
        of_name = [note for note in notes if note.instrument == name]
        heard[name] = [hear(note, tracker) for note in spread_over_pitch(of_name, given.limit)]
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for instrument, model in models:
        wanted = {name: heard[name] for name in dict.fromkeys((instrument, *sources))}
        figures[model] = measure_model(ModelPlayer(model, given.analyzer), instrument, wanted, tracker)
        console.print(_details_table(model, figures[model]))
    if given.limit is None and not given.for_choosing:
        settings = {"transfer_s": TRANSFER_S, "longest_s": LONGEST_S}
        console.print(f"written to {write_results('details', settings, figures)}")


if __name__ == "__main__":
    main()
