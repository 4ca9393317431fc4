"""Sounds are spoilt as they should be: by so much, always in the same way, and silence not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.toy_synth import ToySounds
from training.families.parameters import spoiling
from training.families.parameters.data import ParameterData
from training.families.parameters.rows import FeatureRows, rows_name
from training.families.parameters.settings import ParameterSettings
from training.families.parameters.spoiling import spoil
from training.loop.report import Silent

RATE, SAMPLES = 48_000, 48_000
KINDS = ("ROOM", "COLOUR", "DULL", "NOISE", "HUM", "CODEC", "LEVEL", "CUT")
Sound = NDArray[np.float32]


def tone(hertz: float = 400.0) -> Sound:
    time = np.arange(SAMPLES) / RATE
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def only(patch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Let nothing but so much happen to a sound, each time, from its onset on."""
    for kind in KINDS:
        patch.setattr(spoiling, kind, float(kind in kinds))
    patch.setattr(spoiling, "_EARLY", 0.0)
    patch.setattr(spoiling, "_LATE", 0.0)


def spoilt(seed: int, sound: Sound | None = None) -> Sound:
    return spoil(tone() if sound is None else sound, SAMPLES, np.random.default_rng(seed))


def test_the_same_numbers_spoil_in_the_same_way_and_others_do_not() -> None:
    sounds = [spoilt(seed) for seed in range(30)]
    assert all(sound.shape == (SAMPLES,) and sound.dtype == np.float32 for sound in sounds)
    assert all(np.isfinite(sound).all() for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) > 25
    np.testing.assert_array_equal(spoilt(3), sounds[3])


def test_silence_stays_silent() -> None:
    for sound in (np.zeros(100, np.float32), np.zeros(0, np.float32)):
        assert not any(spoilt(seed, sound).any() for seed in range(10))


def test_nothing_happens_where_nothing_shall(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    np.testing.assert_allclose(spoilt(0), tone(), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "softest_db", "loudest_db"),
    [("NOISE", -76, -27), ("HUM", -76, -28), ("ROOM", -45, 2), ("CODEC", -90, -10)],
)
def test_what_is_added_lies_within_its_range(
    kind: str, softest_db: float, loudest_db: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, kind)
    # Of a tone, whose peak is 3 dB above its effective value, all through; rooms sound the same only after a while.
    added = [spoilt(seed)[RATE // 2 :] - tone()[RATE // 2 :] for seed in range(40)]
    levels_db = [20 * np.log10(np.std(each) / 0.5) for each in added]
    assert softest_db < min(levels_db)
    assert max(levels_db) < loudest_db
    assert np.ptp(levels_db) > 10


def test_noise_goes_on_before_and_after_a_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "NOISE")
    monkeypatch.setattr(spoiling, "_EARLY", 1.0)
    sounds = [spoilt(seed, tone()[:12_000]) for seed in range(40)]
    starts = [int((np.abs(sound) > 0.1).argmax()) for sound in sounds]
    assert max(starts) > 0.03 * RATE
    assert max(starts) <= spoiling.BEFORE_S * RATE + 50
    assert all(np.std(sound[-9000:]) > 1e-5 for sound in sounds)
    late = starts.index(max(starts))
    assert np.std(sounds[late][: max(starts) // 2]) == pytest.approx(np.std(sounds[late][-9000:]), rel=0.5)


def test_hum_is_that_of_the_mains(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "HUM")
    found = []
    for seed in range(12):
        power = np.abs(np.fft.rfft((spoilt(seed) - tone()) * np.hanning(SAMPLES))) ** 2
        found.append(max(np.abs(int(power.argmax()) / mains % 1 - 0.5) for mains in (50, 60)))
        assert power[:40].sum() < 0.01 * power.sum()
    assert min(found) > 0.45  # a whole multiple


def test_a_cut_leaves_a_quarter_of_a_second_or_more(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "CUT")
    ends = [int(np.flatnonzero(spoilt(seed)).max()) for seed in range(40)]
    assert 0.24 * RATE < min(ends) < 0.4 * RATE
    assert max(ends) < SAMPLES - 1
    short = spoil(tone()[:9000], 9000, np.random.default_rng(0))
    assert short[-100:].any()


def test_half_of_a_batch_is_spoilt_and_belongs_to_its_parameters() -> None:
    settings = ParameterSettings(steps=8, batch=8, copies=2)
    sounds = ToySounds(40)
    data = ParameterData(sounds, settings, Silent())
    places = {unit.tobytes(): number for number, unit in enumerate(sounds.units)}
    copies = set()
    for step in range(8):
        features, unit = data.batch(step)
        assert len({own.numpy().tobytes() for own in unit}) == 8
        for number, (row, own) in enumerate(zip(features, unit, strict=True)):
            place = np.array([places[own.numpy().tobytes()]])
            same = [bool((rows[place][0][0] == row).all()) for rows in (data.rows, *data.spoilt)]
            assert same[0] == (number % 2 == 0)
            assert sum(same) == 1
            copies.add(same.index(True))
    assert copies == {0, 1, 2}
    clean = ParameterData(sounds, ParameterSettings(steps=8, batch=8, copies=0), Silent())
    features, unit = clean.batch(0)
    assert not clean.spoilt
    for row, own in zip(features, unit, strict=True):
        assert (clean.rows[np.array([places[own.numpy().tobytes()]])][0][0] == row).all()


def test_copies_are_kept_beside_the_clean_rows(tmp_path: Path) -> None:
    settings = ParameterSettings(copies=2)
    first = ToySounds(24, cache=tmp_path)
    data = ParameterData(first, settings, Silent())
    names = {path.name for path in tmp_path.glob("*.rows")}
    assert names == {rows_name(first, 19, copy) for copy in range(3)}
    again = ToySounds(24, cache=tmp_path)
    kept = ParameterData(again, settings, Silent())
    assert again.rendered == 0
    numbers = np.arange(24)
    for one, other in zip(data.spoilt, kept.spoilt, strict=True):
        assert (one[numbers][0] == other[numbers][0]).all()
    # The same number of another batch of endless sounds is spoilt in another way.
    other = ToySounds(24)
    other.checksums[:] = 1
    rows = FeatureRows(other, Silent(), "others", copy=1)
    assert not (rows[numbers][0] == data.spoilt[0][numbers][0]).all()
