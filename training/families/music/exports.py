"""The model files of music."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ...errors import CheckpointError
from ...loop.exports import ExportSpec, provenance_of
from ...loop.run import Checkpoint
from ...loop.trainer import weights_of
from .bands import STEP_FRAMES
from .byheart import ByHeart
from .classic import Classic, Network
from .ear import Ear, Memory, usually_alike
from .liveliness import Liveliness
from .loudness import Loudness
from .model import Music
from .player import Player
from .predictor import Predictor
from .settings import MusicSize
from .tempo import learned_range
from .train import KEPT_ASIDE, KEPT_ASIDE_CHROMA, SONGS, SONGS_CHROMA
from .transposed import TransposedMemory, usually_stands_out

STRAY = 0.5


def export_specs(checkpoint: Checkpoint, name: str) -> list[ExportSpec]:
    """Make of a run ``blues.onnx`` and ``blues.ear.onnx``; of the classic only the first."""
    config, tensors = checkpoint.config, checkpoint.tensors
    size, names = MusicSize(**config["size"]), checkpoint.metadata["songs"]
    minutes = checkpoint.metadata["seconds"] / 60
    provenance = provenance_of(
        checkpoint, f"{len(names)} songs, {minutes:.1f} minutes ({Path(config['recordings']).name})"
    )
    if size.model == "classic":
        network = Network(size)
        network.load_state_dict(weights_of(tensors))
        return [ExportSpec("", Classic(network, size), provenance=provenance)]
    predictor = Predictor(size)
    predictor.load_state_dict(weights_of(tensors))
    predictor.eval()
    songs = _codes(tensors, SONGS)
    loudness, liveliness = Loudness(size.codes), Liveliness(size.codes)
    within = [loudness.within(predictor.codes, song) for song in songs]
    loudness.fit(predictor.codes, within)
    liveliness.fit([song[:, 0] for song in within])
    tempos_bpm = learned_range(checkpoint.metadata["tempos_bpm"], config["settings"]["stretch"])
    trained = {}
    if tempos_bpm is not None:
        usual = statistics.median(bpm for bpm in checkpoint.metadata["tempos_bpm"] if bpm)
        trained["tempo_bpm"] = (tempos_bpm[0], usual, tempos_bpm[1])
    by_heart = ByHeart(size.codes, songs[::STEP_FRAMES])
    player = Player(predictor, size, liveliness, loudness, by_heart)
    music = Music(player, predictor.codes, STRAY if len(names) > 1 else 0.0, tempos_bpm)
    music.description = f"Listens to music, and goes on with it as {name} does"
    memory = Memory([_pairs(song, size) for song in songs], size.codes)
    usually = usually_alike(
        memory, [_pairs(song, size) for song in _codes(tensors, KEPT_ASIDE)[::STEP_FRAMES]]
    )
    transposed = TransposedMemory(_known_chroma(tensors))
    usual_transposed = usually_stands_out(transposed, _chroma(tensors, KEPT_ASIDE_CHROMA))
    words = [_word(name) for name in names]
    ear = Ear(predictor.codes, memory, transposed, words, usually, usual_transposed)
    return [ExportSpec("", music, trained, provenance), ExportSpec(".ear", ear, provenance=provenance)]


def _chroma(tensors: Mapping[str, Tensor], prefix: str) -> list[Tensor]:
    return [value for _, value in sorted(weights_of(tensors, prefix).items())]


def _known_chroma(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    songs = _chroma(tensors, SONGS_CHROMA)
    if not songs:
        raise CheckpointError(
            "the run's checkpoint keeps no chroma of its songs, as those of older versions do not; the ear needs them: train"
            " a step more, with the same --output and one more of --steps"
        )
    return songs


def _codes(tensors: Mapping[str, Tensor], prefix: str) -> list[Tensor]:
    return [value.long() for _, value in sorted(weights_of(tensors, prefix).items())]


def _pairs(song: Tensor, size: MusicSize) -> Tensor:
    """The first two codes of each step as one number."""
    return song[:, 0] * size.codes + song[:, 1]


def _word(name: str) -> str:
    """A song's name as a choice may be called."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "song"
