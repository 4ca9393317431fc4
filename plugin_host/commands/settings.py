"""Read controls from the command line: ``--set pitch_shift=12``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ControlError, UsageError

if TYPE_CHECKING:
    from ..model_file.controls import Control
    from ..playing.model import Model


def parse_settings(texts: Sequence[str], model: Model) -> dict[str, Any]:
    """Turn ``name=value`` texts into keywords for `NeuralEffect`, which checks their ranges.

    Parameters
    ----------
    texts : sequence of str
        As typed. Of two about one control the last one counts.
    model : Model
        Whose controls they are. A choice becomes one of its words, also where its position was given; every other
        value becomes a number, that of a vector numbers: ``place=0.1,0.2``, or ``place[0]=0.1`` for one of them.

    Raises
    ------
    UsageError
        For a text without ``=``.
    ControlError
        For an unknown control, with the nearest that exists, or a value that is no number.
    """
    from ..streaming.control_values import check_name, read_value

    elements = {name: c for c in model.controls.values() for name in c.element_names} | model.controls
    settings: dict[str, Any] = {}
    for text in texts:
        name, value = split_setting(text, "pitch_shift=12")
        check_name(name, elements, f"{model.document.role} {model.name!r}")
        control = elements[name]
        if control.choices:
            settings[name] = control.choices[int(read_value(control, value))]
        elif control.is_vector and name == control.name:
            settings[name] = _numbers(control, value)
        else:
            settings[name] = _number(name, value)
    return settings


def split_setting(text: str, example: str) -> tuple[str, str]:
    """Split ``name=value``; for a text that is none, raise a UsageError that shows an example."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise UsageError(f"--set {text} is no setting; write --set name=value, as in --set {example}")
    return name, value


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ControlError(f"control {name} was set to {value!r}; a number is needed") from error


def _numbers(control: Control, value: str) -> tuple[float, ...]:
    numbers = tuple(_number(control.name, part) for part in value.split(","))
    if len(numbers) != control.size:
        raise ControlError(
            f"control {control.name} was set to {value!r}; {control.size} numbers are needed, with commas, "
            f"or one as in {control.element_names[0]}=0.5"
        )
    return numbers
