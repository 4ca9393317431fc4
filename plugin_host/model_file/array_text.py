"""Write arrays, shapes and lists of numbers as text in a model file's metadata, exact to the last bit."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST_AXES = 8
# What fits 64 bits. Python takes long over numbers of thousands of digits, and then refuses them.
_WHOLE = re.compile(r"[0-9]{1,18}")


class Tensor(BaseModel):
    """A float32 array that can be compared, and written as text such as ``1,1,2:AACAPwAAAEA=``.

    The text is ``SHAPE:BASE64``, the bytes are little-endian float32 in C order. Numpy arrays and such texts
    are taken wherever a `Tensor` is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shape: tuple[Annotated[int, Field(ge=1)], ...]
    data: bytes = Field(repr=False)

    @classmethod
    def of(cls, array: Any) -> Self:
        """Copy an array, converted to float32."""
        values = np.ascontiguousarray(array, dtype="<f4")
        return cls(shape=np.shape(array), data=values.tobytes())

    def array(self) -> NDArray[np.float32]:
        """Give a new array of `shape`."""
        return np.frombuffer(self.data, dtype="<f4").astype(np.float32).reshape(self.shape)

    def text(self) -> str:
        """Write it as ``SHAPE:BASE64``."""
        return f"{format_shape(self.shape)}:{base64.b64encode(self.data).decode('ascii')}"

    @model_validator(mode="before")
    @classmethod
    def _from_text_or_array(cls, value: object) -> object:
        if isinstance(value, str):
            shape, separator, data = value.partition(":")
            if not separator:
                raise ValueError("it must be SHAPE:BASE64, such as 1,1,2:AACAPwAAAEA=")
            try:
                return {"shape": parse_shape(shape), "data": base64.b64decode(data, validate=True)}
            except binascii.Error as error:
                raise ValueError(f"what follows the colon must be base64 ({error})") from error
        if isinstance(value, np.ndarray):
            return {"shape": value.shape, "data": np.ascontiguousarray(value, dtype="<f4").tobytes()}
        return value

    @model_validator(mode="after")
    def _bytes_fit(self) -> Self:
        if len(self.data) != 4 * math.prod(self.shape):
            raise ValueError(
                f"shape {format_shape(self.shape)} needs {4 * math.prod(self.shape)} bytes, not "
                f"{len(self.data)}"
            )
        if not np.isfinite(np.frombuffer(self.data, dtype="<f4")).all():
            raise ValueError("it must be finite throughout")
        return self


def format_shape(shape: tuple[int, ...]) -> str:
    """Write a shape as ``1,128``."""
    return ",".join(str(length) for length in shape)


def parse_shape(text: str) -> tuple[int, ...]:
    """Read a shape such as ``1,128``; raises ValueError for anything else."""
    lengths = text.split(",") if text else []
    if len(lengths) > _MOST_AXES or not all(map(is_whole, lengths)):
        raise ValueError(f"a shape must be at most {_MOST_AXES} whole numbers with commas, such as 1,128")
    return tuple(int(length) for length in lengths)


def is_whole(text: str) -> bool:
    """Tell whether a text is a whole number, not below zero, of at most 18 digits."""
    return _WHOLE.fullmatch(text) is not None


def format_numbers(numbers: tuple[float, ...]) -> str:
    """Write numbers with commas, exact to the last bit: ``0.1,-3.0``."""
    return ",".join(repr(float(number)) for number in numbers)


def parse_numbers(value: object) -> object:
    """Cut a text at its commas, where it has some; whoever reads on turns the parts into numbers."""
    return tuple(value.split(",")) if isinstance(value, str) and "," in value else value
