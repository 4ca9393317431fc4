"""The classic: a recurrent network predicts the mean of the next block, as GRUV does (Sekhar, Nayebi, Vitelli 2015).

Blocks are samples under a window, or their spectra; each is normalised by what the songs' blocks are on average. Blocks
overlap by half and are added, so that none begins with a click.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...loop.schedule import set_rate
from ...loop.trainer import Learner, Stage, Trainer
from ...streaming.contract import Carry, State, StreamingModule, with_previous
from ...streaming.layers import OverlapAdd
from ...streaming.scan import Scan
from ...streaming.transform import Transform, fourier_gains, fourier_waves
from .bands import SAMPLE_RATE
from .data import MusicData, Song
from .layers import Recurrence, exactly, state_count
from .model import MONITOR, MusicModel, listen_control
from .settings import MusicSettings, MusicSize

WARM_STEPS, LOWEST_RATE = 50, 0.02
SEEN_BLOCKS = 4096
SMALLEST = 1e-4
"""Of a standard deviation, in full scale."""


class Blocks(nn.Module):
    """Blocks of sound as values and back.

    Parameters
    ----------
    length : int
        Samples of a block.
    domain : str
        ``time`` or ``spectrum``.

    Shapes: (B, N, length) -> (B, N, V) and back.
    """

    window: Tensor

    def __init__(self, length: int, domain: str) -> None:
        super().__init__()
        waves = fourier_waves(length)
        self.transforms = domain == "spectrum"
        self.forth = Transform(length, 16, length // 16, waves, torch.full((len(waves),), 2.0 / length))
        self.back = Transform(length, 16, length // 16, waves, fourier_gains(length).abs() * length / 2)
        self.values = self.forth.size if self.transforms else length
        window = torch.sin(torch.pi * (torch.arange(length) + 0.5) / length)
        self.register_buffer("window", window, persistent=False)

    def analyse(self, blocks: Tensor) -> Tensor:
        """Give the values of blocks."""
        windowed = blocks * self.window
        return self.forth.analyse(windowed.unflatten(-1, (-1, 16))) if self.transforms else windowed

    def synthesise(self, values: Tensor) -> Tensor:
        """Give windowed blocks, to be added with half an overlap."""
        return (self.back.synthesise(values) if self.transforms else values) * self.window


class Network(nn.Module):
    """Predicts normalised blocks.

    Shapes: (B, N, V) -> (B, N, V), each what follows.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: MusicSize) -> None:
        super().__init__()
        self.blocks = Blocks(size.block_length, size.domain)
        kind = nn.LSTM if size.cell == "lstm" else nn.GRU
        self.enter = nn.Linear(self.blocks.values, size.hidden)
        self.layers = kind(size.hidden, size.hidden, size.layers, batch_first=True)
        self.leave = nn.Linear(size.hidden, self.blocks.values)
        self.register_buffer("mean", torch.zeros(self.blocks.values))
        self.register_buffer("deviation", torch.ones(self.blocks.values))

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.layers(self.enter(x))[0])

    def normalised(self, sound: Tensor) -> Tensor:
        """Give normalised blocks (B, N, V) of sound (B, T), each half a block after the one before."""
        length = self.blocks.window.shape[0]
        return (self.blocks.analyse(sound.unfold(-1, length, length // 2)) - self.mean) / self.deviation


class ClassicTrainer(Trainer):
    """Lets the network learn the next block, from excerpts of songs."""

    def __init__(
        self, data: MusicData, settings: MusicSettings, size: MusicSize, device: str = "cpu"
    ) -> None:
        torch.manual_seed(settings.seed)
        self.data, self.settings, self.size, self.device = data, settings, size, torch.device(device)
        network = Network(size).to(self.device)
        self.learner = Learner(
            "network", network, torch.optim.Adam(network.parameters(), settings.learning_rate)
        )
        self.length = round(settings.excerpt_s * SAMPLE_RATE)
        super().__init__(settings.seed, [Stage("learning", settings.steps)], [self.learner])

    def begin(self) -> None:
        """Find what blocks are on average."""
        random = np.random.default_rng(self.settings.seed)
        each = -(-SEEN_BLOCKS // max(1, 2 * self.length // self.size.block_length))
        values = self.learner.module.normalised(self._excerpts(random, each)).flatten(0, 1)
        deviation = (values.std(0) + SMALLEST).clamp_min(SMALLEST)
        for module in (self.learner.module, self.learner.average):
            module.mean.copy_(values.mean(0))
            module.deviation.copy_(deviation)

    def losses(self, random: np.random.Generator) -> dict[str, float]:
        set_rate(self.learner.optimiser, self.rate(self.settings.learning_rate, WARM_STEPS, LOWEST_RATE))
        blocks = self.learner.module.normalised(self._excerpts(random, self.settings.batch))
        return self.learn(block_loss(self.learner.module, blocks))

    def _excerpts(self, random: np.random.Generator, count: int) -> Tensor:
        """Draw excerpts (B, T), all places of all songs alike."""
        lengths = np.array([len(song.samples) for song in self.data.train])
        rows = []
        for number in random.choice(len(lengths), count, p=lengths / lengths.sum()):
            first = int(random.integers(lengths[number] - self.length))
            rows.append(self.data.train[number].samples[first : first + self.length])
        return torch.from_numpy(np.stack(rows).astype(np.float32)).to(self.device)


def block_loss(network: Network, blocks: Tensor) -> Tensor:
    """Give the mean square of what is predicted wrongly in normalised blocks (B, N, V)."""
    return (network(blocks[:, :-1]) - blocks[:, 1:]).square().mean()


@torch.no_grad()
def unpredicted(network: Network, songs: list[Song]) -> float:
    """Give the same of whole songs."""
    found = [
        float(
            block_loss(network, network.normalised(torch.from_numpy(song.samples.astype(np.float32))[None]))
        )
        for song in songs
    ]
    return float(np.mean(found))


class Next(StreamingModule):
    """One block: heard from outside or as predicted, in double precision.

    Shapes: of a block, normalised values (B, V) and whether they are heard (B, 1) -> (B, V).
    """

    def __init__(self, network: Network, size: MusicSize) -> None:
        super().__init__()
        # Nothing bounds blocks, nor what enters the layers.
        self.enter, self.leave = exactly(nn.ModuleList([network.enter, network.leave]), wide=True)
        self.layers = Recurrence(network.layers, size.cell, wide=True)
        self.shape = (state_count(size.cell), size.layers, size.hidden)
        self.values = network.blocks.values

    def own_state(self, batch: int) -> State:
        return {
            "inside": torch.zeros(batch, *self.shape, dtype=torch.float64),
            "expected": torch.zeros(batch, self.values, dtype=torch.float64),
        }

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[Tensor, State]:
        heard, outside = x
        block = torch.where(outside > 0, heard.double(), state["expected"])
        y, inside = self.layers(self.enter(block), state["inside"])
        return block, {"inside": inside, "expected": self.leave(y)}


class Classic(MusicModel):
    """Hears a passage, and goes on with what is most to be expected on average.

    Parameters
    ----------
    network : Network
    size : MusicSize
    """

    mean: Tensor
    deviation: Tensor
    role = "effect"
    description = "Listens to music, and goes on with the mean of what it expects"

    def __init__(self, network: Network, size: MusicSize) -> None:
        super().__init__()
        self.hop_length = size.block_length // 2
        # A block ends a hop after it begins to be heard, and the half that is not yet overlapped is still to come.
        self.latency_samples = self.hop_length
        self.tail_samples = 0
        self.blocks = network.blocks
        self.register_buffer("mean", network.mean, persistent=False)
        self.register_buffer("deviation", network.deviation, persistent=False)
        self.scan = Scan(Next(network, size))
        self.overlap_add = OverlapAdd(self.hop_length)
        self.controls = (listen_control(1), MONITOR)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, 1, self.hop_length)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        before, now, last = with_previous(state["past"], audio.reshape(audio.shape[0], -1, self.hop_length))
        # In double precision, whose last bits move no value from one point of the layers' grid to another.
        heard = (self.blocks.analyse(torch.cat([before, now], -1).double()) - self.mean) / self.deviation
        listens = (inputs["control.listen"] > 0).to(audio.dtype)
        blocks = carry("scan", (heard, listens[..., None])).float() * self.deviation + self.mean
        gain = torch.where(listens > 0, inputs["control.monitor"], torch.ones_like(listens))
        sound = carry("overlap_add", self.blocks.synthesise(blocks) * gain[..., None])
        return {"audio": sound.flatten(1)[:, None]}, carry.next_state | {"past": last}
