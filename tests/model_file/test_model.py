"""Loading a model file: what is played, and what is refused with a sentence that names the file."""

import contextlib
import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from plugin_host.errors import DeviceError, HostError, ModelFileError, StreamError, UnknownModelError
from plugin_host.model_file import bundled
from plugin_host.model_file.document import ModelDocument
from plugin_host.model_file.graph_survey import MOST_NODES
from plugin_host.model_file.onnx_bytes import MOST_KEYS, read_header
from plugin_host.playing.golden_check import check_golden
from plugin_host.playing.model import Model
from plugin_host.streaming.analyzer_stream import AnalyzerStream
from plugin_host.streaming.generator_stream import GeneratorStream
from tests.support import tiny_models
from tests.support.parameter_models import without_confidence
from tests.support.proofs import assert_proved

ALL_MODELS = [
    tiny_models.gain_effect,
    tiny_models.delay_effect,
    tiny_models.leaky_effect,
    tiny_models.mode_effect,
    tiny_models.fragile_effect,
    tiny_models.rms_analyzer,
    tiny_models.sine_generator,
]


@pytest.mark.parametrize("make", ALL_MODELS)
def test_loaded_model_tells_what_it_is(make: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    proto = make()
    path = tiny_models.save(proto, tmp_path)
    model = Model(path)
    assert (model.path, model.name) == (path, proto.graph.name)
    assert model.size_bytes == path.stat().st_size
    assert model.opset == 18
    assert model.providers == ["CPUExecutionProvider"]
    assert list(model.controls) == [control.name for control in model.document.controls]


def test_graph_runs_on_one_thread_without_spinning() -> None:
    options = tiny_models.load(tiny_models.gain_effect()).session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.get_session_config_entry("session.set_denormal_as_zero") == "1"


def test_models_of_one_file_share_one_session_while_they_live(tmp_path: Path) -> None:
    path = tiny_models.save(tiny_models.gain_effect(hop_length=48), tmp_path)
    first, second = Model(path), Model(str(path))
    assert first.session is second.session
    session = first.session
    path.write_bytes(tiny_models.gain_effect(hop_length=32).SerializeToString())
    assert Model(path).session is not session
    kept = sys.getrefcount(session)
    del first, second
    gc.collect()
    assert sys.getrefcount(session) == kept - 2


def refuse(path: Path, words: str, **options: Any) -> None:
    with pytest.raises(ModelFileError, match=words) as refusal:
        Model(path, **options)
    assert str(path) in str(refusal.value)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "missing.onnx", "no such file")
    refuse(tmp_path, "a folder")
    path = tmp_path / "x.onnx"
    path.write_bytes(b"")
    refuse(path, "empty")
    path.write_bytes(b"RIFF" + bytes(100))
    refuse(path, "no ONNX file")
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    refuse(path, "no ONNX file")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = tiny_models.leaky_effect().SerializeToString()
    path = tmp_path / "short.onnx"
    for length in [*range(1, len(data) - 1, 37), len(data) - 1]:
        path.write_bytes(data[:length])
        refuse(path, r"short\.onnx")


def test_a_field_that_is_cut_short_is_seen_before_anything_is_loaded() -> None:
    data = tiny_models.leaky_effect().SerializeToString()
    assert read_header(data, "whole").metadata
    for missing in range(1, 10):
        with pytest.raises(ModelFileError, match=r"short: .*goes past the end"):
            read_header(data[:-missing], "short")


def test_damage_never_escapes_as_anything_but_an_error_of_ours(tmp_path: Path) -> None:
    data = bytearray(tiny_models.leaky_effect().SerializeToString())
    random = np.random.default_rng(1)
    path = tmp_path / "damaged.onnx"
    refused = 0
    for _ in range(150):
        damaged = bytearray(data)
        for position in random.integers(0, len(data), 5):
            damaged[position] = int(random.integers(0, 256))
        path.write_bytes(damaged)
        with contextlib.suppress(HostError):
            Model(path)
            continue
        refused += 1
    assert refused > 50


