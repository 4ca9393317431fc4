"""Read the controls that an orchestra gives to an opcode: by position, by name, or first by position and then by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import ControlError, counted
from ..model_file.document import ModelDocument
from ..streaming.control_values import ControlValue, check_numbers, check_value, find_control
from .control_sources import ControlSource, HeldSource, TriggerSource, array_reader, number_reader
from .csound_abi import read_string, variable_type

_NUMBER = re.compile(r"[-+.0-9]|p[0-9]")
_QUOTES = ('"', "{{")
_OF_THE_HEADER = "r"


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
        """``S`` for a string, ``k`` for a number that may change, ``i`` for one that does not; else Csound's letter."""
        return self._type[0]

    @property
    def is_array(self) -> bool:
        """Whether it is an array variable, of whose elements the rate then is."""
        return self._type[1]

    @cached_property
    def _type(self) -> tuple[str, bool]:
        if self.name.startswith(_QUOTES):
            return "S", False
        if _NUMBER.match(self.name):
            return "i", False
        letter, is_array = variable_type(self.address)
        return ("i" if letter == _OF_THE_HEADER else letter), is_array


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
    constants : dict of str to value
        The values of all controls that do not move, by name of a control or of an element.

    Raises
    ------
    ControlError
        For a control that does not exist or is given twice, a value of another type, or one that is known at
        init time and out of range.
    """

    def __init__(self, arguments: Sequence[OpcodeArgument], document: ModelDocument) -> None:
        self._owner = f"{document.role} {document.name!r}"
        self._controls = {control.name: control for control in document.controls}
        self.constants: dict[str, ControlValue] = {
            control.name: control.defaults if control.is_vector else control.defaults[0]
            for control in document.controls
        }
        self._sources: list[ControlSource] = []
        self._triggers: list[TriggerSource] = []
        for name, argument in self._pair(arguments, list(self._controls)):
            self._take(name, argument)

    def watch(self) -> None:
        """Look at what may come and go between two calls of `changes`; called in every k-cycle."""
        for trigger in self._triggers:
            trigger.watch()

    def changes(self) -> Iterator[dict[str, ControlValue]]:
        """Give the controls that Csound has changed since the last call; the first call gives all of them.

        There are several steps where triggers fired in several k-cycles.
        """
        while self._sources:
            found: dict[str, ControlValue] = {}
            for source in self._sources:
                value = source.take()
                if value is not None:
                    found[source.name] = value
            if not found:
                return
            yield found

    def _take(self, name: str, argument: OpcodeArgument) -> None:
        """Keep the value of an argument, or where it will be found."""
        control, element = find_control(name, self._controls, self._owner)
        if argument.rate not in ("S", "i", "k"):
            raise ControlError(
                f"control {name} is given as {argument.name}, and needed is a number at k-rate or i-rate: "
                f"write downsamp({argument.name}) for an audio signal"
            )
        is_whole_vector = control.is_vector and element is None
        if argument.is_array and not is_whole_vector:
            raise ControlError(
                f"control {name} is given {argument.name}[], and it is a single number: write {argument.name}[0]"
            )
        if is_whole_vector and not argument.is_array:
            raise ControlError(
                f"control {name} is given {argument.name}, and it takes {control.size} numbers: give an array "
                f'of them, or write "{control.element_names[0]}", value'
            )
        if argument.rate == "S":
            self.constants[name] = check_value(control, read_string(argument.address), name)
            return
        read = (
            array_reader(argument.address, control, argument.name)
            if is_whole_vector
            else number_reader(argument.address)
        )
        if argument.rate == "i":
            numbers = read()
            self.constants[name] = (
                check_numbers(control, numbers) if is_whole_vector else check_value(control, numbers[0], name)
            )
            return
        # The elements that nobody gives keep their defaults.
        if element is None:
            del self.constants[name]
        if control.is_trigger:
            trigger = TriggerSource(name, read, is_whole_vector)
            self._triggers.append(trigger)
            self._sources.append(trigger)
        else:
            self._sources.append(HeldSource(name, read, is_whole_vector))

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
                f"{counted(first_named, 'control is', 'controls are')} given and {self._owner} has {len(names)}: {listed}"
            )
        pairs = list(zip(names, arguments[:first_named], strict=False))
        for index in range(first_named, len(arguments), 2):
            if arguments[index].rate != "S":
                raise ControlError(
                    f"{arguments[index].name} stands where the name of a control is needed: "
                    'after the first name, write "name", value'
                )
            name = read_string(arguments[index].address)
            find_control(name, self._controls, self._owner)
            if index + 1 == len(arguments):
                raise ControlError(f'control "{name}" is given no value: write "{name}", value')
            pairs.append((name, arguments[index + 1]))
        given: set[str] = set()
        for name, _ in pairs:
            control, element = find_control(name, self._controls, self._owner)
            elements = (
                control.element_names if element is None else control.element_names[element : element + 1]
            )
            if given.intersection(elements):
                raise ControlError(f"control {name} is given twice: leave one of them out")
            given.update(elements)
        return pairs
