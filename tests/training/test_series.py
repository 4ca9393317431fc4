"""Takes of one sound are one series, and a series is on one side."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from training.hits.series import hold_out_series, series_of


@pytest.mark.parametrize(
    ("names", "series"),
    [
        (("snare-top1", "snare-top37", "Snare_Top 02"), "snare-top"),
        (("snare-top-off24",), "snare-top-off"),
        (("kick_soft", "kick_medium-2", "Kick Hard", "kick-v127", "kick_vel3_rr2"), "kick"),
        (("medium-tom7", "medium-tom-soft"), "medium-tom"),
        (("large-tom14",), "large-tom"),
        (("soft",), "soft"),
        (("cello_A2_15_forte", "cello_A2_1_pianissimo_arco-normal"), "cello_a2"),
        (("cello_As2_15_forte",), "cello_as2"),
        (("C#-1 soft", "C#-1"), "c#-1"),
        (("kick_a1", "kick_a2"), "kick-a"),
    ],
)
def test_numbers_and_velocities_do_not_make_a_series(names: tuple[str, ...], series: str) -> None:
    assert {series_of(PurePath("drums") / f"{name}.wav") for name in names} == {series}


def test_a_name_of_numbers_alone_is_a_series_of_its_own() -> None:
    assert series_of(PurePath("kick/01.wav")) != series_of(PurePath("kick/02.wav"))


def test_whole_series_are_kept_aside_in_every_class_that_has_several() -> None:
    recordings = [("snare", f"snare-{kind}") for kind in "abcdefgh" for _ in range(5)] + [
        ("kick", "kick")
    ] * 9
    apart = hold_out_series(recordings, 0.25)
    out = {one for one, held in zip(recordings, apart, strict=True) if held}
    kept = {one for one, held in zip(recordings, apart, strict=True) if not held}
    assert not out & kept
    assert len(out) == 2
    assert ("kick", "kick") in kept


def test_the_larger_part_of_a_class_is_always_learned_from() -> None:
    recordings = [("hat", "hat")] * 36 + [("hat", "other-hat"), ("hat", "third-hat")]
    assert not any(hold_out_series(recordings, 0.12)[:36])
    assert any(hold_out_series(recordings, 0.12)[36:])
    assert sum(hold_out_series([("tom", "small-tom"), ("tom", "large-tom")], 0.01)) == 1


def test_a_new_series_moves_few_others() -> None:
    before = [("snare", f"snare-{i:c}") for i in range(97, 117)]
    held = {one for one, out in zip(before, hold_out_series(before, 0.2), strict=True) if out}
    after = [*before, ("snare", "snare-rim")]
    moved = held ^ {one for one, out in zip(after, hold_out_series(after, 0.2), strict=True) if out}
    assert len(moved) <= 2
