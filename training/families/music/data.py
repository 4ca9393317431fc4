"""What music is learned from: spectra of songs, some songs kept aside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plugin_host.music.beats import Beats, find_beats

from ...data.cache import cache_key, cached_arrays
from ...data.copies import SoundPrint, print_of
from ...data.recordings import file_hash, find_recordings, read_mono, read_usable
from ...data.source import Source
from ...data.split import name_below, split_recordings
from ...errors import RecordingsError, counted
from ...loop.report import Reporter
from ...streaming.contract import StreamingModule
from .bands import BANDS, FRAME_HOP, HOP_LENGTH, LEVEL_DB, SAMPLE_RATE, STEP_FRAMES, STEPS_PER_S, Bands
from .chroma import CHROMA_STEPS, Chroma
from .settings import MusicSettings, MusicSize
from .tempo import stretched

VERSION = "music bands 4"
SILENT_DB, GATE_DB = -70.0, 30.0
"""A song is levelled by what is at most GATE_DB below its loudest part."""

PART_S = 0.4
LOOP_S = 30.0
"""A sound that is shorter, and has no other beside it, is a loop: it is learned round and round, for twice as long."""

CHUNK_STEPS = 4096

Halves = NDArray[np.float16]


@dataclass(frozen=True)
class Song:
    """A song as the network sees it.

    Attributes
    ----------
    name : str
        Its path below the folder of songs.
    frames : (M, BANDS) float16
        Levels in dB, a spectrum every FRAME_HOP samples.
    chroma : (L, CLASSES) float16
        Which pitch classes sound, every CHROMA_STEPS steps; see `Chroma`.
    samples : (T,) float16
        The song itself, levelled; empty if only spectra are learned from.
    beats : Beats or None
        None where it has no tempo.
    """

    name: str
    frames: NDArray[np.float16]
    chroma: NDArray[np.float16]
    samples: NDArray[np.float16]
    beats: Beats | None = None

    @property
    def tempo_bpm(self) -> float:
        """Beats a minute, 0 where it has no tempo."""
        return self.beats.bpm if self.beats else 0.0

    def bars(self, steps: NDArray[np.integer], late: int = 0, speed: float = 1.0) -> NDArray[np.float64]:
        """Give where steps, as `steps` has them, lie in bars; zeros where it has no tempo."""
        if self.beats is None:
            return np.zeros(len(steps))
        return self.beats.bars_at((steps * STEP_FRAMES + late) * speed * FRAME_HOP / SAMPLE_RATE)

    def steps(self, late: int = 0, speed: float = 1.0) -> NDArray[np.float32]:
        """Give its steps (N, STEP_VALUES) from a frame on, at a speed."""
        frames = stretched(self.frames, speed)
        count = (len(frames) - late) // STEP_FRAMES
        return frames[late : late + count * STEP_FRAMES].reshape(count, -1)


@dataclass(frozen=True)
class MusicData:
    """Songs to learn from, and songs kept aside.

    Attributes
    ----------
    train, held_out : list of Song
    prepared : mapping
        What the run keeps: which songs are on which side.
    """

    train: list[Song]
    held_out: list[Song]
    prepared: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What checkpoints say of it."""
        return {
            "songs": [song.name for song in self.train],
            "seconds": sum(len(song.frames) for song in self.train) * FRAME_HOP / SAMPLE_RATE,
            "held_out": [song.name for song in self.held_out],
            "tempos_bpm": [song.tempo_bpm for song in self.train],
        }


def prepare(source: Source, settings: MusicSettings, size: MusicSize, report: Reporter) -> MusicData:
    """Read and analyse songs; those that cannot be used are named and left out.

    Raises
    ------
    RecordingsError
        If none can be used.
    """
    folder = source.folder
    shortest = round(settings.excerpt_s * STEPS_PER_S) + 2
    with_samples = size.model == "classic"
    paths = find_recordings(folder)
    alone = len(paths) == 1
    found = read_usable(folder, paths, lambda path: _read(path, shortest, with_samples, alone), report)
    split = split_recordings(
        folder, list(found), {path: one[-1] for path, one in found.items()}, source.prepared
    )
    if not split.held_out:
        report.warn(
            f"{folder} holds one song, so that none is kept aside: figures are of what is learned from"
        )

    def songs(paths: Sequence[Path]) -> list[Song]:
        names = [name_below(path, folder) for path in paths]
        return [Song(name, *found[path][:-1]) for name, path in zip(names, paths, strict=True)]

    data = MusicData(songs(split.train), songs(split.held_out), split.record(folder))
    none = sum(not song.tempo_bpm for song in data.train)
    if 2 * none >= len(data.train):
        report.warn(
            f"no tempo was found in {none} of {counted(len(data.train), 'song')}: the model will have no control of it"
        )
    return data


