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

from ..errors import ModelFileError, shorten
from .array_text import Tensor, format_numbers, format_shape, is_whole

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
_LONGEST_KEY, _LONGEST_REASON = 120, 400

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
    groups = _group(keys)
    nested: dict[str, Any] = {key: text for key, text in keys.items() if "." not in key}
    for field in ("controls", "outputs", "states"):
        word = _SINGULAR[field]
        nested[field] = _parts(groups.get(word, {}), f"{PREFIX}.{word}", source)
    for word in ("control", "output"):
        for index, control in enumerate(nested[f"{word}s"]):
            _nest_control(control, f"{PREFIX}.{word}.{index}", source)
    nested["trained"] = _mapping_of_parts(groups.get("trained", {}))
    nested["provenance"] = groups.get("provenance", {})
    nested["golden"] = _golden(groups.get("golden", {}))
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
        reason = first["msg"].removeprefix("Value error, ")[:_LONGEST_REASON]
        found = f" is {shorten(first['input'])}" if isinstance(first["input"], str | int | float) else ""
        subject = f"{key!r}{found}" if first["loc"] else "does not hold together"
        raise ModelFileError(f"{source}: the metadata {subject}: {reason}; export it again") from error


def _check_version(text: str | None, version: int, source: str) -> None:
    if text is None:
        raise ModelFileError(
            f"{source}: this ONNX file has no '{PREFIX}.format' in its metadata, so it is not one of "
            "Brainsynth's models: make one with `brainsynth export`"
        )
    if not is_whole(text) or int(text) < 1:
        raise ModelFileError(
            f"{source}: the metadata '{PREFIX}.format' is {shorten(text)}, needed is a number from 1 to "
            f"{version}"
        )
    if int(text) > version:
        raise ModelFileError(
            f"{source}: this model is written in format {text}, and this Brainsynth reads up to {version}: "
            "upgrade Brainsynth"
        )


def _group(keys: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Collect the keys by what is before their first dot, in one pass: a stranger's file may have many."""
    groups: dict[str, dict[str, str]] = {}
    for key, text in keys.items():
        word, dot, rest = key.partition(".")
        if dot:
            groups.setdefault(word, {})[rest] = text
    return groups


def _parts(keys: Mapping[str, str], prefix: str, source: str) -> list[dict[str, Any]]:
    """Give the keys of each of the counted parts. The first part without a key is the last: its lack is found next."""
    if "count" not in keys:
        raise ModelFileError(
            f"{source}: the metadata has no '{prefix}.count', which every model needs: export it again"
        )
    groups = _group(keys)
    parts: list[dict[str, Any]] = []
    for index in range(_read_count(keys["count"], prefix, source)):
        parts.append(dict(groups.get(str(index), {})))
        if not parts[-1]:
            break
    return parts


def _nest_control(control: dict[str, Any], prefix: str, source: str) -> None:
    groups = _group(control)
    choices, points = groups.get("choice", {}), groups.get("map", {})
    count = _read_count(choices.get("count", "0"), f"{prefix}.choice", source)
    for index in range(count):
        if str(index) not in choices:
            raise ModelFileError(
                f"{source}: the metadata has no '{prefix}.choice.{index}', which its count needs: export it again"
            )
    control["choices"] = [choices[str(index)] for index in range(count)]
    control["map"] = _parts({"count": "0"} | points, f"{prefix}.map", source)


def _mapping_of_parts(keys: Mapping[str, str]) -> dict[str, dict[str, str]]:
    parts: dict[str, dict[str, str]] = {}
    for key, text in keys.items():
        name, _, field = key.rpartition(".")
        if name:
            parts.setdefault(name, {})[field] = text
    return parts


def _golden(keys: Mapping[str, str]) -> dict[str, Any] | None:
    if not keys:
        return None
    inputs = {key: text for key, text in keys.items() if key == "audio" or key.startswith("control.")}
    outputs = {key: text for key, text in keys.items() if key.startswith("output.")}
    tolerances = _group(keys).get("tolerance", {})
    plain = {key: text for key, text in keys.items() if "." not in key}
    return plain | {"inputs": inputs, "outputs": outputs, "tolerances": tolerances}


def _read_count(text: str, prefix: str, source: str) -> int:
    if not is_whole(text) or int(text) > _MAXIMUM_PARTS:
        raise ModelFileError(
            f"{source}: the metadata '{prefix}.count' is {shorten(text)}, needed is a number from 0 to "
            f"{_MAXIMUM_PARTS}: export it again"
        )
    return int(text)


def _flat_key(location: tuple[int | str, ...]) -> str:
    key = PREFIX
    for part in location:
        key = _join(key, str(part))
    return key if len(key) <= _LONGEST_KEY else f"{key[: _LONGEST_KEY - 3]}..."