def test_foreign_and_newer_files_are_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect()
    del model.metadata_props[:]
    refuse(tiny_models.save(model, tmp_path, "foreign"), "not one of Brainsynth's models")
    model = tiny_models.gain_effect()
    for entry in model.metadata_props:
        if entry.key == "brainsynth.format":
            entry.value = "99"
    refuse(tiny_models.save(model, tmp_path, "newer"), "format 99.*upgrade")


def test_old_and_unknown_operator_sets_are_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect()
    model.opset_import[0].version = 17
    refuse(tiny_models.save(model, tmp_path, "old"), "operator set 17, needed is 18")
    model.opset_import[0].version = 999
    refuse(tiny_models.save(model, tmp_path, "unknown"), "ONNX Runtime cannot load")


def test_external_data_is_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect()
    model.graph.initializer.append(numpy_helper.from_array(np.ones(400, np.float32), "weight"))
    onnx.save_model(
        model,
        tmp_path / "parts.onnx",
        save_as_external_data=True,
        location="parts.bin",
        size_threshold=100,
        convert_attribute=False,
    )
    refuse(tmp_path / "parts.onnx", "'weight' is stored in another file")


def test_external_data_inside_a_branch_is_refused(tmp_path: Path) -> None:
    tensor = helper.make_tensor("hidden", TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=tensor)],
        "branch",
        [],
        [helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])],
    )
    model = tiny_models.gain_effect()
    model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    refuse(tiny_models.save(model, tmp_path, "branch"), "'hidden' is stored in another file")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (
            helper.make_node("Loop", ["m", "c"], ["y"], body=helper.make_graph([], "b", [], [])),
            "operator 'Loop'",
        ),
        (helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft"), r"operator 'com\.microsoft\.Gelu'"),
    ],
)
def test_operators_without_a_bound_or_of_others_are_refused(
    node: onnx.NodeProto, words: str, tmp_path: Path
) -> None:
    model = tiny_models.gain_effect()
    model.graph.node.append(node)
    refuse(tiny_models.save(model, tmp_path, "plain"), words)
    inner = helper.make_node("If", ["x"], ["y"], then_branch=helper.make_graph([node], "branch", [], []))
    model.graph.node[-1].CopyFrom(inner)
    refuse(tiny_models.save(model, tmp_path, "inner"), words)


def test_graphs_too_large_or_deep_and_functions_are_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect()
    nodes = [helper.make_node("Neg", [f"n{i}"], [f"n{i + 1}"]) for i in range(MOST_NODES)]
    model.graph.node.extend(nodes)
    refuse(tiny_models.save(model, tmp_path, "large"), f"more than {MOST_NODES} nodes")
    graph = helper.make_graph([], "leaf", [], [])
    for _ in range(9):
        graph = helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=graph)], "g", [], [])
    model = tiny_models.gain_effect()
    model.graph.node.append(graph.node[0])
    refuse(tiny_models.save(model, tmp_path, "deep"), "nested more than 8 deep")
    model = tiny_models.gain_effect()
    model.functions.append(helper.make_function("own", "f", ["x"], ["y"], nodes[:1], model.opset_import))
    refuse(tiny_models.save(model, tmp_path, "functions"), "functions of its own")


def test_keys_that_are_too_many_or_there_twice_are_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect()
    model.metadata_props.add(key="brainsynth.name", value="other")
    refuse(tiny_models.save(model, tmp_path, "twice"), "'brainsynth.name' twice")
    model = tiny_models.gain_effect()
    for i in range(MOST_KEYS):
        model.metadata_props.add(key=f"brainsynth.provenance.a{i}")
    refuse(tiny_models.save(model, tmp_path, "many"), "more than 65536 keys")


def test_size_limit(tmp_path: Path) -> None:
    path = tiny_models.save(tiny_models.gain_effect(), tmp_path)
    size = path.stat().st_size
    refuse(path, "larger than the limit", size_limit=size - 1)
    assert Model(path, size_limit=size).size_bytes == size


