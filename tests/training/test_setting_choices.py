"""Settings that are one of some words or numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from training.errors import SettingsError
from training.loop.settings import Checked, size_choice, table


@dataclass(frozen=True)
class Choosing(Checked):
    """A word and a number."""

    colour: str = size_choice(("red", "blue"), "of the sound")
    window: int = size_choice((1024, 4096), "heard at once", "samples")


def test_the_first_choice_is_the_default_and_each_is_allowed() -> None:
    assert (Choosing().colour, Choosing().window) == ("red", 1024)
    assert Choosing("blue", 4096).window == 4096


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"colour": "green"}, "--size-colour is 'green'; needed is red or blue."),
        ({"window": 2048}, "--size-window is 2048; needed is 1024 or 4096 (samples)."),
        ({"window": 1024.0}, "--size-window is 1024.0; needed is 1024 or 4096 (samples)."),
    ],
)
def test_what_is_no_choice_is_refused_with_the_choices(given: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as error:
        Choosing(**given)  # type: ignore[arg-type]
    assert str(error.value) == said


def test_the_table_in_the_docs_shows_the_choices() -> None:
    assert "| `--size-colour` | red | red or blue | of the sound |" in table(Choosing)
