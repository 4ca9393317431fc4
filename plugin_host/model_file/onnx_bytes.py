"""Read what a host must know of an ONNX file before it lets ONNX Runtime have it, without the onnx package.

An ONNX file is one protocol buffer message. Only the few fields that decide whether the file is acceptable
are looked at: the operator sets, the metadata, and what the graph is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelFileError, shorten
from .graph_survey import GraphSurvey
from .protobuf import read_fields, read_text

MINIMUM_OPSET = 18
SIZE_LIMIT = 64 * 2**20

MOST_KEYS = 65_536
"""Of the metadata."""

# Field numbers of onnx.proto3.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_FUNCTION = 7, 8, 14, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


@dataclass(frozen=True)
class OnnxHeader:
    """The standard operator set's version, the metadata, what the graph holds, and the number of functions beside it."""

    opset: int
    metadata: dict[str, str]
    survey: GraphSurvey
    functions: int


def read_model_bytes(path: Path, size_limit: int = SIZE_LIMIT) -> bytes:
    """Read a model file whole.

    Raises
    ------
    ModelFileError
        If it is missing, no file, unreadable, empty, or larger than `size_limit` bytes.
    """
    if not path.exists():
        raise ModelFileError(
            f"{path}: there is no such file; give the path of a .onnx file or a bundled model's name"
        )
    if not path.is_file():
        raise ModelFileError(f"{path}: this is a folder or a device; give the path of a .onnx file")
    try:
        with path.open("rb") as file:
            data = file.read(size_limit + 1)
    except OSError as error:
        raise ModelFileError(
            f"{path}: the file cannot be read ({error.strerror}); check its permissions"
        ) from error
    if not data:
        raise ModelFileError(f"{path}: the file is empty; export or copy the model again")
    if len(data) > size_limit:
        raise ModelFileError(
            f"{path}: the file is larger than the limit of {size_limit / 2**20:g} MiB; "
            "if you trust it, pass a larger size_limit"
        )
    return data


def read_header(data: bytes, source: str) -> OnnxHeader:
    """Take the header out of an ONNX file's bytes.

    Raises
    ------
    ModelFileError
        If the bytes are no ONNX file, or a truncated or damaged one.
    """
    opsets: dict[str, int] = {}
    metadata: dict[str, str] = {}
    survey = GraphSurvey()
    graphs = functions = 0
    try:
        for field, value in read_fields(memoryview(data)):
            if isinstance(value, int):
                continue
            if field == _MODEL_OPSET:
                opset = dict(read_fields(value))
                version = opset.get(_OPSET_VERSION, 0)
                opsets[read_text(opset.get(_OPSET_DOMAIN, b""))] = version if isinstance(version, int) else 0
            elif field == _MODEL_METADATA:
                _add_entry(metadata, value)
            elif field == _MODEL_GRAPH:
                graphs += 1
                survey.walk(value)
            elif field == _MODEL_FUNCTION:
                functions += 1
        if graphs > 1:
            raise ValueError(f"there are {graphs} graphs")
    except ValueError as error:
        raise ModelFileError(
            f"{source}: this is no ONNX file, or a truncated or damaged one ({error}); export or copy it "
            "again"
        ) from error
    opset_version = opsets.get("", opsets.get("ai.onnx"))
    if not graphs or opset_version is None:
        raise ModelFileError(
            f"{source}: this is no ONNX file, or a truncated one: it holds no graph; copy it again"
        )
    return OnnxHeader(opset_version, metadata, survey, functions)


def check_header(header: OnnxHeader, source: str) -> None:
    """Refuse, with ModelFileError, an operator set that is too old and tensors that lie in another file."""
    if header.opset < MINIMUM_OPSET:
        raise ModelFileError(
            f"{source}: the graph uses operator set {header.opset}, needed is {MINIMUM_OPSET} or newer: "
            "export it again with a newer opset"
        )
    if header.functions:
        raise ModelFileError(
            f"{source}: the file defines functions of its own, and a model is one graph of standard operators: "
            "export it again with them inlined"
        )
    header.survey.check(source)


def _add_entry(metadata: dict[str, str], message: memoryview) -> None:
    entry = dict(read_fields(message))
    key = read_text(entry.get(_ENTRY_KEY, b""))
    if key in metadata:
        raise ValueError(f"the metadata has {shorten(key)} twice")
    if len(metadata) >= MOST_KEYS:
        raise ValueError(f"the metadata has more than {MOST_KEYS} keys")
    metadata[key] = read_text(entry.get(_ENTRY_VALUE, b""))
