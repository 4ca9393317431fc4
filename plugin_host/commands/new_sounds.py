"""Write the sounds that a model of grains makes up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..grains.hits import Hit

MODEL_HELP = "A model of grains: a bundled name such as drums, or a file."
FULL_SCALE = 0.999
SPOT_HELP = "A class, a sound of the map, a point x,y of the map, a seed, or the path of a sound."


def write_new_sounds(
    folder: Path,
    sounds: Iterator[Hit],
    count: int,
    sample_rate: int,
    overwrite: bool,
    inputs: Sequence[str | None] = (),
) -> int:
    """Write sounds as WAV files of 24 bits into a folder, and give how many.

    Raises
    ------
    UsageError
        If one of a name is there already, or it is one of the ``inputs``, which are never replaced.
    OutputError
        If one cannot be written.
    """
    from ..files.plan import refuse_inputs_as_outputs
    from ..files.safe_name import safe_name
    from .outputs import refuse_existing, refuse_unwritable, write_sound
    from .progress import progress_bar

    written = 0
    first = next(sounds, None)
    if first is None:
        return 0
    with progress_bar() as show:
        for hit in itertools.chain([first], sounds):
            path = folder / f"{safe_name(hit.name)}.wav"
            refuse_existing(path, overwrite)
            refuse_inputs_as_outputs([Path(name) for name in inputs if name], [path])
            if hit is first:
                refuse_unwritable(path)
            # One that is louder than full scale is turned down: a sampler's sounds may not be clipped.
            peak = max(1.0, float(abs(hit.sound).max()) / FULL_SCALE)
            write_sound(path, hit.sound[None] / peak, sample_rate, ("WAV", "PCM_24"), advice="")
            written += 1
            show(f"{written} of {count} sounds", written, count)
    return written
