"""A judge that names the class of a hit, trained on real hits of several kits, and what it sees of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.grains.measures import Reference

BANDS, FRAMES, RANGE_DB = 80, 128, 70.0
"""Every second frame of the log-mel spectrogram: 1.5 s."""
BATCH, EPOCHS, LEARNING_RATE = 32, 40, 2e-3
EMBEDDED = 128


def features_of(reference: Reference) -> np.ndarray:
    """Give what is seen of a hit: (80, 128), 1 for its own loudest band and 0 for 70 dB below; its level counts not."""
    shown = np.clip(1 + (reference.mel_db - reference.mel_db.max()) / RANGE_DB, 0, 1)[::2][:FRAMES].T
    return np.pad(shown, ((0, 0), (0, FRAMES - shown.shape[1]))).astype(np.float32)


class JudgeNet(nn.Module):
    """Convolutions over a log-mel spectrogram, averaged and at their largest over time."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for narrow, wide in ((1, 16), (16, 32), (32, 48), (48, 64)):
            stages += [
                nn.Conv2d(narrow, wide, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(wide),
                nn.ReLU(),
            ]
        self.stages = nn.Sequential(*stages)
        self.embedding = nn.Sequential(nn.Linear(2 * 64 * BANDS // 16, EMBEDDED), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(EMBEDDED, classes))

    def embed(self, shown: Tensor) -> Tensor:
        """Give (B, 128) of (B, 80, 128)."""
        seen = self.stages(shown[:, None]).flatten(1, 2)
        return self.embedding(torch.cat((seen.mean(2), seen.amax(2)), 1))

    def forward(self, shown: Tensor) -> Tensor:
        """Give logits (B, classes)."""
        return self.head(self.embed(shown))


@dataclass(frozen=True)
class Judge:
    """A trained judge.

    Attributes
    ----------
    classes : tuple of str
    network : JudgeNet
        In evaluation mode.
    """

    classes: tuple[str, ...]
    network: JudgeNet

    @torch.inference_mode()
    def embed(self, shown: np.ndarray) -> np.ndarray:
        """Give embeddings (N, 128) of what is seen of hits (N, 80, 128)."""
        return self.network.embed(torch.from_numpy(shown)).numpy()

    @torch.inference_mode()
    def named(self, shown: np.ndarray) -> np.ndarray:
        """Name the classes of hits (N, 80, 128): (N,) of str."""
        return np.array(self.classes)[self.network(torch.from_numpy(shown)).argmax(1).numpy()]


def train_judge(shown: np.ndarray, labels: Sequence[str], seed: int = 0) -> Judge:
    """Train on hits (N, 80, 128), each changed anew whenever it is seen; every class is drawn equally often."""
    torch.manual_seed(seed)
    classes = tuple(sorted(set(labels)))
    network = JudgeNet(len(classes))
    wanted = torch.tensor([classes.index(label) for label in labels])
    seen = torch.from_numpy(shown)
    shares = 1.0 / torch.bincount(wanted)[wanted]
    steps = EPOCHS * len(labels) // BATCH
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in track(range(steps), "judge"):
        chosen = torch.multinomial(shares, BATCH, replacement=True)
        loss = functional.cross_entropy(network(_changed(seen[chosen])), wanted[chosen], label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return Judge(classes, network.eval())


def _changed(shown: Tensor) -> Tensor:
    """Change colour, pitch, length and noise floor of hits (B, 80, 128), as other drums and rooms would."""
    count = len(shown)
    # Up to 8 bands higher or lower, and from 0.7 to 1.4 times as long.
    scale = torch.zeros(count, 2, 3)
    scale[:, 0, 0] = 2 ** (torch.rand(count) - 0.5)
    scale[:, 0, 2] = scale[:, 0, 0] - 1  # the onset stays where it is
    scale[:, 1, 1] = 1.0
    scale[:, 1, 2] = (torch.rand(count) - 0.5) * 0.4
    grid = functional.affine_grid(scale, [count, 1, BANDS, FRAMES], align_corners=False)
    moved = functional.grid_sample(shown[:, None], grid, align_corners=False)[:, 0]
    colour = functional.interpolate(torch.randn(count, 1, 6) * 7 / RANGE_DB, BANDS, mode="linear")[
        :, 0, :, None
    ]
    coloured = torch.where(moved > 0, moved + colour, moved)
    floor = torch.rand(count, 1, 1) * 0.25
    coloured = torch.maximum(coloured - coloured.amax((1, 2), keepdim=True) + 1, floor)
    return ((coloured - floor) / (1 - floor)).clamp(0, 1)