def test_header_is_read_as_onnx_writes_it() -> None:
    model = tiny_models.leaky_effect()
    header = read_header(model.SerializeToString(), "x")
    assert header.opset == 18
    assert header.metadata == {entry.key: entry.value for entry in model.metadata_props}
    assert (header.survey.nodes, header.survey.external_tensors, header.functions) == (
        len(model.graph.node),
        [],
        0,
    )


def test_graph_that_is_not_as_its_metadata_says_is_refused(tmp_path: Path) -> None:
    model = tiny_models.delay_effect()
    for entry in model.metadata_props:
        if entry.key == "brainsynth.state.0.name":
            entry.value = "other"
    refuse(tiny_models.save(model, tmp_path, "state"), "no input 'state.other'; it has 'state.line'")
    model = tiny_models.gain_effect(channels=1)
    for entry in model.metadata_props:
        if entry.key == "brainsynth.channels":
            entry.value = "2"
    refuse(
        tiny_models.save(model, tmp_path, "channels"), r"'audio' is tensor\(float\) \(1, 1, T\).*\(1, 2, T\)"
    )


def test_graph_that_gives_other_lengths_than_it_claims_is_refused(tmp_path: Path) -> None:
    model = tiny_models.gain_effect(hop_length=64)
    for entry in model.metadata_props:
        if entry.key == "brainsynth.hop_length":
            entry.value = "65"
    refuse(tiny_models.save(model, tmp_path, "hop"), "the graph fails on 1 frame")


def test_unknown_name_lists_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_models.save(tiny_models.gain_effect(), tmp_path, "cello")
    tiny_models.save(tiny_models.gain_effect(), tmp_path, "flute")
    monkeypatch.setattr(bundled, "MODELS_FOLDER", tmp_path)
    assert bundled.bundled_names() == ["cello", "flute"]
    assert Model("cello").path == tmp_path / "cello.onnx"
    with pytest.raises(UnknownModelError, match=r"no model 'chello'.*mean 'cello'.*cello, flute"):
        Model("chello")
    with pytest.raises(ModelFileError, match="no such file"):
        Model("folder/chello")


def test_bundled_models_load() -> None:
    names = bundled.bundled_names()
    assert len(names) >= 15
    for name in names:
        assert Model(name).document.provenance["licence"]


def test_accelerator_that_is_not_there_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    path = tiny_models.save(tiny_models.gain_effect(), tmp_path)
    with pytest.raises(DeviceError, match="NoSuchExecutionProvider"):
        Model(path, providers=["NoSuchExecutionProvider"])
    with pytest.raises(DeviceError, match="no execution provider was given"):
        Model(path, providers=[])


def test_refusals_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tiny_models.save(tiny_models.gain_effect(hop_length=40), tmp_path)
    with contextlib.suppress(DeviceError):
        Model(path, providers=["CUDAExecutionProvider", "CPUExecutionProvider"])
    path.write_bytes(path.read_bytes()[:-40])
    refuse(path, "gain")
    model = tiny_models.gain_effect(hop_length=64)
    model.opset_import[0].version = 999
    refuse(tiny_models.save(model, tmp_path, "unknown"), "cannot load")
    # A name that is no text makes ONNX Runtime's message one that Python cannot read.
    model = tiny_models.gain_effect()
    model.graph.node[0].input[0] = "Unknown"
    path.write_bytes(model.SerializeToString().replace(b"Unknown", b"Unkn\xff\xffn"))
    refuse(path, "cannot load")
    assert capfd.readouterr() == ("", "")


def test_golden_pair_passes_whole_and_in_blocks() -> None:
    checks = tiny_models.load(tiny_models.gain_effect(golden=tiny_models.gain_golden())).check()
    assert {check.compared for check in checks} == {
        "whole",
        "1 frame",
        "7 frames",
        "random",
        "21 samples",
        "65 samples",
        "reaction",
        "delay",
        "tail",
    }
    assert all(check.passed and check.error == 0.0 and check.tensor == "output.audio" for check in checks)


