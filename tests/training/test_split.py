"""What is held out follows from what recordings hold: more of them move none, and copies are on one side."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from training.data.copies import SoundPrint, groups_of_copies, print_of
from training.data.split import Split, split_by_content, split_by_name, split_recordings
from training.errors import RecordingsError

RATE = 48000


def note(midi: float, seed: int = 0, seconds: float = 1.5) -> NDArray[np.float32]:
    """A note with vibrato, overtones and breath, another one for each seed."""
    random = np.random.default_rng([round(midi * 100), seed])
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time + 0.3 * np.sin(2 * np.pi * 5 * time)
    levels = random.uniform(0.1, 1.0, 12) / np.arange(1, 13)
    tone = sum(level * np.sin(k * phase) for k, level in enumerate(levels, 1))
    swell = np.interp(time, np.linspace(0, seconds, 6), [0.0, *random.uniform(0.3, 1.0, 4), 0.0])
    return (0.2 * swell * (tone + 0.01 * random.normal(size=len(time)))).astype(np.float32)


def prints(count: int) -> dict[Path, SoundPrint]:
    """Prints of different sounds, as if they had been taken."""
    random = np.random.default_rng(1)
    return {
        Path(f"{i}.wav"): SoundPrint(random.bytes(32).hex(), random.uniform(-30, 0, 100).astype("f"), 1.0)
        for i in range(count)
    }


def test_more_recordings_move_none_from_one_side_to_the_other() -> None:
    everything = prints(400)
    names = list(everything)
    before = split_by_content(dict(list(everything.items())[:100]))
    assert 3 <= len(before.held_out) <= 20
    for last in (101, 150, 400):
        now = split_by_content({name: everything[name] for name in reversed(names[:last])})
        assert set(before.held_out) <= set(now.held_out)
        assert set(before.train) <= set(now.train)
        assert not set(now.train) & set(now.held_out)
    renamed = split_by_content({Path(f"x/{name}"): one for name, one in everything.items()})
    assert [path.name for path in renamed.held_out] == [p.name for p in split_by_content(everything).held_out]


def test_a_tenth_of_all_hashes_is_held_out() -> None:
    everything = prints(400)
    assert split_by_content(everything).held_out == [
        name for name, one in everything.items() if one.share < 0.1
    ]


@pytest.mark.parametrize(
    "shares", [(0.0, 1.0), (0.1, 1.0), (0.0, 0.1)], ids=["any", "no hash low", "all low"]
)
@pytest.mark.parametrize("count", range(2, 12))
def test_of_few_recordings_one_is_held_out_and_one_trained_on(
    count: int, shares: tuple[float, float]
) -> None:
    found = {name: one for name, one in prints(400).items() if shares[0] <= one.share < shares[1]}
    few = dict(list(found.items())[:count])
    split = split_by_content(few)
    assert len(split.held_out) + len(split.train) == len(few) == count
    # Whichever side is empty gets the sound nearest to it.
    assert max(few[name].share for name in split.held_out) < min(few[name].share for name in split.train)


def test_one_sound_is_trained_on_however_many_copies_there_are() -> None:
    (one,) = prints(1).values()
    assert split_by_content({Path("a"): one}) == Split([Path("a")], [])
    assert split_by_content({Path("a"): one, Path("b"): one}) == Split([Path("a"), Path("b")], [])


def coded(sound: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=kind)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0], np.float32)


@pytest.mark.parametrize("kind", ["FLAC", "MP3", "OGG"])
def test_copies_in_another_format_and_level_are_one_sound(kind: str) -> None:
    sounds = [note(midi) for midi in (48, 60, 61, 72)]
    taken = [print_of(sound, RATE) for sound in sounds]
    copies = [print_of(coded(0.4 * sound, kind), RATE) for sound in sounds]
    groups = groups_of_copies([*taken, *copies])
    assert groups[:4].tolist() == groups[4:].tolist()
    assert len(set(groups.tolist())) == 4
    assert all(one.content != other.content for one, other in zip(taken, copies, strict=True))


def test_notes_takes_and_lengths_are_told_apart() -> None:
    sounds = [note(60), note(61), note(60, seed=1), note(60, seconds=1.7), note(60, seconds=0.1)]
    assert len(set(groups_of_copies([print_of(sound, RATE) for sound in sounds]).tolist())) == 5


def test_copies_are_held_out_together() -> None:
    everything = prints(60)
    aside = set(split_by_content(everything).held_out)
    random = np.random.default_rng(2)
    copies = {
        Path("copies") / path: SoundPrint(random.bytes(32).hex(), one.picture + 0.5, one.duration_s)
        for path, one in everything.items()
    }
    split = split_by_content(everything | copies)
    assert aside <= set(split.held_out)
    for path in everything:
        assert (path in split.held_out) == (Path("copies") / path in split.held_out)


def test_names_need_not_be_utf_8() -> None:
    paths = [Path(os.fsdecode(b"caf\xe9-%d.wav" % index)) for index in range(40)]
    split = split_by_name(paths)
    assert split.held_out
    assert sorted([*split.train, *split.held_out]) == sorted(paths)


def test_a_run_that_goes_on_keeps_its_split() -> None:
    folder = Path("mine")
    found = {folder / "low" / path: one for path, one in prints(30).items()}
    begun = split_by_content(dict(list(found.items())[:20]))
    kept = begun.record(folder)
    assert kept["held_out"][0].startswith("low/")
    # Ten more could not be used when it began.
    assert split_recordings(folder, list(found), found, kept) == begun
    moved = {(folder / path.name if path in begun.train[:2] else path): one for path, one in found.items()}
    with pytest.raises(RecordingsError, match=r"mine does not hold low/\S+ and 1 more, .* put it back"):
        split_recordings(folder, list(moved), moved, kept)
    # A run of the first version kept nothing: names decided, before it was known what can be used.
    paths = [folder / f"{i}.wav" for i in range(4)]
    assert split_by_name(paths) == Split(paths[:3], paths[3:])
    aside = split_by_name([folder / f"{i}.wav" for i in range(80)]).held_out
    assert [path.stem for path in aside] == ["57", "59", "66", "68", "73"]
    used = dict(zip(paths[:3], found.values(), strict=False))
    assert split_recordings(folder, paths, used, {}) == Split(paths[:3], [])
    assert split_recordings(folder, paths, {paths[3]: next(iter(found.values()))}, {}) == Split(paths[3:], [])
