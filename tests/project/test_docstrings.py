"""Docstrings and messages are as a person laid them out: no heading run into its paragraph, no sentence chopped up."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("training", "export", "plugin_host", "benchmarks", "tests", "examples")
SOURCES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in [
        *REPOSITORY.glob("*.py"),
        *(p for name in PACKAGES for p in (REPOSITORY / name).rglob("*.py")),
    ]
)
SECTIONS = {
    *("Parameters", "Other Parameters", "Attributes", "Methods", "Returns", "Yields", "Receives", "Raises"),
    *("Warns", "Warnings", "See Also", "Notes", "References", "Examples"),
}


def docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text is not None:
                yield text


def broken_sections(docstring: str) -> list[str]:
    """Return what is wrong with the section headings of a NumPy-style docstring, one line a fault."""
    faults = []
    lines = docstring.split("\n")
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if line.strip() in SECTIONS and after.strip() != "-" * len(line.strip()):
            faults.append(f"{line.strip()!r} is not underlined to its length")
        if "---" in line and (line != "-" * len(before) or before not in SECTIONS):
            faults.append(f"{line.strip()[:60]!r} underlines no section")
    return faults


def chopped_strings(source: str) -> list[str]:
    """Return the short lines inside strings over several lines that end in the middle of a phrase.

    A writer ends such a line where it is full or where a clause ends; a formatter that wraps again leaves stumps.
    """
    faults = []
    strings: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING:
            strings.append(token)
        elif token.type not in (tokenize.NL, tokenize.COMMENT):
            for piece in strings[:-1]:
                if len(piece.string) <= 50 and not re.search(r"""(\\n|[.:;,] ?)["']$""", piece.string):
                    faults.append(f"line {piece.start[0]}: {piece.string}")
            strings = []
    return faults


def test_all_packages_are_looked_at() -> None:
    assert {"brainsynth.py", "plugin_host/streaming/stream.py", "training/streaming/contract.py"} <= set(
        SOURCES
    )
    found = [text for path in SOURCES for text in docstrings((REPOSITORY / path).read_text("utf-8"))]
    assert sum("\nParameters\n----------\n" in text for text in found) > 100


def test_sections_are_headings() -> None:
    faults = [
        f"{path}: {fault}"
        for path in SOURCES
        for text in docstrings((REPOSITORY / path).read_text("utf-8"))
        for fault in broken_sections(text)
    ]
    assert faults == []


def test_messages_are_not_chopped_up() -> None:
    faults = [
        f"{path}: {fault}"
        for path in SOURCES
        for fault in chopped_strings((REPOSITORY / path).read_text("utf-8"))
    ]
    assert faults == []


@pytest.mark.parametrize(
    "text",
    [
        "Play.\n\nNotes ----- Output lags input.",
        "Play.\n\nNotes\n----\nOutput lags input.",
        "Play.\n\nNotes\nOutput lags input.",
        "Play.\n\nReturn\n------\nSound.",
        "Play.\n\nNotes\n-----\nGood. Raises ------ StreamError.",
    ],
)
def test_broken_sections_are_seen(text: str) -> None:
    assert broken_sections(text)
    assert not broken_sections("Play.\n\nNotes\n-----\nOutput lags input.")


def test_chopped_messages_are_seen() -> None:
    assert (
        len(
            chopped_strings(
                'raise E(\n    "takes multiples of it, and "\n    "{n} samples "\n    "arrived"\n)'
            )
        )
        == 2
    )
    assert chopped_strings('raise E(\n    "A clause ends here: "\n    "do this"\n)') == []
