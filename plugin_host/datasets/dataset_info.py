"""Describe a data set: the synth that made its sounds, and how their parameters were chosen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import DataSetError
from ..files.atomic_file import PartialFile, output_error, write_whole
from ..synths.parameters import SynthParameter

if TYPE_CHECKING:
    from ..synths.synth import Synth

INFO_NAME = "synth.json"


class DataSetInfo(BaseModel):
    """What holds for all sounds of a data set; the file `INFO_NAME` in its folder.

    Parameters
    ----------
    synth : str
        The synth's file name, ``fm.csd``. A copy of a .csd lies in the data set's folder.
    synth_sha256 : str
        Of that file, and of `files`; see `plugin_host.synths.kinds.hash_synth`.
    files : dict of str to str
        The SHA-256 of each file that the synth includes or plays, or that a plugin consists of, by its name. There are
        no copies of these.
    sample_rate, channels, frames : int
        The rate in Hz, and channels and samples per channel of every sound.
    sampling : dict
        All that the parameters of sound number i depend on: kind, seed, steps, redraws.
    parameters : tuple of SynthParameter
        As the synth declares them.
    rewinds : bool
        Whether one player made many sounds, as is quicker; false where each had its own, because what the synth
        keeps from a sound would change the next.
    """

    model_config = ConfigDict(frozen=True)

    format: int = Field(default=1, ge=1, le=1)
    synth: str
    synth_sha256: str
    sample_rate: int = Field(ge=1)
    channels: int = Field(ge=1)
    frames: int = Field(ge=1)
    sampling: dict[str, Any]
    parameters: tuple[SynthParameter, ...]
    rewinds: bool = True
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def sound_seconds(self) -> float:
        """How long every sound is."""
        return self.frames / self.sample_rate

    @classmethod
    def of(cls, synth: Synth, sampling: dict[str, Any], rewinds: bool) -> Self:
        """Describe the data set that a synth makes."""
        return cls(
            synth=synth.file_name,
            synth_sha256=synth.sha256,
            sample_rate=synth.sample_rate,
            channels=synth.channels,
            frames=synth.frames,
            sampling=sampling,
            parameters=synth.parameters,
            rewinds=rewinds,
            files=synth.files,
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what a data set's folder says of it.

        Raises
        ------
        DataSetError
            If the folder is no data set, or the file is damaged.
        """
        path = folder / INFO_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise DataSetError(
                f"{folder} is no data set of sounds ({INFO_NAME}: {error.strerror}); make one with"
                f" brainsynth generate SYNTH.csd --count 10000 -o {folder}"
            ) from error
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the file"
            raise DataSetError(
                f"{path} is damaged ({where}: {error.errors()[0]['msg']}); generate the data set anew"
            ) from error

    def write(self, folder: Path, synth: Synth) -> None:
        """Write it into a folder, after a copy of the synth where there is to be one.

        Raises
        ------
        OutputError
            If either cannot be written.
        """
        if synth.kind.copy_name:
            _copy(synth.path, folder / synth.kind.copy_name)
        write_whole(folder / INFO_NAME, json.dumps(self.model_dump(mode="json"), indent=2) + "\n")


def _copy(source: Path, target: Path) -> None:
    with PartialFile(target) as copy:
        try:
            shutil.copyfile(source, copy.path)
        except OSError as error:
            raise output_error(target, error) from error
        copy.commit()
