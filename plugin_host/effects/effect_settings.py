"""Hold an effect's settings, which all that plays it takes over: its mix, its controls, its triggers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from ..errors import ControlError
from ..model_file.controls import Control, Scale
from ..streaming.control_values import check_numbers, check_value, find_control

_MOST_TRIGGERS = 256


class EffectSettings:
    """The values of an effect's controls and its mix, taken over by any number of passes.

    Parameters
    ----------
    controls : mapping of str to Control
        Of the model, by name. Each starts at its default.
    owner : str
        How messages name the effect.

    Attributes
    ----------
    values : dict of str to (float or tuple of float)
        Of each control; of a vector a tuple. A trigger's is 0.
    mix : float
        Share of the processed signal, 0 to 1.
    version : int
        Grows with every change.
    """

    def __init__(self, controls: Mapping[str, Control], owner: str) -> None:
        self.controls = controls
        self.owner = owner
        self.values: dict[str, float | tuple[float, ...]] = {
            name: control.defaults if control.is_vector else control.defaults[0]
            for name, control in controls.items()
        }
        self.mix = 1.0
        self.version = 0
        self._triggers: deque[tuple[int, dict[str, float | tuple[float, ...]]]] = deque(maxlen=_MOST_TRIGGERS)
        self._taken = 0

    def set(self, name: str, value: object) -> None:
        """Set a control, or an element such as ``z[3]``; raises ControlError."""
        control, numbers = self.check(name, value)
        new = numbers if control.is_vector else numbers[0]
        if not control.is_trigger:
            self.values[control.name] = new
        elif any(numbers):
            self._triggers.append((self.version + 1, {control.name: new}))
        self.version += 1

    def check(self, name: str, value: object) -> tuple[Control, tuple[float, ...]]:
        """Give a control and all the numbers that it would be set to, or raise ControlError."""
        control, element = find_control(name, self.controls, self.owner)
        if element is None:
            return control, check_numbers(control, value)
        number = check_value(control, value, name)
        before = np.zeros(control.size) if control.is_trigger else self.values[control.name]
        changed = np.array(before, dtype=np.float64)
        changed[element] = number
        return control, tuple(changed.tolist())

    def set_mix(self, mix: float) -> None:
        """Set the mix to a checked value."""
        self.mix = mix
        self.version += 1

    @property
    def taken(self) -> int:
        """Up to which version a pass has taken over triggers, so that a new pass begins with those since."""
        return self._taken

    def triggers(self, after: int, up_to: int) -> list[dict[str, float | tuple[float, ...]]]:
        """Take over the values of triggers set after one version and up to another.

        Both are given, so that what another thread sets meanwhile is neither lost nor taken twice.
        """
        self._taken = up_to
        return [values for number, values in tuple(self._triggers) if after < number <= up_to]


class ControlValues(MutableMapping[str, Any]):
    """The controls of an effect by name, for reading and setting: ``effect.controls["pitch_shift"] = 12``.

    Every control is here, also one whose name means something else on the effect or is no name in Python. A
    vector is a tuple, and takes as many numbers; ``controls["z[3]"]`` is one of them. A choice is a word. A
    trigger reads as 0. Controls can be set and not removed.

    Parameters
    ----------
    settings : EffectSettings
        Where the values are.
    """

    def __init__(self, settings: EffectSettings) -> None:
        self._settings = settings

    def __getitem__(self, name: str) -> Any:
        """Give a value; raises ControlError for an unknown name."""
        control, element = find_control(name, self._settings.controls, self._settings.owner)
        value = self._settings.values[control.name]
        if isinstance(value, tuple):
            return value if element is None else value[element]
        return control.choices[int(value)] if control.scale is Scale.CHOICE else value

    def __setitem__(self, name: str, value: object) -> None:
        """Set a value; raises ControlError for an unknown name or a value out of range."""
        self._settings.set(name, value)

    def update(self, *others: Any, **more: Any) -> None:
        """Set several values, as a dictionary does; if one of them is refused, none is set."""
        values = dict(*others, **more)
        for name, value in values.items():
            self._settings.check(name, value)
        for name, value in values.items():
            self._settings.set(name, value)

    def __delitem__(self, name: str) -> None:
        """Refuse to remove a control."""
        raise TypeError(f"{self._settings.owner} keeps all its controls: set {name!r} to another value")

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a control or element."""
        try:
            return isinstance(name, str) and bool(find_control(name, self._settings.controls, ""))
        except ControlError:
            return False

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value, or something else for an unknown name."""
        return self[name] if name in self else default  # noqa: SIM401 - this is `get`

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the controls."""
        return iter(self._settings.controls)

    def __len__(self) -> int:
        """Count the controls."""
        return len(self._settings.controls)

    def __repr__(self) -> str:
        return repr(dict(self))
