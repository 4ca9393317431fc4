"""The metadata of a model file: written and read back exactly, and refused in words when it is wrong."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from pydantic import ValidationError

from plugin_host.errors import ModelFileError
from plugin_host.model_file.array_text import Tensor
from plugin_host.model_file.controls import Control, Scale
from plugin_host.model_file.document import ModelDocument, Range, Role, StateTensor
from plugin_host.model_file.golden import GoldenPair
from plugin_host.model_file.graph_contract import TensorSpec
from tests.support import tiny_models

FRAMES = 3


def full_document() -> ModelDocument:
    random = np.random.default_rng(0)
    return tiny_models.document(
        "effect",
        "everything",
        channels=2,
        latency_samples=12,
        tail_samples=4800,
        description="Uses every key; even = and : and\nline breaks.",
        controls=(
            Control(name="gain_db", unit="dB", minimum=-60.1, maximum=1 / 3, default=0.1 + 0.2),
            Control(name="cutoff_hz", unit="Hz", minimum=1e-3, maximum=2e4, default=440.0, scale=Scale.LOG),
            Control(name="octave", minimum=-3, maximum=3, default=-1, scale=Scale.INTEGER),
            Control(name="mode", minimum=0, maximum=1, default=1, scale=Scale.CHOICE, choices=("a, b", "ü")),
        ),
        states=(
            StateTensor(name="phase", shape=(1, 2), dtype="float64"),
            StateTensor(name="counter", shape=(), dtype="int64"),
            StateTensor(name="line", shape=(1, 2, 100), dtype="float32"),
        ),
        trained={
            "f0_hz": Range(low=65.4, median=220.0, high=1046.5),
            "loudness_db": Range(low=-60, median=-30, high=-12),
        },
        provenance={"licence": "CC0-1.0", "author": "", "data": "https://example.org/?a=b"},
        golden=GoldenPair(
            inputs={
                "audio": Tensor.of(random.uniform(-1, 1, (1, 2, FRAMES * tiny_models.HOP_LENGTH))),
                **{
                    f"control.{name}": Tensor.of(np.ones((1, FRAMES)))
                    for name in ("gain_db", "cutoff_hz", "octave", "mode")
                },
            },
            outputs={
                "output.audio": Tensor.of(random.uniform(-1, 1, (1, 2, FRAMES * tiny_models.HOP_LENGTH)))
            },
            tolerance=1e-5,
        ),
    )


def analyzer_document() -> ModelDocument:
    return tiny_models.document("analyzer", "follower", outputs=(tiny_models.RMS, tiny_models.F0_HZ))


@pytest.mark.parametrize(
    "document", [full_document(), analyzer_document()], ids=lambda document: document.name
)
def test_document_survives_its_metadata_exactly(document: ModelDocument) -> None:
    assert ModelDocument.from_metadata(document.to_metadata()) == document


def test_documents_that_differ_in_one_sample_are_not_equal() -> None:
    document = full_document()
    assert document.golden is not None
    audio = document.golden.outputs["output.audio"].array()
    audio[0, 0, 0] = np.nextafter(audio[0, 0, 0], 2, dtype=np.float32)
    golden = document.golden.model_copy(update={"outputs": {"output.audio": Tensor.of(audio)}})
    assert document.model_copy(update={"golden": golden}) != document


def test_metadata_is_flat_text_that_a_host_without_json_can_read() -> None:
    metadata = full_document().to_metadata()
    assert all(isinstance(key, str) and isinstance(text, str) for key, text in metadata.items())
    assert metadata["brainsynth.format"] == "2"
    assert metadata["brainsynth.role"] == "effect"
    assert metadata["brainsynth.control.count"] == "4"
    assert metadata["brainsynth.control.1.name"] == "cutoff_hz"
    assert metadata["brainsynth.control.3.choice.0"] == "a, b"
    assert metadata["brainsynth.state.0.shape"] == "1,2"
    assert metadata["brainsynth.state.1.shape"] == ""
    assert metadata["brainsynth.trained.f0_hz.low"] == "65.4"
    assert metadata["brainsynth.golden.output.audio"].startswith("1,2,192:")


def test_metadata_survives_onnx_and_onnx_runtime(tmp_path: Path) -> None:
    document = full_document()
    model = tiny_models.gain_effect()
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, document.to_metadata())
    session = ort.InferenceSession(str(tiny_models.save(model, tmp_path)), providers=["CPUExecutionProvider"])
    assert ModelDocument.from_metadata(session.get_modelmeta().custom_metadata_map) == document


def test_unknown_keys_are_left_alone() -> None:
    document = full_document()
    extra = {
        "producer": "somebody",
        "brainsynth.colour": "red",
        "brainsynth.control.0.colour": "red",
        "brainsynth.state.0.colour": "red",
        "brainsynth.trained.f0_hz.mode": "1",
        "brainsynth.golden.colour": "red",
    }
    assert ModelDocument.from_metadata(document.to_metadata() | extra) == document


OPTIONAL = ("description", "unit", "scale", "author", "licence", "data", "choice.count")


@pytest.mark.parametrize("key", [key for key in full_document().to_metadata() if not key.endswith(OPTIONAL)])
def test_missing_key_is_named(key: str) -> None:
    metadata = full_document().to_metadata()
    del metadata[key]
    with pytest.raises(ModelFileError, match=r"^x\.onnx: ") as refusal:
        ModelDocument.from_metadata(metadata, "x.onnx")
    assert key.removeprefix("brainsynth.golden.") in str(refusal.value)


TEXTS = ("name", "family", "description", "unit", "author", "licence", "data", "choice.0", "choice.1")


NONSENSE = [
    (key, text)
    for key in full_document().to_metadata()
    for text in ("?", "nan", "", "1e999")
    # A shape without lengths is that of a single number.
    if not key.endswith(TEXTS) and not (key.endswith(".shape") and text == "")
]


@pytest.mark.parametrize(("key", "text"), NONSENSE)
def test_nonsense_is_refused_and_its_key_named(key: str, text: str) -> None:
    metadata = full_document().to_metadata() | {key: text}
    with pytest.raises(ModelFileError, match=r"^x\.onnx: ") as refusal:
        ModelDocument.from_metadata(metadata, "x.onnx")
    assert key in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"brainsynth.format": "3"}, "format 3.*up to 2.*upgrade"),
        ({"brainsynth.format": "0"}, "from 1 to 2"),
        ({"brainsynth.format": "-1"}, "from 1 to 2"),
        ({"brainsynth.format": "one"}, "from 1 to 2"),
        ({"brainsynth.control.count": "1000000000"}, "from 0 to 4096"),
        ({"brainsynth.control.count": "5"}, r"brainsynth\.control\.4\.name"),
        ({"brainsynth.role": "synth"}, "'effect', 'analyzer' or 'generator'"),
        ({"brainsynth.sample_rate": "12"}, "greater than or equal to 1000"),
        ({"brainsynth.hop_length": "0"}, "greater than or equal to 1"),
        ({"brainsynth.state.0.dtype": "float16"}, "float32"),
        ({"brainsynth.state.0.shape": "1,0"}, "greater than or equal to 1"),
        ({"brainsynth.state.0.shape": "100000,100000"}, "states take .* MiB in all, over the limit of 64"),
        ({"brainsynth.state.0.shape": "100000000000000000," * 7 + "9"}, "over the limit of 64"),
        ({"brainsynth.state.0.shape": "1,1,1,1,1,1,1,1,1"}, "at most 8 whole numbers"),
        ({"brainsynth.hop_length": str(2**40)}, "less than or equal to 65536"),
        ({"brainsynth.control.0.maximum": "1e39"}, "less than or equal to"),
        ({"brainsynth.control.3.choice.1": ""}, "a word that can be typed"),
        ({"brainsynth.control.3.choice.1": " b"}, "a word that can be typed"),
        ({"brainsynth.control.3.choice.1": "a\x1b[2J"}, "a word that can be typed"),
        ({"brainsynth.control.3.choice.1": "a, b"}, "two choices 'a, b'"),
        ({"brainsynth.control.3.choice.count": "4096"}, r"no 'brainsynth\.control\.3\.choice\.2'"),
        ({"brainsynth.control.0.size": "2", "brainsynth.control.0.map.count": "4096"}, r"control\.0\.map\.0"),
        ({"brainsynth.golden.tolerance": "1e6"}, "tolerance of output.audio is 1e"),
        ({"brainsynth.control.0.minimum": "7"}, "minimum 7 must be below maximum"),
        ({"brainsynth.control.0.default": "7"}, "default 7 must be from"),
        ({"brainsynth.control.1.name": "gain_db"}, "two controls named 'gain_db'"),
        ({"brainsynth.control.1.name": "mix"}, "taken"),
        ({"brainsynth.control.1.name": "class"}, "taken"),
        ({"brainsynth.golden.output.audio": "1,2,192:AAAA"}, "needs 1536 bytes, not 3"),
        ({"brainsynth.golden.output.audio": "1,1,192:" + "AAAA" * 256}, r"shape \(1, 1, 192\), needed is"),
        ({"brainsynth.golden.audio": "1,2,1:" + "AAAAAAAAAAA="}, "whole number of hops"),
        ({"brainsynth.golden.control.mode": "1,2:AAAAAAAAAAA="}, "2 frames where another tensor has 3"),
        ({"brainsynth.golden.control.mode": "1,1:AADAfw=="}, "finite"),
    ],
)
def test_contradiction_is_explained(change: dict[str, str], words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        ModelDocument.from_metadata(full_document().to_metadata() | change, "x.onnx")


NUMBERS = [
    key
    for key, text in full_document().to_metadata().items()
    if text.replace(".", "").isdigit() or key.endswith((".shape", ".golden.audio"))
]


@pytest.mark.parametrize("key", NUMBERS)
def test_numbers_of_thousands_of_digits_are_refused_in_few_words(key: str) -> None:
    """Python itself raises for them, in a sentence that names no file."""
    with pytest.raises(ModelFileError, match=r"^x\.onnx: ") as refusal:
        ModelDocument.from_metadata(full_document().to_metadata() | {key: "9" * 5000}, "x.onnx")
    assert len(str(refusal.value)) < 400


def test_states_are_bounded_together() -> None:
    states = tuple(StateTensor(name=f"s{i}", shape=(2**20,), dtype="float64") for i in range(9))
    assert tiny_models.document("effect", "x", states=states[:8]).states
    with pytest.raises(ValidationError, match="72 MiB in all, over the limit of 64"):
        tiny_models.document("effect", "x", states=states)


def test_controls_are_bounded_together() -> None:
    controls = tuple(Control(name=f"c{i}", minimum=0, maximum=1, default=0, size=1024) for i in range(5))
    assert tiny_models.document("effect", "x", controls=controls[:4]).controls
    with pytest.raises(ValidationError, match="5120 numbers a frame, over the limit of 4096"):
        tiny_models.document("effect", "x", controls=controls)


def test_many_keys_are_read_in_one_pass() -> None:
    """Time is no test, so that the passes are counted: each key is looked at a bounded number of times."""

    class Counted(str):
        looked_at = 0

        def partition(self, sep: str, /) -> tuple[str, str, str]:
            type(self).looked_at += 1
            head, dot, rest = super().partition(sep)
            return Counted(head), dot, Counted(rest)

        def removeprefix(self, prefix: str, /) -> "Counted":
            return Counted(super().removeprefix(prefix))

    fields = {"name": "c{}", "minimum": "0", "maximum": "1", "default": "0"}
    many = {
        f"brainsynth.control.{i}.{field}": text.format(i)
        for i in range(500)
        for field, text in (fields | {f"more{j}": "" for j in range(20)}).items()
    }
    metadata = tiny_models.document("effect", "x").to_metadata() | many | {"brainsynth.control.count": "500"}
    assert (
        len(ModelDocument.from_metadata({Counted(key): text for key, text in metadata.items()}).controls)
        == 500
    )
    assert len(metadata) < Counted.looked_at < 5 * len(metadata)


def test_foreign_metadata_is_no_model() -> None:
    with pytest.raises(ModelFileError, match=r"x\.onnx.*no 'brainsynth.format'"):
        ModelDocument.from_metadata({"author": "somebody"}, "x.onnx")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Control(name="Gain", minimum=0, maximum=1, default=0),
        lambda: Control(name="gain", minimum=0, maximum=float("inf"), default=0),
        lambda: Control(name="f", minimum=0, maximum=1, default=0.5, scale=Scale.LOG),
        lambda: Control(name="n", minimum=0, maximum=1.5, default=0, scale=Scale.INTEGER),
        lambda: Control(name="c", minimum=0, maximum=2, default=0, scale=Scale.CHOICE, choices=("a", "b")),
        lambda: Control(name="c", minimum=0, maximum=1, default=0, choices=("a", "b")),
        lambda: Range(low=2, median=1, high=3),
        lambda: tiny_models.document("analyzer", "x"),
        lambda: tiny_models.document("effect", "x", outputs=(tiny_models.RMS,)),
        lambda: tiny_models.document("generator", "x"),
        lambda: tiny_models.document("effect", "x", latency_samples=-1),
        lambda: tiny_models.document("effect", "x", colour="red"),
        lambda: Tensor(shape=(2,), data=b"1234"),
    ],
)
def test_writer_cannot_make_a_document_that_makes_no_sense(make: Any) -> None:
    with pytest.raises(ValidationError):
        make()


class Found(NamedTuple):
    name: str
    type: str
    shape: list[int | str | None]


def graph_of(specs: tuple[TensorSpec, ...]) -> dict[str, Found]:
    types = {"float32": "tensor(float)", "float64": "tensor(double)", "int64": "tensor(int64)"}
    shapes = [["time" if length is None else length for length in spec.shape] for spec in specs]
    return {
        spec.name: Found(spec.name, types[spec.dtype], list(shape))
        for spec, shape in zip(specs, shapes, strict=True)
    }


@pytest.mark.parametrize(
    "document", [full_document(), analyzer_document()], ids=lambda document: document.name
)
def test_graph_that_fits_is_accepted_in_any_order(document: ModelDocument) -> None:
    inputs = list(graph_of(document.graph_inputs()).values())
    outputs = list(graph_of(document.graph_outputs()).values())
    document.check_graph(inputs[::-1], outputs[::-1])


def test_names_of_the_graph_are_those_of_the_manual() -> None:
    names = [spec.name for spec in full_document().graph_inputs()]
    assert names[:2] == ["audio", "control.gain_db"]
    assert names[-3:] == ["state.phase", "state.counter", "state.line"]
    assert [spec.name for spec in full_document().graph_outputs()][:2] == ["output.audio", "next_state.phase"]
    assert [spec.name for spec in analyzer_document().graph_outputs()] == ["output.rms", "output.f0_hz"]
    generator = tiny_models.document("generator", "g", controls=(tiny_models.F0_HZ,))
    assert [spec.name for spec in generator.graph_inputs()] == ["control.f0_hz"]
    assert generator.role is Role.GENERATOR


@pytest.mark.parametrize("side", ["input", "output"])
def test_every_tensor_is_compared_with_the_document(side: str) -> None:
    document = full_document()
    inputs, outputs = graph_of(document.graph_inputs()), graph_of(document.graph_outputs())
    tensors = inputs if side == "input" else outputs
    compared = 0
    for name, good in list(tensors.items()):
        frozen: list[int | str | None] = [64 if length == "time" else length for length in good.shape]
        wrong = [
            good._replace(type="tensor(float16)"),
            good._replace(shape=[*good.shape, 1]),
            good._replace(name="other"),
        ]
        if "time" in good.shape:
            wrong.append(good._replace(shape=frozen))
        if any(isinstance(length, int) for length in good.shape):
            wrong.append(
                good._replace(shape=[7 if isinstance(length, int) else length for length in good.shape])
            )
        for bad in wrong:
            tensors[name] = bad
            with pytest.raises(ModelFileError, match=rf"{side} '({name}|other)'"):
                document.check_graph(list(inputs.values()), list(outputs.values()))
            compared += 1
        tensors[name] = good
    assert compared > 3 * len(tensors)
    extra = Found("extra", "tensor(float)", [1])
    with pytest.raises(ModelFileError, match="'extra', which its metadata does not mention"):
        document.check_graph(
            [*inputs.values(), *([extra] if side == "input" else [])],
            [*outputs.values(), *([extra] if side == "output" else [])],
        )
