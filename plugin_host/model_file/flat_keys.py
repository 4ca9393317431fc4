"""Turn a document into flat string keys and back, for any schema made of nested pydantic models.

Rules: a field is ``prefix.field``; a sequence of parts is ``prefix.part.count`` and
``prefix.part.<index>.field``, with the part's name in the singular; a mapping is ``prefix.field.<key>``;
several numbers are one text with commas; a tensor of the golden pair is ``prefix.golden.<tensor>``. Numbers
are written so that reading gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import ModelFileError
from .array_text import Tensor, format_numbers, format_shape

PREFIX = "brainsynth"

_SINGULAR = {
    "controls": "control",
    "outputs": "output",
    "states": "state",
    "choices": "choice",
    "tolerances": "tolerance",
}
# Fields that came with format 2. They are left out where they say what a reader takes for granted, so that
# a document of format 1 is written with the keys of format 1.
_LEFT_OUT = {"size": 1, "map": ()}
_MAXIMUM_PARTS = 4096

Document = TypeVar("Document", bound=BaseModel)


def write_metadata(document: BaseModel) -> dict[str, str]:
    """Give the flat keys of a document."""
    flat: dict[str, str] = {}
    _write(PREFIX, document, flat)
    return flat


def _write(prefix: str, value: Any, flat: dict[str, str]) -> None:
    if isinstance(value, Tensor):
        flat[prefix] = value.text()
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            content = getattr(value, field)
            if field not in _LEFT_OUT or content != _LEFT_OUT[field]:
                _write(_join(prefix, field), content, flat)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _write(f"{prefix}.{key}", item, flat)
    elif isinstance(value, tuple) and prefix.endswith(".shape"):
        flat[prefix] = format_shape(value)
    elif isinstance(value, tuple) and prefix.endswith((".default", ".value")):
        flat[prefix] = format_numbers(value)
    elif isinstance(value, tuple):
        flat[f"{prefix}.count"] = str(len(value))
        for index, item in enumerate(value):
            _write(f"{prefix}.{index}", item, flat)
    elif isinstance(value, float):
        flat[prefix] = repr(value)
    elif value is not None:
        flat[prefix] = str(value)


def _join(prefix: str, field: str) -> str:
    # The names of tensors tell input from output by themselves.
    if prefix == f"{PREFIX}.golden" and field in ("inputs", "outputs"):
        return prefix
    return f"{prefix}.{_SINGULAR.get(field, field)}"


def nest_metadata(metadata: Mapping[str, str], version: int, source: str) -> dict[str, Any]:
    """Collect the flat keys into the nested form of the schema, every leaf still a text.

    Parameters
    ----------
    metadata : mapping of str to str
        A file's whole metadata map; keys without our prefix are ignored.
    version : int
        The newest format that can be read.
    source : str
        How messages name the file.

    Raises
    ------
    ModelFileError
        Where the file is foreign, of a newer format, or a count is no count.
    """
    keys = {
        key.removeprefix(f"{PREFIX}."): text for key, text in metadata.items() if key.startswith(f"{PREFIX}.")
    }
    _check_version(keys.get("format"), version, source)
    nested: dict[str, Any] = _plain(keys)
    for field in ("controls", "outputs", "states"):
        nested[field] = _sequence(keys, _SINGULAR[field], source)
    for control in (*nested["controls"], *nested["outputs"]):
        control["choices"] = _choices(control, source)
        control["map"] = _map_points(control, source)
    nested["trained"] = _mapping_of_parts(keys, "trained")
    nested["provenance"] = _below(keys, "provenance")
    nested["golden"] = _golden(_below(keys, "golden"))
    return nested


def read_document(schema: type[Document], nested: dict[str, Any], source: str) -> Document:
    """Check the nested texts against a schema; raises ModelFileError that names the first key at fault."""
    try:
        return schema.model_validate(nested, extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        key = _flat_key(first["loc"])
        if first["type"] == "missing":
            raise ModelFileError(
                f"{source}: the metadata has no {key!r}, which every model needs: export it again"
            ) from error
        reason = first["msg"].removeprefix("Value error, ")
        found = f" is {_shorten(first['input'])}" if isinstance(first["input"], str | int | float) else ""
        subject = f"{key!r}{found}" if first["loc"] else "does not hold together"
        raise ModelFileError(f"{source}: the metadata {subject}: {reason}; export it again") from error


def _check_version(text: str | None, version: int, source: str) -> None:
    if text is None:
        raise ModelFileError(
            f"{source}: this ONNX file has no '{PREFIX}.format' in its metadata, so it is not one of "
            "Brainsynth's models: make one with `brainsynth export`"
        )
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ModelFileError(
            f"{source}: the metadata '{PREFIX}.format' is {_shorten(text)}, needed is a number from 1 to "
            f"{version}"
        )
    if int(text) > version:
        raise ModelFileError(
            f"{source}: this model is written in format {text}, and this Brainsynth reads up to {version}: "
            "upgrade Brainsynth"
        )


def _plain(keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: text for key, text in keys.items() if "." not in key}


def _below(keys: Mapping[str, str], word: str) -> dict[str, str]:
    return {key.removeprefix(f"{word}."): text for key, text in keys.items() if key.startswith(f"{word}.")}


def _mapping_of_parts(keys: Mapping[str, str], word: str) -> dict[str, dict[str, str]]:
    parts: dict[str, dict[str, str]] = {}
    for key, text in _below(keys, word).items():
        name, _, field = key.rpartition(".")
        if name:
            parts.setdefault(name, {})[field] = text
    return parts


def _golden(keys: Mapping[str, str]) -> dict[str, Any] | None:
    if not keys:
        return None
    inputs = {key: text for key, text in keys.items() if key == "audio" or key.startswith("control.")}
    outputs = {key: text for key, text in keys.items() if key.startswith("output.")}
    tolerances = _below(keys, "tolerance")
    return _plain(keys) | {"inputs": inputs, "outputs": outputs, "tolerances": tolerances}


def _sequence(keys: Mapping[str, str], word: str, source: str) -> list[dict[str, Any]]:
    prefix = f"{PREFIX}.{word}"
    count = _count(keys.get(f"{word}.count"), prefix, source)
    return [_below(keys, f"{word}.{index}") | {"key": f"{prefix}.{index}"} for index in range(count)]


def _choices(control: Mapping[str, str], source: str) -> list[str]:
    prefix = f"{control['key']}.choice"
    choices = [
        control.get(f"choice.{index}")
        for index in range(_count(control.get("choice.count", "0"), prefix, source))
    ]
    if None in choices:
        raise ModelFileError(
            f"{source}: the metadata has no '{prefix}.{choices.index(None)}', which its count needs: export "
            "it again"
        )
    return [choice for choice in choices if choice is not None]


def _map_points(control: Mapping[str, str], source: str) -> list[dict[str, str]]:
    count = _count(control.get("map.count", "0"), f"{control['key']}.map", source)
    return [_below(control, f"map.{index}") for index in range(count)]


def _count(text: str | None, prefix: str, source: str) -> int:
    if text is None:
        raise ModelFileError(
            f"{source}: the metadata has no '{prefix}.count', which every model needs: export it again"
        )
    if not (text.isascii() and text.isdigit()) or int(text) > _MAXIMUM_PARTS:
        raise ModelFileError(
            f"{source}: the metadata '{prefix}.count' is {_shorten(text)}, needed is a number from 0 to "
            f"{_MAXIMUM_PARTS}: export it again"
        )
    return int(text)


def _flat_key(location: tuple[int | str, ...]) -> str:
    key = PREFIX
    for part in location:
        key = _join(key, str(part))
    return key


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
