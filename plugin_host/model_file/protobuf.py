"""Read protocol buffers field by field, without a schema and without a copy."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import counted


def read_fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield (field number, value) of a message; raises ValueError where the bytes are no message."""
    position, end = 0, len(message)
    while position < end:
        tag, position = _read_varint(message, position)
        field, wire_type = tag >> 3, tag & 7
        if field == 0:
            raise ValueError(f"field number 0 at byte {position}")
        if wire_type == 0:
            value, position = _read_varint(message, position)
            yield field, value
            continue
        if wire_type == 2:
            length, position = _read_varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"unknown field type {wire_type} at byte {position}")
        if position + length > end:
            raise ValueError(f"a field of {counted(length, 'byte')} goes past the end")
        yield field, message[position : position + length]
        position += length


def read_text(value: memoryview | bytes | int) -> str:
    """Decode a field's text; raises ValueError if it is a number, or not UTF-8."""
    if isinstance(value, int):
        raise ValueError("a number stands where a text should be")
    return bytes(value).decode("utf-8")


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
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
