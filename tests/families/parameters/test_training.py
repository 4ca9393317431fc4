"""Training a parameter analyzer: it learns, stops, goes on exactly, takes equal voices in any order, keeps its features."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.toy_synth import CONTROLS, SIZE, ToySounds, parameters, play
from tests.support.trainings import assert_same_run, train_family
from training.data.source import EndlessSounds, SoundSet, Source
from training.data.split import split_sounds
from training.errors import RunError, SoundsError
from training.families.parameters.data import ParameterData
from training.families.parameters.losses import ParameterLoss, matched, parameter_errors
from training.families.parameters.model import ParameterDecoder
from training.families.parameters.parameters import SoundParameter
from training.families.parameters.rows import FeatureRows, lateness, rows_name
from training.families.parameters.settings import ParameterSettings
from training.families.parameters.train import ParameterTrainer
from training.loop.report import Silent
from training.loop.run import open_run
from training.streaming.model import Control

SHORT = ParameterSettings(steps=8, batch=8)
FRAMES = 19


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


class EndlessToys:
    """Batches of toy sounds, which are gone when they have been used."""

    def __init__(self, batch_size: int = 24) -> None:
        self.held_out: SoundSet = ToySounds(24, seed=1)
        self.batch_size, self.disk_limit_gb = batch_size, batch_size / 100
        self.rendered: list[int] = []

    @contextmanager
    def batch(self, number: int) -> Iterator[SoundSet]:
        self.rendered.append(number)
        sounds = ToySounds(self.batch_size, seed=100 + number)
        yield sounds
        sounds.units = sounds.units[:0]


def train(
    sounds: SoundSet | EndlessSounds,
    out: Path,
    settings: ParameterSettings = SHORT,
    interrupt_at: int = 0,
    resynthesise: Callable[[np.ndarray], np.ndarray] | None = None,
) -> None:
    train_family("parameters", Source(None, sounds, resynthesise), out, settings, SIZE, interrupt_at)


def data_of(sounds: ToySounds, settings: ParameterSettings = SHORT) -> ParameterData:
    return ParameterData(sounds, settings, Silent())


@pytest.mark.slow
def test_it_learns_to_estimate_parameters() -> None:
    settings = ParameterSettings(steps=240, batch=32, learning_rate=4e-3, copies=0)
    data = data_of(ToySounds(480), settings)
    trainer = ParameterTrainer(data, settings, SIZE)
    trainer.begin()
    losses = [trainer.step()["loss"] for _ in range(settings.steps)]
    assert np.mean(losses[-20:]) < 0.6 * np.mean(losses[:5])
    features, unit = data.rows[data.held_out]
    errors = parameter_errors(trainer.parameters, trainer.units(features), unit)
    # Half a range apart on the average is what guessing gives for the choice, a quarter and more for the others.
    assert errors["wave"] < 0.15
    assert errors["f0_hz"] < 0.06
    assert errors["level_db"] < 0.08
    assert errors["decay_s"] < 0.12


@pytest.mark.slow
def test_who_has_heard_spoilt_sounds_is_less_lost_on_others() -> None:
    errors = []
    # Another copy than the one that is learned from.
    spoilt = FeatureRows(ToySounds(480), Silent(), "toys", copy=2)
    for copies in (0, 1):
        settings = ParameterSettings(steps=240, batch=32, learning_rate=4e-3, copies=copies)
        data = data_of(ToySounds(480), settings)
        trainer = ParameterTrainer(data, settings, SIZE)
        trainer.begin()
        for _ in range(settings.steps):
            trainer.step()
        features, unit = spoilt[data.held_out]
        errors.append(
            np.mean([*parameter_errors(trainer.parameters, trainer.units(features), unit).values()])
        )
    assert errors[1] < 0.8 * errors[0]


def test_a_run_that_was_stopped_goes_on_exactly(tmp_path: Path) -> None:
    sounds = ToySounds(40)
    train(sounds, tmp_path / "whole")
    train(sounds, tmp_path / "halves", interrupt_at=3)
    assert open_run(tmp_path / "halves").metadata["step"] == 3
    train(sounds, tmp_path / "halves")
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_an_endless_run_that_was_stopped_goes_on_exactly_too(tmp_path: Path) -> None:
    settings = replace(SHORT, steps=9, batch=12, passes=2)  # four steps a batch of sounds
    whole = EndlessToys()
    assert isinstance(whole, EndlessSounds)
    train(whole, tmp_path / "whole", settings)
    assert whole.rendered == [0, 1, 2]
    train(EndlessToys(), tmp_path / "halves", settings, interrupt_at=6)
    again = EndlessToys()
    train(again, tmp_path / "halves", settings)
    assert again.rendered == [1, 2]
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_a_run_with_other_settings_or_another_synth_is_refused(tmp_path: Path) -> None:
    sounds = ToySounds(40)
    train(sounds, tmp_path / "run")
    with pytest.raises(RunError, match=r"settings: settings.batch \(was 8, now 9\)"):
        train(sounds, tmp_path / "run", replace(SHORT, batch=9))
    other = ToySounds(40)
    other.synth_sha256 = "1" * 64
    with pytest.raises(RunError, match="begun with another synth"):
        train(other, tmp_path / "run")
    other = ToySounds(40, seed=1)
    with pytest.raises(RunError, match=r"sounds of .* are not those that .* was begun with"):
        train(other, tmp_path / "run")


def test_a_run_with_other_sounds_under_the_same_parameters_is_refused(tmp_path: Path) -> None:
    train(ToySounds(40), tmp_path / "run", interrupt_at=3)
    other = ToySounds(40)
    other.checksums[7] = 1
    with pytest.raises(RunError, match=r"sounds of toy\.csd are not those that .* was begun with"):
        train(other, tmp_path / "run")
    # Earlier versions did not look.
    config = tmp_path / "run" / "config.json"
    earlier = json.loads(config.read_text())
    del earlier["audio_sha256"]
    config.write_text(json.dumps(earlier))
    train(other, tmp_path / "run")
    assert open_run(tmp_path / "run").metadata["step"] == SHORT.steps
    assert "audio_sha256" in open_run(tmp_path / "run").config


def test_an_endless_run_with_batches_of_another_size_is_refused_with_the_limit(tmp_path: Path) -> None:
    train(EndlessToys(), tmp_path / "run", interrupt_at=3)
    with pytest.raises(RunError, match=r"batches of 24 sounds \(--disk-limit 0\.24\).*batches of 30 sounds"):
        train(EndlessToys(30), tmp_path / "run")
    with pytest.raises(RunError, match=r"sounds of toy\.csd are not those"):
        train(ToySounds(40), tmp_path / "run")
    more = EndlessToys()
    more.disk_limit_gb = 2.0  # which changes nothing of the batches
    train(more, tmp_path / "run")
    assert open_run(tmp_path / "run").metadata["step"] == SHORT.steps
    train(ToySounds(40), tmp_path / "set", interrupt_at=3)
    with pytest.raises(RunError, match=r"begun with a data set, and now .* batches of 24 sounds"):
        train(EndlessToys(), tmp_path / "set")


def test_what_cannot_be_trained_on_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SoundsError, match="3 sounds are too few"):
        train(ToySounds(3), tmp_path / "few")
    with pytest.raises(SoundsError, match="silent"):
        train(ToySounds(24, silent=tuple(range(24))), tmp_path / "silent")


class OtherRate(ToySounds):
    """The same sounds, at half the rate."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.sample_rate //= 2

    def __getitem__(self, index: int) -> NDArray[np.float32] | None:
        sound = super().__getitem__(index)
        return None if sound is None else soxr.resample(sound, 2, 1)


