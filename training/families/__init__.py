"""The families of models, a package for each, and the registry that lists them: one line a family.

Nothing here needs torch. A package's ``__init__`` defines its `FAMILY`; docs/adding-a-family.md shows how to add one.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from ..errors import SettingsError
from ..loop.family import Family

PACKAGES = [
    "training.families.timbre",
    "training.families.parameters",
    "training.families.lpc",
    "training.families.pitch",
    "training.families.grains",
    "training.families.oneshots",
    "training.families.music",
]


def families() -> list[Family]:
    """List all families."""
    return [import_module(package).FAMILY for package in PACKAGES]


def find_family(name: str) -> Family:
    """Return the family that goes by a name.

    Raises
    ------
    SettingsError
        If there is none; the sentence names those that there are.
    """
    by_name = {known: family for family in families() for known in (family.name, *family.aliases)}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name, by_name, 1)
    guess = (
        f"did you mean {near[0]}?"
        if near
        else f"the families are {', '.join(family.name for family in families())}"
    )
    raise SettingsError(f"there is no family {name!r}; {guess}")
