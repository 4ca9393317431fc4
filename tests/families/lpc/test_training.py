"""Training of the AR model: the truth of its Csound sounds, learning, stopping and going on, what is exported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import typer
from typer.testing import CliRunner

from export.ar_family import ar_jobs
from plugin_host.commands.train_ar import ar
from plugin_host.datasets.dataset import DataSet
from plugin_host.datasets.generation import generate
from plugin_host.errors import HostError
from training.errors import RecordingsError
from training.families.lpc.analyzer import ArSize
from training.families.lpc.batch import Heard, ar_loss
from training.families.lpc.excerpts import draw_recorded, draw_synthetic
from training.families.lpc.losses import envelope_db, itakura_saito, log_spectral_distance
from training.families.lpc.sounds import EXCITATION, AllPoleSounds, f0_hz, polynomial, sections
from training.families.lpc.train import ArTrainer, ArTraining, Progress, new_ear, train_ar
from training.loop.run import open_run

RATE, HOP = 24000, 128
SIZE = ArSize(width=24, hidden=16)
PARTS = ("distance_db", "voicing", "pitch")
SHORT = ArTraining(steps=6, batch=2, excerpt_frames=40)


@pytest.fixture(scope="module", autouse=True)
def small_pools() -> Iterator[None]:
    """Sounds are drawn and heard for two steps at a time, which is quicker, and six steps need two pools."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.families.lpc.train.POOL_BATCHES", 2)
        patched.setattr("training.families.lpc.train.POOL_TURNS", 2)
        patched.setattr("training.families.lpc.logs.EXCERPTS", 4)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    folder = tmp_path_factory.mktemp("data") / "allpole"
    generate("allpole", folder, 30, workers=1)
    return DataSet(folder)


@pytest.fixture(scope="module")
def sounds(data: DataSet) -> AllPoleSounds:
    return AllPoleSounds(data, RATE)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    time = np.arange(2 * 44100) / 44100
    for name, hertz in (("low", 110), ("high", 330), ("middle", 220)):
        tone = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 20))
        soundfile.write(folder / f"{name}.wav", 0.1 * np.asarray(tone), 44100)
    return folder


def train(
    data: Any, out: Path, recordings: Path | None = None, settings: ArTraining = SHORT, **more: Any
) -> Path:
    return train_ar(data, "hash", out, recordings, settings, SIZE, "cpu", **more)


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
    heard = Heard.of(new_ear(SIZE).hearing, excerpts.without_noise())
    assert 0.5 < float(heard.known.mean()) < 0.95
    # Windowed power around the moment, against the envelope there: right in the mean, and worse when shifted in time.
    level = 10 * torch.log10(heard.power + 1e-12)
    wanted = envelope_db(excerpts.a, level.shape[-1]) + heard.gain_db[:, :, None]

    def off(shift: int) -> float:
        smooth = torch.nn.functional.avg_pool1d(
            (level - wanted.roll(shift, 1)).flatten(0, 1)[:, None], 33, 8
        )[:, 0]
        rows = (heard.known.flatten() > 0) & (heard.known.roll(shift, 1).flatten() > 0)
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
    trainer = ArTrainer(
        sounds, [], ArTraining(steps=40, batch=4, excerpt_frames=50, learning_rate=6e-3), SIZE
    )
    kept = draw_synthetic(sounds, range(len(sounds)), np.random.default_rng(1), 8, 100)
    noisy, clean = (Heard.of(trainer.hearing, excerpts) for excerpts in (kept, kept.without_noise()))

    @torch.no_grad()
    def off() -> list[float]:
        return [float(ar_loss(trainer.network, heard)[1][part]) for heard in (noisy, clean) for part in PARTS]

    before = off()
    for _ in range(40):
        trainer.step()
    # Pitch is nearly right to begin with: the bundled tracker's.
    for part, after, was in zip(2 * PARTS, off(), before, strict=True):
        assert after < (was if part == "pitch" else 0.9 * was), part


def test_a_run_that_was_stopped_goes_on_exactly(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "whole", recordings)

    def interrupt(progress: Progress) -> None:
        if progress.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "halves", recordings, on_step=interrupt)
    assert open_run(tmp_path / "halves")[2]["step"] == 3
    steps: list[int] = []
    train(data, tmp_path / "halves", recordings, on_step=lambda p: steps.append(p.step))
    assert steps == [4, 5, 6]
    whole, halves = (open_run(tmp_path / name)[1] for name in ("whole", "halves"))
    assert whole.keys() == halves.keys()
    for name, value in whole.items():
        assert torch.equal(value, halves[name]), name
    assert list((tmp_path / "whole" / "logs").iterdir())


def test_a_run_gives_four_models_of_one_ear(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    run = train(data, tmp_path / "run", recordings, ArTraining(steps=1, batch=2, excerpt_frames=40))
    config, tensors, facts = open_run(run)
    jobs = ar_jobs(config, tensors, facts, tmp_path / "mine.onnx", {"licence": "CC0-1.0"})
    assert [job.path.name for job in jobs] == [
        "mine.onnx",
        "mine.analyzer.onnx",
        "mine.decoder.onnx",
        "mine.cross.onnx",
    ]
    assert [job.model.role for job in jobs] == ["effect", "analyzer", "generator", "effect"]
    assert jobs[2].provenance["data"] == "none: nothing in it is learned"
    said = jobs[0].provenance
    assert "27 sounds of allpole.csd" in said["data"]
    assert "minutes of recordings" in said["data"]
    assert (said["licence"], said["synth_sha256"]) == ("CC0-1.0", "hash")
    weight = tensors["average.envelope.head.weight"]
    for job in jobs[:2]:
        assert torch.equal(job.model.state_dict()["ear.network.envelope.head.weight"], weight)


def test_sounds_of_another_synth_are_refused(tmp_path: Path) -> None:
    generate("fm", tmp_path / "fm", 3, workers=1)
    with pytest.raises(RecordingsError, match=r"needed are 20 or more of allpole\.csd at 24000 Hz"):
        train(DataSet(tmp_path / "fm"), tmp_path / "run")


def test_recordings_that_are_silent_are_named(data: DataSet, recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in recordings.iterdir():
        (folder / path.name).symlink_to(path)
    soundfile.write(folder / "a silence.wav", np.zeros(48000), 48000)
    (folder / "a cut one.wav").write_bytes(b"RIFF nothing")
    said: list[str] = []
    train(
        data,
        tmp_path / "run",
        folder,
        ArTraining(steps=1, batch=2, excerpt_frames=40),
        on_warning=said.append,
    )
    assert any("a silence.wav" in sentence for sentence in said)
    assert any("a cut one.wav" in sentence for sentence in said)
    with pytest.raises(RecordingsError, match="does not exist"):
        train(data, tmp_path / "other", tmp_path / "nowhere")


def test_command_trains_on_a_data_set(data: DataSet, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(ar)
    run = tmp_path / "run"
    ended = CliRunner().invoke(app, ["--data", str(data.folder), "--out", str(run), "--steps", "1"])
    assert ended.exit_code == 0, ended.output
    assert f"brainsynth export {run}" in ended.output
    assert open_run(run)[0]["synth_sha256"] == data.info.synth_sha256
    refused = CliRunner().invoke(app, ["--data", str(tmp_path), "--out", str(tmp_path / "x")])
    assert isinstance(refused.exception, HostError)
    assert "is no data set" in str(refused.exception)
