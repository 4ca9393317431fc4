"""A VST3 plugin as a synth: an instrument that plays one note, in a process of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from ..files.done_record import hash_file
from .kind import SynthContent
from .parameters import SynthParameter
from .played_note import KEY, NOTE_S, SOUND_S, VELOCITY
from .plugin_parameters import Listed, list_file, read_plugin_parameters, with_unit
from .plugin_process import PluginProcess, borrow_process, return_process

SAMPLE_RATE = 48_000
"""In Hz. A plugin plays at any."""

_PLAYED = f"note by velocity {VELOCITY} for {NOTE_S} s of {SOUND_S} s at {SAMPLE_RATE} Hz"
_RESOURCES = "Resources"


class PluginKind:
    """A VST3 plugin that is an instrument: a folder NAME.vst3, or a file."""

    suffix = ".vst3"
    player_name = "plugin"
    copy_name = ""
    steadying = "switch off what is random in it, such as oscillators that run freely"
    loads_anew = True
    shows_values = True

    def find_files(self, path: Path) -> dict[str, str]:
        """Give all files of the plugin but its resources, such as pictures, and the user's list of parameters."""
        own = [path] if path.is_file() else sorted(path.rglob("*"))
        own = [file for file in own if file.is_file() and _RESOURCES not in file.relative_to(path).parts]
        if not own:
            what = "holds no plugin" if path.exists() else "cannot be read (No such file or directory)"
            raise SynthError(f"the synth {path} {what}; give the path of a .vst3")
        beside = [list_file(path)] if list_file(path).is_file() else []
        files = {}
        for file in (*own, *beside):
            try:
                files[file.relative_to(path.parent).as_posix()] = hash_file(file)
            except OSError as error:
                raise SynthError(f"{file} cannot be read ({error.strerror})") from error
        return files

    def combine(self, path: Path, files: dict[str, str]) -> str:
        """Give the SHA-256 of lines that say what is played, and each file with its hash."""
        lines = [_PLAYED, *(f"{files[name]} {name}" for name in sorted(files))]
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def read(self, path: Path) -> PluginContent:
        """Load it, list its parameters and let it play silence.

        Raises
        ------
        SynthError
            If it cannot be loaded, is no instrument, has no parameters or too many, crashes or does not answer.
        """
        words = {"describe": SOUND_S, "sample_rate": SAMPLE_RATE}
        answer = _ask_once(path, words)
        listed = [Listed(*words) for words in answer["parameters"]]
        parameters, places = read_plugin_parameters(listed, path)
        return PluginContent(
            path=path,
            parameters=parameters,
            places=places,
            sample_rate=SAMPLE_RATE,
            channels=answer["channels"],
            frames=SOUND_S * SAMPLE_RATE,
        )


@dataclass(frozen=True, kw_only=True)
class PluginContent(SynthContent):
    """What a plugin lists.

    Parameters
    ----------
    places : tuple of int or None
        Of the parameters in the plugin's list; None for the note.
    """

    places: tuple[int | None, ...]

    def open(self) -> _PluginPlayer:
        """Start a process for it."""
        return _PluginPlayer(self)

    def show(self, values: NDArray[np.float64]) -> dict[str, str]:
        """Load it, and ask for its texts."""
        settings = self.settings(values)
        texts = _ask_once(self.path, {"texts": settings})["texts"]
        by_place = {place: with_unit(*text) for (place, _), text in zip(settings, texts, strict=True)}
        shown = zip(self.parameters, self.places, strict=True)
        return {p.name: by_place[place] for p, place in shown if place is not None and by_place[place]}

    def settings(self, values: NDArray[np.float64]) -> list[tuple[int, float]]:
        """Give what the plugin's list holds for values (P,): places, and numbers from 0 to 1."""
        columns = zip(self.parameters, self.places, values.tolist(), strict=True)
        return [(place, _raw(parameter, value)) for parameter, place, value in columns if place is not None]

    def key(self, values: NDArray[np.float64]) -> int:
        """Give the note's key."""
        keys = [value for place, value in zip(self.places, values.tolist(), strict=True) if place is None]
        return round(keys[0]) if keys else KEY


class _PluginPlayer:
    """Has a plugin play, loaded anew for each sound."""

    def __init__(self, content: PluginContent) -> None:
        self._content = content
        self._process: PluginProcess | None = borrow_process()

    def perform(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float32], bool]:
        assert self._process is not None
        content = self._content
        played = {
            "settings": content.settings(values),
            "key": content.key(values),
            "velocity": VELOCITY,
            "held_s": NOTE_S,
            "frames": content.frames,
            "sample_rate": content.sample_rate,
            "channels": content.channels,
        }
        _, samples = self._process.ask(content.path, {"play": played})
        return np.frombuffer(samples, np.float32).reshape(content.channels, -1), True

    def stop(self) -> None:
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        if self._process is not None:
            return_process(self._process)
            self._process = None


def _raw(parameter: SynthParameter, value: float) -> float:
    width = parameter.maximum - parameter.minimum
    return (value - parameter.minimum) / width if width else 0.0


def _ask_once(path: Path, words: dict[str, Any]) -> dict[str, Any]:
    process = borrow_process()
    try:
        return process.ask(path, words)[0]
    finally:
        return_process(process)
