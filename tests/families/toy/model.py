"""The toy's model: an effect with one matrix, and one hop of state."""

import torch
from torch import Tensor, nn

from training.streaming.contract import State, with_previous
from training.streaming.model import StreamingModel

from .settings import ToySize


class Residual(StreamingModel):
    """A sound less what a matrix makes of the hop before."""

    family = "toy"
    role = "effect"
    description = "Takes out of a sound what its past predicts"

    def __init__(self, size: ToySize) -> None:
        super().__init__()
        self.hop_length = self.tail_samples = size.hop_length
        self.predict = nn.Linear(size.hop_length, size.hop_length, bias=False)

    def own_state(self, batch: int) -> State:
        return {"last": torch.zeros(batch, 1, self.hop_length)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        audio = inputs["audio"]
        hops = audio.reshape(audio.shape[0], -1, self.hop_length)
        before, now, last = with_previous(state["last"], hops)
        return {"audio": (now - self.predict(before)).reshape(audio.shape)}, {"last": last}
