"""Vectors, triggers, seeds and declared tolerances on their way from torch through the proof into a file."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from torch import Tensor

from brainsynth import Model
from export.errors import DescriptionError, ProofError
from export.model_file import Job, Written, describe, write_model_files
from export.proof import EXTREME_FRAMES, LENGTHS
from plugin_host.model_file.controls import Scale
from plugin_host.model_file.golden import LARGEST_SHARE
from tests.support.proofs import assert_proved
from training.streaming.contract import State
from training.streaming.model import Control, MapPoint, StreamingModel

POINTS = (MapPoint("soft", 0.0, 0.0, (0.1, 0.0, 0.2)), MapPoint("hard", 1.0, 2.0, (0.9, -0.5, 0.0)))
PLACE = Control("place", "", -1.0, 1.0, (0.1, -0.2, 0.3), size=3, map=POINTS, description="Where it sounds.")
PADS = Control("pads", "", 0.0, 1.0, 0.0, "trigger", size=2)
DICE = Control("dice", "", 0.0, 16777215.0, 5.0, "seed")


class Drum(StreamingModel):
    """A generator of steps: what its controls say, held for a hop, with a memory of its strikes."""

    family, role, sample_rate, hop_length = "test", "generator", 8000, 32
    controls = (PLACE, PADS, DICE)
    excess = 0.0

    def initial_state(self, batch: int = 1) -> State:
        return {"struck": torch.zeros(batch, 1)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        place, pads, dice = (inputs[f"control.{name}"] for name in ("place", "pads", "dice"))
        level = state["struck"] + torch.cumsum(pads.sum(1), -1) / 64
        # A seed is known to its last digit.
        low_digits = torch.remainder(dice, 4.0) / 64
        steps = 0.25 * place.sum(1) + torch.remainder(level, 0.25) + low_digits
        if torch.compiler.is_exporting():
            steps = steps + self.excess
        audio = steps[:, None, :, None].expand(-1, 1, -1, self.hop_length).flatten(2)
        return {"audio": audio}, {"struck": torch.remainder(level[:, -1:], 0.25)}


class Edges(StreamingModel):
    """An analyzer that gives the first two samples of each hop as a vector, and their sum a thousandfold."""

    family, role, sample_rate, hop_length = "test", "analyzer", 8000, 32
    outputs = (
        Control("edges", "", -2.0, 2.0, 0.0, size=2),
        Control("sum_hz", "Hz", -4000.0, 4000.0, 0.0),
    )
    tolerances = MappingProxyType({"edges": 1e-5, "sum_hz": 0.01})

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        hops = inputs["audio"].reshape(inputs["audio"].shape[0], -1, self.hop_length)
        edges = hops[..., :2].transpose(1, 2)
        return {"control.edges": edges, "control.sum_hz": 1000 * edges.sum(1)}, state


def write(model: StreamingModel, folder: Path) -> Written:
    (written,) = write_model_files([Job(model.eval(), folder / "model.onnx", {}, {})])
    return written


def test_a_generator_of_vectors_triggers_and_seeds_is_exported(tmp_path: Path) -> None:
    written = write(Drum(), tmp_path)
    assert written.proofs
    assert all(proof.passed for proof in written.proofs)
    model = Model(written.path)
    place, pads, dice = model.document.controls
    assert (place.size, place.defaults, place.scale) == (3, (0.1, -0.2, 0.3), Scale.LINEAR)
    assert [(point.label, point.x, point.y, point.value) for point in place.map] == [
        (point.label, point.x, point.y, point.value) for point in POINTS
    ]
    assert (pads.size, pads.scale, dice.scale) == (2, Scale.TRIGGER, Scale.SEED)
    assert model.document.format == 2
    assert_proved(model)
    stream = model.stream()
    stream.set(place=(0.4, 0.4, 0.2), dice=3)
    np.testing.assert_allclose(stream.generate(64), 0.25 + 3 / 64, rtol=1e-6)


def test_the_golden_pair_moves_every_element_and_strikes_single_frames() -> None:
    golden = describe(Drum().eval(), "drum").golden
    assert golden is not None
    place, pads, dice = (golden.inputs[f"control.{name}"].array()[0] for name in ("place", "pads", "dice"))
    assert (place.shape, pads.shape, dice.shape) == ((3, 48), (2, 48), (48,))
    assert np.all(np.ptp(place, axis=1) > 0.05)
    assert len({tuple(row) for row in place}) == 3
    assert np.all((np.count_nonzero(pads, axis=1) >= 1) & (np.count_nonzero(pads, axis=1) < 24))
    assert not np.any((pads[:, 1:] > 0) & (pads[:, :-1] > 0))
    assert len(set(dice.tolist())) > 1
    assert np.all(dice == np.rint(dice))


@pytest.mark.slow
def test_an_analyzer_of_a_vector_declares_a_tolerance_for_each_output(tmp_path: Path) -> None:
    written = write(Edges(), tmp_path)
    allowed = {
        (proof.tensor, proof.tolerance)
        for proof in written.proofs
        if proof.compared == "ONNX Runtime whole - torch whole"
    }
    assert allowed == {("output.edges", 1e-5), ("output.sum_hz", 0.01)}
    model = Model(written.path)
    assert {check.tensor: check.tolerance for check in model.check() if not check.unit} == {
        "output.edges": 1e-5,
        "output.sum_hz": 0.01,
    }
    sound = np.random.default_rng(0).uniform(-1, 1, (1, 320)).astype(np.float32)
    edges = model.render(sound, 8000)["edges"]
    np.testing.assert_array_equal(edges, sound.reshape(1, 10, 32)[..., :2].transpose(0, 2, 1))


@pytest.mark.slow
@pytest.mark.parametrize(("excess", "passes"), [(1e-4, True), (1e-3, False)])
def test_engines_are_held_to_what_an_output_declares(excess: float, passes: bool, tmp_path: Path) -> None:
    model = Drum()
    model.excess, model.tolerances = excess, {"audio": 5e-4}
    if passes:
        assert write(model, tmp_path).path.exists()
        return
    with pytest.raises(ProofError) as refusal:
        write(model, tmp_path)
    failed = {proof.compared for proof in refusal.value.proofs if not proof.passed}
    assert {compared.removeprefix("extremes: ") for compared in failed} == {
        "ONNX Runtime whole - torch whole",
        "ONNX Runtime blocks - torch whole",
    }
    assert not list(tmp_path.iterdir())


def test_the_tolerance_over_ten_seconds_holds_for_no_shorter_time(tmp_path: Path) -> None:
    model = Drum()
    model.excess, model.long_tolerance = 5e-4, 1.0
    with pytest.raises(ProofError) as refusal:
        write(model, tmp_path)
    long = [proof for proof in refusal.value.proofs if proof.frames > max(LENGTHS)]
    assert long
    assert all(proof.passed and proof.tolerance == LARGEST_SHARE for proof in long)
    failed = {proof.frames for proof in refusal.value.proofs if not proof.passed}
    assert failed == {*LENGTHS, EXTREME_FRAMES}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"controls": (PLACE, Control("bypass", "", 0.0, 1.0, 0.0))}, "the name 'bypass' is taken"),
        ({"tolerances": {"audio": 2e-3}}, "audio is 0.002, and a file may allow at most 0.001"),
        ({"golden_tolerance": 2e-3}, "audio is 0.002, and a file may allow at most 0.001"),
        ({"tolerances": {"sound": 1e-4}}, "'output.sound', which the model does not give"),
        ({"controls": (Control("hit", "", 1.0, 2.0, 1.0, "trigger"),)}, "a trigger is 0 in all frames"),
    ],
)
def test_a_model_that_no_file_may_hold_is_refused_before_it_is_proved(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    class Wrong(Drum):
        def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
            assert next(iter(inputs.values())).shape[-1] == 48, "only the golden pair is played"
            length = 48 * self.hop_length
            return {"audio": torch.zeros(1, 1, length)}, state

    model = Wrong()
    for name, value in change.items():
        setattr(model, name, value)
    with pytest.raises(DescriptionError, match=words):
        write(model, tmp_path)
    assert not list(tmp_path.iterdir())
