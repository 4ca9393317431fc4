"""Training a timbre model: it learns, stops and goes on exactly, refuses what it cannot use, and exports."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from brainsynth import Model
from tests.conftest import Command
from tests.support.trainings import Recorder, assert_same_run, log_of, train_family
from training.analysis.bundled_weights import load_analyzer
from training.data.joined import JoinedArrays
from training.data.recordings import classes_of, find_recordings, read_mono
from training.data.source import Source
from training.errors import RecordingsError, RunError
from training.families.timbre.data import TimbreData, prepare, trained_range
from training.families.timbre.features import Corpus, Features, analyse, features_of
from training.families.timbre.measures import excerpts_of, measure
from training.families.timbre.settings import TimbreSettings, TimbreSize
from training.families.timbre.train import TimbreTrainer
from training.loop.run import Run, open_run
from training.loop.spectral_losses import level_loss, multi_scale_spectral_loss

RATE = 48000
SIZE = TimbreSize(width=24, hidden=16, partitions=4)
SHORT = TimbreSettings(steps=8, taught=0.5, batch=2, excerpt_frames=40)


def tone(f0_hz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    """A reedy tone with an attack, odd harmonics stronger than even ones."""
    time = np.arange(int(seconds * RATE)) / RATE
    partials = sum((1.0 if k % 2 else 0.2) / k * np.sin(2 * np.pi * k * f0_hz * time) for k in range(1, 20))
    envelope = np.minimum(time * 20, 1) * np.minimum((seconds - time) * 20, 1)
    return (level * envelope * partials).astype(np.float32)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of a made-up reed, in nested folders and several formats and rates."""
    folder = tmp_path_factory.mktemp("reed")
    (folder / "low" / "soft").mkdir(parents=True)
    for i in range(12):
        sound = tone(130.0 * 2 ** (i / 12), 2.5, 0.1 + 0.03 * i)
        path = folder / ("low/soft" if i < 4 else ".") / f"reed_{i}.{('wav', 'flac', 'ogg')[i % 3]}"
        soundfile.write(path, np.stack([sound, sound], 1) if i == 5 else sound, RATE)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    torch.set_num_threads(1)


def train(recordings: Path, out: Path, settings: TimbreSettings = SHORT, interrupt_at: int = 0) -> Recorder:
    return train_family("timbre", Source(recordings), out, settings, SIZE, interrupt_at)


def test_recordings_are_found_in_all_folders(recordings: Path) -> None:
    assert len(find_recordings(recordings)) == 12


def test_classes_are_the_sub_folders(recordings: Path, tmp_path: Path) -> None:
    for name in ("kick/deep", "kick", "snare"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name / "a.wav", np.zeros(10), RATE)
    found = classes_of(tmp_path)
    assert {name: len(paths) for name, paths in found.items()} == {"kick": 2, "snare": 1}
    soundfile.write(tmp_path / "b.wav", np.zeros(10), RATE)
    with pytest.raises(RecordingsError, match="lies in no sub-folder"):
        classes_of(tmp_path)


def test_stereo_at_another_rate_is_read_as_mono_at_ours(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.full((4410, 2), [0.5, -0.1]), 44100, subtype="FLOAT")
    sound = read_mono(tmp_path / "x.wav", RATE)
    assert sound.shape == (4800,)
    assert sound[1000:3000].mean() == pytest.approx(0.2, abs=1e-3)


def test_features_tell_pitch_loudness_and_harmonics() -> None:
    features = analyse(tone(220.0, 1.0), load_analyzer(), 64, 65)
    middle = slice(100, 300)
    assert np.median(np.abs(1200 * np.log2(features.f0_hz[middle] / 220.0))) < 15
    assert (features.voicing[middle] > 0.5).all()
    levels = np.median(features.harmonics[middle].astype(np.float32), 0)[:6]
    expected = np.log(0.3 * np.array([1, 0.2 / 2, 1 / 3, 0.2 / 4, 1 / 5, 0.2 / 6]))
    np.testing.assert_allclose(levels, expected, atol=0.15)
    assert features.harmonics[middle, 30:].max() < -8


