"""`Model.check` sees a latency, a tail and an end state that are not as the file says."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from brainsynth import Model
from plugin_host.model_file.bundled import MODELS_FOLDER, bundled_names
from plugin_host.model_file.controls import Control
from plugin_host.model_file.document import ModelDocument, StateTensor
from plugin_host.playing.block_check import check_blocks
from plugin_host.playing.check import Check
from plugin_host.playing.end_states import check_end_states, state_difference
from plugin_host.playing.golden_check import check_golden
from plugin_host.playing.latency_check import check_latency
from plugin_host.playing.tail_check import check_tail
from plugin_host.streaming.generator_stream import GeneratorStream
from tests.support import tiny_models
from tests.support.tiny_models import GraphBuilder


def latency_of(proto: onnx.ModelProto) -> dict[str, Check]:
    return {check.compared: check for check in check_latency(tiny_models.load(proto).graph)}


def tail_of(proto: onnx.ModelProto) -> Check:
    (check,) = check_tail(tiny_models.load(proto).graph)
    return check


def redeclared(proto: onnx.ModelProto, **fields: int) -> onnx.ModelProto:
    document = ModelDocument.from_metadata({entry.key: entry.value for entry in proto.metadata_props})
    onnx.helper.set_model_props(proto, document.model_copy(update=fields).to_metadata())
    return proto


def test_a_delay_that_is_its_latency_passes() -> None:
    found = latency_of(tiny_models.delay_effect(100))
    assert (found["reaction"].error, found["reaction"].tolerance) == (100, 164)
    assert (found["delay"].error, found["delay"].tolerance) == (0, 48)
    assert all(check.passed for check in found.values())


@pytest.mark.parametrize(("latency", "failed"), [(0, {"reaction", "delay"}), (200, {"delay"})])
def test_a_delay_that_is_not_its_latency_is_seen(latency: int, failed: set[str]) -> None:
    found = latency_of(tiny_models.delay_effect(100, latency_samples=latency))
    assert {compared for compared, check in found.items() if not check.passed} == failed


def test_an_effect_that_hears_nothing_has_no_latency() -> None:
    build = GraphBuilder()
    build("Mul", "audio", build.constant(0.0), out="output.audio")
    found = latency_of(build.model(tiny_models.document("effect", "deaf")))
    assert found["reaction"].error == float("inf")
    assert set(found) == {"reaction"}


def test_analyzers_and_generators_answer_within_a_hop() -> None:
    for proto in (tiny_models.rms_analyzer(), tiny_models.sine_generator(), tiny_models.kinds_generator()):
        found = latency_of(proto)
        assert set(found) == {"reaction"}
        assert found["reaction"].passed
        assert check_tail(tiny_models.load(proto).graph) == ()


def test_a_generator_that_is_silent_with_all_controls_at_their_ends_answers_to_one() -> None:
    build = GraphBuilder()
    hop = tiny_models.HOP_LENGTH
    first, second = (build.per_sample(f"control.{name}", hop) for name in ("hit", "silencer"))
    build("Mul", first, build("Sub", build.constant(1.0), second), out="output.audio")
    controls = tuple(
        Control(name=name, minimum=0.0, maximum=1.0, default=0.0) for name in ("hit", "silencer")
    )
    found = latency_of(build.model(tiny_models.document("generator", "muted", controls=controls)))
    assert (found["reaction"].error, found["reaction"].passed) == (0, True)


@pytest.mark.parametrize(
    ("proto", "is_right"),
    [
        (tiny_models.gain_effect(), True),
        (redeclared(tiny_models.leaky_effect(), tail_samples=6400), True),
        (tiny_models.leaky_effect(), False),
        (tiny_models.delay_effect(1000), True),
        (tiny_models.delay_effect(1000, latency_samples=500), False),
        (tiny_models.delay_effect(1000, latency_samples=500, tail_samples=500), True),
    ],
)
def test_a_tail_that_is_too_short_is_seen(proto: onnx.ModelProto, is_right: bool) -> None:
    assert tail_of(proto).passed is is_right


def test_what_would_take_long_is_not_played() -> None:
    proto = redeclared(tiny_models.gain_effect(), latency_samples=100_000, tail_samples=100_000_000)
    graph = tiny_models.load(proto).graph
    assert check_tail(graph) == ()
    assert {check.compared for check in check_latency(graph)} == {"reaction", "delay"}
    assert check_latency(tiny_models.load(redeclared(proto, latency_samples=10_000_000)).graph) == ()


@pytest.mark.parametrize(
    "name", ["cello", "clarinet", "flute", "french-horn", "oboe", "saxophone", "trombone", "ar"]
)
def test_a_bundled_effect_says_how_long_its_analysis_hears(name: str) -> None:
    proto = onnx.load(MODELS_FOLDER / f"{name}.onnx")
    assert tail_of(proto).passed
    without = {"ar": 2048, "saxophone": 640}.get(name, 4224)  # what the instrument itself sounds on
    assert not tail_of(redeclared(proto, tail_samples=without)).passed


def test_every_bundled_model_answers_within_its_latency() -> None:
    for name in bundled_names():
        assert all(check.passed for check in check_latency(Model(name).graph)), name


def test_what_is_struck_sounds_when_its_blocks_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    build = GraphBuilder()
    build("Identity", build.per_sample("control.hit", tiny_models.HOP_LENGTH), out="output.audio")
    controls = (tiny_models.HIT,)
    proto = tiny_models.with_golden(build.model(tiny_models.document("generator", "drum", controls=controls)))
    graph = tiny_models.load(proto).graph
    assert all(check.passed for check in check_blocks(graph))
    right = GeneratorStream.generate

    def halved(self: GeneratorStream, samples: int, /) -> np.ndarray:
        return right(self, samples) * np.float32(1.0 if samples % tiny_models.HOP_LENGTH == 0 else 0.5)

    monkeypatch.setattr(GeneratorStream, "generate", halved)
    assert not any(check.passed for check in check_blocks(graph))


def test_a_state_that_counts_calls_is_seen_before_any_output_shows_it() -> None:
    build = GraphBuilder()
    build("Identity", "audio", out="output.audio")
    build("Add", "state.calls", build.constant([1], np.int64), out="next_state.calls")
    states = (StateTensor(name="calls", shape=(1,), dtype="int64"),)
    proto = tiny_models.with_golden(build.model(tiny_models.document("effect", "counting", states=states)))
    failed = {(c.tensor, c.compared) for c in check_golden(tiny_models.load(proto).graph) if not c.passed}
    assert failed == {("next_state.calls", blocks) for blocks in ("1 frame", "7 frames", "random")}


def test_counters_are_equal_and_levels_nearly() -> None:
    assert state_difference(np.array([3751]), np.array([3750])) == 1.0
    assert state_difference(np.array([100.05]), np.array([100.0])) == pytest.approx(5e-4)
    assert state_difference(np.array([np.nan]), np.array([0.0])) == float("inf")
    assert state_difference(np.zeros((1, 2)), np.zeros((1, 3))) == float("inf")
    (check,) = check_end_states(
        "1 frame", {"a": np.ones(1), "n": np.array([5])}, {"a": np.ones(1), "n": np.array([4])}
    )
    assert (check.tensor, check.passed) == ("next_state.n", False)
