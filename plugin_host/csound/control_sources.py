"""Read controls that move from Csound's own memory: numbers, the numbers of an array, and triggers."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from ..errors import ControlError, counted
from ..model_file.controls import Control
from .csound_abi import read_array

Value = float | tuple[float, ...]
Read = Callable[[], Sequence[float]]


class ControlSource(Protocol):
    """One control, or one element of a vector, whose value Csound may change in every k-cycle."""

    name: str

    def watch(self) -> None:
        """Look at the value; called in every k-cycle."""
        ...

    def take(self) -> Value | None:
        """Give the next new value, None if there is none; called until then when the model is about to run."""
        ...


class HeldSource:
    """A control that keeps its value until Csound changes it. Only the last value counts.

    Parameters
    ----------
    name : str
        Of the control, or of an element.
    read : function
        Gives its numbers, of which a control that is no vector has one.
    is_vector : bool
        Whether the value is all of a vector.
    """

    def __init__(self, name: str, read: Read, is_vector: bool) -> None:
        self.name = name
        self._read = read
        self._is_vector = is_vector
        self._last: Sequence[float] | None = None

    def watch(self) -> None:
        """Leave the value until it is needed."""

    def take(self) -> Value | None:
        """Give the value if it has changed; at first in any case."""
        numbers = self._read()
        if numbers == self._last:
            return None
        self._last = numbers
        return tuple(numbers) if self._is_vector else numbers[0]


class TriggerSource:
    """A trigger: fires when a number leaves 0, once until it has been 0 again.

    Parameters
    ----------
    name, read, is_vector
        As for `HeldSource`. Each number of a vector fires on its own.
    """

    def __init__(self, name: str, read: Read, is_vector: bool) -> None:
        self.name = name
        self._read = read
        self._is_vector = is_vector
        self._last: Sequence[float] = ()
        self._fired: deque[Value] = deque()

    def watch(self) -> None:
        """Remember what fires in this k-cycle."""
        numbers = self._read()
        if numbers == self._last:
            return
        last = self._last or (0.0,) * len(numbers)
        self._last = numbers
        fired = tuple(number if not before else 0.0 for number, before in zip(numbers, last, strict=True))
        if any(fired):
            self._fired.append(fired if self._is_vector else fired[0])

    def take(self) -> Value | None:
        """Give what fired, one k-cycle after another."""
        return self._fired.popleft() if self._fired else None


def number_reader(address: int) -> Read:
    """Give a function that reads a number variable."""
    cell = ctypes.c_double.from_address(address)
    return lambda: (cell.value,)


def array_reader(address: int, control: Control, argument: str) -> Read:
    """Give a function that reads an array variable; it raises ControlError unless the array has every element."""

    def read() -> Sequence[float]:
        numbers = read_array(address)
        if len(numbers) != control.size:
            raise ControlError(
                f"control {control.name} is given {argument}[] of {counted(len(numbers), 'number')} and takes "
                f'{control.size}: fill an array of that length, or write "{control.element_names[0]}", value'
            )
        return numbers

    return read
