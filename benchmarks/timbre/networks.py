"""Two networks that name an instrument, of different build: one looks at the spectrogram, one at its statistics."""

import numpy as np
import scipy.fft
import torch
from torch import Tensor, nn

from benchmarks.timbre.classifier import N_BANDS, RANGE_DB


class SpectrogramNet(nn.Module):
    """A small convolutional network over a second of log-mel frames.

    Parameters
    ----------
    n_instruments : int
        Outputs.
    """

    def __init__(self, n_instruments: int) -> None:
        super().__init__()
        stages: list[nn.Module] = [nn.Conv2d(1, 16, (5, 9), stride=(2, 4), padding=(2, 4), bias=False)]
        stages += [nn.BatchNorm2d(16), nn.ReLU()]
        for narrow, wide in ((16, 32), (32, 56), (56, 80)):
            stages += [nn.Conv2d(narrow, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
            stages += [nn.MaxPool2d(2)]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * 80 * (N_BANDS // 16), n_instruments))

    def forward(self, crops: Tensor) -> Tensor:
        """Score crops.

        Parameters
        ----------
        crops : Tensor
            (B, 80, 100) as :func:`benchmarks.timbre.classifier.as_shown` gives them.

        Returns
        -------
        Tensor
            (B, instruments) logits.
        """
        seen = self.stages(crops[:, None]).flatten(1, 2)
        return self.head(torch.cat((seen.mean(dim=2), seen.amax(dim=2)), dim=1))


class StatisticsNet(nn.Module):
    """Two layers over statistics of frames, which know nothing of the order of frames but the attack.

    Parameters
    ----------
    n_instruments : int
        Outputs.
    """

    basis: Tensor
    N_CEPSTRA = 48
    N_ATTACK = 24

    def __init__(self, n_instruments: int) -> None:
        super().__init__()
        basis = scipy.fft.dct(np.eye(N_BANDS), norm="ortho", axis=0)[1 : self.N_CEPSTRA + 1]
        self.register_buffer("basis", torch.tensor(basis, dtype=torch.float32), persistent=False)
        n_statistics = 3 * self.N_CEPSTRA + self.N_ATTACK + 8 + 2
        self.head = nn.Sequential(
            nn.BatchNorm1d(n_statistics),
            nn.Linear(n_statistics, 192),
            nn.BatchNorm1d(192),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(192, 96),
            nn.BatchNorm1d(96),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(96, n_instruments),
        )

    def forward(self, crops: Tensor) -> Tensor:
        """Score crops.

        Parameters
        ----------
        crops : Tensor
            (B, 80, 100) as :func:`benchmarks.timbre.classifier.as_shown` gives them.

        Returns
        -------
        Tensor
            (B, instruments) logits.
        """
        with torch.autocast("cpu", enabled=False):
            return self.head(self.statistics(crops.float()))

    def statistics(self, crops: Tensor) -> Tensor:
        """Measure crops: cepstra (mean, deviation and motion of held frames; of the attack), contrast, and time of rise.

        Parameters
        ----------
        crops : Tensor
            (B, 80, 100).

        Returns
        -------
        Tensor
            (B, S).
        """
        level = crops.amax(dim=1)
        held = (level > 1.0 - 20.0 / RANGE_DB).float()
        cepstra = self.basis @ crops
        mean = _mean(cepstra, held)
        deviation = (_mean((cepstra - mean[:, :, None]) ** 2, held) + 1e-6).sqrt()
        motion = _mean((cepstra[:, :, 1:] - cepstra[:, :, :-1]).abs(), held[:, 1:] * held[:, :-1])
        # How far single bands stand out of their neighbours: harmonics do, noise does not.
        contrast = _mean((crops[:, 1:] - crops[:, :-1]).abs(), held)
        regions = torch.stack([part.mean(dim=1) for part in contrast.chunk(8, dim=1)], dim=1)
        sounding = level > 1.0 - 35.0 / RANGE_DB
        rising = sounding & (level.cummax(dim=1).values < 1.0 - 6.0 / RANGE_DB)
        first = (sounding & (sounding.cumsum(dim=1) <= 8)).float()
        attack = _mean(cepstra[:, : self.N_ATTACK], first) - mean[:, : self.N_ATTACK]
        times = torch.stack((rising.float().mean(dim=1), _mean(level[:, None], held)[:, 0]), dim=1)
        return torch.cat((mean, deviation, motion, attack, regions, times), dim=1)


def _mean(values: Tensor, frames: Tensor) -> Tensor:
    """Average (B, K, N) over the frames that count, (B, N)."""
    return (values * frames[:, None]).sum(dim=2) / frames.sum(dim=1, keepdim=True).clamp(min=1.0)


NETWORKS = {"spectrogram": SpectrogramNet, "statistics": StatisticsNet}
