"""Make parameters of what a plugin lists, and of the note that it plays."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SynthError, did_you_mean
from ..model_file.controls import Scale
from .declarations import MOST_PARAMETERS, Declaration, make_parameters
from .parameter_names import different_words
from .parameters import SynthParameter
from .played_note import KEY

NOTE = "note"
"""The parameter that is the key of the note."""

NOTE_UNIT = "MIDI"
LOWEST_KEY, HIGHEST_KEY = 36, 84


@dataclass(frozen=True)
class Listed:
    """A parameter as a plugin lists it.

    Parameters
    ----------
    place : int
        In the plugin's list.
    name, unit : str
    default : float
        From 0 to 1.
    stepped : bool
        Whether it takes a few values only.
    texts : sequence of str
        What the plugin shows of each of these, else of 0 and of 1.
    """

    place: int
    name: str
    unit: str
    default: float
    stepped: bool
    texts: Sequence[str]


def list_file(path: Path) -> Path:
    """Give the file beside a plugin in which the user may name the parameters to use."""
    return path.with_suffix(".parameters.json")


def read_plugin_parameters(
    listed: Sequence[Listed], path: Path
) -> tuple[tuple[SynthParameter, ...], tuple[int | None, ...]]:
    """Make parameters of those of a plugin, and of the note.

    Parameters
    ----------
    listed : sequence of Listed
        By the plugin.
    path : Path
        The plugin; see `list_file`.

    Returns
    -------
    parameters : tuple of SynthParameter
        Sorted by name.
    places : tuple of int or None
        Of each in the plugin's list; None for the note.

    Raises
    ------
    SynthError
        If there are none or too many, or the user's list cannot be read or names what is not there.
    """
    channels = list(different_words((parameter.name for parameter in listed), [NOTE]))
    declared = [
        _declare(parameter, channel, path) for parameter, channel in zip(listed, channels, strict=True)
    ]
    note = Declaration(
        NOTE, f"{path} has a note", LOWEST_KEY, HIGHEST_KEY, KEY, Scale.INTEGER, unit=NOTE_UNIT
    )
    parameters = make_parameters([note, *declared], str(path))
    if list_file(path).is_file():
        parameters = _choose(parameters, list_file(path))
    if not listed:
        raise SynthError(f"{path} has no parameters that a host can set; choose another plugin")
    if len(parameters) > MOST_PARAMETERS:
        raise SynthError(
            f"{path} has {len(parameters)} parameters with its note, and a synth has at most {MOST_PARAMETERS}; name"
            f' those that are to move in {list_file(path)}, as in ["note", "{channels[0]}"]'
        )
    places = dict(zip(channels, (parameter.place for parameter in listed), strict=True))
    return parameters, tuple(places.get(parameter.channel_name) for parameter in parameters)


def with_unit(text: str, unit: str) -> str:
    """Give what a plugin shows of a value, with the unit unless it is in there, and numbers as short as they can be."""
    text, unit = _tidy(text), unit.strip()
    return f"{text} {unit}" if unit and text and not text.endswith(unit) else text


def _declare(listed: Listed, channel: str, path: Path) -> Declaration:
    where = f"{path} has {channel!r}"
    default = round(min(max(listed.default, 0.0), 1.0), 6)
    texts = [_tidy(text) for text in listed.texts]
    if not listed.stepped:
        ends = " to ".join(with_unit(text, listed.unit) for text in texts) if all(texts) else ""
        return Declaration(channel, where, 0, 1, default, description=ends)
    position = round(default * (len(texts) - 1))
    if len(texts) > 2 and (first := _counts_from(texts)) is not None:
        return Declaration(
            channel, where, first, first + len(texts) - 1, first + position, Scale.INTEGER, unit=listed.unit
        )
    words = ("off", "on") if texts in (["0", "1"], ["", ""]) else tuple(different_words(texts))
    return Declaration(channel, where, 0, len(words) - 1, position, Scale.CHOICE, words)


def _tidy(text: str) -> str:
    """Write a number as short as it can be, and any other text as it is."""
    text = text.strip()
    return f"{float(text):g}" if re.fullmatch(r"-?\d+\.\d+", text) else text


def _counts_from(texts: Sequence[str]) -> int | None:
    """Give where texts begin that count by one; None if they do not."""
    if not all(re.fullmatch(r"-?\d{1,6}", text) for text in texts):
        return None
    numbers = [int(text) for text in texts]
    return numbers[0] if numbers == list(range(numbers[0], numbers[0] + len(numbers))) else None


def _choose(parameters: Sequence[SynthParameter], file: Path) -> tuple[SynthParameter, ...]:
    """Leave those parameters that a file names."""
    try:
        wanted = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SynthError(f"{file} cannot be read ({error}); it needs a list of names, in JSON") from error
    if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted):
        raise SynthError(f'{file} names no parameters; needed is a list, as in ["note", "Cutoff"]')
    known = {parameter.channel_name: parameter for parameter in parameters}
    known |= {parameter.name: parameter for parameter in parameters}
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known)
            raise SynthError(f"{file} names {name!r}, which the plugin does not have: {hint}leave it out")
    names = {known[name].name for name in wanted}
    return tuple(parameter for parameter in parameters if parameter.name in names)
