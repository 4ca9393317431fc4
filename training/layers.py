"""Small streaming blocks that models are built from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .streaming import State, StreamingModule


class OverlapAdd(StreamingModule):
    """Add frames of twice the hop, each overlapping the next by half.

    Shapes: (B, N, 2 * hop_length) -> (B, N * hop_length).
    """

    def __init__(self, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length

    def own_state(self, batch: int) -> State:
        return {"tail": torch.zeros(batch, 1, self.hop_length)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        tails = torch.cat([state["tail"], x[:, :, self.hop_length :]], 1)
        y = x[:, :, : self.hop_length] + tails[:, :-1]
        return y.reshape(x.shape[0], -1), {"tail": tails[:, -1:]}


class FilterBank(StreamingModule):
    """Fixed FIR filters side by side, evaluated once every ``stride`` samples.

    A product of frames with a matrix, not a convolution: ONNX Runtime gives a row of a product the same bits however
    many rows there are, which it does not do for convolutions. So blocks equal the whole to the last bit.

    Parameters
    ----------
    kernels : (F, L) tensor
        Each row is correlated with the newest ``L`` samples, oldest first.
    stride : int
        Samples between outputs, the last of which ends with the call.

    Shapes: (B, T) -> (B, T / stride, F).
    """

    def __init__(self, kernels: Tensor, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.strides = -(-kernels.shape[1] // stride)
        padded = F.pad(kernels, (self.strides * stride - kernels.shape[1], 0))
        self.register_buffer("kernels", padded.T.float().contiguous(), persistent=False)
        self.register_buffer("window", torch.arange(self.strides), persistent=False)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, (self.strides - 1) * self.stride)} if self.strides > 1 else {}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        steps = x.reshape(x.shape[0], -1, self.stride)
        if self.strides == 1:
            return steps @ self.kernels, {}
        past = state["past"].reshape(x.shape[0], -1, self.stride)
        line = torch.cat([past, steps], 1)
        frames = torch.arange(steps.shape[1], device=x.device)
        recent = line[:, frames[:, None] + self.window].flatten(2)
        return recent @ self.kernels, {"past": line[:, 1 - self.strides :].flatten(1)}


def fir_lanes(taps: Tensor, lanes: int, stride: int = 1) -> Tensor:
    """Kernels of a `FilterBank` that gives ``lanes`` neighbouring outputs of one FIR filter at once.

    One filter alone makes a matrix product with a single row, which no processor does well. Use the bank with a stride
    of ``lanes * stride`` samples.

    Parameters
    ----------
    taps : (L,) impulse response, ``taps[0]`` acting on the newest sample.
    lanes : outputs per step, oldest first.
    stride : samples from one output to the next (decimation).

    Returns
    -------
    (lanes, L + (lanes - 1) * stride)
    """
    reversed_taps = taps.flip(0)
    kernels = torch.zeros(lanes, len(taps) + (lanes - 1) * stride, dtype=taps.dtype)
    for lane in range(lanes):
        kernels[lane, lane * stride : lane * stride + len(taps)] = reversed_taps
    return kernels


@torch.library.custom_op("brainsynth::gru", mutates_args=())
def gru(x: Tensor, hidden: Tensor, w: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """A GRU with its weights as ONNX lays them out (gates z, r, h; ``linear_before_reset``), kept whole by the exporter.

    Torch's own GRU is unrolled when traced, which fixes the number of frames.

    Shapes: x (B, N, I), hidden (B, H), w (1, 3 H, I), r (1, 3 H, H), b (1, 6 H) -> (B, N, H).
    """
    size = hidden.shape[1]
    order = torch.cat([torch.arange(size, 2 * size), torch.arange(size), torch.arange(2 * size, 3 * size)])
    weights = [w[0][order], r[0][order], b[0, : 3 * size][order], b[0, 3 * size :][order]]
    return torch.gru(x, hidden.unsqueeze(0), weights, True, 1, 0.0, False, False, True)[0]


@gru.register_fake
def _(x: Tensor, hidden: Tensor, w: Tensor, r: Tensor, b: Tensor) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1], hidden.shape[1])


class StreamingGRU(StreamingModule):
    """A gated recurrent unit over frames (Cho et al. 2014).

    Shapes: (B, N, inputs) -> (B, N, hidden).
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.cell = nn.GRU(inputs, hidden, batch_first=True)

    def own_state(self, batch: int) -> State:
        return {"hidden": torch.zeros(batch, self.hidden)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        if torch.compiler.is_exporting():
            y = gru(x, state["hidden"], *self._onnx_weights())
        else:
            y, _ = self.cell(x, state["hidden"].unsqueeze(0))
        return y, {"hidden": y[:, -1]}

    def _onnx_weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights with the gates in ONNX's order, z before r."""

        def reorder(weight: Tensor) -> Tensor:
            reset, update, new = weight.split(self.hidden)
            return torch.cat([update, reset, new])

        biases = torch.cat([reorder(self.cell.bias_ih_l0), reorder(self.cell.bias_hh_l0)])
        w, r = reorder(self.cell.weight_ih_l0), reorder(self.cell.weight_hh_l0)
        return w.unsqueeze(0), r.unsqueeze(0), biases.unsqueeze(0)


def dense(inputs: int, outputs: int) -> nn.Sequential:
    """A linear layer with layer normalisation and leaky ReLU, the stack of DDSP's decoder (Engel et al. 2020)."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.LeakyReLU(0.1))


def dft_matrices(n_fft: int, inputs: int) -> tuple[Tensor, Tensor]:
    """Return real DFT and inverse DFT as matrices: faster than an FFT node at these sizes, and exact.

    Returns
    -------
    forward : (inputs, n_fft + 2), real parts then imaginary parts of n_fft // 2 + 1 bins of a zero-padded frame.
    inverse : (n_fft + 2, n_fft)
    """
    bins = n_fft // 2 + 1
    angle = 2 * torch.pi * torch.outer(torch.arange(inputs).double(), torch.arange(bins).double()) / n_fft
    forward = torch.cat([angle.cos(), -angle.sin()], 1)
    angle = 2 * torch.pi * torch.outer(torch.arange(bins).double(), torch.arange(n_fft).double()) / n_fft
    weight = torch.full((bins, 1), 2.0 / n_fft, dtype=torch.float64)
    weight[0] = weight[-1] = 1.0 / n_fft
    inverse = torch.cat([weight * angle.cos(), -weight * angle.sin()], 0)
    return forward.float(), inverse.float()
