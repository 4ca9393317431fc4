"""Settings and sizes as dataclasses: help, unit and range of each field in one place.

The command line's options, the checks, config.json and the tables in docs/training.md all come from the fields.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Protocol, get_type_hints

from ..errors import SettingsError

_METADATA = "setting"


@dataclass(frozen=True)
class Range:
    """What a field may be, and what its help says.

    Attributes
    ----------
    help : str
        A sentence that says what the field sets.
    unit : str
        Of a number; empty for a count or a share.
    minimum, maximum : float, optional
        The ends, which are allowed; no end if not given.
    prefix : str
        Of the option on the command line.
    choices : tuple
        The only values that are allowed; any in the range if there are none.
    """

    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    prefix: str = ""
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return " ".join(
                filter(None, [" or ".join(str(one) for one in self.choices), self.unit and f"({self.unit})"])
            )
        low, high = (f"{end:g}" if end is not None else None for end in (self.minimum, self.maximum))
        if low is not None and high is not None:
            text = f"{low} to {high}"
        elif low is not None:
            text = f"{low} or more"
        else:
            text = f"{high} or less" if high is not None else ""
        return " ".join(filter(None, [text, self.unit and f"({self.unit})"]))


class Settings(Protocol):
    """What every family's settings have."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        ...

    @property
    def seed(self) -> int:
        """Of everything that is random."""
        ...


@dataclass(frozen=True)
class Setting:
    """A field as others see it."""

    name: str
    kind: type
    default: Any
    range: Range

    @property
    def option(self) -> str:
        """The option on the command line, such as ``--excerpt-frames``."""
        return f"--{self.range.prefix}{self.name}".replace("_", "-")


def setting(
    default: Any, text: str, unit: str = "", minimum: float | None = None, maximum: float | None = None
) -> Any:
    """Make a dataclass field: a default, a sentence of help, a unit and a range whose ends are allowed."""
    return field(default=default, metadata={_METADATA: Range(text, unit, minimum, maximum)})


def size(
    default: Any, text: str, unit: str = "", minimum: float | None = 1, maximum: float | None = None
) -> Any:
    """Make a field of a size: as `setting`, but its option begins with ``--size-``."""
    return field(default=default, metadata={_METADATA: Range(text, unit, minimum, maximum, "size-")})


def size_choice(choices: tuple[Any, ...], text: str, unit: str = "") -> Any:
    """Make a field of a size that is one of some words or numbers; the first is the default."""
    return field(default=choices[0], metadata={_METADATA: Range(text, unit, prefix="size-", choices=choices)})


def settings_of(kind: type) -> list[Setting]:
    """List the fields of a dataclass made of `setting`, in their order."""
    types = get_type_hints(kind)
    return [Setting(f.name, types[f.name], f.default, f.metadata[_METADATA]) for f in fields(kind)]


class Checked:
    """A base of settings and sizes. They are checked when they are made, see `check`."""

    def __post_init__(self) -> None:
        check(self)

    def identify(self) -> dict[str, Any]:
        """Say for config.json what the files hold that settings name; there are none in most families."""
        return {}


def check(values: Any) -> None:
    """Check every field's type and range.

    Raises
    ------
    SettingsError
        With one sentence about the first field that is wrong.
    """
    for one in settings_of(type(values)):
        value = getattr(values, one.name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        right = is_number if one.kind is float else type(value) is one.kind
        low, high, choices = one.range.minimum, one.range.maximum, one.range.choices
        right = right and (not choices or value in choices)
        if right and is_number:
            # Written so that a NaN is outside.
            right = (low is None or value >= low) and (high is None or value <= high) and abs(value) < 1e300
        if not right:
            kind = {int: "a whole number", float: "a number", bool: "true or false"}.get(one.kind, "a text")
            needed = str(one.range) if choices else ", ".join(filter(None, [kind, str(one.range)]))
            raise SettingsError(f"{one.option} is {value!r}; needed is {needed}.")


def table(kind: type) -> str:
    """Write the fields as a Markdown table, for the docs."""
    rows = ["| option | default | range | |", "|---|---|---|---|"]
    for one in settings_of(kind):
        default = f"{one.default:,}" if one.kind is int else str(one.default)
        rows.append(f"| `{one.option}` | {default} | {one.range} | {one.range.help} |")
    return "\n".join(rows)
