"""Decaying tones that a sampler can be filled from, so that what is played can be told by its pitch and its length."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from plugin_host.model_file.controls import MapPoint

RATE = 44100
CLASSES = ("kick", "snare")
CLASS_HZ = {"kick": 100.0, "snare": 400.0}


class ToyShots:
    """A sound at (octaves above 100 Hz, decay, offset, delay); with ``pitched`` the note is the pitch.

    Attributes
    ----------
    played : int
        How many sounds were played.
    """

    sample_rate = RATE
    licence = "model: CC0-1.0\nauthor: nobody & <co>"

    def __init__(self, pitched: bool = False, sha256: str = "") -> None:
        # Others that play otherwise are other files.
        kind = f"{type(self).__name__}, pitched: {pitched}"
        self.name, self.sha256, self.played = "toy", sha256 or hashlib.sha256(kind.encode()).hexdigest(), 0
        self.classes: tuple[str, ...] = () if pitched else CLASSES
        self.notes: tuple[int, int] | None = (36, 60) if pitched else None
        random = np.random.default_rng(1)
        self.points = tuple(
            MapPoint(
                label=f"{label}/{take}",
                x=float(take),
                y=0.0,
                value=(
                    np.log2(hertz / 100) + random.normal() * 0.2,
                    random.normal() * 0.3,
                    0.0,
                    0.0,
                ),
            )
            for label, hertz in CLASS_HZ.items()
            for take in range(8)
        )

    def play(
        self,
        place: NDArray[np.float32],
        *,
        velocity: float = 0.8,
        stretch: float = 1.0,
        seed: int = 0,
        note: float | None = None,
    ) -> NDArray[np.float32]:
        del seed
        self.played += 1
        hertz = 100 * 2 ** float(place[0]) if note is None else 440 * 2 ** ((note - 69) / 12)
        seconds = np.arange(round(RATE * stretch)) / RATE
        sustained = note is not None
        level = np.exp(-seconds / (0.05 * 2 ** float(place[1]) * stretch)) if not sustained else 1.0
        sound = velocity * level * np.sin(2 * np.pi * hertz * seconds) + float(place[2])
        if sustained:
            sound[-RATE // 5 :] *= np.exp(-np.arange(RATE // 5) / (RATE / 50))
        return np.pad(sound, (round(float(place[3]) * RATE), 0)).astype(np.float32)

    def hear(self, sound: NDArray[np.floating], sample_rate: float) -> NDArray[np.float32]:
        spectrum = np.abs(np.fft.rfft(np.asarray(sound).mean(0)))
        hertz = spectrum.argmax() * sample_rate / sound.shape[1]
        return np.array([np.log2(max(hertz, 1) / 100), 0, 0, 0], np.float32)
