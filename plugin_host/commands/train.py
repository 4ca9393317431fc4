"""`brainsynth train`: a command for each family of models, built from what the registry says of it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..sound_files.search import describe, search
from .messages import warn
from .training_packages import training_packages
from .training_report import TrainingReport, say_what_comes_next
from .training_sounds import (
    distance_db,
    find_recordings_found,
    find_sounds,
    identify_synth,
    render_sounds,
    resynthesise_with,
)

if TYPE_CHECKING:
    from training.loop.family import Family

_RESUMES = "Ctrl-C stops it, the same command goes on where it was."


class FamilyCommands(TyperGroup):
    """The families as commands. They are looked up when they are asked for: nothing else needs the training package."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the families."""
        with training_packages():
            from training.families import families

            return [family.name for family in families()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Build the command of a family, by its name or an older one.

        Raises
        ------
        UsageError
            If there is none; the sentence names the nearest one, or all.
        """
        with training_packages():
            from training.families import find_family

            return family_command(find_family(cmd_name))


app = typer.Typer(
    cls=FamilyCommands,
)


@app.callback(invoke_without_command=True)
def train(ctx: typer.Context) -> None:
    r"""Train a model of one of these families. Needs pip install 'brainsynth\[train]'."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def family_command(family: Family) -> TyperCommand:
    """Make a family's command: its sources, where the run goes, and an option for every setting and size."""
    parameters = [*_sources(family), *_run(), *_options(family)]

    def command(**values: Any) -> None:
        _train(family, values)

    shape = inspect.signature(command)
    vars(command)["__signature__"] = shape.replace(parameters=parameters)
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(
        family.name,
        help=f"{family.summary} {_RESUMES}",
        short_help=family.summary,
        context_settings={"token_normalize_func": _todays_name},
    )(command)
    built = typer.main.get_command(alone)
    assert isinstance(built, TyperCommand)
    return built


def _todays_name(option: str) -> str:
    """Take the name that `--output` had in earlier versions for it."""
    return "output" if option == "out" else option


def _sources(family: Family) -> list[inspect.Parameter]:
    """What the family learns from: recordings, or else a data set, as the argument."""
    from training.loop.family import Recordings, SynthSounds

    recordings, sounds = family.learns(Recordings), family.learns(SynthSounds)
    found = []
    if recordings is not None:
        argument = typer.Argument(metavar="RECORDINGS", help=recordings.help, show_default=False)
        kind = Path if recordings.required else Path | None
        found.append(
            _parameter("recordings", kind, argument, inspect.Parameter.empty if recordings.required else None)
        )
    if sounds is not None:
        made = f" {sounds.count} are rendered beside the run if not given." if sounds.synth else ""
        text = sounds.help + made
        given = (
            typer.Argument(metavar="DATA", help=text, show_default=False)
            if recordings is None
            else typer.Option("--data", help=text, show_default=False)
        )
        found.append(_parameter("data", Path | None, given, None))
        if sounds.endless:
            text = (
                "A .csd, .vst3 or bundled synth. Without a data set, its sounds are rendered, trained on and deleted;"
                " with one, it is the synth that made it, for the logs."
            )
            found.append(
                _parameter("synth", str | None, typer.Option("--synth", help=text, show_default=False), None)
            )
            text = "Without a data set: the most that sounds take, in GB."
            found.append(
                _parameter("disk_limit", float, typer.Option("--disk-limit", min=0.01, help=text), 1.0)
            )
        if sounds.found:
            text = (
                "A data set made by brainsynth generate SYNTH --like RECORDINGS: these recordings take part."
            )
            found.append(
                _parameter("found", Path | None, typer.Option("--found", help=text, show_default=False), None)
            )
    return found


def _run() -> list[inspect.Parameter]:
    output = typer.Option(
        "--output", "-o", help="The run's folder; one begun earlier goes on.", show_default=False
    )
    device = typer.Option("--device", help="cpu or cuda; CUDA where there is one.", show_default=False)
    return [
        _parameter("output", Path, output, inspect.Parameter.empty),
        _parameter("device", str | None, device, None),
    ]


def _options(family: Family) -> list[inspect.Parameter]:
    from training.loop.settings import settings_of

    found = []
    for kind, title in ((family.settings, "Settings"), (family.size, "Size")):
        for setting in settings_of(kind):
            text = setting.range.help[:1].upper() + setting.range.help[1:]
            allowed = f" [{setting.range}]" if str(setting.range) else ""
            option = typer.Option(setting.option, help=f"{text}{allowed}.", rich_help_panel=title)
            name = f"{title}_{setting.name}"
            found.append(_parameter(name, setting.kind, option, setting.default))
    return found


def _parameter(name: str, kind: Any, given: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, given]
    )


def _train(family: Family, values: dict[str, Any]) -> None:
    """Collect what is learned from, and train."""
    out, device = values["output"], values["device"]
    with training_packages():
        settings, size = (
            kind(**{name.removeprefix(title): values[name] for name in values if name.startswith(title)})
            for kind, title in ((family.settings, "Settings_"), (family.size, "Size_"))
        )
        from training.data.recordings import find_recordings
        from training.data.source import Source, identify_found
        from training.loop.family import SynthSounds
        from training.loop.train import check
        from training.loop.train import train as train_family

        recordings = values.get("recordings")
        if recordings is not None:
            find_recordings(recordings)  # before sounds are rendered, which takes minutes
            if recordings.is_dir() and (passed_over := describe(search(recordings).left_out)):
                warn(f"left out: {passed_over}; convert such sounds to wav or flac, and link no folders")
        with TrainingReport() as report:
            kind = family.learns(SynthSounds)
            if kind is None:
                train_family(family, Source(recordings), out, settings, size, device, report)
            else:
                data = values["data"]
                recordings_found = find_recordings_found(values.get("found"), values.get("synth"), report)
                if data is None:
                    known = identify_synth(values.get("synth"))
                    known |= identify_found(recordings_found) if kind.found else {}
                    check(family, out, settings, size, device, known)
                if data is None and kind.synth:
                    data = render_sounds(kind.synth, kind.count, out, report)
                chosen = (family.name, data, values.get("synth"), values.get("disk_limit"))
                with find_sounds(*chosen, out, report) as sounds:
                    resynthesise = (
                        resynthesise_with(sounds, values["synth"], report) if kind.endless else None
                    )
                    source = Source(
                        recordings, sounds, resynthesise, found=recordings_found, distance=distance_db
                    )
                    train_family(family, source, out, settings, size, device, report)
    say_what_comes_next(out)