def _read(
    path: Path, shortest: int, with_samples: bool, alone: bool
) -> tuple[Halves, Halves, Halves, Beats | None, SoundPrint]:
    """Give a song's spectra, chroma, samples and beats, computed once, and what it is known by."""
    kind = "alone" if alone else "one of several"
    names = ("frames", "chroma", "bpm", "beats", "picture", "content", "duration")
    key = cache_key(VERSION, kind, file_hash(path))
    arrays = cached_arrays(key, names, lambda: _analyse(path, alone))
    frames, chroma = cast(Halves, arrays["frames"]), cast(Halves, arrays["chroma"])
    samples = np.zeros(0, np.float16)
    if len(frames) < shortest * STEP_FRAMES:
        raise RecordingsError(
            f"{path} sounds for {len(frames) * FRAME_HOP / SAMPLE_RATE:.1f} s, and an excerpt with what surrounds it takes"
            f" {shortest / STEPS_PER_S:.1f} s; left out. --excerpt-s takes shorter ones."
        )
    picture = cast("NDArray[np.float32]", arrays["picture"])
    known = SoundPrint(bytes(arrays["content"]).decode(), picture, float(arrays["duration"][0]))
    if with_samples:
        key = cache_key(VERSION, "samples", kind, file_hash(path))
        kept = cached_arrays(
            key, ("samples",), lambda: {"samples": _levelled(path, alone)[0].astype(np.float16)}
        )
        samples = cast(Halves, kept["samples"])
    bpm, times_s = float(arrays["bpm"][0]), cast("NDArray[np.float64]", arrays["beats"])
    return frames, chroma, samples, Beats(bpm, times_s) if bpm else None, known


def _analyse(path: Path, alone: bool) -> dict[str, NDArray[Any]]:
    levelled, sound = _levelled(path, alone)
    print_, beats = print_of(sound, SAMPLE_RATE), find_beats(levelled, SAMPLE_RATE)
    return {
        "frames": frames_of(levelled),
        "chroma": chroma_of(levelled),
        "bpm": np.array([beats.bpm if beats else 0.0]),
        "beats": beats.times_s if beats else np.zeros(0),
        "picture": print_.picture,
        "content": np.frombuffer(print_.content.encode(), np.uint8),
        "duration": np.array([print_.duration_s]),
    }


def _levelled(path: Path, alone: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read a song (T,), or a loop some times over: levelled, and as it is."""
    sound = read_mono(path, SAMPLE_RATE)
    if alone and 0 < len(sound) < LOOP_S * SAMPLE_RATE:
        sound = np.tile(sound, math.ceil(2 * LOOP_S * SAMPLE_RATE / len(sound)))
    gain = level_gain(sound)
    if gain is None:
        raise RecordingsError(f"{path} is silent; left out.")
    return sound * gain, sound


def level_gain(sound: NDArray[np.float32]) -> np.float32 | None:
    """Give the gain that brings a song (T,) to the level at which songs are learned; None for silence."""
    part = round(PART_S * SAMPLE_RATE)
    parts = np.array_split(sound, max(1, len(sound) // part))
    power = np.array([np.mean(np.square(p, dtype=np.float64)) for p in parts])
    if power.max() < 10 ** (SILENT_DB / 10):
        return None
    loud = power[power > power.max() * 10 ** (-GATE_DB / 10)].mean()
    return np.float32(10 ** (LEVEL_DB / 20) / np.sqrt(loud))


def frames_of(sound: NDArray[np.float32]) -> NDArray[np.float16]:
    """Analyse a song (T,): levels (M, BANDS) in dB."""
    return _analysed(Bands(), sound).reshape(-1, BANDS).half().numpy()


def chroma_of(sound: NDArray[np.float32]) -> NDArray[np.float16]:
    """Analyse a song (T,): chroma vectors (L, CLASSES), each of the CHROMA_STEPS steps since the one before."""
    return _analysed(Chroma(), sound)[CHROMA_STEPS - 1 :: CHROMA_STEPS].half().numpy()


@torch.no_grad()
def _analysed(module: StreamingModule, sound: NDArray[np.float32]) -> Tensor:
    """Give what a module makes of a song (T,), a row a step, in parts so that a long one takes no more memory."""
    state, parts = module.initial_state(), []
    whole = torch.from_numpy(np.ascontiguousarray(sound[: len(sound) // HOP_LENGTH * HOP_LENGTH]))
    for part in whole.reshape(1, -1, HOP_LENGTH).split(CHUNK_STEPS, 1):
        found, state = module(part, state)
        parts.append(found[0])
    return torch.cat(parts)