def test_features_come_from_the_cache_unless_it_is_damaged(
    recordings: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("BRAINSYNTH_CACHE", str(tmp_path))
    path, analyzer = find_recordings(recordings)[0], load_analyzer()
    first = features_of(path, analyzer, 8, 9).harmonics.copy()
    (cached,) = tmp_path.rglob("harmonics.npy")
    written = cached.stat().st_ino
    again = features_of(path, analyzer, 8, 9)
    assert cached.stat().st_ino == written
    assert isinstance(again.harmonics, np.memmap)
    np.testing.assert_array_equal(first, again.harmonics)
    whole = cached.read_bytes()
    cached.unlink()  # what is mapped may not shrink
    cached.write_bytes(whole[:1000])
    np.testing.assert_array_equal(first, features_of(path, analyzer, 8, 9).harmonics)


def test_losses_are_zero_for_equals_and_grow_with_difference() -> None:
    x = torch.from_numpy(tone(220.0, 0.5))[None]
    assert float(multi_scale_spectral_loss(x, x)) == 0.0
    near, far = multi_scale_spectral_loss(0.9 * x, x), multi_scale_spectral_loss(0.3 * x, x)
    assert 0 < float(near) < float(far)
    levels = torch.tensor([[[0.0, -1.0, -20.0]]])
    weight = torch.ones(1, 1, 1)
    assert float(level_loss(levels, levels, weight)) == 0.0
    # What lies far below the strongest is masked and costs nothing.
    assert float(level_loss(levels + torch.tensor([0.0, 0.0, -5.0]), levels, weight)) == 0.0
    assert float(level_loss(levels + torch.tensor([0.0, 0.3, 0.0]), levels, weight)) == pytest.approx(0.1)


def prepare_from(folder: Path, settings: TimbreSettings = SHORT) -> tuple[TimbreData, list[str]]:
    recorder = Recorder()
    return prepare(Source(folder), settings, SIZE, recorder), recorder.warnings


def test_what_is_held_out_is_chosen_from_what_sounds(tmp_path: Path) -> None:
    for name in "abcdefgh":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "reed.wav", tone(220.0, 11.0), RATE)
    data, warnings = prepare_from(tmp_path)
    assert data.held_out is None
    assert any("holds one sound, so that none is held out" in sentence for sentence in warnings)
    assert data.metadata["held_out_seconds"] == 0
    figures = measure(TimbreTrainer(data, SHORT, SIZE), data).figures
    assert list(figures) == ["loss/trained_on"]
    soundfile.write(tmp_path / "copy.flac", 0.5 * tone(220.0, 11.0), RATE)
    assert prepare_from(tmp_path)[0].held_out is None
    soundfile.write(tmp_path / "other.wav", tone(180.0, 11.0), RATE)
    data, warnings = prepare_from(tmp_path)
    assert data.held_out is not None
    heard, aside = (set(part.f0_hz[part.voicing > 0.5].tolist()) for part in (data.train, data.held_out))
    assert not heard & aside
    assert not any("none is held out" in sentence for sentence in warnings)
    sides = data.prepared
    assert {len(sides["trained_on"]), len(sides["held_out"])} <= {1, 2}
    assert ("copy.flac" in sides["held_out"]) == ("reed.wav" in sides["held_out"])


def test_recordings_of_all_kinds_are_trained_on_or_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clipped.wav", np.clip(20 * tone(220.0, 6.0), -1, 1), RATE)
    soundfile.write(tmp_path / "telephone.wav", tone(180.0, 36.0)[::6], 8000)
    soundfile.write(tmp_path / "blip.wav", tone(200.0, 0.3), RATE)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "same.wav", tone(150.0 if folder == "a" else 160.0, 3.0), RATE)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    soundfile.write(tmp_path / "click.wav", np.full(100, 0.5), RATE)
    soundfile.write(tmp_path / "offset.wav", np.full(RATE, 0.5), 44100)
    data, warnings = prepare_from(tmp_path)
    used = {*data.prepared["trained_on"], *data.prepared["held_out"]}
    assert used == {"clipped.wav", "telephone.wav", "blip.wav", "a/same.wav", "b/same.wav"}
    for name, why in (
        ("empty.wav", "holds no samples"),
        ("click.wav", "has 100 samples, less than one frame"),
        ("offset.wav", "is silent"),
    ):
        assert any(f"{name} {why}" in sentence for sentence in warnings)
    assert np.isfinite(TimbreTrainer(data, SHORT, SIZE).step()["loss"])


