"""One stream of sound within a file: where its bytes lie and how long it should be."""

from __future__ import annotations

from dataclasses import dataclass

from .assembled_file import Part


@dataclass(frozen=True)
class SoundStream:
    """What a decoder is given. A file holds one, or several one after another.

    Parameters
    ----------
    parts : tuple of Part
        The bytes of the stream, without what stands around it.
    frames : int or None
        Samples per channel, where they were counted here; None for what the decoder says.
    seeming_size : int or None
        See `AssembledFile`.
    shortfall : str
        How the stream is shorter than it promises to be, to stand behind the file's name; empty if it is whole.
    kind : str
        What it is by its headers, such as ``"MPEG audio of layer II"``; empty where only the decoder knows.
    """

    parts: tuple[Part, ...]
    frames: int | None = None
    seeming_size: int | None = None
    shortfall: str = ""
    kind: str = ""


def cut_short(held: float, promised: float, unit: str = "bytes of sound") -> str:
    """Say that a stream holds less than it promises."""
    return (
        f"is truncated: its header promises {promised:,.0f} {unit} and it holds {held:,.0f};"
        " copy or record it again"
    )
