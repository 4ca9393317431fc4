"""The check of the streaming contract passes what keeps it, and sees whatever breaks it, down to the host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from plugin_host.streaming.analyzer_stream import AnalyzerStream
from plugin_host.streaming.effect_stream import EffectStream
from plugin_host.streaming.generator_stream import GeneratorStream
from tests.contract import BrokenContract, check_block, check_model
from tests.support.small_models import Echo, Meter, Reed, reed
from training.streaming.contract import State
from training.streaming.layers import StreamingGRU
from training.streaming.model import StreamingModel


@pytest.mark.parametrize("make", [Echo, Meter, reed])
def test_models_of_every_role_keep_the_contract(make: Callable[[], StreamingModel], tmp_path: Path) -> None:
    check_model(make(), tmp_path, frames=30)


class Silenced(Reed):
    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        return {"audio": outputs["audio"] * 0}, state


class Amnesiac(Reed):
    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        return outputs, {name: 0.5 * value for name, value in state.items()}


class Louder(Reed):
    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        return {"audio": outputs["audio"] * (1.001 if torch.compiler.is_exporting() else 1.0)}, state


class ForgetfulGraph(Reed):
    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        outputs, state = super().forward(inputs, state)
        keep = 0.5 if torch.compiler.is_exporting() else 1.0
        return outputs, {name: keep * value for name, value in state.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Silenced, "silent"),
        (Amnesiac, "torch in blocks"),
        (Louder, "ONNX whole against torch whole"),
        (ForgetfulGraph, "ONNX in blocks"),
    ],
)
def test_a_broken_model_is_seen(broken: type[Reed], said: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match=said):
        check_model(reed(broken), tmp_path, frames=30)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "stream", "method"),
    [
        (Echo, EffectStream, "process"),
        (Meter, AnalyzerStream, "analyze"),
        (reed, GeneratorStream, "generate"),
    ],
)
def test_a_host_that_plays_something_else_is_seen(
    make: Callable[[], StreamingModel],
    stream: type[Any],
    method: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = getattr(stream, method)

    def wrong(*arguments: Any, **controls: Any) -> Any:
        found = right(*arguments, **controls)
        return (
            {name: x + 0.01 for name, x in found.items()}
            if isinstance(found, dict)
            else found + np.float32(0.01)
        )

    monkeypatch.setattr(stream, method, wrong)
    with pytest.raises(BrokenContract, match="golden pair"):
        check_model(make(), tmp_path, frames=30)
    monkeypatch.setattr("plugin_host.playing.model.check_golden", lambda graph: ())
    with pytest.raises(BrokenContract, match="host"):
        check_model(make(), tmp_path, frames=30)


def test_too_few_frames_to_cut_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match="2 frames cannot be cut in several ways"):
        check_block(StreamingGRU(1, 2), torch.ones(1, 2, 1))
    with pytest.raises(BrokenContract, match="1 frames cannot be cut"):
        check_model(reed(), tmp_path, frames=1)
