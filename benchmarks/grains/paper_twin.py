"""A twin of the model of Bitton, Esling and Harada (2020, arXiv 2008.01393), trained on the same hits for a given time.

python -m benchmarks.grains.paper_twin --train DRUMS --out twin.pt [--minutes 30] [--longest-s 1.5]

Minutes are of one core's work, so that other work beside it takes nothing from it.

A variational autoencoder of waveform grains of 93 ms, three quarters overlapping, each coded as 32 numbers. Its decoder
filters noise by one magnitude per bin and grain; grains are added up and pass a learned filter. It follows the paper's text
and is no copy of its code. The loss is our own family's, so that the way of making sound is what differs. What is trained is
kept: a second run with the same hits, minutes and threads trains nothing.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.grains.hits import LONGEST_S, Hit, read_hits, split
from training.hits.losses import hit_loss

GRAIN, HOP = 4096, 1024
LATENT, WIDE = 32, 512
CODED = 16
"""Grains of which an excerpt in training consists, besides the three that reach in from either side."""
BATCH, LEARNING_RATE = 6, 5e-4
BETA, WARM_UP = 3e-4, 0.3


class Twin(nn.Module):
    """Grains of sound to 32 numbers and back.

    Parameters
    ----------
    classes : sequence of str
        That condition the decoder.
    """

    window: Tensor

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__()
        self.classes = tuple(classes)
        stages: list[nn.Module] = []
        for narrow, wide in ((1, 24), (24, 48), (48, 96), (96, 128)):
            stages += [nn.Conv1d(narrow, wide, 9, stride=4, padding=4), nn.LeakyReLU(0.2)]
        self.encoder = nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * GRAIN // 256, 2 * LATENT))
        hidden: list[nn.Module] = [nn.Linear(LATENT + len(self.classes), WIDE), nn.LeakyReLU(0.2)]
        for _ in range(2):
            hidden += [nn.Linear(WIDE, WIDE), nn.LayerNorm(WIDE), nn.LeakyReLU(0.2)]
        levels = nn.Linear(WIDE, GRAIN // 2 + 1)
        nn.init.constant_(levels.bias, -6.0)  # magnitudes begin low, as those of hits mostly are
        self.decoder = nn.Sequential(*hidden, levels)
        self.post = nn.Conv1d(1, 1, 65, padding=32, bias=False)
        nn.init.dirac_(self.post.weight)
        self.register_buffer("window", torch.hann_window(GRAIN))

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Give means and log variances (B, N, 32) of the grains of sounds (B, T); N = T / 1024 + 3, T a multiple."""
        padded = functional.pad(sound, (GRAIN - HOP, GRAIN - HOP))
        grains = padded.unfold(-1, GRAIN, HOP) * self.window
        coded = self.encoder(grains.reshape(-1, 1, GRAIN)).reshape(len(sound), -1, 2 * LATENT)
        mean, log_variance = coded.chunk(2, -1)
        return mean, log_variance.clamp(-10.0, 4.0)

    def decode(self, z: Tensor, weights: Tensor) -> Tensor:
        """Play grains (B, N, 32) under weights of classes (B, K): (B, 1024 * (N - 3))."""
        count = z.shape[1]
        level = self.decoder(torch.cat((z, weights[:, None].expand(-1, count, -1)), -1))
        magnitudes = level.clamp_max(8.0).exp()
        noise = torch.rand(len(z), count, GRAIN, device=z.device) * 2 - 1
        grains = torch.fft.irfft(torch.fft.rfft(noise) * magnitudes, GRAIN) * self.window
        size = (1, (count - 1) * HOP + GRAIN)
        added = functional.fold(grains.transpose(1, 2), size, (1, GRAIN), stride=(1, HOP))[:, 0, 0]
        return self.post(added[:, None, GRAIN - HOP : HOP - GRAIN])[:, 0]

    @torch.inference_mode()
    def made_again(self, sound: np.ndarray, label: str) -> np.ndarray:
        """Make a sound (T,) of a class again from the means of its grains; of an unknown class, without one."""
        padded = functional.pad(torch.from_numpy(sound)[None], (0, -len(sound) % HOP))
        weights = torch.tensor([[float(label == name) for name in self.classes]])
        return self.decode(self.encode(padded)[0], weights)[0, : len(sound)].numpy()


def train(hits: Sequence[Hit], spent: Callable[[int], float], seed: int = 0) -> Twin:
    """Train on excerpts of which every second begins with an onset.

    Parameters
    ----------
    hits : sequence of Hit
    spent : callable
        Says before each step, by its number, which share of the training is over; at 1 it ends.
    seed : int
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    twin = Twin(sorted({hit.label for hit in hits}))
    # Each class as often as the square root of its number of hits asks, as in the training of our own.
    labels = np.array([twin.classes.index(hit.label) for hit in hits])
    weights = np.bincount(labels)[labels] ** -0.5
    optimiser = torch.optim.Adam(twin.parameters(), LEARNING_RATE)
    step = 0
    with Progress() as progress:
        bar = progress.add_task("twin", total=1.0)
        while (share := spent(step)) < 1:
            chosen = random.choice(len(hits), BATCH, p=weights / weights.sum())
            sound = torch.from_numpy(np.stack([_excerpt(hits[index].sound, random) for index in chosen]))
            given = functional.one_hot(torch.from_numpy(labels[chosen]), len(twin.classes)).float()
            mean, log_variance = twin.encode(sound)
            made = twin.decode(mean + torch.randn_like(mean) * (log_variance / 2).exp(), given)
            nats = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean()
            loss = hit_loss(made, sound) + BETA * min(1.0, share / WARM_UP) * nats
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(twin.parameters(), 5.0)
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * (1 - 0.95 * share)
            optimiser.step()
            step += 1
            said = f"step {step}, loss {float(loss.detach()):.2f}, {float(nats.detach()):.0f} nats a grain"
            progress.update(bar, completed=share, description=said)
    return twin.eval()


def _excerpt(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    length = CODED * HOP
    begin = random.integers(0, max(1, len(sound) - length // 2)) if random.random() < 0.5 else 0
    part = sound[begin : begin + length]
    return np.pad(part, (0, length - len(part)))


def save(twin: Twin, path: Path, origin: dict[str, object]) -> None:
    """Write a twin and what it comes from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"classes": list(twin.classes), "weights": twin.state_dict(), "origin": origin}, path)


def load(path: Path) -> tuple[Twin, dict[str, object]]:
    """Read what `save` wrote."""
    stored = torch.load(path, weights_only=True)
    twin = Twin(stored["classes"])
    twin.load_state_dict(stored["weights"])
    return twin.eval(), stored["origin"]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--longest-s", type=float, default=LONGEST_S)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    known, _ = split(read_hits(arguments.train, arguments.longest_s))
    names = sorted(f"{hit.label}/{hit.path.name}" for hit in known)
    origin: dict[str, object] = {"minutes": arguments.minutes, "threads": arguments.threads, "names": names}
    if arguments.out.exists() and load(arguments.out)[1] == origin:
        print(f"{arguments.out} was trained already on these {len(names)} hits")
        return
    began = time.process_time()
    twin = train(known, lambda _: (time.process_time() - began) / 60 / arguments.minutes)
    save(twin, arguments.out, origin)


if __name__ == "__main__":
    main()
