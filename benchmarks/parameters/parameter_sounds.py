"""Sounds of a synth with known parameters: some to estimate, thousands to choose the nearest from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from benchmarks.common.cache import cached_arrays
from brainsynth import Renderer, SynthParameter
from plugin_host.datasets.sampling import RandomSampler
from plugin_host.matching.sound_distances import mel_spectrograms_db
from plugin_host.matching.target_sound import from_onset
from plugin_host.synths.parameters import from_unit, to_unit

HELD_OUT_SEED, NEIGHBOUR_SEED = 20_261_121, 20_261_122
"""Nothing is trained on these: data sets have small seeds."""

STEP = 0.05
QUANTUM = 2.0**-15
_FRAMES_TOGETHER = 5


@dataclass(frozen=True)
class KnownSound:
    """A sound and what made it.

    Attributes
    ----------
    unit : ndarray
        (P,) parameters from 0 to 1.
    audio : ndarray
        (T,) float32, from its onset on.
    """

    unit: np.ndarray
    audio: np.ndarray


def known_sounds(renderer: Renderer, count: int, seed: int = HELD_OUT_SEED) -> list[KnownSound]:
    """Render sounds with uniformly random parameters.

    Parameters
    ----------
    renderer : Renderer
        Of the synth.
    count : int
        How many.
    seed : int
        Of the parameters.

    Returns
    -------
    list of KnownSound
        Without those that are silent.
    """
    sampler = RandomSampler(renderer.synth.parameters, seed)
    sounds = []
    for number in range(count):
        values = sampler.draw(number)
        audio = from_onset(renderer.render_values(values).mean(axis=0))
        if len(audio):
            sounds.append(KnownSound(to_unit(renderer.synth.parameters, values), audio))
    return sounds


def play(renderer: Renderer, unit: np.ndarray) -> np.ndarray:
    """Render parameters (P,) from 0 to 1 as a sound (T,) from its onset on."""
    return from_onset(renderer.render_values(from_unit(renderer.synth.parameters, unit)).mean(axis=0))


def change_db(one: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Give how much two sounds differ: as `sound_distances.mss`, and by their levels as well."""
    length = max(len(one), len(other))
    spectra = [
        mel_spectrograms_db(np.pad(x, (0, length - len(x))), sample_rate, reference=1.0) for x in (one, other)
    ]
    return float(np.mean([np.abs(a - b).mean() for a, b in zip(*spectra, strict=True)]))


def identifiable(renderer: Renderer, sound: KnownSound) -> tuple[np.ndarray, float]:
    """Move each parameter by a twentieth of its range, or by one value, and measure how much the sound changes.

    Parameters
    ----------
    renderer : Renderer
        Of the synth.
    sound : KnownSound
        Of it.

    Returns
    -------
    changes : ndarray
        (P,) `change_db` of each parameter.
    floor : float
        The same of writing the sound in 16 bits: the only noise of a sound that is rendered the same every time.
    """
    rate = renderer.synth.sample_rate
    changes = []
    for index, parameter in enumerate(renderer.synth.parameters):
        steps = parameter.maximum - parameter.minimum
        step = (1 / steps if steps else 0.0) if parameter.is_stepped else STEP
        moved = sound.unit.copy()
        moved[index] += step if moved[index] + step <= 1 + 1e-9 else -step
        changes.append(change_db(sound.audio, play(renderer, moved), rate))
    written = np.round(sound.audio / QUANTUM) * QUANTUM
    return np.array(changes), change_db(sound.audio, written, rate)


def matched(parameters: Sequence[SynthParameter], found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Put the interchangeable voices of the truth in the order that is nearest to the estimate, both (P,) from 0 to 1."""
    ordered = true.copy()
    for kind in sorted({p.equal for p in parameters if p.equal}):
        voices: dict[int, dict[str, int]] = {}
        for index, parameter in enumerate(parameters):
            if parameter.equal == kind:
                voices.setdefault(parameter.voice, {})[parameter.part] = index
        rows = [[voices[voice][part] for part in sorted(voices[voice])] for voice in sorted(voices)]
        orders = [[index for row in order for index in row] for order in permutations(rows)]
        indices = orders[0]
        best = min(orders, key=lambda order: float(np.abs(found[indices] - true[order]).sum()))
        ordered[indices] = true[best]
    return ordered


class Neighbours:
    """Random sounds with known parameters, of which the nearest to another sound is looked up.

    Parameters
    ----------
    renderer : Renderer
        Of the synth.
    count : int
        How many. They are rendered once and kept.
    """

    def __init__(self, renderer: Renderer, count: int) -> None:
        self._renderer = renderer
        kept = cached_arrays(f"neighbours/{renderer.synth.sha256} {count}", lambda: self._render(count))
        self._units, self._pictures = kept["units"], kept["pictures"]

    def nearest(self, audio: np.ndarray) -> np.ndarray:
        """Give the parameters (P,), from 0 to 1, of the sound whose mel spectrogram is nearest."""
        picture = self._picture(audio).astype(np.float32)
        apart = [
            np.abs(part.astype(np.float32) - picture).mean(axis=(1, 2))
            for part in np.array_split(self._pictures, max(1, len(self._pictures) // 500))
        ]
        return self._units[int(np.concatenate(apart).argmin())]

    def _render(self, count: int) -> dict[str, np.ndarray]:
        sounds = known_sounds(self._renderer, count, NEIGHBOUR_SEED)
        pictures = np.stack([self._picture(sound.audio) for sound in sounds])
        return {"units": np.stack([sound.unit for sound in sounds]), "pictures": pictures}

    def _picture(self, audio: np.ndarray) -> np.ndarray:
        """The middle one of the spectrograms of `sound_distances.mss`, every five frames together."""
        synth = self._renderer.synth
        whole = np.pad(audio, (0, synth.frames - len(audio)))
        picture = mel_spectrograms_db(whole, synth.sample_rate)[1]
        frames = picture.shape[1] // _FRAMES_TOGETHER * _FRAMES_TOGETHER
        return picture[:, :frames].reshape(len(picture), -1, _FRAMES_TOGETHER).mean(-1).astype(np.float16)
