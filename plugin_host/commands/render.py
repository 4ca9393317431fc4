"""`brainsynth render`: render one sound of a synth, or list its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .messages import warn

if TYPE_CHECKING:
    from ..synths.parameters import SynthParameter
    from ..synths.synth import Synth


def render(
    synth: Annotated[str, typer.Argument(help="A bundled synth, a .csd or a .vst3.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="An audio file; without it, list the parameters.", show_default=False
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter; may be repeated."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help="A preset of the synth, or a .json file; --set has priority.", show_default=False
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write the settings into a preset, a .json file.", show_default=False),
    ] = None,
) -> None:
    """Render one sound of a synth: a .csd that declares its parameters, or a VST3 instrument.

    A .csd declares them with chn_k or as an instrument of Cabbage, and needs Csound 6 (sudo apt-get install csound
    libcsound64-dev libcsnd-dev). The same settings always give the same samples.
    """
    from ..errors import UsageError
    from ..files.plan import refuse_inputs_as_outputs
    from ..synths.preset import Preset, find_preset
    from ..synths.synth import Synth
    from .outputs import refuse_other_than_sound, refuse_unwritable

    if output is not None:
        refuse_other_than_sound(output)
    if save is not None and save.suffix != ".json":
        raise UsageError(f"the preset {save} must have a name that ends in .json")
    found = Synth(synth)
    targets = [path for path in (output, save) if path is not None]
    refuse_inputs_as_outputs([found.path, *([Path(preset)] if preset else [])], targets)
    if not targets:
        if settings or preset:
            raise UsageError("where the sound goes is not said: add --output out.wav")
        _describe(found)
        return
    for target in targets:
        refuse_unwritable(target)
    values: dict[str, float | str] = {}
    if preset is not None:
        chosen = find_preset(preset, found)
        if not chosen.fits(found):
            other = chosen.synth != found.file_name
            made_with = f"{chosen.synth}, not" if other else "another version of"
            warn(f"the preset {preset} was made with {made_with} {found.file_name}")
        values.update(chosen.values)
    values.update(parse_synth_settings(settings or [], found))
    if output is not None:
        _render(found, values, output)
    if save is not None:
        Preset.of(found, values, save.stem).write(save, found.parameters)


def parse_synth_settings(texts: Sequence[str], synth: Synth) -> dict[str, float | str]:
    """Turn ``name=value`` texts into settings by the parameters' names, of which the last one about each counts.

    A parameter is called by its name or by that of its channel.

    Raises
    ------
    UsageError
        For a text without ``=``.
    ControlError
        For an unknown parameter or a value that it does not take.
    """
    from ..synths.parameters import by_name
    from .settings import split_setting

    settings: dict[str, float | str] = {}
    for text in texts:
        name, value = split_setting(text, "f0_hz=220")
        settings |= by_name(synth.parameters, {name: value})
    synth.values(settings)
    return settings


def _render(synth: Synth, settings: dict[str, float | str], output: Path) -> None:
    from ..datasets.manifest import SILENT_DB, peak_db
    from ..files.writer import choose_encoding
    from ..synths.renderer import Renderer
    from ..synths.synth import describe_missed_options
    from .outputs import write_sound

    encoding = choose_encoding(output.suffix, "WAV", "PCM_24")
    if synth.missed_options:
        warn(describe_missed_options(synth))
    with Renderer(synth) as renderer:
        sound = renderer.render(settings)
        if not renderer.deterministic:
            warn(f"{synth.path} gives another sound each time: {synth.kind.steadying}")
    write_sound(output, sound, synth.sample_rate, encoding)
    if peak_db(sound) < SILENT_DB:
        warn(f"{output}: the sound is silent; look at the synth's levels and note")


def _describe(synth: Synth) -> None:
    from ..synths.preset import find_presets
    from .tables import add_row, make_table, open_console, show

    console = open_console()
    channels, size = synth.channels, len(synth.parameters)
    show(
        console,
        f"{synth.name}, {synth.duration_s:g} s at {synth.sample_rate} Hz, {channels}"
        f" channel{'s' if channels > 1 else ''}, {size} parameter{'s' if size > 1 else ''}",
        "bold",
    )
    renamed = any(parameter.channel for parameter in synth.parameters)
    shown = any(parameter.description for parameter in synth.parameters)
    titles = (
        *("parameter", "default", "range", "unit", "scale"),
        *(("channel",) if renamed else ()),
        *(("shown as",) if shown else ()),
    )
    table = make_table(titles, right=("default",))
    for parameter in synth.parameters:
        default = str(synth.defaults[parameter.name])
        row = (parameter.name, default, _range(parameter), parameter.unit, _scale(parameter))
        more = (*([parameter.channel_name] if renamed else []), *([parameter.description] if shown else []))
        add_row(table, *row, *more)
    console.print(table)
    presets = find_presets(synth)
    if presets:
        console.print()
        show(console, f"Presets: {', '.join(preset.name for preset in presets)}")


def _scale(parameter: SynthParameter) -> str:
    skew = f", skew {parameter.skew:g}" if parameter.skew != 1 else ""
    return parameter.scale.value + skew + (f", one of equal {parameter.equal}" if parameter.equal else "")


def _range(parameter: SynthParameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    return f"{parameter.minimum:g} to {parameter.maximum:g}"
