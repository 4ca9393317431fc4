"""Read which parameters a .csd declares: by ``chn_k`` in the orchestra's header, or by widgets of Cabbage.

docs/synths.md is the manual. What is here needs no Csound: `plugin_host.synths.csound_score` asks it for what was
declared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from ..errors import SynthError
from ..model_file.controls import Scale
from .parameter_names import name_parameters
from .parameters import SynthParameter

INTEGER, LINEAR, EXPONENTIAL = 1, 2, 3
"""What Csound calls the behaviours of a control channel; 0 is a channel that declares nothing."""

MOST_PARAMETERS = 512

_SCALES = {INTEGER: Scale.INTEGER, LINEAR: Scale.LINEAR, EXPONENTIAL: Scale.LOG}
_ATTRIBUTES = ("unit", "choices", "equal")


@dataclass(frozen=True)
class Channel:
    """An input channel as Csound lists it, with the hints that ``chn_k`` gave it."""

    name: str
    behaviour: int
    default: float
    minimum: float
    maximum: float
    attributes: str = ""


@dataclass(frozen=True)
class Declaration:
    """A parameter as it is declared, before it has a name.

    Parameters
    ----------
    channel : str
        The channel's name, any text.
    where : str
        The beginning of a sentence on it: ``mine.csd declares 'Cutoff'``.
    minimum, maximum, default, scale, choices, unit, first, skew, description
        As of `SynthParameter`.
    equal : str
        The set of interchangeable voices that it belongs to, or nothing.
    """

    channel: str
    where: str
    minimum: float
    maximum: float
    default: float
    scale: Scale = Scale.LINEAR
    choices: tuple[str, ...] = ()
    unit: str = ""
    first: int = 0
    skew: float = 1.0
    equal: str = ""
    description: str = ""


def read_parameters(
    channels: Sequence[Channel], file: str, widgets: Sequence[Declaration] = ()
) -> tuple[SynthParameter, ...]:
    """Make parameters of what is declared; channels without a type and a range are left out.

    Parameters
    ----------
    channels : sequence of Channel
        From Csound.
    file : str
        The .csd, for messages.
    widgets : sequence of Declaration
        What widgets declare. What ``chn_k`` says of the same channel counts instead.

    Returns
    -------
    tuple of SynthParameter
        Sorted by name.

    Raises
    ------
    SynthError
        If nothing or too much is declared, or a declaration contradicts itself.
    """
    declared = [_read_channel(channel, file) for channel in channels if channel.behaviour in _SCALES]
    known = {declaration.channel for declaration in declared}
    declared += [declaration for declaration in widgets if declaration.channel not in known]
    if not declared:
        raise SynthError(
            f"{file} declares no parameters: declare each in the orchestra's header as"
            ' chn_k "cutoff_hz", 1, 3, 1000, 100, 8000 (1 for an input; 3 exponential, 2 linear or 1 integer;'
            " default, minimum, maximum) and read it with chnget; or by a slider, checkbox, button or combobox with a"
            " channel in a section <Cabbage>"
        )
    if len(declared) > MOST_PARAMETERS:
        raise SynthError(
            f"{file} declares {len(declared)} parameters, and a synth has at most {MOST_PARAMETERS}; leave out those"
            " that need not move"
        )
    return make_parameters(declared, file)


def make_parameters(declared: Sequence[Declaration], file: str) -> tuple[SynthParameter, ...]:
    """Make parameters, sorted by name, of declarations whose channels are all different; raises SynthError."""
    names = name_parameters(declaration.channel for declaration in declared)
    made = [_make_parameter(declaration, names[declaration.channel], file) for declaration in declared]
    parameters = tuple(sorted(made, key=lambda parameter: parameter.name))
    _check_equal_voices(parameters, file)
    return parameters


def _read_channel(channel: Channel, file: str) -> Declaration:
    words = _read_attributes(channel, file)
    scale = _SCALES[channel.behaviour]
    if "choices" in words:
        if scale is not Scale.INTEGER:
            raise SynthError(
                f"{file} declares {channel.name!r} with choices; declare it as an integer, type 1"
            )
        scale = Scale.CHOICE
    return Declaration(
        channel.name,
        f"{file} declares {channel.name!r}",
        channel.minimum,
        channel.maximum,
        channel.default,
        scale,
        choices=tuple(words["choices"].split(",")) if "choices" in words else (),
        unit=words.get("unit", ""),
        equal=words.get("equal", ""),
    )


def _make_parameter(declared: Declaration, name: str, file: str) -> SynthParameter:
    voice, part = _read_voice(name, declared.equal, file) if declared.equal else (0, "")
    try:
        return SynthParameter(
            name=name,
            channel="" if name == declared.channel else declared.channel,
            unit=declared.unit,
            minimum=declared.minimum,
            maximum=declared.maximum,
            default=declared.default,
            scale=declared.scale,
            choices=declared.choices,
            first=declared.first,
            skew=declared.skew,
            description=declared.description,
            equal=declared.equal,
            voice=voice,
            part=part,
        )
    except ValidationError as error:
        why = "; ".join(str(part["msg"]).removeprefix("Value error, ") for part in error.errors())
        raise SynthError(f"{declared.where} wrongly: {why}") from error


def _read_attributes(channel: Channel, file: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for attribute in channel.attributes.split():
        key, equals, text = attribute.partition("=")
        if not equals or not text:
            raise SynthError(
                f"{file} declares {channel.name!r} with {attribute!r}, which is no attribute; write KEY=VALUE, without"
                " spaces, as in choices=saw,square"
            )
        if key not in _ATTRIBUTES:
            raise SynthError(
                f"{file} declares {channel.name!r} with the attribute {key!r}; those known are"
                f" {', '.join(_ATTRIBUTES)}"
            )
        if key in words:
            raise SynthError(f"{file} declares {channel.name!r} with {key}= twice; leave one out")
        words[key] = text
    return words


def _read_voice(name: str, equal: str, file: str) -> tuple[int, str]:
    found = re.fullmatch(rf"{re.escape(equal)}([1-9]\d*)_(.+)", name)
    if found is None:
        raise SynthError(
            f"{file} declares {name!r} with equal={equal}; its name must begin with {equal}1_ for the first of the"
            f" equal voices, {equal}2_ for the second"
        )
    return int(found[1]) - 1, found[2]


def _check_equal_voices(parameters: Sequence[SynthParameter], file: str) -> None:
    """Refuse voices that are not the same but for their defaults."""
    kinds: dict[str, dict[int, set[tuple[str, Scale, float, float]]]] = {}
    for parameter in parameters:
        if parameter.equal:
            same = (parameter.part, parameter.scale, parameter.minimum, parameter.maximum)
            kinds.setdefault(parameter.equal, {}).setdefault(parameter.voice, set()).add(same)
    for kind, voices in kinds.items():
        if len(voices) < 2:
            raise SynthError(
                f"{file} declares equal={kind} for one voice only; declare two or more, or leave equal={kind} out"
            )
        if any(voice != voices[min(voices)] for voice in voices.values()):
            raise SynthError(
                f"{file} declares voices with equal={kind} that differ; give each the same parameters with the"
                " same types and ranges"
            )
