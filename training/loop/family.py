"""What a family of models is to the rest of the program: one object, made without torch.

A family is a package whose modules have the same names everywhere. This object is defined in its ``__init__``, and
knows names, settings and sources; the modules that need torch are imported when something is asked of them:

- ``data.prepare(source, settings, size, report) -> Data`` reads, computes and caches;
- ``data.identify(source) -> dict``, where more than recordings are learned from, see `Family.identify`;
- ``train.make_trainer(data, settings, size, device) -> Trainer``, see `training.loop.trainer`;
- ``measures.measure(trainer, data) -> Measured``, see `training.loop.logs`;
- ``exports.export_specs(checkpoint, name) -> list[ExportSpec]``, see `training.loop.exports`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ..data.source import Source

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Recordings:
    """A family learns from a folder of recordings.

    Attributes
    ----------
    help : str
        What kind of recordings, for the command line.
    required : bool
        Whether it cannot do without.
    """

    help: str
    required: bool = True


@dataclass(frozen=True)
class SynthSounds:
    """A family learns from a data set of a synthesiser's sounds, whose parameters are known.

    Attributes
    ----------
    help : str
        For the command line.
    synth, count : str, int
        Where no data set is given, this many sounds of this synth are rendered beside the run; none if empty.
    endless : bool
        Whether sounds may also be rendered, trained on and deleted, batch after batch.
    found : bool
        Whether recordings may take part whose parameters a search has found.
    """

    help: str
    synth: str = ""
    count: int = 0
    endless: bool = False
    found: bool = False


@dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes
    ----------
    name : str
        What it is called on the command line and in config.json.
    summary : str
        One sentence that says what a model of it learns.
    settings, size : type
        Frozen dataclasses made of `training.loop.settings.setting`, in the family's package. ``settings`` has ``steps``
        and ``seed``; the shapes of weights depend on ``size``, and on nothing else that a person can set.
    learns_from : tuple
        `Recordings`, `SynthSounds`, both, or nothing where it makes its own sounds.
    aliases : tuple of str
        Other names that the command line takes for it.
    measure_every : int
        Steps from one measurement to the next.
    falls : str
        The figure that falls as long as what is learned holds for what is kept aside; if it rises, that is said.
    """

    name: str
    summary: str
    settings: type[Any]
    size: type[Any]
    learns_from: tuple[Recordings | SynthSounds, ...] = ()
    aliases: tuple[str, ...] = ()
    measure_every: int = 500
    falls: str = ""

    def learns(self, kind: type[Kind]) -> Kind | None:
        """Give what the family says of a kind of source, None if it does not learn from it."""
        return next((one for one in self.learns_from if isinstance(one, kind)), None)

    def identify(self, source: Source) -> dict[str, Any]:
        """Say for config.json what is learned from: the recordings, and what ``data.identify`` adds, if there is one.

        Raises
        ------
        training.errors.TrainingError
            If it cannot be learned from, or is not there.
        """
        recordings = self.learns(Recordings)
        own = getattr(self._part("data"), "identify", None)
        found = own(source) if own else {}
        if recordings and (recordings.required or source.recordings is not None):
            found |= source.identify_recordings()
        return found

    @property
    def prepare(self) -> Callable[..., Any]:
        """``data.prepare``."""
        return self._part("data").prepare

    @property
    def make_trainer(self) -> Callable[..., Any]:
        """``train.make_trainer``."""
        return self._part("train").make_trainer

    @property
    def measure(self) -> Callable[..., Any]:
        """``measures.measure``."""
        return self._part("measures").measure

    @property
    def export_specs(self) -> Callable[..., list[Any]]:
        """``exports.export_specs``."""
        return self._part("exports").export_specs

    def _part(self, module: str) -> Any:
        package = self.settings.__module__.rpartition(".")[0]
        return import_module(f"{package}.{module}")
