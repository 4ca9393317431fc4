"""Settings with which an instrument is judged: in the register it is known for, and as loud as it is when loud."""

import math

import numpy as np

from benchmarks.common.recordings import SAMPLE_RATE
from brainsynth import Model
from plugin_host.effects.calibration import check_can_be_suited, listen, suit

ABOVE_DB = 3.0


def full_strength(model: Model, audio: np.ndarray, analyzer: Model) -> dict[str, float]:
    """Bring a note to the middle of the register and to full strength, even where `calibrate` leaves it alone.

    Parameters
    ----------
    model : Model
        An effect that can be calibrated.
    audio : ndarray
        (T,) or (C, T) at 48 kHz.
    analyzer : Model
        Finds pitch and loudness.

    Returns
    -------
    dict of str to float
        ``octave``: the median pitch as near to the register's as it can be. ``loudness_gain``: the median as loud as the
        loud moments (95th percentile) learned, or less, so that the note's own are at most 3 dB above them. The rest as
        `calibrate` finds it.

    Raises
    ------
    CalibrationError
        If the note has no pitch, or the model cannot be calibrated.
    """
    check_can_be_suited(model)
    heard = listen(analyzer, audio, SAMPLE_RATE)
    trained = model.document.trained
    register, loud_db = trained.get("register_hz", trained["f0_hz"]), trained["loudness_db"].high
    held_db, loudest_db = (float(level) for level in np.percentile(heard.loudness_db, [50, 95]))
    found = {
        "octave": round(math.log2(register.median / float(np.median(heard.f0_hz)))),
        "loudness_gain": round(min(loud_db - held_db, loud_db + ABOVE_DB - loudest_db), 1),
    }
    controls = model.controls
    within = {
        name: float(np.clip(value, controls[name].minimum, controls[name].maximum))
        for name, value in found.items()
    }
    return {**suit(model, heard), **within}
