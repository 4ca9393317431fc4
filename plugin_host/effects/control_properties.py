"""Make the class of a model's effect, which has the model's controls as properties."""

from __future__ import annotations

import weakref
from typing import Any

from ..model_file.controls import Control, Scale
from ..streaming.control_values import describe_range

_classes: weakref.WeakValueDictionary[tuple[type, tuple[Control, ...]], type[Any]] = (
    weakref.WeakValueDictionary()
)


def class_with_controls(base: type[Any], controls: tuple[Control, ...]) -> type[Any]:
    """Give the class derived from `base` that has a property for each control whose name is free.

    Models with the same controls share a class, which goes when its last effect does. The property of a control
    reads and sets ``effect.controls[name]``, as its docstring says with range and unit.
    """
    if vars(base).get("_is_of_a_model"):
        base = base.__bases__[0]
    found = _classes.get((base, controls))
    if found is None:
        properties = {
            control.name: _property(control) for control in controls if not hasattr(base, control.name)
        }
        contents = {
            **properties,
            "_is_of_a_model": True,
            "__module__": base.__module__,
            "__doc__": base.__doc__,
        }
        found = _classes[base, controls] = type(base.__name__, (base,), contents)
    return found


def _property(control: Control) -> property:
    def get(effect: Any) -> Any:
        return effect.controls[control.name]

    def set_(effect: Any, value: Any) -> None:
        effect.controls[control.name] = value

    what = f"{control.size} numbers" if control.is_vector else "A number"
    if control.is_trigger:
        when = "for one frame, and 0 in all others"
    elif control.scale is Scale.CHOICE:
        when = f"{control.choices[int(control.defaults[0])]} unless set"
    elif len(set(control.defaults)) > 1:
        when = "each has its own default"
    else:
        when = f"{control.defaults[0]:g} unless set"
    return property(get, set_, doc=f"{control.description} {what} {describe_range(control)}; {when}.".strip())


def show_value(control: Control, value: float | str | tuple[float, ...]) -> str:
    """Write a value as `repr` of an effect shows it."""
    if isinstance(value, str):
        return repr(value)
    numbers = value if isinstance(value, tuple) else (value,)
    text = ", ".join(f"{number:g}" for number in numbers)
    return f"{f'({text})' if control.is_vector else text} {control.unit}".rstrip()
