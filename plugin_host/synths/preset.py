"""Read and write presets: the settings of a synth by name, as JSON that people can read and edit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import ControlError, PresetError, did_you_mean
from ..files.atomic_file import write_whole
from ..model_file.controls import Control
from .parameters import name_values
from .synth import Synth


@dataclass(frozen=True)
class Preset:
    """The settings of one sound of a synth.

    Parameters
    ----------
    synth : str
        The synth's file name, ``fm.csd``.
    values : mapping of str to float or str
        By parameter, in the parameters' units; a choice by its word. Parameters that are not named have their
        defaults.
    name : str
        What the sound is called.
    synth_sha256 : str
        Of the synth that it was made with; empty if that is not known.
    found : mapping
        How it was found in a sound, for the reader; empty if it was not.
    shown : mapping of str to str
        The values as a plugin shows them, for the reader.
    """

    synth: str
    values: Mapping[str, float | str]
    name: str = ""
    synth_sha256: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, synth: Synth, settings: Mapping[str, Any], name: str = "") -> Preset:
        """Make a preset of all parameters of a synth; raises ControlError for settings that do not fit."""
        values = name_values(synth.parameters, synth.values(settings))
        return cls(synth.file_name, values, name, synth.sha256, shown=synth.show(settings))

    def check(self, synth: Synth) -> None:
        """Raise PresetError unless the synth has all parameters of the preset, and their values are in range."""
        try:
            synth.values(self.values)
        except ControlError as error:
            made_for = f", made for {self.synth}," if self.synth not in ("", synth.file_name) else ""
            raise PresetError(
                f"the preset {self.name!r}{made_for} does not fit {synth.path}: {error}"
            ) from error

    def fits(self, synth: Synth) -> bool:
        """Return whether it was made with exactly this synth, as far as is known."""
        return not self.synth_sha256 or self.synth_sha256 == synth.sha256

    def write(self, path: Path, parameters: Sequence[Control]) -> None:
        """Write it, with the units of the synth's parameters beside the values.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        units = {p.name: p.unit for p in parameters if p.unit and p.name in self.values}
        document = {
            "synth": self.synth,
            "synth_sha256": self.synth_sha256,
            "name": self.name,
            "values": dict(self.values),
            "units": units,
            **({"shown": dict(self.shown)} if self.shown else {}),
            **({"found": dict(self.found)} if self.found else {}),
        }
        write_whole(path, json.dumps(document, indent=2) + "\n")


def read_presets(path: str | PathLike[str]) -> list[Preset]:
    """Read a file of one preset, or of several under ``presets``.

    Raises
    ------
    PresetError
        If the file is missing or holds no presets.
    """
    path = Path(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PresetError(
            f"the preset {path} cannot be read ({error.strerror}); give the path of a .json"
        ) from error
    except ValueError as error:
        raise PresetError(f"the preset {path} is no JSON ({error}); make it anew") from error
    found = document.get("presets", [document]) if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        raise PresetError(f"{path} holds no presets; needed is an object with synth and values")
    return [_read_preset(entry, str(document.get("synth", "")), path) for entry in found]


def _read_preset(entry: object, synth: str, path: Path) -> Preset:
    values = entry.get("values") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(values, dict):
        raise PresetError(f"{path} holds a preset without values; needed is an object with synth and values")
    return Preset(
        synth=str(entry.get("synth", synth)),
        values=values,
        name=str(entry.get("name", "")) or path.stem,
        synth_sha256=str(entry.get("synth_sha256", "")),
    )


def find_presets(synth: Synth) -> list[Preset]:
    """Give the presets in ``presets/NAME.json`` beside a synth; none if there is no such file.

    Raises
    ------
    PresetError
        If the file is damaged, or does not fit the synth.
    """
    path = synth.path.parent / "presets" / f"{synth.name}.json"
    presets = read_presets(path) if path.is_file() else []
    for preset in presets:
        preset.check(synth)
    return presets


def find_preset(name_or_path: str, synth: Synth) -> Preset:
    """Give a preset by its name among the synth's own, or from a file of one preset.

    Raises
    ------
    PresetError
        If there is none of that name, or it does not fit the synth.
    """
    if Path(name_or_path).suffix == ".json":
        return _only(read_presets(name_or_path), name_or_path, synth)
    presets = find_presets(synth)
    for preset in presets:
        if preset.name == name_or_path:
            return preset
    names = [preset.name for preset in presets]
    hint = did_you_mean(name_or_path, names)
    known = f"its presets are {', '.join(names)}" if names else "it has no presets"
    raise PresetError(
        f"synth {synth.name!r} has no preset {name_or_path!r}: {hint}{known}; or give the path of a .json"
    )


def _only(presets: Sequence[Preset], path: str, synth: Synth) -> Preset:
    if len(presets) > 1:
        names = ", ".join(preset.name for preset in presets)
        raise PresetError(f"{path} holds {len(presets)} presets ({names}); needed is a file of one")
    presets[0].check(synth)
    return presets[0]
