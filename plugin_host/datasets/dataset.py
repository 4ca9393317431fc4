"""Read a data set: any sound, and the parameters of all."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import AudioFileError, DataSetError, counted
from ..sound_files.reader import AudioReader
from ..synths.parameters import SynthParameter, to_unit
from .audio_checksum import audio_checksum
from .dataset_info import DataSetInfo
from .manifest import MANIFEST_NAME, find_files, read_manifest, sound_name

_MOST_PROBLEMS = 20


class DataSet:
    """The sounds that `generate` made, in the order of their numbers.

    Parameters
    ----------
    folder : str or path
        Of the data set. It may still be growing; what is there now is seen.

    Attributes
    ----------
    folder : Path
    info : DataSetInfo
        The synth, and how parameters were chosen.
    indices : ndarray, (N,) int64
        The sounds' numbers.
    values : ndarray, (N, P) float64
        Their parameters, in their units.
    unit_values : ndarray, (N, P) float32
        The same from 0 to 1.
    peaks_db : ndarray, (N,) float64
        Their peaks in dB of full scale.
    failed : dict of int to str
        The numbers of sounds that could not be rendered, and why.
    skipped : int
        How many sounds cannot be used: their entry in the manifest is broken, or their file is missing.
    problems : list of str
        A sentence for each of the first 20 of them.

    Raises
    ------
    DataSetError
        If the folder is no data set, or none of its sounds can be used.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)
        self.info = DataSetInfo.read(self.folder)
        try:
            manifest = read_manifest(self.folder, self.parameters)
        except OSError as error:
            raise DataSetError(
                f"{self.folder / MANIFEST_NAME} cannot be read ({error.strerror}); make it readable"
            ) from error
        present = find_files(self.folder, manifest.indices)
        missing = manifest.indices[~present]
        self.problems = manifest.problems + [
            f"{self.folder / sound_name(index)} is missing or empty"
            for index in missing[: _MOST_PROBLEMS - len(manifest.problems)].tolist()
        ]
        self.skipped = manifest.broken + len(missing)
        self.failed = manifest.failed
        self.indices = manifest.indices[present]
        self.values = manifest.values[present]
        self.peaks_db = manifest.peaks_db[present]
        self.unit_values = to_unit(self.parameters, self.values).astype(np.float32)
        if not len(self.indices):
            reasons = self.problems + [f"sound {index}: {why}" for index, why in self.failed.items()]
            why = f" ({reasons[0]})" if reasons else ""
            raise DataSetError(f"{self.folder} holds no sounds that can be used{why}; generate some")

    @property
    def parameters(self) -> tuple[SynthParameter, ...]:
        """What the synth declares."""
        return self.info.parameters

    @property
    def sample_rate(self) -> int:
        """Of every sound, in Hz."""
        return self.info.sample_rate

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give a sound (T,), all channels together, and its parameters (P,) from 0 to 1.

        Raises
        ------
        IndexError
            If there is none at that position.
        DataSetError
            If its file is damaged.
        """
        return self.sound(position).mean(axis=0), self.unit_values[position]

    def checksums(self) -> NDArray[np.uint8]:
        """Give a checksum of what each file holds now, (N, 16); zeros where it cannot be read. See `audio_checksum`."""
        found = b"".join(audio_checksum(self._path(position)) for position in range(len(self)))
        return np.frombuffer(found, np.uint8).reshape(len(self), -1)

    def sound(self, position: int) -> NDArray[np.float32]:
        """Give a sound (C, T); see `__getitem__`."""
        path = self._path(position)
        try:
            with AudioReader(path) as reader:
                sound = reader.read_rest()
        except AudioFileError as error:
            raise DataSetError(f"{error}; delete it, and have it generated again") from error
        if sound.shape != (self.info.channels, self.info.frames):
            raise DataSetError(
                f"{path} has {counted(sound.shape[1], 'sample')} in {counted(sound.shape[0], 'channel')}, needed are"
                f" {self.info.frames} in {self.info.channels}; delete it, and have it generated again"
            )
        return sound

    def _path(self, position: int) -> Path:
        return self.folder / sound_name(int(self.indices[position]))
