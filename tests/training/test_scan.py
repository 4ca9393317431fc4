"""A cell with feedback, frame by frame: the contract from torch to the host, for any number of frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from export.graph import build_graph, round_to_half
from export.proof import LENGTHS, GraphPlayer, difference, play_torch, random_blocks
from export.signals import proof_inputs
from tests.contract import BrokenContract, check_block, check_model
from training.streaming.contract import Carry, State, StreamingModule
from training.streaming.layers import StreamingGRU
from training.streaming.model import Control, StreamingModel
from training.streaming.operators import take
from training.streaming.scan import Scan

HIDDEN, HOP = 16, 4


class Voice(StreamingModule):
    """A GRU cell whose output is fed back, and an oscillator in double precision that it drives."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = nn.GRUCell(2, HIDDEN), nn.Linear(HIDDEN, 1)

    def own_state(self, batch: int) -> State:
        return {
            "hidden": torch.zeros(batch, HIDDEN),
            "y": torch.zeros(batch, 1),
            "angle": torch.zeros(batch, 1, dtype=torch.float64),
        }

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        hidden = self.gru(torch.cat([x, state["y"]], -1), state["hidden"])
        angle = state["angle"] + (1.0 + self.head(hidden)).double()
        y = torch.sin(angle).float() + x
        return y, {"hidden": hidden, "y": y, "angle": angle}


class Resonator(StreamingModule):
    """Two samples in, their filtered difference and its level out: a filter of second order."""

    def own_state(self, batch: int) -> State:
        return {"recent": torch.zeros(batch, 2)}

    def forward(self, x: tuple[Tensor, Tensor], state: State) -> tuple[tuple[Tensor, Tensor], State]:
        y = x[0] - x[1] + 1.6 * state["recent"][:, :1] - 0.81 * state["recent"][:, 1:]
        return (y, y.abs()), {"recent": torch.cat([y, state["recent"][:, :1]], 1)}


