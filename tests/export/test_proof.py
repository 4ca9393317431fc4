"""The proof of an export sees each way in which a graph can be another model than torch's, or no model at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from export.graph import build_graph
from export.proof import difference, prove
from plugin_host.model_file.controls import Control as FileControl
from plugin_host.model_file.controls import Scale
from training.streaming.contract import State
from training.streaming.model import Control, StreamingModel


class Wide(StreamingModel):
    """An effect of two channels, the right at half the level, times ``gain``; a state counts frames."""

    family, role, sample_rate, hop_length, channels = "test", "effect", 4000, 32, 2
    controls = (Control("gain", "", 0.0, 2.0, 1.0),)

    def own_state(self, batch: int) -> State:
        return {"frames": torch.zeros(batch, 1)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        curve = inputs["control.gain"]
        gain = self.gain(curve).repeat_interleave(self.hop_length, 1)[:, None]
        audio = self.place(inputs["audio"]) * torch.tensor([[1.0], [0.5]]) * gain
        return {"audio": audio}, {"frames": state["frames"] + self.count(torch.ones_like(curve))}

    def gain(self, curve: Tensor) -> Tensor:
        return curve

    def place(self, audio: Tensor) -> Tensor:
        return audio

    def count(self, ones: Tensor) -> Tensor:
        return ones.sum(1, keepdim=True)


class Swapped(Wide):
    """The graph takes left for right; torch does not."""

    def place(self, audio: Tensor) -> Tensor:
        return audio.flip(1) if torch.compiler.is_exporting() else audio


class HalfSilent(Wide):
    """The right channel is silent, in torch and in the graph."""

    def place(self, audio: Tensor) -> Tensor:
        return audio * torch.tensor([[1.0], [0.0]])


class Clamped(Wide):
    """The graph stops short of the highest gain."""

    def gain(self, curve: Tensor) -> Tensor:
        return curve.clamp(max=1.9) if torch.compiler.is_exporting() else curve


class Tolerant(Clamped):
    """The same, of a model that declares that all ends at once are chance."""

    extreme_tolerance = 4.0


class Miscounting(Wide):
    """The state after a call depends on how many calls there were, and no output shows it yet."""

    def count(self, ones: Tensor) -> Tensor:
        return torch.ones_like(ones[:, :1])


class OtherEnd(Wide):
    """The graph ends in another state than torch, and no output shows it yet."""

    def count(self, ones: Tensor) -> Tensor:
        return ones.sum(1, keepdim=True) * (1.5 if torch.compiler.is_exporting() else 1.0)


class Late(Wide):
    """The graph counts one frame too many in thousands, and no output shows it yet."""

    def own_state(self, batch: int) -> State:
        return {**super().own_state(batch), "number": torch.zeros(batch, 1, dtype=torch.int64)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, next_state = super().forward(inputs, state)
        frames = inputs["control.gain"].shape[1] + 2000
        late = 1 if torch.compiler.is_exporting() else 0
        return outputs, {**next_state, "number": state["number"] + frames + late}


class Level(StreamingModel):
    """An analyzer: the sixth sample of each hop."""

    family, role, sample_rate, hop_length = "test", "analyzer", 4000, 32
    outputs = (Control("level", "", -1.0, 1.0, 0.0),)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        return {"control.level": self.level(inputs["audio"][:, 0, 5 :: self.hop_length])}, state

    def level(self, samples: Tensor) -> Tensor:
        return samples


class Constant(Level):
    """Hears nothing: the same value whatever comes in."""

    def level(self, samples: Tensor) -> Tensor:
        return 0.0 * samples + 0.25


class HalfDeaf(Level):
    """Hears the level, and nothing else."""

    outputs = (*Level.outputs, Control("deaf", "", -1.0, 1.0, 0.0))

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        found, state = super().forward(inputs, state)
        return found | {"control.deaf": 0.0 * found["control.level"] + 0.5}, state


def failures(model: StreamingModel) -> set[tuple[str, str]]:
    model.eval()
    proofs = prove(model, build_graph(model).SerializeToString())
    return {(proof.tensor, proof.compared) for proof in proofs if not proof.passed}


@pytest.mark.parametrize("make", [Wide, Level])
def test_an_honest_model_passes(make: Callable[[], StreamingModel]) -> None:
    assert failures(make()) == set()


def test_swapped_channels_are_seen() -> None:
    assert ("output.audio", "ONNX Runtime whole - torch whole") in failures(Swapped())


def test_a_silent_channel_is_seen() -> None:
    assert failures(HalfSilent()) == {("output.audio", "silent: nothing was compared in a channel")}


def test_a_graph_that_stops_short_of_an_end_of_a_control_is_seen() -> None:
    assert ("output.audio", "extremes: ONNX Runtime whole - torch whole") in failures(Clamped())


def test_a_model_whose_extremes_are_chance_is_held_to_each_of_them() -> None:
    assert failures(Tolerant()) == {
        ("output.audio", f"one extreme: ONNX Runtime {cuts} - torch whole") for cuts in ("whole", "blocks")
    }


def test_a_counter_that_is_off_by_a_few_frames_in_thousands_is_seen() -> None:
    assert {tensor for tensor, _ in failures(Late())} == {"next_state.number"}


def test_a_state_that_depends_on_the_number_of_calls_is_seen() -> None:
    assert failures(Miscounting()) >= {
        ("next_state.frames", "torch blocks - torch whole"),
        ("next_state.frames", "ONNX Runtime blocks - its whole"),
    }


def test_another_state_at_the_end_is_seen() -> None:
    assert {tensor for tensor, _ in failures(OtherEnd())} == {"next_state.frames"}


def test_an_output_that_hears_nothing_is_seen_beside_one_that_does() -> None:
    assert failures(Constant()) == {("output.level", "constant: nothing was compared")}
    assert failures(HalfDeaf()) == {("output.deaf", "constant: nothing was compared")}


def test_differences_of_an_output_are_shares_of_its_scale() -> None:
    attack = FileControl(name="attack_s", minimum=0.002, maximum=0.4, default=0.01, scale=Scale.LOG)
    share = FileControl(name="share", minimum=0.0, maximum=0.1, default=0.05)
    values = {"output.x": np.array([0.002, 0.1])}
    off = {"output.x": np.array([0.003, 0.1])}
    assert difference(off, values, "output.x", attack) == pytest.approx(0.5)
    assert difference(off, values, "output.x", share) == pytest.approx(0.01)
    assert difference(off, values, "output.x") == pytest.approx(0.001)
