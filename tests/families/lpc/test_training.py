"""Training of the LPC models: the truth of its Csound sounds, learning, stopping and going on, what is exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from plugin_host.datasets.dataset import DataSet
from plugin_host.datasets.generation import generate
from plugin_host.datasets.training_feed import DataSetFeed
from tests.conftest import Command
from tests.support.trainings import Recorder, assert_same_run, log_of, train_family
from training.data.source import Source
from training.errors import RecordingsError, RunError, SoundsError
from training.families.lpc.data import LpcData, prepare
from training.families.lpc.envelopes import envelope_db, itakura_saito, log_spectral_distance
from training.families.lpc.excerpts import draw_recorded, draw_synthetic
from training.families.lpc.exports import export_specs
from training.families.lpc.losses import lpc_loss
from training.families.lpc.settings import LpcSettings, LpcSize
from training.families.lpc.sounds import EXCITATION, AllPoleSounds, f0_hz, polynomial, sections
from training.families.lpc.tracker import new_tracker
from training.families.lpc.train import LpcTrainer
from training.families.lpc.training_batch import TrainingBatch
from training.loop.run import open_run

pytestmark = pytest.mark.csound

RATE, HOP = 24000, 128
SIZE = LpcSize(width=24, hidden=16)
PARTS = ("distance_db", "voicing", "pitch")
SHORT = LpcSettings(steps=6, batch=2, excerpt_frames=40)


@pytest.fixture(scope="module", autouse=True)
def small_pools() -> Iterator[None]:
    """Sounds are drawn and analysed for two steps at a time, which is quicker, and six steps need two pools."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.families.lpc.train.POOL_BATCHES", 2)
        patched.setattr("training.families.lpc.train.POOL_TURNS", 2)
        patched.setattr("training.families.lpc.train.HELD_OUT_EXCERPTS", 4)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    folder = tmp_path_factory.mktemp("data") / "allpole"
    generate("allpole", folder, 30, workers=1)
    return DataSet(folder)


@pytest.fixture(scope="module")
def sounds(data: DataSet) -> AllPoleSounds:
    return AllPoleSounds(DataSetFeed(data), RATE)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    time = np.arange(2 * 44100) / 44100
    for name, hertz in (("low", 110), ("high", 330), ("middle", 220)):
        tone = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 20))
        soundfile.write(folder / f"{name}.wav", 0.1 * np.asarray(tone), 44100)
    return folder


def train(
    data: DataSet,
    out: Path,
    recordings: Path | None = None,
    settings: LpcSettings = SHORT,
    interrupt_at: int = 0,
) -> Recorder:
    source = Source(recordings, DataSetFeed(data))
    return train_family("lpc", source, out, settings, SIZE, interrupt_at)


def test_csounds_filters_are_those_that_the_formulas_tell(sounds: AllPoleSounds) -> None:
    moments = torch.arange(RATE).double() / RATE + 1e-7
    whitened, slow = [], []
    for row in range(len(sounds)):
        values = {name: torch.tensor(float(v[row]), dtype=torch.float64) for name, v in sounds.values.items()}
        a = polynomial(sections(values, moments, RATE)).numpy()
        assert a.shape == (RATE, 17)
        late = np.stack([np.pad(sounds.audio[row].astype(float), (lag, 0))[:RATE] for lag in range(17)], 1)
        residual = np.sum(a * late, 1)[1000:] / EXCITATION
        likeness = [np.mean(residual[lag:] * residual[:-lag]) / np.mean(residual**2) for lag in (1, 2, 3)]
        whitened.append((np.mean(residual**2), *likeness))
        slow.append(float(values["sweep"] * values["sweep_hz"]) < 0.06)
    # What moves fast rings on at its old frequency, so the moment's filter does not undo all of it.
    power, *likeness = np.array(whitened)[slow].T
    assert len(power) > 4
    assert np.abs(power - 1).max() < 0.1
    assert np.abs(likeness).max() < 0.07


