"""Read a synth from its file: its parameters, its rate, and how long its sound is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import UnknownSynthError, counted, did_you_mean
from .kind import Player
from .kinds import kind_named, kind_of
from .parameters import check_settings, from_unit, name_values, to_unit

SYNTHS_FOLDER = Path(__file__).parents[2] / "csd" / "synths"


class Synth:
    """A .csd that declares its parameters, or an instrument that is a VST3 plugin.

    Parameters
    ----------
    name_or_path : str or path
        A bundled synth's name, or the path of a .csd or .vst3.

    Attributes
    ----------
    path : Path
        The .csd, or the file or folder of the plugin.
    name : str
        Its name without ``.csd`` or ``.vst3``.
    file_name : str
        Its name, as it can stand in any file; see `printable_name`.
    kind : SynthKind
        Which of the two it is.
    sha256 : str
        Of the file's bytes, in hexadecimal; where there is more that makes its sound, of that too (see
        `plugin_host.synths.kinds.hash_synth`).
    files : dict of str to str
        The SHA-256 of each file that the .csd names and that lies beside it, by that name; of each of the plugin.
    parameters : tuple of SynthParameter
        As declared, sorted by name.
    sample_rate, channels, frames : int
        The rate in Hz, and channels and samples per channel of a sound.
    missed_options : tuple of str
        Options of the .csd that change its sound, such as ``-r 22050``, and are not used.

    Raises
    ------
    MissingPackageError
        If Csound is not installed.
    UnknownSynthError
        For a name that is neither a .csd, a .vst3 nor a bundled synth.
    SynthError
        If the .csd is missing, does not compile (the message is Csound's), declares no parameters, or plays
        nothing or for more than a minute. If the plugin is missing, is no instrument, has no parameters or too many,
        crashes, or does not answer.
    """

    def __init__(self, name_or_path: str | PathLike[str]) -> None:
        self.path = find_synth(name_or_path)
        self.name = self.path.stem
        self.file_name = printable_name(self.path)
        self.kind = kind_of(self.path)
        self.files = self.kind.find_files(self.path)
        self.sha256 = self.kind.combine(self.path, self.files)
        self._content = self.kind.read(self.path)
        self.parameters = self._content.parameters
        self.sample_rate = self._content.sample_rate
        self.channels = self._content.channels
        self.frames = self._content.frames
        self.missed_options = self._content.missed_options

    def open_player(self) -> Player:
        """Give what plays it, at the beginning of a sound; raises SynthError if it cannot be played."""
        return self._content.open()

    def show(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Give the values of all parameters as a plugin itself shows them, by name; nothing for a .csd.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range.
        SynthError
            If the plugin cannot be loaded.
        """
        return self._content.show(self.values(settings))

    @property
    def duration_s(self) -> float:
        """How long a sound is, in seconds."""
        return self.frames / self.sample_rate

    @property
    def defaults(self) -> dict[str, float | str]:
        """The value of each parameter unless it is set."""
        return self.name_values(self.values({}))

    def values(self, settings: Mapping[str, Any]) -> NDArray[np.float64]:
        """Give the values (P,) of all parameters in their order, defaults where nothing is set.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range.
        """
        return check_settings(self.parameters, settings, f"synth {self.name!r}")

    def name_values(self, values: ArrayLike) -> dict[str, float | str]:
        """Give values (P,) by the parameters' names, and choices by their words."""
        return name_values(self.parameters, values)

    def to_unit(self, settings: Mapping[str, Any]) -> NDArray[np.float64]:
        """Give settings as (P,) numbers from 0 to 1, in the scales of the parameters.

        Raises
        ------
        ControlError
            For an unknown name or a value out of range.
        """
        return to_unit(self.parameters, self.values(settings))

    def from_unit(self, unit: ArrayLike) -> dict[str, float | str]:
        """Give the settings that (P,) numbers from 0 to 1 mean; choices by their words."""
        return self.name_values(from_unit(self.parameters, unit))

    def __repr__(self) -> str:
        return f"Synth({self.name!r}, {counted(len(self.parameters), 'parameter')}, {self.duration_s:g} s)"


def printable_name(path: Path) -> str:
    r"""Give a file's name as it can stand in any file: bytes that are not UTF-8 are written as ``\xff``."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def bundled_synths() -> list[str]:
    """List the names of the synths that come with the package, sorted."""
    return sorted(path.stem for path in SYNTHS_FOLDER.glob("*.csd"))


def describe_missed_options(synth: Synth) -> str:
    """Say which options of a .csd are not used, and what to do."""
    missed = ", ".join(synth.missed_options)
    return f"{synth.path}: its options {missed} are not used: write what they change into the orchestra"


def bundled_synth(named: str) -> Path | None:
    """Give the path of the bundled synth that a file names, ``fm`` or ``fm.csd``; None if it is no bundled one.

    A synth is a program that can run any command: a model or a data set that others made may choose among those that
    are bundled, never a path.
    """
    name = named.removesuffix(".csd")
    return SYNTHS_FOLDER / f"{name}.csd" if name in bundled_synths() else None


def find_synth(name_or_path: str | PathLike[str]) -> Path:
    """Give the path of a synth, which need not exist where a path was given.

    Raises
    ------
    UnknownSynthError
        For a name that is neither a .csd, a .vst3 nor a bundled synth; it lists the bundled ones.
    """
    text = fspath(name_or_path)
    path = Path(text)
    if isinstance(name_or_path, PathLike) or kind_named(path.name) or len(path.parts) > 1:
        return path
    names = bundled_synths()
    if text in names:
        return SYNTHS_FOLDER / f"{text}.csd"
    hint = did_you_mean(text, names)
    raise UnknownSynthError(
        f"there is no synth {text!r}: {hint}the bundled synths are {', '.join(names)}; or give the path of a .csd or .vst3"
    )
