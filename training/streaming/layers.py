"""Small streaming blocks that models are built from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .contract import State, StreamingModule, newest, recent, with_previous
from .operators import gru, take


class OverlapAdd(StreamingModule):
    """Add frames of twice the hop, each overlapping the next by half.

    Shapes: (B, N, 2 * hop_length) -> (B, N, hop_length).
    """

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length

    def own_state(self, batch: int) -> State:
        return {"tail": torch.zeros(batch, 1, self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        head, tail = x.split(self.hop_length, -1)
        before, _, last = with_previous(state["tail"], tail)
        return head + before, {"tail": last}


class FilterBank(StreamingModule):
    """Fixed FIR filters side by side, evaluated once a hop.

    A product of frames with a matrix, not a convolution: ONNX Runtime gives a row of a product the same bits however
    many rows there are, which it does not do for convolutions. So blocks equal the whole to the last bit.

    Parameters
    ----------
    kernels : (F, L) tensor
        Each row is correlated with the newest ``L`` samples, oldest first.
    hop_length : int

    Shapes: (B, N, hop_length) -> (B, N, F).
    """

    kernels: Tensor
    window: Tensor

    def __init__(self, kernels: Tensor, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.hops = -(-kernels.shape[1] // hop_length)
        padded = F.pad(kernels, (self.hops * hop_length - kernels.shape[1], 0))
        self.register_buffer("kernels", padded.T.float().contiguous(), persistent=False)
        self.register_buffer("window", torch.arange(self.hops), persistent=False)

    @property
    def reach(self) -> int:
        """Hops after its own in which a hop is still heard."""
        return self.hops - 1

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, self.hops - 1, self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        frames, past = recent(state["past"], x, self.window)
        return frames.reshape(x.shape[0], -1, len(self.kernels)) @ self.kernels, {"past": past}


class LanedFilterBank(FilterBank):
    """A filter bank that cuts each hop into lanes: a small matrix and a few rows instead of a large matrix and one row.

    Parameters
    ----------
    kernels : (F, L) tensor
    hop_length : int
    lanes : int
        How many a hop is cut into; `reach` counts them.

    Shapes: (B, N, hop_length) -> (B, N, lanes, F).
    """

    rows: Tensor

    def __init__(self, kernels: Tensor, hop_length: int, lanes: int) -> None:
        super().__init__(kernels, hop_length // lanes)
        self.register_buffer("rows", torch.arange(lanes)[:, None] + self.window, persistent=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        padded = torch.cat([state["past"], x.reshape(x.shape[0], -1, self.hop_length)], 1)
        first = torch.arange(x.shape[1], device=x.device)[:, None, None] * len(self.rows)
        frames = take(padded, 1, first + self.rows).flatten(3)
        return frames @ self.kernels, {"past": newest(padded, self.reach)}


def fir_kernels(taps: Tensor, outputs: int, stride: int = 1) -> Tensor:
    """Kernels of a `FilterBank` that is one FIR filter: all its outputs of a hop, oldest first.

    Parameters
    ----------
    taps : (L,) impulse response, ``taps[0]`` acting on the newest sample.
    outputs : samples out per hop.
    stride : samples in per sample out (decimation).

    Returns
    -------
    (outputs, L + (outputs - 1) * stride)
    """
    kernels = torch.zeros(outputs, len(taps) + (outputs - 1) * stride, dtype=taps.dtype)
    for i in range(outputs):
        kernels[i, i * stride : i * stride + len(taps)] = taps.flip(0)
    return kernels


class StreamingGRU(StreamingModule):
    """A gated recurrent unit over frames (Cho et al. 2014).

    Shapes: (B, N, inputs) -> (B, N, hidden).
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.cell = nn.GRU(inputs, hidden, batch_first=True)

    def own_state(self, batch: int) -> State:
        return {"hidden": torch.zeros(batch, 1, self.hidden)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        if torch.compiler.is_exporting():
            y, last = gru(x, state["hidden"], *self._onnx_weights())
            return y, {"hidden": last}
        y, last = self.cell(x, state["hidden"].transpose(0, 1))
        return y, {"hidden": last.transpose(0, 1)}

    def _onnx_weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights with the gates in ONNX's order, z before r."""

        def reorder(name: str) -> Tensor:
            reset, update, new = self.cell.get_parameter(name).split(self.hidden)
            return torch.cat([update, reset, new])

        biases = torch.cat([reorder("bias_ih_l0"), reorder("bias_hh_l0")])
        w, r = reorder("weight_ih_l0"), reorder("weight_hh_l0")
        return w.unsqueeze(0), r.unsqueeze(0), biases.unsqueeze(0)


def dense(inputs: int, outputs: int) -> nn.Sequential:
    """A linear layer with layer normalisation and leaky ReLU, the stack of DDSP's decoder (Engel et al. 2020)."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.LeakyReLU(0.1))
