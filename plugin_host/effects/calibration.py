"""Move a sound that a model does not know into its range: by whole octaves and by a gain, with its noise left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CalibrationError, NothingToCalibrateError
from ..model_file.controls import Scale
from ..model_file.document import ModelDocument, Range
from ..playing.model import Model
from .low_cut import HIGHEST_CUT_HZ, LOWEST_CUT_HZ
from .neural_effect import NeuralEffect

ANALYZER = "pitch"
VOICED = 0.5
SILENT_DB = -80.0
SHORTEST_VOICED_S = 0.1
RANGE_DB = 40.0
BESIDE_SEMITONES = 4.0
NARROWEST_SEMITONES = 13.0
FITTING = 0.9
FARTHEST_OCTAVES = 10
SOFT_BELOW_MEDIAN_DB = 12.0
SOFTER_DB = 8.0
LOUDER_DB = 6.0
GATE = "noise_gate"
GATE_ABOVE_NOISE_DB = 6.0
GATE_BELOW_MUSIC_DB = 6.0
GATE_LEAST_BELOW_MUSIC_DB = 3.0

_SETTABLE = (Scale.LINEAR, Scale.LOG, Scale.INTEGER)


@dataclass(frozen=True)
class Heard:
    """What an analyzer has heard in a sound.

    Parameters
    ----------
    f0_hz, loudness_db : (N,)
        Of the frames that have a pitch and are not far below the loudest.
    noise_db : float
        How loud the sound is where it has no pitch, in its quieter moments; minus infinity if it has a pitch throughout.
    quietest_db : float
        How loud the quietest moments with a pitch are that stand out of the noise.
    """

    f0_hz: NDArray[np.float32]
    loudness_db: NDArray[np.float32]
    noise_db: float
    quietest_db: float


def calibrate(
    model: Model | NeuralEffect | str | PathLike[str],
    audio: NDArray[np.floating],
    sample_rate: float,
    analyzer: Model | None = None,
) -> dict[str, float]:
    """Find the octave and the gain that bring a sound into the range of an instrument, and its noise gate.

    What fits is left alone: a melody of two octaves stays as wide, soft notes stay soft.

    Parameters
    ----------
    model : Model, NeuralEffect, str or path
        An effect, a bundled one's name or a file of one, with the controls ``octave`` and ``loudness_gain``; its file
        carries its trained range.
    audio : array
        (C, T) or (T,) floating-point samples from -1 to 1: a few seconds or more of what will be played.
    sample_rate : float
        Of `audio`, in Hz.
    analyzer : Model, optional
        What finds pitch and loudness; the bundled one unless given.

    Returns
    -------
    dict of str to float
        ``octave``, a whole number, and ``loudness_gain`` in dB, both 0 unless the sound is too low, high, soft or loud
        for the instrument, and within their controls' limits. Where the model has it, ``noise_gate`` in dB too: above
        the noise of the pauses, never above quiet music, and else its default.

    Raises
    ------
    NothingToCalibrateError
        If the sound is silent or nowhere has a pitch.
    CalibrationError
        If the model cannot be calibrated.
    StreamError
        If audio or rate cannot be analysed at all.
    """
    if isinstance(model, NeuralEffect):
        model = model.model
    elif not isinstance(model, Model):
        model = Model(model)
    check_can_be_suited(model)
    return suit(model, listen(analyzer or Model(ANALYZER), audio, sample_rate))


def check_can_be_suited(model: Model) -> None:
    """Raise CalibrationError unless the model has the controls and the ranges that calibration needs."""
    _ranges(model.document)
    controls = model.controls
    missing = [
        name
        for name in ("octave", "loudness_gain")
        if name not in controls or controls[name].is_vector or controls[name].scale not in _SETTABLE
    ]
    if missing:
        raise CalibrationError(
            f"{model.name} has no control {' or '.join(missing)} of one number, and calibration sets them"
        )


def suit(model: Model, heard: Heard) -> dict[str, float]:
    """Find a model's controls for what was heard, as `calibrate` gives them."""
    trained_hz, register_hz, trained_db = _ranges(model.document)
    controls = model.controls
    found = {
        "octave": octaves(heard.f0_hz, trained_hz, register_hz),
        "loudness_gain": gain_to(heard.loudness_db, trained_db),
    }
    if GATE in controls:
        found[GATE] = _gate_db(heard, controls[GATE].defaults[0])
    return {
        name: float(np.clip(round(value, 1), controls[name].minimum, controls[name].maximum))
        for name, value in found.items()
    }


def suited_low_cut_hz(model: Model, heard: Heard, settings: Mapping[str, Any]) -> float:
    """Find the frequency below which a calibrated model plays nothing but rumble.

    Parameters
    ----------
    model : Model
        That will play.
    heard : Heard
        In what it will play.
    settings : mapping of str to float
        Its controls, of which ``octave`` and ``pitch_shift`` count.

    Returns
    -------
    float
        In Hz, half an octave below the lowest note of those that it has learned and those that it will play; 0 where
        that is too low to cut.
    """
    octaves = _number(settings.get("octave")) + _number(settings.get("pitch_shift")) / 12
    # A control's range may be any, and two to the power of a thousand is no number.
    lowest_hz = float(np.percentile(heard.f0_hz, 1)) * 2.0 ** float(np.clip(octaves, -99, 99))
    corner_hz = min(lowest_hz, model.document.trained["f0_hz"].low) / math.sqrt(2)
    return round(min(corner_hz, HIGHEST_CUT_HZ), 1) if corner_hz >= LOWEST_CUT_HZ else 0.0


def _number(value: object) -> float:
    """Give a setting as a number; 0 for one of no or several numbers, which does not transpose."""
    return float(value) if isinstance(value, int | float | np.integer | np.floating) else 0.0