def test_too_little_to_learn_from_is_told_beside_what_is_held_out(tmp_path: Path) -> None:
    for number in range(11):
        soundfile.write(tmp_path / f"copy {number}.wav", tone(220.0, 6.0) * 0.9**number, RATE)
    soundfile.write(tmp_path / "other.wav", tone(180.0, 6.0), RATE)
    with pytest.raises(RecordingsError, match=r"at least 10 s are needed") as refused:
        prepare_from(tmp_path)
    said = str(refused.value)
    assert re.search(
        r"holds 6\.0 s of sound to learn from, beside 6[56]\.\d s in 11 recordings held out", said
    )


def test_a_run_goes_on_with_the_split_that_it_began_with(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SHORT, steps=2)
    train(recordings, tmp_path / "whole", settings)
    train(recordings, tmp_path / "halves", settings, interrupt_at=1)
    kept = json.loads((tmp_path / "halves" / "data.json").read_text())
    assert len(kept["trained_on"]) + len(kept["held_out"]) == 12
    assert any(name.startswith("low/soft/") for side in ("trained_on", "held_out") for name in kept[side])
    monkeypatch.setattr("training.data.split.HELD_OUT_SHARE", 0.7)  # another version might split otherwise
    train(recordings, tmp_path / "halves", settings)
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_rumble_below_the_lowest_note_is_not_learned(recordings: Path, tmp_path: Path) -> None:
    time = np.arange(11 * RATE) / RATE
    for f0_hz in (262, 330):
        rumble = 0.05 * np.sin(2 * np.pi * 60 * time).astype(np.float32)
        soundfile.write(tmp_path / f"{f0_hz}.wav", tone(f0_hz, 11.0) + rumble, RATE)

    def low_db(data: TimbreData) -> float:
        sound = data.train.audio[np.arange(1000, 2000)].ravel().astype(float)
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        return 10 * np.log10(power[: int(120 * len(sound) / RATE)].sum() / power.sum())

    cut, warnings = prepare_from(tmp_path)
    as_it_is, silent = prepare_from(tmp_path, replace(SHORT, low_cut=0.0))
    assert cut.metadata["low_cut_hz"] == pytest.approx(262 * 2 ** (-0.5 / 12 - 0.5), rel=0.01)
    assert as_it_is.metadata["low_cut_hz"] == 0
    assert low_db(as_it_is) > -20
    assert low_db(cut) < -60
    assert any("cut below 180 Hz, 0.5 octaves below their lowest note" in sentence for sentence in warnings)
    assert not silent
    # The note itself is as it was, as are the levels of its harmonics.
    middle = np.arange(1000, 1300)
    np.testing.assert_allclose(
        cut.train.harmonics[middle][:, :8].astype(float),
        as_it_is.train.harmonics[middle][:, :8].astype(float),
        atol=0.08,
    )


def notes(*lengths: int) -> Corpus:
    """Recordings of so many frames, each with a pitch of its own, 100 Hz and more."""
    parts = [
        Features(
            np.full(n * 128, 0.1, np.float32),
            np.full(n, 100.0 + i, np.float32),
            np.ones(n, np.float32),
            np.full(n, -20.0, np.float32),
            np.full((n, 4), -2.0, np.float16),
            np.full((n, 5), -4.0, np.float16),
        )
        for i, n in enumerate(lengths)
    ]
    return Corpus.join([Corpus.of(part, SHORT.excerpt_frames) for part in parts])


def test_no_excerpt_runs_across_a_seam_and_short_recordings_are_followed_by_silence() -> None:
    corpus = notes(50, 12, 90, 40)
    size = replace(SIZE, harmonic_rows=2, harmonic_columns=2, bands=5)
    trainer = TimbreTrainer(TimbreData(corpus, corpus), replace(SHORT, excerpt_frames=40), size)
    drawn, _, _ = trainer._batch(500, np.random.default_rng(0))
    rows = drawn.rows
    f0_hz = corpus.f0_hz[rows]
    assert rows.shape == (500, 40)
    assert np.ptp(f0_hz, axis=1).max() < 1e-3
    anywhere = np.rint(f0_hz[200:, 0] - 100.0).astype(int)
    # As often as they are long, without the silence.
    shares = np.bincount(anywhere) / 300
    np.testing.assert_allclose(shares, np.array([50, 12, 90, 40]) / 192, atol=0.06)
    short = rows[np.abs(f0_hz[:, 0] - 101.0) < 0.01]
    assert (corpus.loudness_db[short] == np.where(np.arange(40) < 12, -20.0, -100.0)).all()
    assert (corpus.harmonics[short][:, 12:] == -16).all()
    assert (corpus.audio[short][:, 12:] == 0).all()
    assert (corpus.audio[short][:, :12] == np.float32(0.1)).all()
    assert corpus.recorded == 192


