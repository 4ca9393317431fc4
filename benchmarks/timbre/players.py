"""Players that turn one instrument's notes into another's: our models, and the baseline of a mean spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from benchmarks.common.recordings import SAMPLE_RATE, Recording
from benchmarks.pitch.tracking import Tracker, track_pitch
from benchmarks.timbre.mean_spectrum import fit_mean_spectrum, play_recording

CALIBRATE, FULL_STRENGTH = "calibrate", "full-strength"
"""How a note is suited to a model: as users get it, or by `benchmarks.timbre.full_strength`."""


@dataclass(frozen=True)
class Played:
    """What a player gave, and what was asked for.

    Attributes
    ----------
    audio : ndarray
        (T,) float32 at 48 kHz, in time with the input.
    octave : float
        Octaves that the output should lie above the input.
    gain_db : float
        By how much it should be louder.
    calibrated : bool
        False where no octave and gain could be found, and the input was played as it is.
    """

    audio: np.ndarray
    octave: float = 0.0
    gain_db: float = 0.0
    calibrated: bool = True


class Player(Protocol):
    """Plays an input as the instrument it knows."""

    @property
    def name(self) -> str:
        """As in the tables."""
        ...

    @property
    def settings(self) -> tuple[str, ...]:
        """The ways in which it can suit a note to its instrument; the first is the usual one."""
        ...

    def resynthesize(self, audio: np.ndarray) -> Played:
        """Play its own instrument's note, (T,) float32 at 48 kHz, as it is."""
        ...

    def transfer(self, audio: np.ndarray, setting: str | None = None) -> Played:
        """Play another instrument's note, (T,) float32 at 48 kHz, suited to its own in one of :attr:`settings`."""
        ...


class ModelPlayer:
    """A model of ours.

    Parameters
    ----------
    model : str
        A bundled name or the path of a model file.
    analyzer : str
        Finds pitch and loudness for the calibration; likewise.
    """

    name = "model"
    settings = (FULL_STRENGTH, CALIBRATE)

    def __init__(self, model: str, analyzer: str = "pitch") -> None:
        from brainsynth import Model

        self._model = Model(model)
        self._analyzer = Model(analyzer)

    def resynthesize(self, audio: np.ndarray) -> Played:
        """Play a note as it is."""
        return Played(np.asarray(self._model.render(audio, SAMPLE_RATE)))

    def transfer(self, audio: np.ndarray, setting: str | None = None) -> Played:
        """Play a note in the instrument's register and at its full strength, or as `calibrate` sets it."""
        from benchmarks.timbre.full_strength import full_strength
        from brainsynth import calibrate
        from plugin_host.errors import CalibrationError

        try:
            if setting == CALIBRATE:
                settings = calibrate(self._model, audio, SAMPLE_RATE, self._analyzer)
            else:
                settings = full_strength(self._model, audio, self._analyzer)
        except CalibrationError:
            return replace(self.resynthesize(audio), calibrated=False)
        played = np.asarray(self._model.render(audio, SAMPLE_RATE, **settings))
        return Played(played, settings["octave"], settings["loudness_gain"])


class MeanSpectrumPlayer:
    """The baseline: the instrument's mean spectrum at the tracked pitch and loudness.

    Parameters
    ----------
    recordings : sequence of Recording
        The instrument's training notes.
    tracker : Tracker
        Tells the pitch; it may look ahead.
    """

    name = "mean spectrum"
    settings = ("nearest octave",)

    def __init__(self, recordings: Sequence[Recording], tracker: Tracker) -> None:
        self._spectrum = fit_mean_spectrum(recordings)
        self._tracker = tracker
        self._median_hz = float(np.median([recording.note_hz for recording in recordings]))

    def resynthesize(self, audio: np.ndarray) -> Played:
        """Play a note as it is."""
        return Played(play_recording(self._spectrum, audio, track_pitch(self._tracker, audio)))

    def transfer(self, audio: np.ndarray, setting: str | None = None) -> Played:
        """Play a note in the octave in which it is nearest to the instrument's median note."""
        pitch = track_pitch(self._tracker, audio)
        voiced = pitch.f0_hz[pitch.voicing >= 0.5] if np.any(pitch.voicing >= 0.5) else pitch.f0_hz
        octave = float(np.round(np.log2(self._median_hz / np.median(voiced))))
        return Played(play_recording(self._spectrum, audio, pitch.higher(octave)), octave)
