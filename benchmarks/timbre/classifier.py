"""Name the instrument that plays: the judge of timbre transfer, trained on real notes only.

What must not decide is kept from it: the level (each recording is scaled to its own maximum), the room's
rumble and noise (nothing below 100 Hz is seen, nor below -45 dB of that maximum) and, as far as the
instruments' ranges allow, the pitch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor, nn

from benchmarks.common.mel import mel_edges_hz, mel_filters, mel_spectrogram_db

SAMPLE_RATE = 24000
HOP_LENGTH = 240
N_FFT = 1024
N_BANDS = 80
LOWEST_HZ = 100.0
HIGHEST_HZ = 10500.0
RANGE_DB = 45.0
CROP_FRAMES = 100
"""The network sees a second at a time."""


BAND_HZ = mel_edges_hz(N_BANDS, LOWEST_HZ, HIGHEST_HZ)[1:-1]
_FILTERS = mel_filters(SAMPLE_RATE, N_FFT, N_BANDS, LOWEST_HZ, HIGHEST_HZ)


def features(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Turn a recording into what the network sees.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.

    Returns
    -------
    ndarray
        (80, N) float32, 0 (45 dB below the loudest band of all frames, or less) to 1, from the first frame to
        the last that sounds, 10 ms apart; one frame at least.
    """
    low = soxr.resample(np.asarray(audio, dtype=np.float32), sample_rate, SAMPLE_RATE)
    level_db = mel_spectrogram_db(low, _FILTERS, HOP_LENGTH)
    shown = np.clip(1.0 + (level_db - level_db.max()) / RANGE_DB, 0.0, 1.0).astype(np.float32)
    sounding = np.flatnonzero(shown.max(axis=0) > 1.0 - 40.0 / RANGE_DB)
    return shown[:, sounding[0] : sounding[-1] + 1]


class InstrumentNet(nn.Module):
    """A small convolutional network over a second of log-mel frames.

    Parameters
    ----------
    n_instruments : int
        Outputs.
    """

    def __init__(self, n_instruments: int) -> None:
        super().__init__()
        stages: list[nn.Module] = [nn.Conv2d(1, 24, 5, stride=2, padding=2, bias=False)]
        stages += [nn.BatchNorm2d(24), nn.ReLU()]
        for narrow, wide in ((24, 48), (48, 72), (72, 96)):
            stages += [nn.Conv2d(narrow, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
            stages += [nn.MaxPool2d(2)]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * 96 * (N_BANDS // 16), n_instruments))

    def forward(self, crops: Tensor) -> Tensor:
        """Score crops.

        Parameters
        ----------
        crops : Tensor
            (B, 80, 100) as :func:`features` gives them.

        Returns
        -------
        Tensor
            (B, instruments) logits.
        """
        seen = self.stages(crops[:, None]).flatten(1, 2)
        return self.head(torch.cat((seen.mean(dim=2), seen.amax(dim=2)), dim=1))


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


def crop(shown: np.ndarray, start: int) -> np.ndarray:
    """Take one window, filled up with silence at its end.

    Parameters
    ----------
    shown : ndarray
        (80, N) features.
    start : int
        First frame.

    Returns
    -------
    ndarray
        (80, 100) float32.
    """
    window = shown[:, start : start + CROP_FRAMES]
    return np.pad(window, ((0, 0), (0, CROP_FRAMES - window.shape[1])))


@dataclass(frozen=True)
class Classifier:
    """A trained judge.

    Attributes
    ----------
    instruments : tuple of str
        Those that it tells apart.
    network : InstrumentNet
        Trained, in evaluation mode.
    """

    instruments: tuple[str, ...]
    network: InstrumentNet

    def probabilities(self, audio: np.ndarray, sample_rate: int) -> dict[str, float]:
        """Judge a recording.

        Parameters
        ----------
        audio : ndarray
            (T,) mono, of any length and level; it must not be silent.
        sample_rate : int
            Hz.

        Returns
        -------
        dict of str to float
            Probability of each instrument; together 1.
        """
        shown = features(audio, sample_rate)
        crops = np.stack([crop(shown, start) for start in crop_starts(shown.shape[1])])
        with torch.inference_mode():
            mean = torch.log_softmax(self.network(torch.from_numpy(crops)), dim=1).mean(dim=0)
        return dict(zip(self.instruments, torch.softmax(mean, dim=0).tolist(), strict=True))

    def instrument(self, audio: np.ndarray, sample_rate: int) -> str:
        """Name the likeliest instrument of a recording.

        Parameters
        ----------
        audio : ndarray
            (T,) mono.
        sample_rate : int
            Hz.

        Returns
        -------
        str
            One of :attr:`instruments`.
        """
        found = self.probabilities(audio, sample_rate)
        return max(found, key=found.__getitem__)

    def save(self, path: Path) -> None:
        """Write the judge to a file.

        Parameters
        ----------
        path : Path
            Its folder is made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"instruments": list(self.instruments), "weights": self.network.state_dict()}, path)

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Read a judge from a file.

        Parameters
        ----------
        path : Path
            Written by :meth:`save`.

        Returns
        -------
        Classifier
            Ready for use.
        """
        stored = torch.load(path, weights_only=True)
        network = InstrumentNet(len(stored["instruments"]))
        network.load_state_dict(stored["weights"])
        return cls(tuple(stored["instruments"]), network.eval())
