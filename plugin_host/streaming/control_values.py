"""Check the values of a model's controls: numbers, words, vectors, and curves of one value a frame."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import SupportsFloat, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError, counted, did_you_mean, shorten
from ..model_file.controls import Control, Scale

ControlValue: TypeAlias = float | str | Sequence[float] | NDArray[np.floating]
"""What a control can be set to: a number, the word of a choice, or the numbers of a vector."""

_ELEMENT = re.compile(r"(.+)\[([0-9]{1,9})\]")


def check_name(name: str, known: Iterable[str], owner: str) -> None:
    """Raise ControlError, with the name that was probably meant, unless `name` is one of `known`."""
    names = list(known)
    if name in names:
        return
    if not isinstance(name, str):
        raise ControlError(f"{owner} has controls by name, and {name!r} arrived: one of {', '.join(names)}")
    listed = f"it has {', '.join(names)}" if names else "it has no controls"
    raise ControlError(
        f"{owner} has no control {shorten(name)}: {did_you_mean(name, names).strip() or listed}"
    )


def find_control(name: str, controls: Mapping[str, Control], owner: str) -> tuple[Control, int | None]:
    """Give the control that a name means, and which element of it: ``z[3]`` is element 3 of ``z``.

    Returns
    -------
    tuple of Control and (int or None)
        None for the whole control.

    Raises
    ------
    ControlError
        If there is no such control or element.
    """
    element = _ELEMENT.fullmatch(name) if isinstance(name, str) and name not in controls else None
    base = element[1] if element is not None else name
    check_name(base, controls, owner)
    control = controls[base]
    if element is None:
        return control, None
    index = int(element[2])
    if not control.is_vector:
        raise ControlError(f"{owner} has no control {name!r}: {base} is a single number")
    if index >= control.size:
        raise ControlError(
            f"{owner} has no control {name!r}: {base} has the elements 0 to {control.size - 1}"
        )
    return control, index


def check_value(control: Control, value: object, name: str = "") -> float:
    """Turn the value of a control of one number, or of one element, into the number the graph takes.

    Parameters
    ----------
    control : Control
        What the value is for.
    value : float, int or str
        In the control's unit. A word is taken for a choice, where it is one of its `choices`.
    name : str
        How messages name it; the control's own name unless given.

    Raises
    ------
    ControlError
        If it is no finite number, out of range, or no whole number where the scale needs one.
    """
    name = name or control.name
    if control.scale is Scale.CHOICE and isinstance(value, str):
        if value in control.choices:
            return float(control.choices.index(value))
        raise ControlError(
            f"{name} is {shorten(value)}: choose one of {', '.join(map(repr, control.choices))}"
        )
    if not is_number(value):
        raise ControlError(f"{name} is {shorten(value)}, needed is a number {describe_range(control)}")
    number = float(value)
    # A float32 just above a maximum that float32 cannot represent is that maximum.
    slack = 1e-6 * (control.maximum - control.minimum)
    if not control.minimum - slack <= number <= control.maximum + slack:
        raise ControlError(f"{name} is {number:g}, needed is a number {describe_range(control)}")
    if control.is_stepped and number != round(number):
        raise ControlError(f"{name} is {number:g}, needed is a whole number {describe_range(control)}")
    return min(max(number, control.minimum), control.maximum)


def read_value(control: Control, value: object, name: str = "") -> float:
    """Read the value of one number as people write it in an option, a list or a preset.

    For a choice, what they write is a word before it is a position: of the words 1, 2 and 4, ``2`` is the second,
    and not the third. In a program's own calls a number is a position; see `check_value`.

    Parameters
    ----------
    control : Control
        What the value is for.
    value : str, float or int
        A text, or a number where the file has numbers, as JSON does.
    name : str
        How messages name it; the control's own name unless given.

    Raises
    ------
    ControlError
        As `check_value` does, and for a text that is neither a word of the choice nor a number.
    """
    text = value.strip() if isinstance(value, str) else _written(value)
    if text in control.choices:
        return float(control.choices.index(text))
    if not isinstance(value, str):
        return check_value(control, value, name)
    try:
        number = float(text)
    except ValueError:
        # It says what is needed instead.
        return check_value(control, text, name)
    # A numeral may be written in several ways: 2.0 is the word 2 too.
    return read_value(control, number, name)


def is_number(value: object) -> TypeGuard[SupportsFloat]:
    """Tell whether a value is one number of Python or numpy; a truth value and an array of one axis are none."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):  # rows of different lengths, or what only claims to be an array
        return False
    return array.ndim == 0 and array.dtype.kind in "iuf"


