"""What format 2 added: vectors, maps, triggers, seeds, tolerances, names; and format 1 as it was."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plugin_host.errors import ModelFileError
from plugin_host.model_file.array_text import Tensor
from plugin_host.model_file.bundled import MODELS_FOLDER, bundled_names
from plugin_host.model_file.controls import LARGEST_SEED, Control, MapPoint, Scale
from plugin_host.model_file.document import ModelDocument
from plugin_host.model_file.golden import LARGEST_SHARE, GoldenPair, allowed_at
from plugin_host.model_file.names import HOST_NAMES, NEVER_FREE
from plugin_host.model_file.onnx_bytes import SIZE_LIMIT, read_header, read_model_bytes
from tests.support import tiny_models

FRAMES = 2
POINTS = (
    MapPoint(label="warm, low", x=0.25, y=-1.5, value=(0.1, -0.2, 1 / 3)),
    MapPoint(label="ü", x=1e-9, y=0, value=(-1, 1, 0)),
)
PLACE = Control(name="place", minimum=-1, maximum=1, default=(0.1, -0.5, 1 / 3), size=3, map=POINTS)
STRIKE = Control(name="strike", minimum=0, maximum=127, default=0, scale=Scale.TRIGGER)
DICE = Control(name="dice", minimum=0, maximum=LARGEST_SEED, default=7, scale=Scale.SEED)
PADS = Control(name="pads", minimum=0, maximum=1, default=0, size=4, scale=Scale.TRIGGER)
GAIN_DB = Control(name="gain_db", unit="dB", minimum=-60, maximum=12, default=0)


def golden(outputs: dict[str, tuple[int, ...]], controls: tuple[Control, ...], **fields: Any) -> GoldenPair:
    values: dict[str, Any] = {
        "inputs": {
            f"control.{c.name}": Tensor.of(np.zeros((1, c.size, FRAMES) if c.is_vector else (1, FRAMES)))
            for c in controls
        },
        "outputs": {name: Tensor.of(np.ones(shape)) for name, shape in outputs.items()},
        "tolerance": 1e-5,
    }
    return GoldenPair(**(values | fields))


def generator(**fields: Any) -> ModelDocument:
    controls = (PLACE, STRIKE, DICE, PADS, GAIN_DB)
    audio = {"output.audio": (1, 1, FRAMES * tiny_models.HOP_LENGTH)}
    values: dict[str, Any] = {
        "controls": controls,
        "golden": golden(audio, controls, tolerances={"output.audio": 1e-3}),
    }
    return tiny_models.document("generator", "everything", **(values | fields))


def analyzer(**tolerances: float) -> ModelDocument:
    outputs = (PLACE, GAIN_DB)
    pair = golden({"output.place": (1, 3, FRAMES), "output.gain_db": (1, FRAMES)}, ())
    audio = {"audio": Tensor.of(np.zeros((1, 1, FRAMES * tiny_models.HOP_LENGTH)))}
    named = {f"output.{name}": tolerance for name, tolerance in tolerances.items()}
    pair = pair.model_copy(update={"inputs": audio, "tolerances": named})
    return tiny_models.document("analyzer", "places", outputs=outputs, golden=pair)


def read(document: ModelDocument, change: dict[str, str]) -> ModelDocument:
    return ModelDocument.from_metadata(document.to_metadata() | change, "x.onnx")


@pytest.mark.parametrize("document", [generator(), analyzer(gain_db=0.05)], ids=lambda d: d.name)
def test_document_of_format_2_survives_its_metadata_exactly(document: ModelDocument) -> None:
    assert document.format == 2
    assert read(document, {}) == document


def test_keys_are_those_of_the_manual() -> None:
    metadata = generator().to_metadata()
    assert metadata["brainsynth.format"] == "2"
    assert metadata["brainsynth.control.0.size"] == "3"
    assert metadata["brainsynth.control.0.default"] == f"0.1,-0.5,{1 / 3!r}"
    assert metadata["brainsynth.control.0.map.count"] == "2"
    assert metadata["brainsynth.control.0.map.0.label"] == "warm, low"
    assert metadata["brainsynth.control.0.map.0.x"] == "0.25"
    assert metadata["brainsynth.control.0.map.1.value"] == "-1.0,1.0,0.0"
    assert metadata["brainsynth.control.1.scale"] == "trigger"
    assert metadata["brainsynth.control.2.scale"] == "seed"
    assert metadata["brainsynth.golden.tolerance"] == "1e-05"
    assert metadata["brainsynth.golden.tolerance.output.audio"] == "0.001"
    assert "brainsynth.control.1.size" not in metadata
    assert "brainsynth.control.1.map.count" not in metadata


def test_tensors_of_a_vector_have_an_axis_for_its_elements() -> None:
    shapes = {spec.name: spec.shape for spec in generator().graph_inputs()}
    assert shapes["control.place"] == (1, 3, None)
    assert shapes["control.strike"] == (1, None)
    assert {spec.name: spec.shape for spec in analyzer().graph_outputs()}["output.place"] == (1, 3, None)


def test_elements_are_named_by_their_index() -> None:
    assert PLACE.element_names == ("place[0]", "place[1]", "place[2]")
    assert STRIKE.element_names == ("strike",)


def test_one_default_stands_for_all_elements() -> None:
    assert PADS.defaults == (0.0,) * 4
    assert PLACE.defaults == (0.1, -0.5, 1 / 3)


def test_triggers_and_seeds_are_never_ramped() -> None:
    assert [c.is_ramped for c in (PLACE, STRIKE, DICE, PADS, GAIN_DB)] == [True, False, False, False, True]
    assert [c.is_stepped for c in (PLACE, STRIKE, DICE, PADS, GAIN_DB)] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"brainsynth.control.0.size": "0"}, "control.0.size' is '0'.*greater than or equal to 1"),
        ({"brainsynth.control.0.size": "1025"}, "less than or equal to 1024"),
        ({"brainsynth.control.0.size": "?"}, r"control.0.size' is '\?'"),
        ({"brainsynth.control.0.default": "0.1,0.2"}, "2 defaults for 3 elements"),
        ({"brainsynth.control.0.default": "0.1,2,0"}, "default 2 must be from -1 to 1"),
        ({"brainsynth.control.0.default": "0.1,nan,0"}, "control.0.default.*finite number"),
        ({"brainsynth.control.0.default": "0.1,,0"}, "control.0.default.*finite number"),
        ({"brainsynth.control.0.map.count": "-1"}, "control.0.map.count' is '-1'"),
        ({"brainsynth.control.0.map.count": "3"}, "no 'brainsynth.control.0.map.2.label'"),
        ({"brainsynth.control.0.map.0.label": ""}, "control.0.map.0.label"),
        ({"brainsynth.control.0.map.0.x": "inf"}, "control.0.map.0.x"),
        ({"brainsynth.control.0.map.0.value": "0,0"}, "'warm, low' has 2 numbers for 3 elements"),
        ({"brainsynth.control.0.map.0.value": "0,0,2"}, "'warm, low' leaves the range -1 to 1"),
        ({"brainsynth.control.0.map.0.value": "0,x,0"}, "control.0.map.0.value"),
        ({"brainsynth.control.1.minimum": "-1"}, "a trigger is 0 in all frames but its own"),
        ({"brainsynth.control.1.default": "1"}, "a trigger is 0 in all frames but its own"),
        ({"brainsynth.control.2.maximum": "16777216"}, "within 0 to 16777215"),
        ({"brainsynth.control.2.minimum": "-1"}, "within 0 to 16777215"),
        ({"brainsynth.control.2.default": "0.5"}, "whole numbers"),
        ({"brainsynth.control.2.size": "2"}, "scale seed is one number"),
        ({"brainsynth.control.4.map.count": "1"}, "control.4.map.0.label"),
        ({"brainsynth.control.4.name": "bypass"}, "'bypass' is taken.*another"),
        ({"brainsynth.golden.control.place": "1,2:" + "AAAA" * 2 + "AAA="}, "place has shape"),
        ({"brainsynth.golden.tolerance.output.audio": "0.0011"}, r"audio is 0\.0011.*at most 0\.001"),
        ({"brainsynth.golden.tolerance.output.audio": "0"}, "greater than 0"),
        ({"brainsynth.golden.tolerance.output.sound": "1e-4"}, "'output.sound', which the model does not"),
    ],
)
def test_contradiction_is_explained(change: dict[str, str], words: str) -> None:
    with pytest.raises(ModelFileError, match=words) as refusal:
        read(generator(), change)
    assert str(refusal.value).startswith("x.onnx: ")


def test_only_a_vector_has_a_map() -> None:
    with pytest.raises(ValidationError, match="only a vector control has a map"):
        Control(
            name="x",
            minimum=0,
            maximum=1,
            default=0,
            map=(MapPoint(label="a", x=0, y=0, value=(0.0,)),),
        )


def test_tolerance_of_an_output_is_capped_by_its_range() -> None:
    cap = LARGEST_SHARE * 72  # gain_db goes from -60 to 12
    document = analyzer(gain_db=cap)
    assert document.golden is not None
    assert document.golden.tolerance_of("output.gain_db") == cap
    assert document.golden.tolerance_of("output.place") == 1e-5
    with pytest.raises(ValidationError, match="gain_db is"):
        analyzer(gain_db=1.01 * cap)
    with pytest.raises(ValidationError, match="place is"):
        analyzer(place=cap)


@pytest.mark.parametrize("name", sorted(HOST_NAMES))
def test_names_of_the_host_are_refused_in_format_2(name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is taken"):
        tiny_models.document("effect", "x", controls=(Control(name=name, minimum=0, maximum=1, default=0),))


@pytest.mark.parametrize("name", sorted(HOST_NAMES - NEVER_FREE))
def test_format_1_keeps_controls_whose_names_are_now_the_hosts(name: str) -> None:
    control = Control(name=name, minimum=0, maximum=1, default=0)
    document = tiny_models.document("effect", "x", controls=(control,), format=1)
    assert read(document, {}).controls == (control,)


@pytest.mark.parametrize("control", [PLACE, STRIKE, DICE, PADS], ids=lambda control: control.name)
def test_format_1_has_nothing_of_format_2(control: Control) -> None:
    with pytest.raises(ValidationError, match="needs format 2"):
        tiny_models.document("generator", "x", controls=(control,), format=1)


def test_the_one_tolerance_of_format_1_is_capped_by_the_widest_output() -> None:
    audio = {"output.audio": (1, 1, FRAMES * tiny_models.HOP_LENGTH)}
    document = generator(controls=(GAIN_DB,), golden=golden(audio, (GAIN_DB,), tolerance=1e-3))
    fields: dict[str, Any] = document.model_dump() | {"format": 1}
    assert read(ModelDocument.model_validate(fields), {}).golden == document.golden
    for tolerance in (0.5, 1e6):
        with pytest.raises(ValidationError, match=r"tolerance is .*at most 0\.001"):
            ModelDocument.model_validate(fields | {"golden": golden(audio, (GAIN_DB,), tolerance=tolerance)})
    single = golden(audio, (GAIN_DB,), tolerances={"output.audio": 1e-4})
    with pytest.raises(ValidationError, match="needs format 2"):
        ModelDocument.model_validate(fields | {"golden": single})


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_models_are_read_with_the_defaults_of_format_2_and_written_as_they_were(name: str) -> None:
    data = read_model_bytes(MODELS_FOLDER / f"{name}.onnx", SIZE_LIMIT)
    metadata = read_header(data, name).metadata
    document = ModelDocument.from_metadata(metadata, name)
    ours = {key: text for key, text in metadata.items() if key.startswith("brainsynth.")}
    assert document.to_metadata() == ours
    if document.format == 1:
        assert all(c.size == 1 and c.map == () for c in (*document.controls, *document.outputs))


NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: number + 0.0)
LABELS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=64)
WORDS = LABELS.filter(lambda word: word.isprintable() and word == word.strip())


@st.composite
def controls(draw: st.DrawFn, name: str) -> Control:
    """Any control that makes sense."""
    scale = draw(st.sampled_from(Scale))
    unit, description = draw(LABELS), draw(LABELS)
    common: dict[str, Any] = {"name": name, "unit": unit, "description": description, "scale": scale}
    if scale is Scale.CHOICE:
        words = tuple(draw(st.lists(WORDS, min_size=1, max_size=4, unique=True)))
        default = draw(st.integers(0, len(words) - 1))
        return Control(minimum=0, maximum=len(words) - 1, default=default, choices=words, **common)
    if scale is Scale.SEED:
        top = draw(st.integers(1, LARGEST_SEED))
        return Control(minimum=0, maximum=top, default=draw(st.integers(0, top)), **common)
    size = draw(st.integers(1, 5))
    if scale is Scale.TRIGGER:
        return Control(
            minimum=0,
            maximum=draw(st.floats(1e-3, 1e3, allow_subnormal=False)),
            default=0,
            size=size,
            **common,
        )
    elements = (
        st.floats(1, 2, allow_subnormal=False)
        if scale is Scale.LOG
        else st.floats(-2, 2, allow_subnormal=False)
    )
    if scale is Scale.INTEGER:
        elements = st.integers(-2, 2).map(float)
    vectors = st.tuples(*[elements] * size)
    default = draw(vectors) if size > 1 and draw(st.booleans()) else draw(elements)
    low, high = (1, 2) if scale is Scale.LOG else (-2, 2)
    points = st.builds(MapPoint, label=LABELS, x=NUMBERS, y=NUMBERS, value=vectors)
    places = tuple(draw(st.lists(points, max_size=3))) if size > 1 else ()
    return Control(minimum=low, maximum=high, default=default, size=size, map=places, **common)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_document_survives_its_metadata_exactly(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 4))
    parts = tuple(data.draw(controls(f"control_{index}")) for index in range(number))
    if data.draw(st.booleans()):
        document = tiny_models.document("generator", "any", controls=parts)
    else:
        shapes = {f"output.{c.name}": (1, c.size, 3) if c.is_vector else (1, 3) for c in parts}
        largest = {f"output.{c.name}": LARGEST_SHARE * (c.maximum - c.minimum) for c in parts}
        allowed = {
            k: share * data.draw(st.floats(0.01, 1, allow_subnormal=False))
            for k, share in largest.items()
            if share > 0
        }
        pair = GoldenPair(
            inputs={"audio": Tensor.of(np.zeros((1, 1, 3 * tiny_models.HOP_LENGTH)))},
            outputs={name: Tensor.of(np.ones(shape)) for name, shape in shapes.items()},
            tolerance=1e-30,
            tolerances=allowed,
        )
        single = any(c.minimum == c.maximum for c in parts)
        document = tiny_models.document("analyzer", "any", outputs=parts, golden=None if single else pair)
    metadata = document.to_metadata()
    assert all(re.fullmatch(r"brainsynth\.[a-z0-9_.]+", key) for key in metadata)
    assert ModelDocument.from_metadata(metadata) == document


def test_a_tolerance_is_limited_by_the_scale_of_its_output_in_a_file_of_any_format() -> None:
    attack = Control(name="attack_s", minimum=0.002, maximum=0.4, default=0.01, scale=Scale.LOG)
    share = Control(name="share", minimum=0.0, maximum=0.5, default=0.1)
    values = np.array([0.002, 0.02, 0.4])
    by_value = LARGEST_SHARE * np.log(200) * values
    np.testing.assert_allclose(allowed_at(values, 0.1, attack), np.minimum(by_value, LARGEST_SHARE * 0.398))
    np.testing.assert_allclose(allowed_at(values, 0.1, share), LARGEST_SHARE * 0.5)
    np.testing.assert_allclose(allowed_at(values, 1e-9, attack), 1e-9)
    np.testing.assert_allclose(allowed_at(values, 0.1), LARGEST_SHARE)
