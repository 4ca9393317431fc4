"""Say something in one line, whatever names and texts of others are in it."""

from __future__ import annotations

import typer


def say(sentence: str) -> None:
    """Print one line of a command's result on standard output."""
    typer.echo(printable(sentence))


def warn(sentence: str) -> None:
    """Print one line on standard error, with the program's name before it."""
    typer.echo(f"brainsynth: {printable(sentence)}", err=True)


def printable(text: str) -> str:
    r"""Give a text in one line that any terminal takes.

    Control characters, among them line breaks and those that begin escape codes, and the bytes of names that are not
    UTF-8 are written as Python writes them: ``\n``, ``\x1b``, ``\udcff``.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )
