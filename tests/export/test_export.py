"""Export writes a file only if it is what torch plays, and puts into it all that a host needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from brainsynth import Model
from export.errors import ExportTargetError, ProofError
from export.graph import OPSET, build_graph, round_to_half
from export.model_file import Job, write_model_files
from export.proof import Arrays, Proof, difference, prove
from tests.support.proofs import assert_proved
from tests.support.small_models import Echo, Reed, reed
from training.streaming.contract import State

RANGE = {"f0_hz": (100.0, 200.0, 300.0), "loudness_db": (-50.0, -30.0, -20.0)}
PROVENANCE = {"data": "nothing", "licence": "CC0-1.0"}


class Deceptive(Reed):
    """Exports something a little louder than it plays."""

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        louder = 1.001 if torch.compiler.is_exporting() else 1.0
        return {"audio": outputs["audio"] * louder}, state


class Mute(Reed):
    """Plays nothing, in every engine alike."""

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        return {"audio": outputs["audio"] * 0.0}, state


def test_a_written_file_carries_its_contract(tmp_path: Path) -> None:
    path = tmp_path / "reed.onnx"
    (written,) = write_model_files([Job(reed(), path, RANGE, PROVENANCE)])
    assert written.proofs
    assert all(proof.passed for proof in written.proofs)
    assert {proof.frames for proof in written.proofs} >= {1, 2, 3, 7, 64, 3750}
    model = Model(path)
    assert model.opset == OPSET
    assert model.document.trained["f0_hz"].high == 300.0
    assert model.document.provenance["licence"] == "CC0-1.0"
    assert model.document.tail_samples == 4 * 128
    assert_proved(model)
    assert [p.name for p in tmp_path.iterdir()] == ["reed.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Deceptive, Mute])
def test_nothing_is_written_if_a_proof_fails(kind: type[Reed], tmp_path: Path) -> None:
    honest = Job(reed(), tmp_path / "good.onnx", RANGE, PROVENANCE)
    with pytest.raises(ProofError, match="was not written") as caught:
        write_model_files([honest, Job(reed(kind), tmp_path / "bad.onnx", RANGE, PROVENANCE)])
    assert any(not proof.passed for proof in caught.value.proofs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_exists_stays_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "reed.onnx"
    path.write_bytes(b"mine")
    job = Job(reed(), path, RANGE, PROVENANCE)
    with pytest.raises(ExportTargetError, match="exists already"):
        write_model_files([job])
    assert path.read_bytes() == b"mine"
    write_model_files([job], overwrite=True)
    assert Model(path).name == "reed"


@pytest.mark.parametrize("name", ["reed.bin", "-reed.onnx", "a b.onnx"])
def test_names_that_are_no_model_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportTargetError, match="no name for a model file"):
        write_model_files([Job(reed(), tmp_path / name, RANGE, PROVENANCE)])


@pytest.mark.slow
def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportTargetError, match="cannot be written"):
        write_model_files([Job(reed(), tmp_path / "file" / "reed.onnx", RANGE, PROVENANCE)])


@pytest.mark.slow
def test_the_graph_has_free_time_and_no_paths_in_it() -> None:
    graph = build_graph(reed())
    axes = {t.name: t.type.tensor_type.shape.dim[-1] for t in (*graph.graph.input, *graph.graph.output)}
    assert axes["control.f0_hz"].dim_param == "frames"
    assert axes["output.audio"].dim_param == "128*frames"
    assert axes["state.gru_hidden"].dim_value == 12
    assert b"/training/" not in graph.SerializeToString()
    assert not graph.graph.value_info


class Twice(Echo):
    """Holds the same large table in two parts."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("one", torch.linspace(0.1, 1.0, 64 * 64).reshape(64, 64))
        self.register_buffer("other", torch.linspace(0.1, 1.0, 64 * 64).reshape(64, 64))

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        hops = outputs["audio"].unflatten(2, (-1, 64))
        one, other = self.get_buffer("one"), self.get_buffer("other")
        return {"audio": (torch.tanh(hops @ one) @ other).flatten(2)}, state


def test_a_table_that_two_parts_hold_is_stored_once() -> None:
    graph = build_graph(Twice())
    assert [t.name for t in graph.graph.initializer if np.prod(t.dims) == 64 * 64] == ["model.one"]
    assert not any(
        part.metadata_props for part in (*graph.graph.input, *graph.graph.output, *graph.graph.node)
    )


@pytest.mark.slow
def test_weights_are_stored_in_half_precision_without_loss() -> None:
    model = reed(hidden=64)
    whole = len(build_graph(model).SerializeToString())
    round_to_half(model)
    graph = build_graph(model)
    assert len(graph.SerializeToString()) < whole - 2 * 64 * 3 * 64
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in graph.graph.initializer}
    weight = stored["model.gru.cell.weight_hh_l0.half"]
    learned = model.gru.get_parameter("cell.weight_hh_l0")
    np.testing.assert_array_equal(weight.astype(np.float32), learned.detach().numpy())


def test_a_proof_needs_a_number() -> None:
    assert Proof("x", "a", 1, 1e-6, 1e-5).passed
    assert not Proof("x", "a", 1, float("nan"), 1e-5).passed
    assert not Proof("x", "a", 1, float("inf"), 1e-5).passed
    right: Arrays = {"y": np.ones((1, 3), np.float32)}
    for values in ([[1, np.nan, 1]], [[1, np.inf, 1]], [[1, 1]]):
        wrong: Arrays = {"y": np.array(values, np.float32)}
        assert difference(wrong, right, "y") == float("inf")
    nothing: Arrays = {"y": np.ones((1, 0), np.float32)}
    assert difference(nothing, nothing, "y") == float("inf")
    deceived = prove(reed(), build_graph(reed(Deceptive)).SerializeToString())
    assert not all(proof.passed for proof in deceived)