@pytest.mark.parametrize("lengths", [(50, 12, 90, 40), (800, 12, 790), (12,), (2000,)])
def test_what_is_measured_runs_across_no_seam_either(lengths: tuple[int, ...]) -> None:
    corpus = notes(*lengths)
    rows = excerpts_of(corpus)
    assert rows.shape == (4, min(750, max(40, *lengths)))
    f0_hz = corpus.f0_hz[rows]
    assert np.ptp(f0_hz, axis=1).max() < 1e-3


@pytest.mark.slow
def test_it_learns_the_timbre(recordings: Path) -> None:
    analyzer = load_analyzer()
    parts = [Corpus.of(features_of(p, analyzer, 64, 65)) for p in find_recordings(recordings)]
    settings = TimbreSettings(steps=120, taught=0.75, batch=2, excerpt_frames=60)
    data = TimbreData(Corpus.join(parts), parts[0])
    trainer = TimbreTrainer(data, settings, SIZE)
    losses = [trainer.step()["loss"] for _ in range(90)]
    assert np.mean(losses[80:90]) < 0.8 * np.mean(losses[:5])  # the stage of levels
    begun = measure(trainer, data).figures["loss/held_out"]
    for _ in range(30):
        trainer.step()
    assert measure(trainer, data).figures["loss/held_out"] < 0.95 * begun  # the stage of sound


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_exactly(recordings: Path, tmp_path: Path) -> None:
    whole = train(recordings, tmp_path / "whole")
    assert whole.stages == ["levels"] * 4 + ["sound"] * 4
    train(recordings, tmp_path / "halves", interrupt_at=3)
    assert open_run(tmp_path / "halves").metadata["step"] == 3
    assert train(recordings, tmp_path / "halves").steps == [4, 5, 6, 7, 8]
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    log = log_of(tmp_path / "whole")
    assert log.Tags()["scalars"] == ["loss/held_out"]
    assert log.Tags()["images"] == log.Tags()["audio"] == ["recorded", "resynthesised"]