def test_pitch_and_share_of_pulses_are_those_of_the_sound(sounds: AllPoleSounds) -> None:
    row = int(np.argmax(sounds.values["voicing"]))
    values = {name: torch.tensor(float(v[row])) for name, v in sounds.values.items()}
    middle = sounds.audio[row][9000:15000].astype(float)
    wanted = float(f0_hz(values, torch.tensor(0.5)))
    likeness = np.fft.irfft(np.sqrt(np.abs(np.fft.rfft(middle * np.hanning(6000), 16384))))
    lags = slice(round(RATE / (1.3 * wanted)), round(RATE / (0.77 * wanted)))
    assert RATE / (lags.start + likeness[lags].argmax()) == pytest.approx(wanted, rel=0.06)


def test_excerpts_tell_what_is_true_at_the_moment_they_speak_of(sounds: AllPoleSounds) -> None:
    excerpts = draw_synthetic(sounds, range(len(sounds)), np.random.default_rng(3), 8, 200)
    batch = TrainingBatch.of(new_tracker(SIZE).front_end, excerpts.without_noise())
    assert 0.5 < float(batch.known.mean()) < 0.95
    # Windowed power around the moment, against the envelope there: right in the mean, and worse when shifted in time.
    level = 10 * torch.log10(batch.power + 1e-12)
    wanted = envelope_db(excerpts.a, level.shape[-1]) + batch.gain_db[:, :, None]

    def off(shift: int) -> float:
        smooth = torch.nn.functional.avg_pool1d(
            (level - wanted.roll(shift, 1)).flatten(0, 1)[:, None], 33, 8
        )[:, 0]
        rows = (batch.known.flatten() > 0) & (batch.known.roll(shift, 1).flatten() > 0)
        return float(smooth[rows].std(0).mean())

    assert off(0) < off(30) - 0.5
    assert off(0) < off(-30) - 0.5


def test_measures_are_zero_for_equals_and_grow_with_difference() -> None:
    level = torch.randn(3, 65).double() * 10
    assert float(log_spectral_distance(level, level).max()) <= 0.011
    assert float(log_spectral_distance(level, level + 3)[0]) == pytest.approx(3.0, abs=1e-3)
    power = (level / 10).exp()
    assert float(itakura_saito(power, power).abs().max()) < 1e-12
    assert float(itakura_saito(power, 2 * power)[0]) == pytest.approx(0.5 - np.log(0.5) - 1)


def test_quiet_parts_of_recordings_teach_nothing() -> None:
    sound = np.concatenate([np.zeros(30000), 0.3 * np.sin(np.arange(30000) * 0.1)]).astype(np.float32)
    excerpts = draw_recorded([sound], np.random.default_rng(0), 12, 80)
    power = excerpts.clean.reshape(12, 80, HOP).square().mean(2)
    sounding = excerpts.sounding[:, 4:].bool()
    assert sounding.any()
    assert not sounding.all()
    assert float(power[:, 2:-2][sounding].min()) > 0
    assert not excerpts.known.any()


@pytest.mark.slow
def test_it_learns(sounds: AllPoleSounds) -> None:
    settings = LpcSettings(steps=40, batch=4, excerpt_frames=50, learning_rate=6e-3)
    trainer = LpcTrainer(LpcData(sounds, []), settings, SIZE)
    kept = draw_synthetic(sounds, range(len(sounds)), np.random.default_rng(1), 8, 100)
    noisy, clean = (
        TrainingBatch.of(trainer.front_end, excerpts) for excerpts in (kept, kept.without_noise())
    )

    @torch.no_grad()
    def off() -> list[float]:
        return [
            float(lpc_loss(trainer.network, batch)[1][part]) for batch in (noisy, clean) for part in PARTS
        ]

    before = off()
    for _ in range(40):
        trainer.step()
    # Pitch is nearly right to begin with: the bundled tracker's.
    for part, after, was in zip(2 * PARTS, off(), before, strict=True):
        assert after < (was if part == "pitch" else 0.9 * was), part


def test_a_run_that_was_stopped_goes_on_exactly(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "whole", recordings)
    train(data, tmp_path / "halves", recordings, interrupt_at=3)
    assert open_run(tmp_path / "halves").metadata["step"] == 3
    assert train(data, tmp_path / "halves", recordings).steps == [4, 5, 6]
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    log = log_of(tmp_path / "whole")
    assert log.Tags()["scalars"] == ["held_out/clean_distance_db", "held_out/noisy_distance_db"]
    kept = json.loads((tmp_path / "whole" / "data.json").read_text())
    assert sorted(kept["trained_on"] + kept["held_out"]) == ["high.wav", "low.wav", "middle.wav"]