def test_sounds_of_any_rate_are_heard_as_they_sound(tmp_path: Path) -> None:
    features, other = (
        FeatureRows(sounds, Silent(), "toys")[np.array([0, 2])][0] for sounds in (ToySounds(4), OtherRate(4))
    )
    low = slice(0, 64)  # what lies below the lower rate's band
    assert float((features[..., low] - other[..., low]).abs().mean()) < 0.1 * float(features[..., low].std())
    train(OtherRate(24), tmp_path / "run")
    assert open_run(tmp_path / "run").metadata["step"] == SHORT.steps


def test_logs_show_the_error_of_each_parameter_and_sounds(tmp_path: Path) -> None:
    made: list[np.ndarray] = []

    def resynthesise(unit: np.ndarray) -> np.ndarray:
        made.append(unit)
        return play(unit)

    train(ToySounds(40), tmp_path, resynthesise=resynthesise)
    log = EventAccumulator(str(tmp_path / "logs")).Reload()
    for control in CONTROLS:
        (last,) = log.Scalars(f"error/{control.name}")
        assert last.step == SHORT.steps
        assert 0 <= last.value <= 1
    assert len(log.Tags()["images"]) == len(made) > 0
    metadata = open_run(tmp_path).metadata
    errors = {f"error/{control.name}" for control in CONTROLS}
    assert metadata["figures"].keys() == errors | {"error_mean"}
    low, median, high = metadata["trained"]["loudest_db"]
    assert -50 < low < median < high < 0


def rows_of(sounds: ToySounds) -> FeatureRows:
    return FeatureRows(sounds, Silent(), "analysing", keep=True)