def test_golden_pair_of_an_analyzer_and_a_generator() -> None:
    for proto, states in ((tiny_models.rms_analyzer(), 0), (tiny_models.sine_generator(), 3)):
        model = tiny_models.load(tiny_models.with_golden(proto))
        assert len(model.check()) == 6 + states + 1
        assert_proved(model)


def test_golden_pair_with_a_wrong_sample_fails_everywhere() -> None:
    model = tiny_models.load(tiny_models.gain_effect(golden=tiny_models.gain_golden(error=1e-4)))
    checks = check_golden(model.graph)
    assert checks
    assert not any(check.passed for check in checks)


def test_model_whose_blocks_differ_from_whole_fails_only_in_blocks() -> None:
    """A graph that ignores its state is right for one long call and wrong for short ones."""
    proto = tiny_models.with_golden(tiny_models.forgetful_effect())
    outcome = {check.compared: check.passed for check in check_golden(tiny_models.load(proto).graph)}
    assert outcome == {"whole": True, "1 frame": False, "7 frames": False, "random": False}


@pytest.mark.parametrize(
    ("make", "stream", "method"),
    [
        (tiny_models.rms_analyzer, AnalyzerStream, "analyze"),
        (tiny_models.sine_generator, GeneratorStream, "generate"),
    ],
)
def test_a_host_that_is_wrong_only_in_odd_blocks_is_seen(
    make: Callable[[], onnx.ModelProto], stream: type[Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_models.load(tiny_models.with_golden(make()))
    right = getattr(stream, method)

    def wrong(self: Any, block: Any, **controls: Any) -> Any:
        found = right(self, block, **controls)
        samples = block if isinstance(block, int) else block.shape[1]
        if samples % 64 == 0:
            return found
        return {k: v + 0.1 for k, v in found.items()} if isinstance(found, dict) else found + np.float32(0.1)

    monkeypatch.setattr(stream, method, wrong)
    failed = {check.compared for check in model.check() if not check.passed}
    assert failed == {"21 samples", "65 samples"}


def test_golden_pair_that_proves_nothing_is_refused() -> None:
    with pytest.raises(ModelFileError, match="no golden pair"):
        tiny_models.load(tiny_models.gain_effect()).check()
    golden = tiny_models.gain_golden()
    silent = {"output.audio": tiny_models.Tensor.of(np.zeros(golden.outputs["output.audio"].shape))}
    proto = tiny_models.gain_effect(golden=golden.model_copy(update={"outputs": silent}))
    with pytest.raises(ModelFileError, match="all zeros"):
        tiny_models.load(proto).check()


def test_golden_pair_that_nothing_moves_is_refused() -> None:
    golden = tiny_models.gain_golden()
    constant = {"output.audio": tiny_models.Tensor.of(np.full((1, 1, 1280), 0.5, np.float32))}
    proto = tiny_models.gain_effect(golden=golden.model_copy(update={"outputs": constant}))
    with pytest.raises(ModelFileError, match="the same in every frame"):
        tiny_models.load(proto).check()


def test_golden_pair_as_faint_as_what_a_host_may_be_off_is_refused() -> None:
    golden = tiny_models.gain_golden()
    right = golden.outputs["output.audio"].array()
    for outputs, told in (
        (right * np.float32(1e-6), "all zeros"),
        (0.5 + right * np.float32(1e-6), "every frame"),
    ):
        faint = golden.model_copy(update={"outputs": {"output.audio": tiny_models.Tensor.of(outputs)}})
        with pytest.raises(ModelFileError, match=told):
            tiny_models.load(tiny_models.gain_effect(golden=faint)).check()


def test_golden_pair_with_one_sound_in_two_channels_is_refused() -> None:
    proto = tiny_models.with_golden(tiny_models.rms_analyzer(channels=2))
    assert_proved(tiny_models.load(proto))
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    document = ModelDocument.from_metadata(metadata)
    assert document.golden is not None
    audio = document.golden.inputs["audio"].array()
    audio[:, 1] = audio[:, 0]
    golden = document.golden.model_copy(update={"inputs": {"audio": tiny_models.Tensor.of(audio)}})
    onnx.helper.set_model_props(proto, document.model_copy(update={"golden": golden}).to_metadata())
    with pytest.raises(ModelFileError, match="the same in several channels"):
        tiny_models.load(proto).check()


def test_a_small_output_is_held_to_its_own_range(tmp_path: Path) -> None:
    """The file allows 0.1 everywhere, which is a quarter of the range of the attack."""
    proto = without_confidence("subtractive")
    document = ModelDocument.from_metadata({entry.key: entry.value for entry in proto.metadata_props})
    assert document.golden is not None
    outputs = dict(document.golden.outputs)
    outputs["output.attack_s"] = tiny_models.Tensor.of(outputs["output.attack_s"].array() + np.float32(0.01))
    changed = document.model_copy(update={"golden": document.golden.model_copy(update={"outputs": outputs})})
    onnx.helper.set_model_props(proto, changed.to_metadata())
    failed = {check.tensor for check in Model(tiny_models.save(proto, tmp_path)).check() if not check.passed}
    assert failed == {"output.attack_s"}


def test_golden_inputs_beyond_their_controls_are_the_files_fault() -> None:
    proto = tiny_models.gain_effect(golden=tiny_models.gain_golden())
    for entry in proto.metadata_props:
        if entry.key == "brainsynth.control.0.maximum":
            entry.value = "1.5"
    with pytest.raises(
        ModelFileError, match=r"gain.*golden inputs are not what its controls take \(gain goes"
    ):
        tiny_models.load(proto).check()


def test_render_is_on_the_time_line_of_the_input() -> None:
    model = tiny_models.load(tiny_models.delay_effect(delay=100))
    audio = np.random.default_rng(0).uniform(-1, 1, (2, 1000)).astype(np.float32)
    np.testing.assert_array_equal(model.render(audio, 48_000), audio)
    np.testing.assert_array_equal(model.render(audio[0], 48_000), audio[0])
    assert np.shape(model.render(audio[:, :0], 44_100)) == (2, 0)


def test_render_takes_controls_from_the_first_sample() -> None:
    model = tiny_models.load(tiny_models.gain_effect())
    audio = np.ones((1, 500), dtype=np.float32)
    np.testing.assert_array_equal(model.render(audio, 48_000, gain=3), 3 * audio)


def test_render_of_an_analyzer_gives_a_frame_for_every_hop_begun() -> None:
    model = tiny_models.load(tiny_models.rms_analyzer())
    audio = np.full((2, 130), 0.5, dtype=np.float32)
    found = model.render(audio, 48_000)
    assert isinstance(found, dict)
    assert found["rms"].shape == (2, 3)
    np.testing.assert_allclose(found["rms"][0], [0.5, 0.5, np.sqrt(0.25 * 2 / 64)], rtol=1e-6)


def test_generator_cannot_be_rendered() -> None:
    with pytest.raises(StreamError, match="call generate"):
        tiny_models.load(tiny_models.sine_generator()).render(np.zeros((1, 10), np.float32), 48_000)


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import plugin_host", ["numpy", "pydantic", "onnxruntime"]),
        (
            "from brainsynth import Model, Stream, NeuralEffect",
            ["torch", "onnx", "pedalboard", "soundfile", "soxr"],
        ),
        ("from brainsynth import Chain", ["torch", "pedalboard"]),
    ],
)
def test_import_takes_only_what_it_needs(statement: str, unwanted: list[str]) -> None:
    code = f"{statement}; import sys; print(*[name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", [3, None, ""])
def test_what_is_no_name_and_no_path_is_refused(name: Any) -> None:
    with pytest.raises(
        UnknownModelError, match=r"by a bundled name or the path of a \.onnx file, and .* arrived"
    ):
        Model(name)
