"""Read what a host must know of an ONNX file before it lets ONNX Runtime have it, without the onnx package.

An ONNX file is one protocol buffer message. Only the few fields that decide whether the file is acceptable
are looked at: the operator sets, the metadata, and whether any tensor is stored in another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelFileError

MINIMUM_OPSET = 18
SIZE_LIMIT = 64 * 2**20

# Field numbers of onnx.proto3.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_FUNCTION = 7, 8, 14, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_TENSOR_NAME, _TENSOR_EXTERNAL_DATA = 8, 13
# Fields that lead, from each kind of message, to messages that may hold tensors.
_PATHS_TO_TENSORS: dict[str, dict[int, str]] = {
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}


@dataclass(frozen=True)
class OnnxHeader:
    """The standard operator set's version, the metadata, and the names of tensors stored in another file."""

    opset: int
    metadata: dict[str, str]
    external_tensors: tuple[str, ...]


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
    external: list[str] = []
    has_graph = False
    # Every tensor stored elsewhere has an entry with this key, so most files need no walk through their
    # graph.
    may_be_external = b"location" in data
    try:
        for field, value in _fields(memoryview(data)):
            if field == _MODEL_OPSET and isinstance(value, memoryview):
                opset = dict(_fields(value))
                version = opset.get(_OPSET_VERSION, 0)
                opsets[_text(opset.get(_OPSET_DOMAIN, b""))] = version if isinstance(version, int) else 0
            elif field == _MODEL_METADATA and isinstance(value, memoryview):
                entry = dict(_fields(value))
                metadata[_text(entry.get(_ENTRY_KEY, b""))] = _text(entry.get(_ENTRY_VALUE, b""))
            elif field in (_MODEL_GRAPH, _MODEL_FUNCTION) and isinstance(value, memoryview):
                has_graph = has_graph or field == _MODEL_GRAPH
                if may_be_external:
                    external.extend(
                        _external_tensors("graph" if field == _MODEL_GRAPH else "function", value)
                    )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{source}: this is no ONNX file, or a truncated or damaged one ({error}); export or copy it "
            "again"
        ) from error
    opset_version = opsets.get("", opsets.get("ai.onnx"))
    if not has_graph or opset_version is None:
        raise ModelFileError(
            f"{source}: this is no ONNX file, or a truncated one: it holds no graph; copy it again"
        )
    return OnnxHeader(opset_version, metadata, tuple(external))


def check_header(header: OnnxHeader, source: str) -> None:
    """Refuse, with ModelFileError, an operator set that is too old and tensors that lie in another file."""
    if header.opset < MINIMUM_OPSET:
        raise ModelFileError(
            f"{source}: the graph uses operator set {header.opset}, needed is {MINIMUM_OPSET} or newer: "
            "export it again with a newer opset"
        )
    if header.external_tensors:
        raise ModelFileError(
            f"{source}: tensor {header.external_tensors[0]!r} is stored in another file, and a model must "
            "be one file: export it again without external data"
        )


def _external_tensors(kind: str, message: memoryview) -> Iterator[str]:
    """Walk down to all tensors and name those with an entry that says where their data lies."""
    if kind == "tensor":
        fields = list(_fields(message))
        if any(field == _TENSOR_EXTERNAL_DATA for field, _ in fields):
            yield _text(dict(fields).get(_TENSOR_NAME, b""))
        return
    for field, value in _fields(message):
        deeper = _PATHS_TO_TENSORS[kind].get(field)
        if deeper and isinstance(value, memoryview):
            yield from _external_tensors(deeper, value)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield (field number, value) of a message; raises ValueError where the bytes are no message."""
    position, end = 0, len(message)
    while position < end:
        tag, position = _varint(message, position)
        field, wire_type = tag >> 3, tag & 7
        if field == 0:
            raise ValueError(f"field number 0 at byte {position}")
        if wire_type == 0:
            value, position = _varint(message, position)
            yield field, value
            continue
        if wire_type == 2:
            length, position = _varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"unknown field type {wire_type} at byte {position}")
        if position + length > end:
            raise ValueError(f"a field of {length} bytes goes past the end")
        yield field, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; gives it and the position after it."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise ValueError("it ends inside a number")
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    raise ValueError(f"a number is too long at byte {position}")


def _text(value: memoryview | bytes | int) -> str:
    if isinstance(value, int):
        raise ValueError("a number stands where a text should be")
    return bytes(value).decode("utf-8")
