"""Write sets of sounds: as files alone, or as instruments for samplers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import UsageError, did_you_mean
from ..files.safe_name import safe_name
from .decent_sampler import dspreset_text
from .hydrogen import MOST_LAYERS, drumkit_text
from .instrument import Instrument, Layout
from .loops import find_loop
from .new_folder import NewFolder
from .sfz import sfz_text
from .shot import Shot, Versions
from .wav_file import check_bits, wav_bytes

FORMATS = ("wav", "sfz", "decentsampler", "hydrogen")
SAMPLES = "samples"
LICENCE = "LICENCE.txt"


def check_format(name: str) -> None:
    """Look whether a format can be written.

    Raises
    ------
    UsageError
        If it cannot; the sentence lists those that can.
    """
    if name not in FORMATS:
        raise UsageError(
            f"the format is {name!r}: {did_you_mean(name, FORMATS)}needed is one of {', '.join(FORMATS)}"
        )


def held_by(form: str, versions: Versions) -> Versions:
    """Give as many takes as a format can hold.

    Raises
    ------
    UsageError
        If it does not even hold the velocities.
    """
    if form != "hydrogen" or versions.velocities * versions.takes <= MOST_LAYERS:
        return versions
    if versions.velocities > MOST_LAYERS:
        raise UsageError(
            f"velocities is {versions.velocities}; Hydrogen has at most {MOST_LAYERS} for an instrument"
        )
    return replace(versions, takes=MOST_LAYERS // versions.velocities)


def write_set(
    folder: Path,
    shots: Iterable[Shot],
    sample_rate: int,
    *,
    form: str = "wav",
    layout: Layout | None = None,
    bits: int = 24,
    overwrite: bool = False,
    inputs: Sequence[Path] = (),
    on_written: Callable[[int], None] = lambda _: None,
) -> int:
    """Write sounds into a folder, where all appear at once, and give how many.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    shots : iterable of Shot
    sample_rate : int
        Hz.
    form : str
        One of `FORMATS`: ``wav`` for the sounds alone, or what plays them on the keys of ``layout``.
    layout : Layout, optional
        Needed for all but ``wav``.
    bits : int
        16, 24, or 32 for floating point.
    overwrite : bool
        Whether files of the same names are replaced.
    inputs : sequence of Path
        Files that are never replaced.
    on_written : callable
        Takes how many are made.

    Raises
    ------
    UsageError
        For an unknown format, or if a file may not be replaced.
    OutputError
        If the folder cannot be written, or the disk is full. Then nothing has changed.
    """
    check_format(form)
    check_bits(bits)
    if form == "wav":
        layout = None
    elif layout is None:
        raise UsageError(f"an instrument for {form} needs a layout of keys")
    written = 0
    with NewFolder(folder, overwrite, inputs) as new:
        for shot in shots:
            file = f"{safe_name(shot.name)}.wav"
            within = "" if layout is None else f"{_samples(form, layout.name_for(shot))}/"
            new.write(within + file, wav_bytes(shot.sound, sample_rate, bits, shot.name, shot.recipe))
            if layout is not None:
                loop = find_loop(shot.sound, sample_rate, shot.recipe.note)
                layout.add(shot, file, len(shot.sound) / sample_rate, loop)
            written += 1
            on_written(written)
        # An instrument appears when its files are there.
        for instrument in layout.instruments() if layout else ():
            for name, text in _definition(form, instrument).items():
                new.write(name, text.encode())
        new.commit()
    return written


def _samples(form: str, instrument: str) -> str:
    """Give the folder of an instrument's files. A kit of Hydrogen is a folder; others share theirs."""
    return instrument if form == "hydrogen" else SAMPLES


def _definition(form: str, instrument: Instrument) -> dict[str, str]:
    """Give the files that make an instrument of sounds, by their names."""
    name = instrument.name
    if form == "hydrogen":
        return {
            f"{name}/{LICENCE}": instrument.licence + "\n",
            f"{name}/drumkit.xml": drumkit_text(instrument),
        }
    if form == "sfz":
        return {f"{name}.{LICENCE}": instrument.licence + "\n", f"{name}.sfz": sfz_text(instrument, SAMPLES)}
    text = dspreset_text(instrument, SAMPLES)
    return {f"{name}.{LICENCE}": instrument.licence + "\n", f"{name}.dspreset": text}
