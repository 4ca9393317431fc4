"""What a listener notices when a voice is played as an instrument: pitch, dropouts, noise in pauses, clicks, flips.

Pitch is given every 5 ms, (N,) in Hz, 0 where there is none; whether something sounds likewise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal

from benchmarks.common.loudness import a_weighted_loudness_db
from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.common.sounding import GRID_S
from benchmarks.timbre.note_measures import BEGINNING_S, Parts, below_pitch_db, without_rumble

IN_TUNE_CENTS = 50.0
FLIP_SEMITONES = 9.0
LOUDNESS_WINDOW_S = 0.043

RINGING_S = 0.3
"""So long after a voice has ended, the instrument may ring on."""

AHEAD_S = 0.02

CLICK_HZ = 6000.0
CLICK_S = 0.005
BESIDE_CLICK_S = 0.05
CLICK_FLOOR_DB = -60.0

GAP_S = 0.06
SHORTEST_NOTE_S = 0.1
LOWEST_BELOW_DB = -40.0
WORST = 1e9


@dataclass(frozen=True)
class Measure:
    """A measure of one take played by one model.

    Attributes
    ----------
    label : str
        As in the tables.
    more_is_better : bool
        Which way is good.
    step : float
        What differs by less counts as equal.
    """

    label: str
    more_is_better: bool
    step: float


MEASURES = {
    "median_cents": Measure("cents", False, 2.0),
    "within_50_percent": Measure("≤ 50 c\n%", True, 2.0),
    "sounding_percent": Measure("sounds\n%", True, 1.0),
    "silent_percent": Measure("silent\n%", True, 2.0),
    "loudness_correlation": Measure("loudness\nr", True, 0.02),
    "click_db": Measure("click\ndB", False, 2.0),
    "below_pitch_db": Measure("below\npitch dB", False, 2.0),
    "flips_per_s": Measure("flips\n/s", False, 0.1),
    "outside_semitones": Measure("outside\nst", False, 0.5),
}
"""What is measured, in the table's order. `mean_ranks` goes by them."""


def pitch_errors_cents(asked_hz: np.ndarray, came_hz: np.ndarray) -> np.ndarray:
    """Compare two courses of pitch.

    Parameters
    ----------
    asked_hz, came_hz : ndarray
        (N,) each.

    Returns
    -------
    ndarray
        (M,) cents above what was asked for, of the moments at which both have a pitch.
    """
    both = (asked_hz > 0) & (came_hz > 0)
    return cents(came_hz[both], asked_hz[both])


def within_50_percent(asked_hz: np.ndarray, came_hz: np.ndarray) -> float:
    """Tell how often a pitch that was asked for came.

    Parameters
    ----------
    asked_hz, came_hz : ndarray
        (N,) each.

    Returns
    -------
    float
        Percent of the moments at which a pitch was asked for; NaN where none was. No pitch is a wrong one.
    """
    in_tune = np.abs(pitch_errors_cents(asked_hz, came_hz)) <= IN_TUNE_CENTS
    return _percent(float(in_tune.sum()), int((asked_hz > 0).sum()))


def sounding_percent(voice: np.ndarray, instrument: np.ndarray) -> float:
    """Tell how much of the time in which a voice sounds the instrument does.

    Parameters
    ----------
    voice, instrument : ndarray
        (N,) bool each.

    Returns
    -------
    float
        Percent; below 100 for dropouts. NaN for a voice that never sounds.
    """
    return _percent(float((voice & instrument).sum()), int(voice.sum()))


def silent_percent(voice: np.ndarray, instrument: np.ndarray) -> float:
    """Tell how much of a voice's pauses the instrument is silent in.

    Parameters
    ----------
    voice, instrument : ndarray
        (N,) bool each.

    Returns
    -------
    float
        Percent; NaN without pauses. A pause begins 0.3 s after the voice has ended, so that the instrument may ring on,
        and ends 20 ms before it begins again.
    """
    ringing, ahead = round(RINGING_S / GRID_S), round(AHEAD_S / GRID_S)
    near = np.pad(voice, (ringing, ahead))
    windows = np.lib.stride_tricks.sliding_window_view(near, ringing + 1 + ahead)
    pause = ~windows.any(axis=1)
    return _percent(float((pause & ~instrument).sum()), int(pause.sum()))


def loudness_correlation(voice: np.ndarray, instrument: np.ndarray, sounds: np.ndarray) -> float:
    """Tell how well an instrument follows the dynamics of a voice.

    Parameters
    ----------
    voice, instrument : ndarray
        (T,) each, at 48 kHz.
    sounds : ndarray
        (N,) bool, when to compare: where the voice sounds.

    Returns
    -------
    float
        Correlation of the A-weighted loudness in dB, over 43 ms; NaN where one of them never changes.
    """
    hop_length, win_length = (round(s * SAMPLE_RATE) for s in (GRID_S, LOUDNESS_WINDOW_S))
    moments = np.flatnonzero(sounds)
    one, other = (
        a_weighted_loudness_db(audio, SAMPLE_RATE, hop_length, win_length) for audio in (voice, instrument)
    )
    moments = moments[moments < one.size]
    if moments.size < 2 or min(one[moments].std(), other[moments].std()) < 1e-6:
        return float("nan")
    return float(np.corrcoef(one[moments], other[moments])[0, 1])


