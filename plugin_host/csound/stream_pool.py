"""Keep an orchestra's models, and streams whose notes have ended, for the next notes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnknownModelError
from ..model_file.bundled import find_model
from ..playing.model import Model
from ..streaming.stream import Stream


@dataclass(frozen=True)
class StreamKind:
    """What two streams must have in common for a note to take either.

    Parameters
    ----------
    model : Model
        What plays.
    sample_rate : float
        Of the orchestra, in Hz.
    channels : int
        Of the sound.
    block_size : int or None
        As for `Stream`.
    """

    model: Model
    sample_rate: float
    channels: int
    block_size: int | None


class StreamPool:
    """The models that an orchestra has named, and streams that wait to play them.

    A stream takes a millisecond to make and hardly any time to reset, and as many are kept as have
    played at once.

    Parameters
    ----------
    folder : Path
        Where relative paths begin; then the current folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._models: dict[str, Model] = {}
        self._streams: defaultdict[StreamKind, list[Stream]] = defaultdict(list)

    def model(self, name: str) -> Model:
        """Give the model of a bundled name or path; raises ModelFileError."""
        model = self._models.get(name)
        if model is None:
            model = self._models[name] = Model(self._find(name))
        return model

    def take(self, kind: StreamKind) -> Stream:
        """Give a stream as new."""
        waiting = self._streams[kind]
        return (
            waiting.pop() if waiting else kind.model.stream(kind.sample_rate, kind.channels, kind.block_size)
        )

    def give_back(self, kind: StreamKind, stream: Stream) -> None:
        """Take back a stream that has played."""
        stream.reset()
        self._streams[kind].append(stream)

    def _find(self, name: str) -> Path:
        """Find a model as Csound finds files: beside the .csd, then in the current folder."""
        if not name:
            raise UnknownModelError(
                'the name of the model is empty: write a name, such as "cello", or a path'
            )
        beside = self.folder / name
        if beside.is_file():
            return beside
        return find_model(name)
