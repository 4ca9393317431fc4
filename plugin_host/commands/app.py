"""Put the commands together."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import (
    bench,
    between,
    compose,
    cross,
    csound,
    demo,
    export,
    fill,
    generate,
    hits,
    infer,
    info,
    kit,
    live,
    map,
    models,
    morph,
    process,
    render,
    train,
    vary,
    verify,
    walk,
)
from .exit_codes import SUMMARY
from .leaving import DEBUG_VARIABLE, leave_with
from .own_orchestra import compiles_own_orchestra

PLAY, GRAINS, MUSIC, SAMPLER, MODELS, SYNTHS, TRAIN = (
    "Play",
    "Grains",
    "Music",
    "Fill a sampler",
    "Models",
    "Synths written in Csound",
    "Train",
)


class Commands(TyperGroup):
    """The commands, listed by what they are for."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for, and say it when Ctrl-C ends it, which Typer would not."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Abort from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the overview as plain text: Rich would take longer to load than all the rest."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] COMMAND [ARGS]...")
        formatter.write_paragraph()
        formatter.write_text(self.help or "")
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                summary = command.get_short_help_str(limit=200).rstrip(".")
                panel = getattr(command, "rich_help_panel", None)
                sections.setdefault(panel or "Commands", []).append((name, summary))
        sections["Options"] = [row for row in (p.get_help_record(ctx) for p in self.get_params(ctx)) if row]
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text(self.epilog or "")


app = typer.Typer(
    name="brainsynth",
    cls=Commands,
    help="Train neural instruments and effects, export each to one file, play it over folders or live.",
    epilog=SUMMARY,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, commands in {
    PLAY: (process.process, live.live, csound.csound, cross.cross, demo.demo),
    GRAINS: (hits.hits, walk.walk, morph.morph, map.map_),
    MUSIC: (compose.compose,),
    SAMPLER: (fill.fill, vary.vary, between.between, kit.kit),
    MODELS: (models.models, info.info, verify.verify, bench.bench),
    SYNTHS: (render.render, generate.generate, infer.infer),
}.items():
    for command in commands:
        settings = csound.SETTINGS if command is csound.csound else None
        app.command(command.__name__.strip("_"), context_settings=settings, rich_help_panel=panel)(command)
app.add_typer(train.app, name="train", rich_help_panel=TRAIN)
app.command("export", rich_help_panel=TRAIN)(export.export)


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help=f"Show the traceback of an error, as with {DEBUG_VARIABLE}=1.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=lambda wanted: _version(wanted)
        ),
    ] = False,
) -> None:
    """Take the options of all commands."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and leave with its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        What follows the program's name; the process's own arguments if not given.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if arguments is None and compiles_own_orchestra(given):
        from ..csound.csound_process import run_apart

        leave_with(lambda: run_apart(given, f"{__package__}.own_orchestra_child"))
    leave_with(lambda: app(given, prog_name="brainsynth", standalone_mode=False))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"brainsynth {metadata.version('brainsynth')}")
        raise typer.Exit
