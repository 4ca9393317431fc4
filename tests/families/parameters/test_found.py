"""Recordings whose parameters were found take part: a share of each batch, clean and spoilt by turns, some held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.families.parameters.test_training import EndlessToys
from tests.support.toy_synth import RATE, SIZE, ToySounds, play
from tests.support.trainings import Recorder, assert_same_run, log_of, train_family
from training.data.source import EndlessSounds, Source
from training.errors import RunError, SoundsError
from training.families.parameters.data import ParameterData
from training.families.parameters.found import FoundSounds
from training.families.parameters.settings import ParameterSettings
from training.loop.report import Silent
from training.loop.run import open_run

SHORT = ParameterSettings(steps=6, batch=10)
OWN, FOUND = 8, 2


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def found_toys(count: int = 30, seed: int = 7) -> ToySounds:
    return ToySounds(count, seed=seed)


def are_of(units: NDArray[np.float32], sounds: ToySounds) -> NDArray[np.bool_]:
    """Which parameters (B, P) are those of some of the sounds."""
    return (units[:, None] == sounds.units[None]).all(2).any(1)


def train(
    out: Path,
    found: ToySounds | None,
    settings: ParameterSettings = SHORT,
    interrupt_at: int = 0,
    sounds: ToySounds | EndlessSounds | None = None,
) -> Recorder:
    source = Source(None, sounds or ToySounds(40), play, found=found, distance=lambda *_: 3.5)
    return train_family("parameters", source, out, settings, SIZE, interrupt_at)


def test_a_fifth_of_each_batch_is_recordings() -> None:
    own, found = ToySounds(40), found_toys()
    data = ParameterData(own, SHORT, Silent(), found=found)
    for step in range(12):
        features, unit = data.batch(step)
        assert (len(features), len(unit)) == (10, 10)
        assert are_of(unit.numpy(), found).tolist() == [False] * OWN + [True] * FOUND
        assert are_of(unit.numpy(), own).tolist() == [True] * OWN + [False] * FOUND
    most = ParameterData(own, replace(SHORT, found_share=0.5), Silent(), found=found)
    assert are_of(most.batch(0)[1].numpy(), found).sum() == 5
    none = ParameterData(own, replace(SHORT, found_share=0.0), Silent(), found=found)
    alone = ParameterData(own, SHORT, Silent())
    assert torch.equal(none.batch(3)[0], alone.batch(3)[0])


def test_all_are_heard_clean_and_spoilt_by_turns_but_those_held_out() -> None:
    found = found_toys()
    rows = FoundSounds(found, SHORT, Silent())
    assert 1 <= len(rows.held_out) <= 8
    assert sorted([*rows.numbers, *rows.held_out]) == list(range(30))
    heard: dict[bytes, set[bytes]] = {}
    for step in range(5 * len(rows.numbers) // FOUND + 1):
        features, unit = rows.batch(step)
        for one, parameters in zip(features.numpy(), unit.numpy(), strict=True):
            heard.setdefault(parameters.tobytes(), set()).add(one.tobytes())
    assert heard.keys() == {found.units[place].tobytes() for place in rows.numbers}
    assert {len(versions) for versions in heard.values()} == {1 + SHORT.found_copies}
    first = rows.numbers[0]
    clean = rows.rows[np.array([first])][0].numpy()[0].tobytes()
    assert clean in heard[found.units[first].tobytes()]


def test_copies_of_one_sound_are_on_one_side() -> None:
    found = found_toys(12)
    found.units[6:] = found.units[:6]
    rows = FoundSounds(found, SHORT, Silent())
    assert len(rows.held_out) > 0
    assert {place % 6 for place in rows.held_out}.isdisjoint({place % 6 for place in rows.numbers})


def test_a_run_with_recordings_that_was_stopped_goes_on_exactly(tmp_path: Path) -> None:
    train(tmp_path / "whole", found_toys())
    train(tmp_path / "halves", found_toys(), interrupt_at=2)
    train(tmp_path / "halves", found_toys())
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    train(tmp_path / "without", None)
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "whole", tmp_path / "without")


def test_they_also_take_part_beside_sounds_without_end(tmp_path: Path) -> None:
    settings = replace(SHORT, passes=2)
    train(tmp_path / "whole", found_toys(), settings, sounds=EndlessToys())
    train(tmp_path / "halves", found_toys(), settings, interrupt_at=4, sounds=EndlessToys())
    train(tmp_path / "halves", found_toys(), settings, sounds=EndlessToys())
    assert_same_run(tmp_path / "whole", tmp_path / "halves")
    assert open_run(tmp_path / "whole").config["found"] == 30


def test_a_run_with_other_recordings_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(run, found_toys(), interrupt_at=2)
    exchanged = found_toys()
    exchanged.checksums = exchanged.checksums + np.uint8(1)
    for other, sentence in (
        (found_toys(31), "was begun with 30 recordings .* and now there are 31"),
        (None, "was begun with 30 recordings .* and now there are 0"),
        (found_toys(seed=8), "the found parameters of recordings are not those"),
        (exchanged, "the recordings of --found are not those"),
    ):
        with pytest.raises(RunError, match=sentence):
            train(run, other)
    train(tmp_path / "without", None, interrupt_at=2)
    with pytest.raises(RunError, match=r"was begun with 0 recordings .* and now there are 30"):
        train(tmp_path / "without", found_toys())


def test_what_was_found_for_another_synth_is_refused(tmp_path: Path) -> None:
    for name, value, what in (
        ("synth_sha256", "1" * 64, "synth"),
        ("duration_s", 0.5, "duration of sounds"),
        ("parameters", ToySounds.parameters[:-1], "parameters"),
    ):
        found = found_toys()
        setattr(found, name, value)
        with pytest.raises(SoundsError, match=f"its {what} are not those of the sounds to train on"):
            train(tmp_path / "run", found)
    assert not (tmp_path / "run").exists()


def test_silent_recordings_are_left_out_and_nothing_but_them_is_refused() -> None:
    found = ToySounds(10, seed=7, silent=(1, 4), unreadable=(5,))
    rows = FoundSounds(found, SHORT, Silent())
    assert sorted([*rows.numbers, *rows.held_out]) == [0, 2, 3, 6, 7, 8, 9]
    assert rows.prepared["found_left_out"] == [1, 4, 5]
    with pytest.raises(SoundsError, match=r"2 recordings in .* are silent"):
        FoundSounds(ToySounds(2, silent=(0, 1)), SHORT, Silent())


def test_logs_tell_of_recordings_that_were_held_out(tmp_path: Path) -> None:
    train(tmp_path / "run", found_toys())
    figures = open_run(tmp_path / "run").metadata["figures"]
    assert 0 < figures["found_error_mean"] < 1
    assert figures["found_error_mean"] != figures["error_mean"]
    assert 0 <= figures["found_error/f0_hz"] < 1
    assert figures["found_distance_db"] == 3.5
    log = log_of(tmp_path / "run")
    assert "found_error_mean" in log.Tags()["scalars"]
    assert "found_0/above_target_below_resynthesis" in log.Tags()["images"]
    train(tmp_path / "without", None)
    assert not any("found" in name for name in open_run(tmp_path / "without").metadata["figures"])


def test_the_distance_is_that_of_the_recording_and_of_what_is_made_of_it(tmp_path: Path) -> None:
    compared: list[tuple[bytes, bytes, int]] = []

    def distance(meant: NDArray[np.float32], made: NDArray[np.float32], sample_rate: int) -> float:
        compared.append((meant.tobytes(), made.tobytes(), sample_rate))
        return float(len(compared))

    found, made = found_toys(), np.ones(900, np.float32)
    source = Source(None, ToySounds(40), lambda _: made, found=found, distance=distance)
    train_family("parameters", source, tmp_path / "run", replace(SHORT, steps=1), SIZE)
    held_out = FoundSounds(found, SHORT, Silent()).held_out
    assert compared == [(play(found.units[place]).tobytes(), made.tobytes(), RATE) for place in held_out]
    figures = open_run(tmp_path / "run").metadata["figures"]
    assert figures["found_distance_db"] == np.mean(np.arange(1, len(held_out) + 1))
