"""Name the instrument that plays: what a judge of timbre transfer hears, and how it answers.

What must not decide is kept from it: the level (each recording is scaled to its own maximum), the room's
rumble and noise (nothing below 100 Hz is seen, nor below -45 dB of that maximum) and, as far as the
instruments' ranges allow, the pitch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from torch import nn

from benchmarks.common.mel import mel_edges_hz, mel_filters, mel_spectrogram_db

SAMPLE_RATE = 24000
HOP_LENGTH = 240
N_FFT = 1024
N_BANDS = 80
LOWEST_HZ = 100.0
HIGHEST_HZ = 10500.0
KEPT_DB = 75.0
"""More than is shown, so that colours can raise what lies below."""
RANGE_DB = 45.0
SOUNDING_DB = 40.0
FRAME_S = HOP_LENGTH / SAMPLE_RATE
CROP_FRAMES = 100
"""A network sees a second at a time."""


BAND_HZ = mel_edges_hz(N_BANDS, LOWEST_HZ, HIGHEST_HZ)[1:-1]
_FILTERS = mel_filters(SAMPLE_RATE, N_FFT, N_BANDS, LOWEST_HZ, HIGHEST_HZ)


def features(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Turn a recording into levels.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray
        (80, N) float32, -75 to 0 dB, the loudest band of all frames; from the first frame to the last that sounds,
        10 ms apart; one frame at least.
    """
    low = soxr.resample(np.asarray(audio, dtype=np.float32), sample_rate, SAMPLE_RATE)
    level_db = mel_spectrogram_db(low, _FILTERS, HOP_LENGTH)
    level_db = np.maximum(level_db - level_db.max(), -KEPT_DB).astype(np.float32)
    sounding = np.flatnonzero(level_db.max(axis=0) > -SOUNDING_DB)
    return level_db[:, sounding[0] : sounding[-1] + 1]


def as_shown(crops: np.ndarray) -> np.ndarray:
    """Bring crops to the scale that the networks see, each for itself.

    Parameters
    ----------
    crops : ndarray
        (B, 80, 100) dB.

    Returns
    -------
    ndarray
        (B, 80, 100) float32: 1 is the crop's loudest band, 0 lies 45 dB below it or deeper.
    """
    loudest_db = crops.max(axis=(1, 2), keepdims=True)
    return np.clip(1.0 + (crops - loudest_db) / RANGE_DB, 0.0, 1.0).astype(np.float32)


def crop_starts(n_frames: int) -> Sequence[int]:
    """Place the network's window over a recording, half a second apart, the last at its end.

    Parameters
    ----------
    n_frames : int
        Frames of the recording.

    Returns
    -------
    sequence of int
        First frames; 0 alone where the recording is no longer than the window.
    """
    last = max(0, n_frames - CROP_FRAMES)
    return [*range(0, last, CROP_FRAMES // 2), last]


def crop(level_db: np.ndarray, start: int) -> np.ndarray:
    """Take one window, filled up with silence at its end.

    Parameters
    ----------
    level_db : ndarray
        (80, N) features.
    start : int
        First frame.

    Returns
    -------
    ndarray
        (80, 100) float32, dB.
    """
    window = level_db[:, start : start + CROP_FRAMES]
    return np.pad(window, ((0, 0), (0, CROP_FRAMES - window.shape[1])), constant_values=-KEPT_DB)


@dataclass(frozen=True)
class Classifier:
    """A trained judge.

    Attributes
    ----------
    instruments : tuple of str
        Those that it tells apart.
    network : Module
        (B, 80, 100) as :func:`as_shown` gives it to (B, instruments) logits; trained, in evaluation mode.
    """

    instruments: tuple[str, ...]
    network: nn.Module

    def probabilities(self, level_db: np.ndarray) -> dict[str, float]:
        """Judge a sound.

        Parameters
        ----------
        level_db : ndarray
            (80, N) :func:`features` of it, of any length.

        Returns
        -------
        dict of str to float
            Probability of each instrument; together 1.
        """
        crops = as_shown(np.stack([crop(level_db, start) for start in crop_starts(level_db.shape[1])]))
        with torch.inference_mode():
            mean = torch.log_softmax(self.network(torch.from_numpy(crops)), dim=1).mean(dim=0)
        return dict(zip(self.instruments, torch.softmax(mean, dim=0).tolist(), strict=True))

    def instrument(self, level_db: np.ndarray) -> str:
        """Name the likeliest instrument of a sound.

        Parameters
        ----------
        level_db : ndarray
            (80, N) :func:`features` of it.

        Returns
        -------
        str
            One of :attr:`instruments`.
        """
        found = self.probabilities(level_db)
        return max(found, key=found.__getitem__)
