"""Read the controls that an orchestra gives to an opcode: by position, by name, or first by position and then by name."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ControlError
from ..model_file.document import ModelDocument
from ..streaming.control_values import check_name, check_value
from .csound_abi import read_string

_NUMBER = re.compile(r"[-+.0-9]|p[0-9]")


_NOTHING: dict[str, float] = {}


@dataclass(frozen=True)
class OpcodeArgument:
    """An input of an opcode as the orchestra writes it, and where its value is.

    Parameters
    ----------
    name : str
        A variable such as ``kshift``, a constant, or what Csound made of an expression, such as ``#k3``.
    address : int
        Of the value.
    """

    name: str
    address: int

    @property
    def rate(self) -> str:
        """``S`` for a string, ``a`` for audio, ``k`` for what may change, ``i`` for what does not."""
        if self.name.startswith('"'):
            return "S"
        if _NUMBER.match(self.name):
            return "i"
        plain = self.name.lstrip("#")
        return plain.removeprefix("g")[:1] if len(plain) > 1 else plain


class ControlInputs:
    """The controls that an opcode was given, and where Csound keeps their values.

    Parameters
    ----------
    arguments : sequence of OpcodeArgument
        What comes after the model's name: values in the order of the model's controls, then pairs of a control's
        name and its value.
    document : ModelDocument
        The model.

    Attributes
    ----------
    constants : dict of str to float
        The values of all controls that do not move.

    Raises
    ------
    ControlError
        For a control that does not exist or is given twice, a value of another type, or one that is known at
        init time and out of range.
    """

    def __init__(self, arguments: Sequence[OpcodeArgument], document: ModelDocument) -> None:
        self._owner = f"{document.role} {document.name!r}"
        controls = {control.name: control for control in document.controls}
        self.constants = {control.name: control.defaults[0] for control in document.controls}
        self._moving: list[tuple[str, ctypes.c_double]] = []
        self._last: list[float] = []
        for name, argument in self._pair(arguments, list(controls)):
            if argument.rate == "S":
                self.constants[name] = check_value(controls[name], read_string(argument.address))
            elif argument.rate == "i":
                value = ctypes.c_double.from_address(argument.address).value
                self.constants[name] = check_value(controls[name], value)
            elif argument.rate == "k":
                del self.constants[name]
                self._moving.append((name, ctypes.c_double.from_address(argument.address)))
                self._last.append(float("nan"))
            else:
                raise ControlError(
                    f"control {name} is given as {argument.name}, and needed is a number at k-rate or i-rate: "
                    f"write downsamp({argument.name}) for an audio signal"
                )

    def changed(self) -> dict[str, float]:
        """Give the controls that Csound has changed since the last call; the first call gives all of them."""
        if not self._moving:
            return _NOTHING
        changes: dict[str, float] = {}
        for index, (name, cell) in enumerate(self._moving):
            value = cell.value
            if value != self._last[index]:
                self._last[index] = value
                changes[name] = value
        return changes

    def _pair(
        self, arguments: Sequence[OpcodeArgument], names: list[str]
    ) -> list[tuple[str, OpcodeArgument]]:
        """Give each value the name of its control."""
        first_named = next(
            (index for index, argument in enumerate(arguments) if argument.rate == "S"), len(arguments)
        )
        if first_named > len(names):
            listed = ", ".join(names) if names else "none"
            raise ControlError(
                f"{first_named} controls are given and {self._owner} has {len(names)}: {listed}"
            )
        pairs = list(zip(names, arguments[:first_named], strict=False))
        for index in range(first_named, len(arguments), 2):
            if arguments[index].rate != "S":
                raise ControlError(
                    f"{arguments[index].name} stands where the name of a control is needed: "
                    'after the first name, write "name", value'
                )
            name = read_string(arguments[index].address)
            check_name(name, names, self._owner)
            if index + 1 == len(arguments):
                raise ControlError(f'control "{name}" is given no value: write "{name}", value')
            pairs.append((name, arguments[index + 1]))
        for index, (name, _) in enumerate(pairs):
            if name in [earlier for earlier, _ in pairs[:index]]:
                raise ControlError(f"control {name} is given twice: leave one of them out")
        return pairs
