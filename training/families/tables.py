"""Prints the settings of all families as the tables in docs/training.md: python -m training.families.tables."""

from __future__ import annotations

from ..loop.settings import table
from . import families


def settings_tables() -> str:
    """Write a section for each family: what it learns, its settings, its sizes."""
    sections = []
    for family in families():
        sections += [f"### {family.name}", f"{family.summary} `brainsynth train {family.name}`"]
        sections += [table(family.settings), table(family.size)]
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    print(settings_tables(), end="")
