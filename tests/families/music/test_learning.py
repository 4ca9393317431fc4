"""Music that is learned: a loop is played in time, what is heard decides, the classic goes on too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from export.graph import build_graph
from export.model_file import describe
from export.proof import GraphPlayer, play_torch, proof_inputs
from tests.support.loops import LOOP_STEPS, SETTINGS, SIZE, loop, write_songs
from tests.support.trainings import Recorder, train_family
from training.data.source import Source
from training.errors import CheckpointError, RecordingsError
from training.families.music.byheart import MEMORY_STEPS, UNIT
from training.families.music.classic import Classic, Network
from training.families.music.data import level_gain, prepare
from training.families.music.exports import export_specs
from training.families.music.model import Music
from training.families.music.player import Player
from training.families.music.settings import MusicSettings, MusicSize
from training.families.music.train import SONGS_CHROMA
from training.loop.run import open_run
from training.streaming.model import StreamingModel


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[StreamingModel]:
    """A small model that has learned one loop by heart, and its ear."""
    folder = tmp_path_factory.mktemp("music")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BRAINSYNTH_CACHE", str(folder / "cache"))
        torch.set_num_threads(1)
        songs = write_songs(folder / "songs")
        train_family("music", Source(recordings=songs), folder / "run", SETTINGS, SIZE)
    checkpoint = open_run(folder / "run")
    older = {name: value for name, value in checkpoint.tensors.items() if not name.startswith(SONGS_CHROMA)}
    with pytest.raises(CheckpointError, match="no chroma"):
        export_specs(replace(checkpoint, tensors=older), "loop")
    return [spec.model for spec in export_specs(checkpoint, "loop")]


@pytest.fixture(scope="module")
def music(models: list[StreamingModel]) -> Music:
    (model,) = (model for model in models if isinstance(model, Music))
    return model


@torch.no_grad()
def played(model: Music, steps: int, heard: np.ndarray | None = None, **controls: float) -> torch.Tensor:
    """Codes (N, Q) that a model plays after what it has heard."""
    codes = []
    cell = model.scan.cell
    cell.register_forward_hook(lambda _, __, result: codes.append(result[1]["codes"][0]))
    listened = 0 if heard is None else len(heard) // model.hop_length
    inputs = {f"control.{c.name}": c.curve(listened + steps) for c in model.controls}
    for name, value in controls.items():
        inputs[f"control.{name}"].fill_(value)
    inputs["control.listen"][:, listened:] = 0
    audio = torch.zeros(1, 1, (listened + steps) * model.hop_length)
    if heard is not None:
        audio[0, 0, : listened * model.hop_length] = torch.from_numpy(heard[: listened * model.hop_length])
    inputs["audio"] = audio
    model(inputs, model.initial_state())
    cell._forward_hooks.clear()
    return torch.stack(codes)[listened:]


def test_a_loop_learned_by_heart_is_played_in_time(music: Music) -> None:
    codes = played(music, 12 * LOOP_STEPS, temperature=0.3)[:, 0]
    last, before = codes[-LOOP_STEPS:], codes[-2 * LOOP_STEPS : -LOOP_STEPS]
    assert len(set(last.tolist())) > 4
    assert float((last == before).float().mean()) > 0.9


def test_the_ear_of_one_song_knows_it(models: list[StreamingModel]) -> None:
    document = describe(models[1], "loop.ear", {}, {})
    assert {output.name: output for output in document.outputs}["song"].choices == ("none", "song 0.wav")


def test_another_seed_is_another_music_and_the_same_seed_the_same(music: Music) -> None:
    first, again, other = (played(music, 100, temperature=1.5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_it_goes_on_from_what_it_hears(music: Music) -> None:
    notes = loop([48, 55, 60, 67], 3)
    gain = level_gain(notes)
    assert gain is not None
    notes = notes * gain
    quarter = LOOP_STEPS // 4 * music.hop_length
    whole = played(music, LOOP_STEPS, notes, temperature=0.0)
    moved = played(music, LOOP_STEPS, notes[: len(notes) - quarter], temperature=0.0)
    shift = LOOP_STEPS // 4
    same = float((whole[: LOOP_STEPS - shift, 0] == moved[shift:, 0]).float().mean())
    apart = float((whole[:, 0] == moved[:, 0]).float().mean())
    assert same > 0.7
    assert same > apart + 0.2


def test_stray_keeps_away_from_what_is_known_by_heart(music: Music) -> None:
    kept = played(music, 3 * LOOP_STEPS, temperature=0.5, stray=0.0)
    strayed = played(music, 3 * LOOP_STEPS, temperature=0.5, stray=1.0)
    player = music.scan.cell
    assert isinstance(player, Player)

    def known(codes: torch.Tensor) -> float:
        """How much of the last seconds is as in the song."""
        alike, most = player.by_heart.initial_state(1)["alike"], []
        for step in codes:
            alike = player.by_heart.next(alike, step[None])
            most.append(float(alike.max()) / (UNIT * MEMORY_STEPS))
        return float(np.mean(most[LOOP_STEPS:]))

    assert known(kept) > 0.5
    assert known(strayed) < 0.25 * known(kept)


@pytest.mark.parametrize(("domain", "cell"), [("time", "gru"), ("spectrum", "lstm")])
def test_the_classic_is_the_same_in_a_graph(domain: str, cell: str) -> None:
    torch.manual_seed(0)
    size = MusicSize("classic", hidden=64, layers=2, domain=domain, cell=cell, block_length=512)
    network = Network(size)
    with torch.no_grad():  # as strong as a network that has learned: it makes much of a last bit
        network.deviation.fill_(1e-3)
        for weight in (*network.layers.parameters(), network.leave.weight):
            weight.mul_(16)
    model = Classic(network, size)
    inputs = proof_inputs(model, 200, seed=1)
    onnx = GraphPlayer(build_graph(model).SerializeToString(), model).play(inputs, [3, 197])
    right = play_torch(model, inputs, [200])
    assert np.abs(onnx["output.audio"].astype(float) - right["output.audio"].astype(float)).max() < 1e-5
    assert np.abs(right["output.audio"]).max() > 1e-3


@torch.no_grad()
def test_the_classic_plays_what_it_hears_a_hop_late() -> None:
    size = MusicSize("classic", hidden=8, layers=1, block_length=512)
    model = Classic(Network(size), size)
    sound = torch.from_numpy(loop([48, 60], 1))[None, None]
    inputs = {f"control.{c.name}": c.curve(sound.shape[2] // model.hop_length) for c in model.controls}
    y, _ = model({"audio": sound, **inputs}, model.initial_state())
    late = model.latency_samples
    assert torch.allclose(y["audio"][..., late:], sound[..., :-late], atol=1e-4)


def test_the_classic_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path / "cache"))
    songs = write_songs(tmp_path / "songs")
    settings = MusicSettings(steps=60, batch=4, excerpt_s=1.0, learning_rate=1e-2)
    size = MusicSize("classic", hidden=32, layers=1, block_length=512)
    train_family("music", Source(recordings=songs), tmp_path / "run", settings, size)
    figures = open_run(tmp_path / "run").metadata["figures"]
    assert figures["unpredicted"] < 0.9


def test_what_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path / "cache"))
    songs = write_songs(tmp_path / "songs", count=2)
    (songs / "broken.mp3").write_bytes(b"no music")
    import soundfile

    soundfile.write(songs / "short.wav", loop([60], 1)[:2000], 24000)
    soundfile.write(songs / "silent.wav", np.zeros(48000), 24000)
    recorder = Recorder()
    data = prepare(Source(recordings=songs), SETTINGS, SIZE, recorder)
    assert len(data.train) + len(data.held_out) == 2
    said = " ".join(recorder.warnings)
    assert all(name in said for name in ("broken.mp3", "short.wav", "silent.wav"))
    empty = tmp_path / "empty"
    empty.mkdir()
    soundfile.write(empty / "silent.wav", np.zeros(48000), 24000)
    with pytest.raises(RecordingsError, match="silent"):
        prepare(Source(recordings=empty), SETTINGS, SIZE, Recorder())