def test_a_run_gives_four_models_of_one_tracker(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "run", recordings, LpcSettings(steps=1, batch=2, excerpt_frames=40))
    checkpoint = open_run(tmp_path / "run")
    specs = export_specs(checkpoint, "mine")
    assert [spec.suffix for spec in specs] == ["", ".analyzer", ".decoder", ".cross"]
    assert [spec.model.role for spec in specs] == ["effect", "analyzer", "generator", "effect"]
    assert [spec.learned for spec in specs] == [True, True, False, True]
    said = specs[0].provenance
    assert "27 sounds of allpole.csd" in said["data"]
    assert "minutes of recordings" in said["data"]
    assert said["synth_sha256"] == data.info.synth_sha256
    weight = checkpoint.tensors["average.envelope.head.weight"]
    for spec in specs[:2]:
        assert torch.equal(spec.model.state_dict()["tracker.network.envelope.head.weight"], weight)


def test_sounds_that_were_exchanged_are_refused(data: DataSet, tmp_path: Path) -> None:
    mine = DataSet(shutil.copytree(data.folder, tmp_path / "data"))
    train(mine, tmp_path / "run", interrupt_at=2)
    one, other = (tmp_path / "data" / "sounds" / "0000" / f"00000{number}.flac" for number in (2, 3))
    shutil.copyfile(other, one)
    with pytest.raises(RunError, match=r"sounds of allpole\.csd are not those that .* was begun with"):
        train(mine, tmp_path / "run")


def test_sounds_of_another_synth_are_refused(tmp_path: Path) -> None:
    generate("fm", tmp_path / "fm", 3, workers=1)
    with pytest.raises(SoundsError, match=r"needed are 20 or more of allpole\.csd at 24000 Hz"):
        train(DataSet(tmp_path / "fm"), tmp_path / "run")


def test_recordings_that_are_silent_are_named(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in recordings.iterdir():
        (folder / path.name).symlink_to(path)
    soundfile.write(folder / "a silence.wav", np.zeros(48000), 48000)
    (folder / "a cut one.wav").write_bytes(b"RIFF nothing")
    settings = LpcSettings(steps=1, batch=2, excerpt_frames=40)
    said = train(data, tmp_path / "run", folder, settings).warnings
    assert any("a silence.wav" in sentence for sentence in said)
    assert any("a cut one.wav" in sentence for sentence in said)
    with pytest.raises(RecordingsError, match="does not exist"):
        train(data, tmp_path / "other", tmp_path / "nowhere")


def test_recordings_are_split_by_what_they_hold(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()

    def lengths_trained_on() -> list[int]:
        recorder = Recorder()
        prepared = prepare(Source(folder, DataSetFeed(data)), SHORT, SIZE, recorder)
        for side in ("trained_on", "held_out"):
            assert not [name for name in prepared.prepared[side] if "offset" in name]
        assert any("offset.wav is silent or too short" in sentence for sentence in recorder.warnings)
        return sorted(len(recording) for recording in prepared.recordings)

    soundfile.write(folder / "offset.wav", np.full(44100, 0.5), 44100)
    sound, rate = soundfile.read(recordings / "low.wav")
    soundfile.write(folder / "low.wav", sound, rate)
    assert lengths_trained_on() == [48000]  # the only one
    soundfile.write(folder / "copy.flac", 0.5 * sound, rate)
    assert lengths_trained_on() == [48000, 48000]
    other, _ = soundfile.read(recordings / "high.wav")
    soundfile.write(folder / "high.wav", other[: rate + rate // 2], rate)
    assert lengths_trained_on() in ([36000], [48000, 48000])  # copies stay together


def test_command_trains_on_a_data_set(data: DataSet, brainsynth: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = brainsynth("train", "ar", "--data", data.folder, "--output", run, "--steps", 1)
    assert ended.code == 0, ended.err
    assert f"brainsynth export {run}" in ended.out
    assert open_run(run).config["family"] == "lpc"
    assert open_run(run).config["synth_sha256"] == data.info.synth_sha256
    refused = brainsynth("train", "lpc", "--data", tmp_path, "--output", tmp_path / "x")
    assert refused.code == 2
    assert "is no data set" in refused.err
