"""Take the widgets of a Cabbage instrument for declarations of its parameters."""

from __future__ import annotations

import math
import re

from ..errors import SynthError, shorten
from ..model_file.controls import Scale
from .cabbage_section import Widget, read_widgets
from .csd_text import quoted_strings, section, without_comments
from .declarations import Declaration
from .parameter_names import different_words

_SLIDERS = ("rslider", "hslider", "vslider", "nslider", "numberbox", "encoder")
_SWITCHES = ("checkbox", "button")
_LISTS = ("combobox",)
_MOST_STEPS = 64
"""Up to so many values, a slider of whole numbers is an integer; with more it is as good as continuous."""


def read_cabbage(text: str, file: str) -> list[Declaration]:
    """Read what the widgets of a .csd declare.

    Widgets that nobody can move (``active(0)``), buttons that spring back (``latched(0)``), lists of files or of texts,
    and channels that the orchestra only sets are no parameters. Widgets of one channel are one parameter, and the first
    says its default and its skew.

    Parameters
    ----------
    text : str
        All of the .csd.
    file : str
        Its name, for messages.

    Raises
    ------
    SynthError
        With the line, if the section cannot be read, a widget has no channel or no sensible range, or two widgets of one
        channel differ in their ranges.
    """
    outputs = _output_channels(section(text, "CsInstruments")[0])
    found: dict[str, tuple[Widget, Declaration]] = {}
    for widget in read_widgets(text, file):
        if widget.kind not in (*_SLIDERS, *_SWITCHES, *_LISTS) or _is_left_alone(widget):
            continue
        for channel in _channels(widget, file):
            where = f"{file}, line {widget.line}: the {widget.kind} {shorten(channel)}"
            declared = _declare(widget, channel, where)
            if declared is None or channel in outputs:
                continue
            before, same = found.setdefault(channel, (widget, declared))
            if _range(same) != _range(declared):
                raise SynthError(
                    f"{where} has another range than the {before.kind} of that channel in line {before.line}; give"
                    " both the same range, or each a channel of its own"
                )
    return [declared for _, declared in found.values()]


def _is_left_alone(widget: Widget) -> bool:
    """Whether nobody can move a widget, or it springs back: what that starts is over when the sound begins."""
    return widget.said.get("active") == ["0"] or widget.said.get("latched") == ["0"]


def _channels(widget: Widget, file: str) -> list[str]:
    """Give the channels of a widget, of which ``widgetarray("name", 8)`` has several."""
    array = widget.said.get("widgetarray", [])
    if len(array) == 2 and array[1].isdecimal():
        return [f"{array[0]}{number}" for number in range(1, int(array[1]) + 1)]
    names = [name for name in widget.said.get("channel", [])[:1] if name]
    if not names:
        raise SynthError(
            f'{file}, line {widget.line}: the {widget.kind} has no channel; add channel("cutoff"), which the orchestra'
            ' reads with chnget "cutoff", or leave it out'
        )
    return names


def _declare(widget: Widget, channel: str, where: str) -> Declaration | None:
    """Give what a widget declares; None if it is no parameter."""
    said = widget.said
    if widget.kind in _SLIDERS:
        return _declare_slider(widget, channel, where)
    if widget.kind in _SWITCHES:
        default = _number(said.get("value", ["0"]), 0, where)
        return Declaration(channel, f"{where} is declared", 0, 1, default, Scale.CHOICE, ("off", "on"))
    items = said.get("items", said.get("text", []))
    if not items or "populate" in said or "file" in said or said.get("channeltype") == ["string"]:
        return None
    # Nothing is chosen at 0, and a combobox counts its items from 1.
    default = max(_number(said.get("value", ["1"]), 0, where), 1) - 1
    words = tuple(different_words(items))
    return Declaration(
        channel, f"{where} is declared", 0, len(words) - 1, default, Scale.CHOICE, words, first=1
    )


def _declare_slider(widget: Widget, channel: str, where: str) -> Declaration:
    said = widget.said
    written = said.get("range", [])
    low = _number(written or said.get("min", ["0"]), 0, where)
    high = _number(written, 1, where) if len(written) > 1 else _number(said.get("max", ["1"]), 0, where)
    default = _number(
        written if len(written) > 2 else said.get("value", [f"{low}"]), 2 if len(written) > 2 else 0, where
    )
    skew = _number(written, 3, where) if len(written) > 3 else 1.0
    step = _number(written, 4, where) if len(written) > 4 else 0.0
    if not skew > 0:
        raise SynthError(f"{where} has a skew of {skew:g}; needed is one above 0, where 1 is even")
    whole = all(value == round(value) for value in (low, high, default))
    if step == 1 and skew == 1 and whole and high - low < _MOST_STEPS:
        return Declaration(channel, f"{where} is declared", low, high, default, Scale.INTEGER)
    return Declaration(channel, f"{where} is declared", low, high, default, skew=skew)


def _number(written: list[str], position: int, where: str) -> float:
    text = written[position] if position < len(written) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SynthError(f"{where} has {shorten(text)} where a number is needed")
    return value


def _range(declared: Declaration) -> tuple[float, float, tuple[str, ...], int]:
    return declared.minimum, declared.maximum, declared.choices, declared.first


def _output_channels(orchestra: str) -> set[str]:
    """Give the names that stand only where channels are set."""
    setting: set[str] = set()
    others: set[str] = set()
    for line in without_comments(orchestra).splitlines():
        (setting if re.search(r"\b(chnset|cabbageSet)", line) else others).update(quoted_strings(line))
    return setting - others
