"""Keys of drums in General MIDI (MMA 1991, percussion key map)."""

from __future__ import annotations

import re
from collections.abc import Sequence

FIRST_KEY = 36
HIGHEST = 127
CHOKED = {"closed-hat", "open-hat", "pedal-hat", "hat", "hihat", "hi-hat"}
"""Classes of which one ends the other."""

_KEYS = (
    ("kick|bass-?drum|bd", 36), ("rim-?shot", 40), ("side-?stick|rim", 37), ("snare|sd", 38), ("clap", 39),
    ("closed|ch", 42), ("pedal", 44), ("open|oh", 46), ("hi-?hat|hat|hh", 42), ("floor", 41), ("low-tom", 45),
    ("high-tom", 50), ("tom", 47), ("crash", 49), ("ride", 51), ("china", 52), ("splash", 55), ("cymbal", 57),
    ("tambourine", 54), ("cow-?bell", 56), ("bongo", 60), ("conga", 63), ("timbale", 65), ("agogo", 67), ("cabasa", 69),
    ("maraca|shaker", 70), ("guiro", 73), ("clave", 75), ("wood-?block", 76), ("cuica", 78), ("triangle", 81),
)  # fmt: skip
"""Words of a class's name, the more special ones first. A rim shot has no key of its own: it is the second snare."""

_FREE = 82


def keys_of(labels: Sequence[str]) -> dict[str, int]:
    """Give each class its key; to those that General MIDI does not know, or has given already, free ones."""
    found: dict[str, int] = {}
    for label in labels:
        words = re.sub(r"[\s_]+", "-", label.lower())
        key = next(
            (key for pattern, key in _KEYS if re.search(rf"(?<![a-z])({pattern})s?(?![a-z])", words)), _FREE
        )
        if key in found.values():
            key = next(
                key for key in (*range(_FREE, HIGHEST + 1), *range(_FREE)) if key not in found.values()
            )
        found[label] = key
    return found