def test_rows_are_kept_and_gone_on_with(tmp_path: Path) -> None:
    sounds = ToySounds(10, cache=tmp_path)
    first = rows_of(sounds)
    path = tmp_path / rows_name(sounds, FRAMES)
    kept = path.read_bytes()
    again = ToySounds(10, cache=tmp_path)
    rows_of(again)
    assert again.rendered == 0
    path.unlink()  # what is mapped may not shrink
    path.write_bytes(kept[: len(kept) // 2])  # killed while it was written
    rows_of(again)
    assert 0 < again.rendered <= 6
    assert path.read_bytes() == kept
    longer = ToySounds(12, cache=tmp_path)
    longer.units[:10] = again.units
    rows_of(longer)
    assert longer.rendered == 2
    in_memory = rows_of(ToySounds(10))
    numbers = np.array([7, 2, 2])
    for one, other in zip(first[numbers], in_memory[numbers], strict=True):
        torch.testing.assert_close(one, other)


def test_rows_of_other_sounds_are_not_taken_for_these(tmp_path: Path) -> None:
    rows_of(ToySounds(10, cache=tmp_path))
    changed = ToySounds(10, cache=tmp_path)
    changed.units[4] = 0.5
    rows = rows_of(changed)
    assert changed.rendered == 1
    assert torch.equal(rows[np.array([4])][1], torch.full((1, 5), 0.5))
    # Another sound of the same parameters, as after an exchange of files.
    exchanged = ToySounds(10, cache=tmp_path, silent=(6,))
    exchanged.units, exchanged.checksums[6] = changed.units, 1
    assert not rows_of(exchanged).sounding[6]
    assert exchanged.rendered == 1


def test_a_sound_that_could_not_be_read_once_is_read_the_next_time(tmp_path: Path) -> None:
    sounds = ToySounds(40, cache=tmp_path, unreadable=(9,))
    numbers = data_of(sounds)
    assert 9 not in {*numbers.numbers.tolist(), *numbers.held_out.tolist()}
    again = ToySounds(40, cache=tmp_path)
    data = data_of(again)
    assert again.rendered == 1 + SHORT.copies
    assert 9 in {*data.numbers.tolist(), *data.held_out.tolist()}
    whole = data_of(ToySounds(40))
    for one, other in zip(data.rows[np.arange(40)], whole.rows[np.arange(40)], strict=True):
        torch.testing.assert_close(one, other)


def test_a_batch_of_silence_is_passed_over(tmp_path: Path) -> None:
    class OftenSilent(EndlessToys):
        silent: tuple[int, ...] = (1,)

        @contextmanager
        def batch(self, number: int) -> Iterator[SoundSet]:
            self.rendered.append(number)
            yield ToySounds(24, seed=100 + number, silent=tuple(range(24)) if number in self.silent else ())

    settings = replace(SHORT, steps=6, batch=12, passes=1)  # two steps a batch of sounds
    whole, again = OftenSilent(), OftenSilent()
    train(whole, tmp_path / "whole", settings)
    assert whole.rendered == [0, 1, 2, 2]
    train(OftenSilent(), tmp_path / "halves", settings, interrupt_at=3)
    train(again, tmp_path / "halves", settings)
    assert again.rendered == [1, 2, 2]
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    OftenSilent.silent = (1, 2, 3)
    with pytest.raises(SoundsError, match=r"72 sounds of toy\.csd, one after another, are silent"):
        train(OftenSilent(), tmp_path / "silent", settings)


def test_sounds_of_a_single_hop_have_a_spread() -> None:
    data = data_of(ToySounds(40), replace(SHORT, batch=1))
    features, unit = data.batch(0)
    features[:, 1:] = 0.0
    trainer = ParameterTrainer(data, data.settings, SIZE)
    data.batch = lambda step: (features, unit)
    trainer.begin()
    assert torch.isfinite(trainer.analyzer.network.spread).all()


def test_every_second_sound_begins_late_and_silent_ones_are_left_out() -> None:
    late = [lateness(i) for i in range(40)]
    assert not any(late[::2])
    assert all(0 < n < 1024 for n in late[1::2])
    assert len(set(late[1::2])) > 15
    data = data_of(ToySounds(40, silent=(5, 8)))
    assert {5, 8}.isdisjoint({*data.numbers.tolist(), *data.held_out.tolist()})
    assert len(data.numbers) + len(data.held_out) == 38


def test_sounds_kept_aside_are_never_trained_on() -> None:
    for count in (24, 400, 2000):
        sounds = ToySounds(count)
        train, held_out = split_sounds(sounds.numbers, sounds.units)
        assert len(held_out) >= 6
        assert sorted([*train, *held_out]) == list(range(count))
    data = data_of(ToySounds(40))
    seen = [unit for step in range(8) for unit in data.batch(step)[1].tolist()]
    kept = data.rows[data.held_out][1].tolist()
    assert len(seen) == 64
    assert not any(unit in seen for unit in kept)


def test_a_sound_that_is_missing_moves_no_other_and_copies_are_on_one_side() -> None:
    sounds = ToySounds(100)
    aside = set(sounds.numbers[split_sounds(sounds.numbers, sounds.units)[1]].tolist())
    there = np.delete(sounds.numbers, [3, 8, 50])
    now = there[split_sounds(there, sounds.units[there])[1]]
    assert set(now.tolist()) == aside - {8}
    copied = sounds.units.copy()
    copied[[5, 6]], copied[[12, 13]] = copied[4], copied[11]  # 4 and 12 are kept aside by their numbers
    train, held_out = split_sounds(sounds.numbers, copied)
    assert set(held_out.tolist()) == aside - {12} | {5, 6}
    assert sorted([*train, *held_out]) == list(range(100))
    odd = np.array([1, 3, 5])
    assert [places.tolist() for places in split_sounds(odd, sounds.units[odd])] == [[1, 2], [0]]


def test_a_run_goes_on_with_the_sounds_that_it_began_with(tmp_path: Path) -> None:
    train(ToySounds(40, unreadable=(5, 8)), tmp_path / "whole")
    train(ToySounds(40, unreadable=(5, 8)), tmp_path / "halves", interrupt_at=3)
    kept = json.loads((tmp_path / "halves" / "data.json").read_text())
    assert kept == {"held_out": [n for n in range(0, 40, 4) if n != 8], "left_out": [5, 8]}
    train(ToySounds(40), tmp_path / "halves")
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


def two_voices() -> list[SoundParameter]:
    def part(voice: int, name: str, scale: str = "linear") -> SoundParameter:
        words = ("saw", "square", "sine") if scale == "choice" else ()
        top = 2 if scale == "choice" else 1
        control = Control(f"osc{voice}_{name}", "", 0, top, 0, scale, choices=words)  # type: ignore[arg-type]
        return SoundParameter(control, "osc", voice, name)

    return [part(1, "level"), part(1, "wave", "choice"), part(2, "level"), part(2, "wave", "choice")]


def test_equal_voices_may_come_in_any_order() -> None:
    voices = two_voices()
    decoder = ParameterDecoder(voices, 16)
    loss = ParameterLoss(voices, decoder)
    logits = torch.randn(5, 2, decoder.logits, generator=torch.Generator().manual_seed(0))
    unit = torch.tensor([[0.1, 0.0, 0.9, 1.0]]).expand(5, -1)
    swapped = unit[:, [2, 3, 0, 1]]
    torch.testing.assert_close(loss(logits, unit).sum(-1), loss(logits, swapped).sum(-1))
    one_way = ParameterLoss([replace(p, equal="") for p in voices], decoder)
    least = torch.minimum(one_way(logits, unit).sum(-1), one_way(logits, swapped).sum(-1))
    torch.testing.assert_close(loss(logits, unit).sum(-1), least)
    assert (one_way(logits, unit).sum(-1) > least + 0.1).any()


def test_errors_match_equal_voices_as_wholes() -> None:
    voices = two_voices()
    found = torch.tensor([[0.9, 1.0, 0.2, 0.5]])
    true = torch.tensor([[0.1, 0.0, 0.9, 1.0]])
    assert matched(voices, found, true).tolist() == [pytest.approx([0.9, 1.0, 0.1, 0.0])]
    errors = parameter_errors(voices, found, true)
    assert errors == pytest.approx(
        {"osc1_level": 0, "osc1_wave": 0, "osc2_level": 0.1, "osc2_wave": 1}, abs=1e-6
    )


def test_loss_is_least_at_the_truth() -> None:
    decoder = ParameterDecoder(parameters(), 16)
    loss = ParameterLoss(parameters(), decoder)
    unit = torch.tensor([[0.3, 0.6, 0.9, 1 / 3, 1.0]])
    true = torch.cat(
        [decoder.target(unit[:, :3]).clamp_min(1e-9).log().flatten(1), torch.full((1, 6), -9.0)], 1
    )
    true[0, -5], true[0, -1] = 9.0, 9.0
    at_truth = loss(true[:, None], unit)
    assert (at_truth < loss(true[:, None], 1 - unit)).all()
    assert float(at_truth[0, 0, 4]) == pytest.approx(0, abs=1e-3)