def click_db(audio: np.ndarray) -> float:
    """Find the sample-to-sample jump that stands out most from what is around it.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz.

    Returns
    -------
    float
        The largest jump within 5 ms over the largest within the 50 ms before and after, both above 6 kHz, in dB:
        below 6 for tones, noise and trains of pulses, above 12 for a click. Jumps more than 60 dB below the sound's
        largest sample count as that. 0 for silence.
    """
    loudest = float(np.abs(audio).max(initial=0.0))
    if loudest < 1e-6:
        return 0.0
    sections = scipy.signal.butter(6, CLICK_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    jumps = np.abs(np.diff(scipy.signal.sosfilt(sections, audio.astype(np.float64)), prepend=0.0))
    length = round(CLICK_S * SAMPLE_RATE)
    jumps = np.pad(jumps, (0, -jumps.size % length)).reshape(-1, length).max(axis=1)
    jumps = np.maximum(jumps, loudest * 10.0 ** (CLICK_FLOOR_DB / 20.0))
    away = round(BESIDE_CLICK_S / CLICK_S)
    beside = np.ones(2 * away + 1, dtype=bool)
    # A click may lie on the border of two parts, and a filter rings.
    beside[away - 1 : away + 2] = False
    others = scipy.ndimage.maximum_filter(jumps, footprint=beside, mode="nearest")
    return 20.0 * float(np.log10(np.max(jumps / others)))


def below_pitch_at_beginnings_db(audio: np.ndarray, asked_hz: np.ndarray) -> list[float]:
    """Measure what sounds below the pitch where notes begin.

    Parameters
    ----------
    audio : ndarray
        (T,) at 48 kHz, the instrument.
    asked_hz : ndarray
        (N,) the pitch asked of it.

    Returns
    -------
    list of float
        `below_pitch_db`, at least -40, of each stretch of 0.1 s with a pitch after 60 ms without one; below the lowest
        pitch that is asked for in its beginning.
    """
    clean = without_rumble(audio)
    found = []
    for first, last in _notes(asked_hz):
        start = round(first * GRID_S * SAMPLE_RATE)
        lowest_hz = float(asked_hz[first : min(last, first + round(BEGINNING_S / GRID_S))].min())
        parts = Parts(start, round(last * GRID_S * SAMPLE_RATE), slice(start, start))
        level_db = below_pitch_db(clean, parts, lowest_hz)
        if not np.isnan(level_db):
            found.append(max(LOWEST_BELOW_DB, level_db))
    return found


def flips_per_s(asked_hz: np.ndarray, came_hz: np.ndarray) -> float:
    """Count leaps of an instrument's pitch that the voice does not make.

    Parameters
    ----------
    asked_hz, came_hz : ndarray
        (N,) each.

    Returns
    -------
    float
        From one moment with both pitches to the next, changes of the error by more than 9 semitones; per second of
        such moments. 0 where there are none.
    """
    errors = pitch_errors_cents(asked_hz, came_hz)
    flips = np.abs(np.diff(errors)) > 100.0 * FLIP_SEMITONES
    return float(flips.sum()) / (errors.size * GRID_S) if errors.size else 0.0


def outside_semitones(asked_hz: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Tell how far from what an instrument has learned a voice asks it to play.

    Parameters
    ----------
    asked_hz : ndarray
        (N,) pitch asked of it.
    low_hz, high_hz : float
        The pitches learned.

    Returns
    -------
    float
        Mean distance in semitones, 0 for what lies within; NaN where no pitch is asked for.
    """
    asked = asked_hz[asked_hz > 0]
    outside = np.maximum(np.maximum(cents(asked, high_hz), -cents(asked, low_hz)), 0.0) / 100.0
    return float(outside.mean()) if outside.size else float("nan")


def mean_ranks(figures: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    """Say which model takes voices best: the mean of its ranks over all takes and measures.

    Parameters
    ----------
    figures : dict of str to dict of str to dict of str to float
        By take, then by model, the `MEASURES`.

    Returns
    -------
    dict of str to float
        By model, from 1, the best. What differs by less than a measure's step shares its ranks; a figure that is not a
        number is the worst.
    """
    ranks: dict[str, list[float]] = {}
    for models in figures.values():
        for key, measure in MEASURES.items():
            values = [_badness(found[key], measure) for found in models.values()]
            for name, rank in zip(models, _ranks(values, measure.step), strict=True):
                ranks.setdefault(name, []).append(rank)
    return {name: float(np.mean(of_model)) for name, of_model in ranks.items()}


def _badness(value: float, measure: Measure) -> float:
    if np.isnan(value):
        return WORST
    return -value if measure.more_is_better else value


def _ranks(badness: Sequence[float], step: float) -> list[float]:
    """Give each its place: one more than are better by a step, and half a place for every other that is as good."""
    return [
        0.5 + sum(1.0 if other <= one - step else 0.5 if other < one + step else 0.0 for other in badness)
        for one in badness
    ]


def _notes(asked_hz: np.ndarray) -> Iterator[tuple[int, int]]:
    """Give the first moment of each note that begins after a gap, and that after its last."""
    has_pitch = np.pad((asked_hz > 0).astype(int), 1)
    firsts, lasts = np.flatnonzero(np.diff(has_pitch) == 1), np.flatnonzero(np.diff(has_pitch) == -1)
    before = np.concatenate(([-np.inf], lasts[:-1]))
    for first, last, end_before in zip(firsts, lasts, before, strict=True):
        if (first - end_before) * GRID_S >= GAP_S and (last - first) * GRID_S >= SHORTEST_NOTE_S:
            yield int(first), int(last)


def _percent(part: float, whole: int) -> float:
    return 100.0 * part / whole if whole else float("nan")
