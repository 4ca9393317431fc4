"""WAV files that say in themselves what they were made of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from ..errors import UsageError
from ..sound_files.riff import WAV_HEADS, find_chunks
from .recipe import Recipe
from .source import Sound

SUBTYPES = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}
_LONGEST = 2**20


def check_bits(bits: int) -> None:
    """Look whether a depth can be written.

    Raises
    ------
    UsageError
        If it cannot.
    """
    if bits not in SUBTYPES:
        raise UsageError(f"--bits is {bits}; needed is 16, 24, or 32 for floating point")


def wav_bytes(sound: Sound, sample_rate: int, bits: int, title: str, recipe: Recipe) -> bytes:
    """Give a WAV file of a sound (T,) below full scale, with its recipe as comment (ICMT of LIST INFO).

    At 16 bits, triangular dither of two steps is added (Lipshitz, Wannamaker and Vanderkooy 1992). The same sound gets
    the same.
    """
    check_bits(bits)
    samples: np.ndarray = sound
    if bits == 16:
        random = np.random.default_rng(recipe.seed)
        dither = random.random(len(sound)) - random.random(len(sound))
        samples = np.round(sound * 32767.0 + dither).clip(-32768, 32767).astype(np.int16)
    held = io.BytesIO()
    with soundfile.SoundFile(held, "w", sample_rate, 1, SUBTYPES[bits], format="WAV") as file:
        file.title = title
        file.comment = recipe.to_text()
        file.write(samples)
    return held.getvalue()


def read_recipe(path: Path) -> Recipe | None:
    """Read what a file says it was made of; None if it does not say it, is no WAV file, or cannot be read."""
    try:
        with path.open("rb") as file:
            if file.read(4) not in WAV_HEADS:
                return None
            text = _comment(file, path.stat().st_size)
    except OSError:
        return None
    return Recipe.from_text(text)


def _comment(file: BinaryIO, end: int) -> str:
    """Find the comment of a RIFF file; other programs may have moved it behind the sound."""
    for chunk in find_chunks(file, 12, end, "<"):
        file.seek(chunk.position)
        if chunk.name == b"LIST" and file.read(4) == b"INFO":
            for part in find_chunks(file, chunk.position + 4, min(end, chunk.position + chunk.size), "<"):
                if part.name == b"ICMT" and part.size <= _LONGEST:
                    file.seek(part.position)
                    return file.read(part.size).split(b"\0")[0].decode("utf-8", "replace")
    return ""
