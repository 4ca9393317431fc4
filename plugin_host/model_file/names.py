"""Which names the parts of a model may have, and which belong to the host that plays it."""

from __future__ import annotations

import keyword
from typing import Annotated

from pydantic import StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Lower case, digits and underscores, a letter first."""

NEVER_FREE = frozenset(
    {
        "audio",
        "block_size",
        "channels",
        "controls",
        "counters",
        "document",
        "input_array",
        "latency",
        "latency_samples",
        "mix",
        "model",
        "name",
        "path",
        "player",
        "process",
        "reset",
        "sample_rate",
        "state",
    }
)
"""Names that no control has had since format 1."""

HOST_NAMES = NEVER_FREE | frozenset(
    {
        # What a host does with a model.
        "analyze",
        "bypass",
        "calibrate",
        "close",
        "copy",
        "flush",
        "generate",
        "get",
        "open",
        "prepare",
        "process_block",
        "release_resources",
        "render",
        "resume",
        "set",
        "start",
        "stop",
        "suspend",
        # What a host says about it.
        "active",
        "deadline",
        "description",
        "enabled",
        "family",
        "format",
        "hop_length",
        "input",
        "inputs",
        "output",
        "outputs",
        "parameters",
        "preset",
        "presets",
        "program",
        "role",
        "stream",
        "tail",
        "tail_samples",
        "tail_seconds",
        # What a host mixes by itself, and the first column of its tables.
        "dry",
        "mute",
        "solo",
        "wet",
        "time_s",
    }
)
"""Names that any host may use for itself. A control of format 2 has none of them."""


def refuse_taken(name: str, taken: frozenset[str]) -> None:
    """Raise ValueError if a control's name is one of `taken` or a word of Python."""
    if name in taken or keyword.iskeyword(name):
        raise ValueError(
            f"the name {name!r} is taken by the host or by Python; give the control another, such as "
            f"{name + '_amount'!r}"
        )