def _ranges(document: ModelDocument) -> tuple[Range, Range, Range]:
    """Give the pitches trained, the register to play in, which is all of them if none is named, and the loudness."""
    trained: Mapping[str, Range] = document.trained
    if "f0_hz" not in trained or "loudness_db" not in trained:
        raise CalibrationError(
            f"{document.name} does not say in which range of pitch and loudness it was trained;"
            " set its controls by hand"
        )
    for name in ("f0_hz", "register_hz"):
        if name in trained and trained[name].low <= 0:
            raise CalibrationError(
                f"{document.name} says that {name} was trained from {trained[name].low:g} Hz, and a pitch is above 0;"
                " export it again, or set its controls by hand"
            )
    return trained["f0_hz"], trained.get("register_hz", trained["f0_hz"]), trained["loudness_db"]


def listen(analyzer: Model, audio: NDArray[np.floating], sample_rate: float) -> Heard:
    """Analyze a sound; the parameters and errors are those of `calibrate`."""
    found = analyzer.render(audio, sample_rate)
    if not isinstance(found, dict) or not {"f0_hz", "voicing", "loudness_db"} <= found.keys():
        raise CalibrationError(f"{analyzer.name} is no analyzer of pitch, voicing and loudness")
    # An analyzer may be anybody's, and there are no octaves to a pitch of 0.
    is_voiced = (found["voicing"] > VOICED) & (found["f0_hz"] > 0)
    loudness_db = found["loudness_db"]
    loudest = float(loudness_db.max(initial=-math.inf))
    if loudest < SILENT_DB:
        raise NothingToCalibrateError(
            "the sound is silent, so there is nothing to calibrate by; play, or choose another part"
        )
    chosen = is_voiced & (loudness_db > max(SILENT_DB, loudest - RANGE_DB))
    frame_s = analyzer.document.hop_length / analyzer.document.sample_rate
    if chosen.sum() * frame_s < SHORTEST_VOICED_S:
        raise NothingToCalibrateError(
            "the sound has hardly any pitch to calibrate by; choose a part with sung or played notes,"
            " or set octave and loudness_gain by hand"
        )
    unvoiced = loudness_db[~is_voiced]
    noise_db = (
        float(np.percentile(unvoiced, 25)) if unvoiced.size * frame_s >= SHORTEST_VOICED_S else -math.inf
    )
    # Noise alone is sometimes taken for a pitch.
    music = loudness_db[is_voiced & (loudness_db > noise_db + GATE_ABOVE_NOISE_DB)]
    quietest_db = float(np.percentile(music, 1)) if music.size else loudest
    return Heard(found["f0_hz"][chosen], loudness_db[chosen], noise_db, quietest_db)


def octaves(f0_hz: NDArray[np.floating], trained: Range, register: Range) -> int:
    """Give the fewest whole octaves with which nine tenths of the pitches that can fit what was learned do.

    Parameters
    ----------
    f0_hz : (N,)
        Pitches above 0, in Hz; at least one.
    trained : Range
        Of all pitches learned. What is up to 4 semitones beside it fits, and an octave and a semitone at the least, so
        that there is a place for every note.
    register : Range
        Of the register to play in; where so many octaves up do as well as down, its median is the nearer one.

    Returns
    -------
    int
        0 for whatever fits, however wide it is.
    """
    heard = np.log2(np.asarray(f0_hz, np.float64))
    low, high = math.log2(trained.low), math.log2(trained.high)
    beside = max(BESIDE_SEMITONES / 12, (NARROWEST_SEMITONES / 12 - (high - low)) / 2)
    tried = range(-FARTHEST_OCTAVES, FARTHEST_OCTAVES + 1)
    shares = {n: np.mean((heard + n >= low - beside) & (heard + n <= high + beside)) for n in tried}
    enough = FITTING * max(shares.values())
    middle = math.log2(register.median) - float(np.median(heard))
    return min((n for n in tried if shares[n] >= enough), key=lambda n: (abs(n), abs(n - middle)))


def gain_to(loudness_db: NDArray[np.floating], trained: Range) -> float:
    """Give the gain in dB that a take needs which is louder or softer than the instrument, and 0 for any other.

    Parameters
    ----------
    loudness_db : (N,)
        Of the notes, without the pauses; at least one.
    trained : Range
        Of the loudness learned.

    Returns
    -------
    float
        Below 0 if the loud moments (95th percentile) are more than 6 dB above those learned: down to these 6 dB. Above
        0 if the median is more than 8 dB below the soft moments learned (5th percentile, or 12 dB below the median
        where that is more): as little as brings soft moments up to those learned, but loud ones not above them.
    """
    soft, held, loud = (float(level) for level in np.percentile(loudness_db, [5, 50, 95]))
    highest = trained.high + LOUDER_DB - loud
    if highest < 0:
        return highest
    # Where recordings have long tails, the softest that was learned is next to silence.
    soft_learned = max(trained.low, trained.median - SOFT_BELOW_MEDIAN_DB)
    if held >= soft_learned - SOFTER_DB:
        return 0.0
    within = min(soft_learned - soft, trained.high - loud)
    return min(max(within, soft_learned - held), highest)


def _gate_db(heard: Heard, default: float) -> float:
    """Put the gate above the noise, and below the quietest music whatever the noise, well below it if there is room."""
    above_noise = heard.noise_db + GATE_ABOVE_NOISE_DB
    near_music = heard.quietest_db - GATE_LEAST_BELOW_MUSIC_DB
    highest = max(heard.quietest_db - GATE_BELOW_MUSIC_DB, min(near_music, above_noise))
    return min(max(default, above_noise), highest)
