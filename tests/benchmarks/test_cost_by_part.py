"""Parts of a graph are told apart, run by themselves, and are all of it."""

import numpy as np
import onnx
import pytest

from benchmarks.host.cost_by_part import OWN, WHOLE, PartCutter, costs_by_part, open_alone, part_of
from export.graph import build_graph
from tests.support.small_models import Reed


@pytest.fixture(scope="module")
def reed() -> onnx.ModelProto:
    return build_graph(Reed())


def test_nodes_are_named_after_their_modules(reed: onnx.ModelProto) -> None:
    parts = {part_of(node, 1) for node in reed.graph.node}
    assert parts == {OWN, "gru", "wave"}
    assert [part_of(node, 1) for node in reed.graph.node if node.op_type == "GRU"] == ["gru"]


def test_a_part_by_itself_gives_what_it_gives_in_the_whole(reed: onnx.ModelProto) -> None:
    cutter = PartCutter(reed, 3, 128)
    model, inputs = cutter.cut([node for node in cutter.nodes if part_of(node, 1) == "gru"])
    session = open_alone(model)
    names = [output.name for output in session.get_outputs()]
    assert "next_state.gru_hidden" in names
    for name, found in zip(names, session.run(None, inputs), strict=True):
        values = np.asarray(found, np.float64)
        assert values.any(), name
        np.testing.assert_allclose(values, np.asarray(cutter.values[name], np.float64), atol=1e-6)


def test_costs_are_of_all_parts(reed: onnx.ModelProto) -> None:
    costs = costs_by_part(reed, 128, depth=1, turns=2)
    assert set(costs) == {OWN, "gru", "wave", WHOLE}
    assert list(costs)[-1] == WHOLE
    assert all(cost.nodes > 0 for cost in costs.values())
    assert costs[WHOLE].nodes <= sum(cost.nodes for name, cost in costs.items() if name != WHOLE)


def test_a_graph_of_an_earlier_exporter_is_refused(reed: onnx.ModelProto) -> None:
    before = onnx.ModelProto()
    before.CopyFrom(reed)
    for node in before.graph.node:
        node.name = ""
    with pytest.raises(ValueError, match="export it again"):
        costs_by_part(before, 128)