def test_a_run_is_refused_when_its_recordings_have_changed(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in find_recordings(recordings):
        (folder / path.name).symlink_to(path)
    train(folder, tmp_path / "run", interrupt_at=1)
    soundfile.write(folder / "another.wav", tone(200.0, 2.0), RATE)
    with pytest.raises(RunError, match=r"not those that .* was begun with"):
        train(folder, tmp_path / "run")


def test_a_checkpoint_cut_short_is_passed_over(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", {"family": "timbre"})
    run.save(5, {"x": torch.ones(3)}, {"trained": 1})
    whole = run.save(9, {"x": torch.zeros(3)}, {"trained": 2})
    whole.write_bytes(whole.read_bytes()[:20])
    latest = run.latest()
    assert latest is not None
    assert latest.metadata["step"] == 5
    assert torch.equal(latest.tensors["x"], torch.ones(3))


def test_only_the_last_two_checkpoints_are_kept_and_none_is_half_written(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", {})
    for step in (1, 2, 3, 4):
        run.save(step, {"x": torch.ones(1)}, {})
    assert sorted(p.name for p in run.checkpoints.iterdir()) == [
        "step_0000003.safetensors",
        "step_0000004.safetensors",
    ]


def test_a_run_with_other_settings_is_refused(recordings: Path, tmp_path: Path) -> None:
    Run(tmp_path / "run", {"settings": {"steps": 5}}).save(1, {"x": torch.ones(1)}, {})
    with pytest.raises(RunError, match="other settings: settings"):
        Run(tmp_path / "run", {"settings": {"steps": 6}})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("keep me")
    with pytest.raises(RunError, match="is not a training run"):
        train(recordings, tmp_path / "other")
    assert (tmp_path / "other" / "mine.txt").read_text() == "keep me"


@pytest.mark.slow
def test_recordings_that_cannot_be_learned_from(tmp_path: Path) -> None:
    def refuse(folder: Path) -> None:
        train(folder, tmp_path / f"run_{folder.name}")

    with pytest.raises(RecordingsError, match="does not exist"):
        refuse(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RecordingsError, match="no audio file"):
        refuse(empty)
    for name, sound, said in (
        ("short", tone(220, 2.0), "at least 10 s are needed"),
        ("silent", np.zeros(20 * RATE, np.float32), "no recording that sounds"),
        ("noise", np.random.default_rng(0).normal(0, 0.1, 20 * RATE), "hardly any pitched sound"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        soundfile.write(folder / "a.wav", sound, RATE)
        with pytest.raises(RecordingsError, match=said):
            refuse(folder)


def test_a_bad_recording_is_named_and_left_out(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for path in find_recordings(recordings):
        (folder / path.name).symlink_to(path)
    (folder / "broken.wav").write_bytes(b"RIFF nothing")
    soundfile.write(folder / "nan.wav", np.full(48000, np.nan), RATE, subtype="FLOAT")
    for name, level in (("huge.wav", 1e30), ("whole numbers.wav", 32_767.0)):
        soundfile.write(folder / name, level * tone(220.0, 2.0), RATE, subtype="FLOAT")
    said = train(folder, tmp_path / "run", TimbreSettings(1, 1.0, 1, 20)).warnings
    for name in ("huge.wav", "whole numbers.wav"):
        assert any(f"{name} holds samples up to" in sentence for sentence in said)
    assert any("broken.wav is no audio file that can be read" in sentence for sentence in said)
    assert any("nan.wav holds samples that are not finite" in sentence for sentence in said)


def test_trained_range_is_the_instruments(recordings: Path) -> None:
    analyzer = load_analyzer()
    parts = [Corpus.of(features_of(p, analyzer, 64, 65)) for p in find_recordings(recordings)]
    low, median, high = trained_range(Corpus.join(parts))["f0_hz"]
    assert 125 < low < median < high < 260


def test_trained_range_does_not_need_a_pitch_in_the_loudest_moment() -> None:
    def corpus(loudest: int) -> Corpus:
        voicing, loudness = np.ones(100, np.float32), np.linspace(-60, -50, 100, dtype=np.float32)
        voicing[loudest], loudness[loudest] = 0.0, 0.0
        nothing = JoinedArrays([np.zeros((100, 1))])
        return Corpus(np.full(100, 220.0), voicing, loudness, nothing, nothing, nothing, (100,), 100)

    assert trained_range(corpus(99))["f0_hz"] == (220.0, 220.0, 220.0)
    low, _, high = trained_range(corpus(0))["loudness_db"]
    assert -60 < low < high < -50


@pytest.mark.slow
def test_train_export_verify_by_command(recordings: Path, tmp_path: Path, brainsynth: Command) -> None:
    run, model = tmp_path / "run", tmp_path / "reed.onnx"
    train(recordings, run)
    ended = brainsynth("export", run, "-o", model, "--licence", "CC0-1.0", "--author", "A. Reed")
    assert ended.code == 0, ended.err
    assert "reed.decoder.onnx" in ended.out
    effect, generator = Model(model), Model(tmp_path / "reed.decoder.onnx")
    assert (effect.document.role, generator.document.role) == ("effect", "generator")
    assert effect.document.provenance["licence"] == "CC0-1.0"
    assert 100 < effect.document.trained["f0_hz"].median < 300
    assert brainsynth("verify", model, tmp_path / "reed.decoder.onnx").code == 0
    again = brainsynth("export", run, "-o", model)
    assert again.code == 2
    assert "exists already" in again.err
    assert "register_hz" not in effect.document.trained
    for register, reason in (("20-40", "choose one that lies within"), ("low", "two frequencies in Hz")):
        refused = brainsynth("export", run, "-o", model, "--overwrite", "--register", register)
        assert refused.code == 2, refused.err
        assert reason in refused.err
    assert brainsynth("export", run, "-o", model, "--overwrite", "--register", "100-289").code == 0
    assert Model(model).document.trained["register_hz"].median == pytest.approx(170)
    assert brainsynth("export", tmp_path, "-o", tmp_path / "x.onnx").code == 2
    assert not (tmp_path / "x.onnx").exists()


def test_train_command_says_what_is_wrong(tmp_path: Path, brainsynth: Command) -> None:
    ended = brainsynth("train", "timbre", tmp_path / "nowhere", "--output", tmp_path / "run")
    assert ended.code == 2
    assert "does not exist" in ended.err
    assert "Traceback" not in ended.err
