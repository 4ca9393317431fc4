"""A twin of the toy of Allan Pichardo's workshop, trained on the same sounds for a given time.

python -m benchmarks.oneshots.workshop_twin --train SOUNDS --out twin.pt [--minutes 25]

A convolutional variational autoencoder of eight dimensions on the spectrograms of whole sounds, whose pictures become sound
by Griffin and Lim's algorithm. It follows what the workshop, "Introduction to Audio Synthesis with Machine Learning",
says of itself, and is no copy of its code. Minutes are of one core's work. What is trained is kept: a second run with
the same sounds, minutes and threads trains nothing.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import librosa
import numpy as np
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.grains.hits import LONGEST_S, Hit, read_hits, split
from benchmarks.grains.measures import SAMPLE_RATE

N_FFT, HOP, BINS, FRAMES = 1024, 256, 512, 256
LATENT, WIDE = 8, 256
CHANNELS = (1, 8, 16, 32, 64, 64)
RANGE_DB = 80.0
BATCH, LEARNING_RATE, BETA = 16, 1e-3, 1e-5
ITERATIONS = 60


class WorkshopTwin(nn.Module):
    """Pictures (B, 1, 512, 256), from 0, 80 dB below a sound's loudest bin, to 1, to eight numbers and back."""

    def __init__(self) -> None:
        super().__init__()
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for narrow, wide in itertools.pairwise(CHANNELS):
            down += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            up = [
                nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1),
                nn.Sigmoid() if narrow == 1 else nn.LeakyReLU(0.2),
                *up,
            ]
        self.shape = (CHANNELS[-1], BINS >> len(CHANNELS) - 1, FRAMES >> len(CHANNELS) - 1)
        size = int(np.prod(self.shape))
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(size, WIDE), nn.LeakyReLU(0.2))
        self.head = nn.Linear(WIDE, 2 * LATENT)
        self.enter = nn.Sequential(nn.Linear(LATENT, WIDE), nn.LeakyReLU(0.2), nn.Linear(WIDE, size))
        self.decoder = nn.Sequential(*up)

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Give means and log variances (B, 8)."""
        mean, log_variance = self.head(self.encoder(pictures)).chunk(2, -1)
        return mean, log_variance.clamp(-10.0, 4.0)

    def decode(self, z: Tensor) -> Tensor:
        """Give pictures of places (B, 8)."""
        return self.decoder(self.enter(z).unflatten(1, self.shape))

    @torch.inference_mode()
    def made_again(self, sound: np.ndarray) -> np.ndarray:
        """Make a sound (T,) again from the mean of its picture."""
        made, top = picture_of(sound)
        return sound_of(self.decode(self.encode(made[None])[0])[0], top, len(sound))


def picture_of(sound: np.ndarray) -> tuple[Tensor, float]:
    """Give the picture (1, 512, 256) of a sound (T,), and the magnitude of its loudest bin."""
    padded = np.pad(sound, (0, FRAMES * HOP))[: (FRAMES - 1) * HOP]
    magnitudes = np.abs(librosa.stft(padded, n_fft=N_FFT, hop_length=HOP))[:BINS]
    top = float(magnitudes.max())
    level_db = 20 * np.log10(np.maximum(magnitudes / max(top, 1e-9), 1e-9))
    return torch.from_numpy(np.clip(1 + level_db / RANGE_DB, 0, 1).astype(np.float32))[None], top


def sound_of(picture: Tensor, top: float, length: int) -> np.ndarray:
    """Give a sound (length,) whose picture (1, 512, 256) is near to this (Griffin and Lim 1984)."""
    level_db = (picture[0].numpy() - 1) * RANGE_DB
    magnitudes = np.where(level_db > -RANGE_DB, top * 10 ** (level_db / 20), 0)
    whole = np.pad(magnitudes, ((0, 1), (0, 0)))
    sound = librosa.griffinlim(whole, n_iter=ITERATIONS, hop_length=HOP, n_fft=N_FFT, random_state=0)
    return np.pad(sound, (0, length))[:length].astype(np.float32)


def train(hits: Sequence[Hit], spent: Callable[[int], float], seed: int = 0) -> WorkshopTwin:
    """Train on whole sounds.

    Parameters
    ----------
    hits : sequence of Hit
    spent : callable
        Says before each step, by its number, which share of the training is over; at 1 it ends.
    seed : int
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    twin = WorkshopTwin()
    pictures = torch.stack([picture_of(hit.sound)[0] for hit in hits]).half()
    # Each class as often as the square root of its number of sounds asks, as in the training of our own.
    names = sorted({hit.label for hit in hits})
    labels = np.array([names.index(hit.label) for hit in hits])
    weights = np.bincount(labels)[labels] ** -0.5
    optimiser = torch.optim.Adam(twin.parameters(), LEARNING_RATE)
    step = 0
    with Progress() as progress:
        bar = progress.add_task("twin", total=1.0)
        while (share := spent(step)) < 1:
            wanted = pictures[random.choice(len(hits), BATCH, p=weights / weights.sum())].float()
            mean, log_variance = twin.encode(wanted)
            made = twin.decode(mean + torch.randn_like(mean) * (log_variance / 2).exp())
            nats = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
            error = functional.mse_loss(made, wanted)
            loss = error + BETA * nats
            optimiser.zero_grad()
            loss.backward()
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * (1 - 0.95 * share)
            optimiser.step()
            step += 1
            said = f"step {step}, error {float(error.detach()):.4f}, {float(nats.detach()):.0f} nats a sound"
            progress.update(bar, completed=share, description=said)
    return twin.eval()


def save(twin: WorkshopTwin, path: Path, origin: dict[str, object]) -> None:
    """Write a twin and what it comes from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"weights": twin.state_dict(), "origin": origin}, path)


def load(path: Path) -> tuple[WorkshopTwin, dict[str, object]]:
    """Read what `save` wrote."""
    stored = torch.load(path, weights_only=True)
    twin = WorkshopTwin()
    twin.load_state_dict(stored["weights"])
    return twin.eval(), stored["origin"]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    known, _ = split(read_hits(arguments.train, LONGEST_S))
    names = sorted(f"{hit.label}/{hit.path.name}" for hit in known)
    origin: dict[str, object] = {"minutes": arguments.minutes, "threads": arguments.threads, "names": names}
    if arguments.out.exists() and load(arguments.out)[1] == origin:
        print(f"{arguments.out} was trained already on these {len(names)} sounds")
        return
    began = time.process_time()
    twin = train(known, lambda _: (time.process_time() - began) / 60 / arguments.minutes)
    save(twin, arguments.out, origin)
    print(f"{len(names)} sounds, {SAMPLE_RATE} Hz: {arguments.out}")


if __name__ == "__main__":
    main()