def check_numbers(control: Control, value: object) -> tuple[float, ...]:
    """Turn the value of a whole control into the numbers the graph takes, one for each element.

    Parameters
    ----------
    control : Control
        What the value is for.
    value : float, str, or sequence of float
        As for `check_value`; of a vector of K, exactly K numbers.

    Raises
    ------
    ControlError
        As `check_value` does, and for a vector of another length.
    """
    if not control.is_vector:
        return (check_value(control, value),)
    numbers = _as_list(value)
    if numbers is None or len(numbers) != control.size:
        found = shorten(value) if numbers is None else counted(len(numbers), "number")
        raise ControlError(
            f"{control.name} is {found}, needed are {control.size} numbers {describe_range(control)}; "
            f"set one of them as {control.element_names[0]!r}"
        )
    return tuple(
        check_value(control, number, name)
        for number, name in zip(numbers, control.element_names, strict=True)
    )


def is_curve(control: Control | None, value: object) -> bool:
    """Tell whether a value is an array of one value a frame, not one value for all of them."""
    try:
        axes = np.ndim(value)  # pyright: ignore[reportArgumentType]
    except ValueError:  # rows of different lengths, which `check_numbers` refuses with a better sentence
        return False
    return axes > (1 if control is not None and control.is_vector else 0)


def check_curve(control: Control, value: object, frames: int, channels: int) -> NDArray[np.float32]:
    """Turn an array of one value a frame into rows.

    Parameters
    ----------
    control : Control
        What the values are for.
    value : array
        (N,) for all channels or (C, N) for each; of a vector of K, (K, N) or (C, K, N).
    frames, channels : int
        N and C.

    Returns
    -------
    array
        (1 or C, K, N) float32.

    Raises
    ------
    ControlError
        For another shape, or a value that is out of range or not finite.
    """
    try:
        curve = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ControlError(f"{control.name} is no array of numbers; give one number a frame") from error
    shape = (control.size, frames) if control.is_vector else (frames,)
    if curve.shape not in (shape, (channels, *shape)):
        raise ControlError(
            f"{control.name} has shape {curve.shape}, needed is one value a frame: {shape} for all channels "
            f"or {(channels, *shape)} for each"
        )
    if frames:
        low, high = np.float32(control.minimum), np.float32(control.maximum)
        if not (math.isfinite(float(curve.sum())) and low <= curve.min() and curve.max() <= high):
            raise ControlError(
                f"{control.name} goes from {curve.min():g} to {curve.max():g}, needed are numbers "
                f"{describe_range(control)}"
            )
        if control.is_stepped and (curve != np.rint(curve)).any():
            raise ControlError(f"{control.name} has values between whole numbers, needed are whole numbers")
    return curve.reshape(-1 if frames else 1, control.size, frames)


def describe_range(control: Control) -> str:
    """Write the range with its unit: ``from -24 to 24 semitones``."""
    if control.scale is Scale.CHOICE:
        return f"from 0 to {control.maximum:g} ({', '.join(control.choices)})"
    return f"from {control.minimum:g} to {control.maximum:g} {control.unit}".rstrip()


def _written(value: object) -> str:
    """Give a number as people write it, ``2`` for 2.0; nothing for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return ""
    return f"{value:.15g}"


def _as_list(value: object) -> list[object] | None:
    """Give the parts of a sequence or array of one axis; None for anything else."""
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim == 1 else None
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else None