class Composed(StreamingModule):
    """A cell of streaming blocks and custom operators, with a table that its model has as well."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = StreamingGRU(2, HIDDEN)
        self.table = nn.Parameter(torch.linspace(-0.1, 0.1, 128 * HIDDEN).reshape(HIDDEN, 128))
        self.register_buffer("indices", torch.arange(0, 128, 16))

    def own_state(self, batch: int) -> State:
        return {"y": torch.zeros(batch, 1)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        hidden = carry("gru", torch.cat([x, state["y"]], -1)[:, None])[:, 0]
        y = take(hidden @ self.table, 1, self.get_buffer("indices")).sum(1, keepdim=True)
        return y, carry.next_state | {"y": y}


class Instrument(StreamingModel):
    """A generator of a few samples a frame, from a cell whose input is one control."""

    role, hop_length = "generator", HOP
    controls = (Control("level", "", 0.0, 1.0, 0.4),)

    def __init__(self, cell: StreamingModule) -> None:
        super().__init__()
        self.scan, self.up = Scan(cell), nn.Linear(1, HOP)
        self.table = nn.Parameter(torch.linspace(-0.1, 0.1, 128 * HIDDEN).reshape(HIDDEN, 128))

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        level = inputs["control.level"][..., None]
        y = carry("scan", level + (level.expand(-1, -1, HIDDEN) @ self.table)[..., :1])
        return {"audio": self.up(y).flatten(1)[:, None]}, carry.next_state


class WithoutFeedback(Voice):
    """In a graph its output is not fed back."""

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        y, next_state = super().forward(x, state)
        return y, next_state | ({"y": 0 * y} if torch.compiler.is_exporting() else {})


class Amnesiac(Scan):
    """Forgets between calls."""

    def forward(self, x: Tensor | tuple[Tensor, ...], state: State) -> tuple[Tensor, State]:
        y, next_state = super().forward(x, state)
        return y, {name: 0.5 * value for name, value in next_state.items()}


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(4)


@pytest.mark.parametrize("batch", [1, 3])
def test_cells_keep_the_contract(batch: int) -> None:
    check_block(Scan(Voice()), torch.randn(batch, 30, 1))
    check_block(Scan(Composed()), torch.randn(batch, 30, 1))
    check_block(Scan(Resonator()), (torch.randn(batch, 30, 1), torch.randn(batch, 30, 1)))


def test_a_state_lost_between_calls_is_seen() -> None:
    with pytest.raises(BrokenContract, match="in blocks"):
        check_block(Amnesiac(Voice()), torch.randn(1, 30, 1))


@pytest.mark.slow
@pytest.mark.parametrize("cell", [Voice, Composed])
def test_model_keeps_the_contract_from_torch_to_the_host(cell: type[StreamingModule], tmp_path: Path) -> None:
    check_model(Instrument(cell()).eval(), tmp_path, frames=60)


@pytest.mark.slow
def test_feedback_that_a_graph_lacks_is_seen(tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match="ONNX whole against torch whole"):
        check_model(Instrument(WithoutFeedback()).eval(), tmp_path, frames=30)


@pytest.mark.slow
def test_a_graph_runs_for_any_number_of_frames() -> None:
    model = Instrument(Voice()).eval()
    graph = build_graph(model)
    (loop,) = (node for node in graph.graph.node if node.op_type == "Scan")
    assert graph.graph.output[0].type.tensor_type.shape.dim[-1].dim_param == f"{HOP}*frames"
    assert any(node.op_type == "Sigmoid" for node in loop.attribute[0].g.node)
    player = GraphPlayer(graph.SerializeToString(), model)
    for frames in LENGTHS:
        inputs = proof_inputs(model, frames, seed=frames)
        whole = player.play(inputs, [frames])
        assert whole["output.audio"].shape == (1, 1, HOP * frames)
        assert difference(whole, play_torch(model, inputs, [frames]), "output.audio") < 1e-5
        in_blocks = player.play(inputs, random_blocks(frames, frames))
        np.testing.assert_array_equal(in_blocks["output.audio"], whole["output.audio"])


@pytest.mark.slow
@pytest.mark.parametrize("halved", [False, True])
def test_tables_of_a_cell_are_shared_and_halved_like_all_others(halved: bool) -> None:
    model = Instrument(Composed()).eval()
    if halved:
        round_to_half(model)
    graph = build_graph(model)
    tables = [t for t in graph.graph.initializer if t.dims == [HIDDEN, 128]]
    assert [t.data_type for t in tables] == [onnx.TensorProto.FLOAT16 if halved else onnx.TensorProto.FLOAT]
    assert b"test_scan.py" not in graph.SerializeToString()
    inputs = proof_inputs(model, 9, seed=1)
    played = GraphPlayer(graph.SerializeToString(), model).play(inputs, [2, 7])
    assert difference(played, play_torch(model, inputs, [9]), "output.audio") < 1e-5


def test_a_filter_with_two_inputs_and_two_outputs() -> None:
    x = torch.randn(2, 1, 40, 1)
    scan = Scan(Resonator())
    (y, level), _ = scan((x[0], x[1]), scan.initial_state())
    expected = [0.0, 0.0]
    for sample in (x[0] - x[1]).flatten().tolist():
        expected.append(sample + 1.6 * expected[-1] - 0.81 * expected[-2])
    np.testing.assert_allclose(y.flatten(), expected[2:], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(level, y.abs())


def test_gradients_are_those_of_torchs_own_recurrence() -> None:
    class Cell(StreamingModule):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRUCell(3, HIDDEN)

        def own_state(self, batch: int) -> State:
            return {"hidden": torch.zeros(batch, HIDDEN)}

        def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
            hidden = self.gru(x, state["hidden"])
            return hidden, {"hidden": hidden}

    scan, reference = Scan(Cell()), nn.GRU(3, HIDDEN, batch_first=True)
    weights = {name: value for name, value in scan.named_parameters() if "weight" in name or "bias" in name}
    with torch.no_grad():
        for name, value in weights.items():
            reference.get_parameter(name.removeprefix("cell.gru.") + "_l0").copy_(value)
    x = torch.randn(2, 25, 3)
    y, _ = scan(x, scan.initial_state(2))
    expected, _ = reference(x)
    torch.testing.assert_close(y, expected)
    (y**2).sum().backward()
    (expected**2).sum().backward()
    for name, value in weights.items():
        wanted = reference.get_parameter(name.removeprefix("cell.gru.") + "_l0").grad
        torch.testing.assert_close(value.grad, wanted, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_scanned_is_refused() -> None:
    class Careless(Voice):
        def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
            return x, {"y": x}

    scan = Scan(Voice())
    with pytest.raises(ValueError, match="no frames"):
        scan(torch.zeros(1, 0, 1), scan.initial_state())
    with pytest.raises(
        ValueError, match=r"returned the states \['y'\]; it was given \['angle', 'hidden', 'y'\]"
    ):
        Scan(Careless())(torch.zeros(1, 3, 1), scan.initial_state())
