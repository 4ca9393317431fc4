"""The ear: what is played in another key is known by its chroma, not by its codes, and other music is not known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.graph import build_graph
from export.proof import GraphPlayer, play_torch, random_blocks
from tests.contract import check_block
from training.families.music.bands import HOP_LENGTH, SAMPLE_RATE
from training.families.music.chroma import narrowed
from training.families.music.codes import Codes
from training.families.music.data import chroma_of, frames_of
from training.families.music.ear import Ear, Memory, usually_alike
from training.families.music.transposed import NEVER, TransposedMemory, usually_stands_out
from training.streaming.scan import Scan

CODES = 16


def song(seed: int, up: int = 0, count: int = 60) -> NDArray[np.float32]:
    """Give chords of half a second, three notes that a seed draws, some semitones higher."""
    random = np.random.default_rng(seed)
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    chords = []
    for keys in random.integers(48, 72, (count, 3)):
        hertz = [k * 440 * 2 ** ((key + up - 69) / 12) for key in keys for k in range(1, 5)]
        chords.append(np.exp(-2 * time) * np.sum([np.sin(2 * np.pi * f * time) * 50 / f for f in hertz], 0))
    return np.concatenate(chords).astype(np.float32)


@pytest.fixture(scope="module")
def ear() -> Ear:
    """An ear that knows four songs, and what is usual from two others."""
    torch.set_num_threads(1)
    songs, aside = [song(seed) for seed in range(4)], [song(seed) for seed in (10, 11)]
    codes = Codes(16, 2, CODES)
    codes.fit(torch.cat([steps(one) for one in songs]), torch.Generator().manual_seed(0))

    def numbers(one: NDArray[np.float32]) -> Tensor:
        found = codes.encode(steps(one))
        return found[:, 0] * CODES + found[:, 1]

    memory = Memory([numbers(one[late:]) for one in songs for late in (0, HOP_LENGTH // 2)], CODES)
    transposed = TransposedMemory([narrowed(chroma_of(one)) for one in songs])
    return Ear(
        codes,
        memory,
        transposed,
        ["a", "b", "c", "d"],
        usually_alike(memory, [numbers(one) for one in aside]),
        usually_stands_out(transposed, [narrowed(chroma_of(one)) for one in aside]),
    )


def steps(sound: NDArray[np.float32]) -> Tensor:
    """Give a sound's steps (N, STEP_VALUES)."""
    frames = frames_of(sound).astype(np.float32)
    return torch.from_numpy(frames).reshape(len(frames) // 2, -1)


@torch.no_grad()
def heard(ear: Ear, sound: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Give what the ear says (N,) of the second half of a sound."""
    whole = torch.from_numpy(sound[: len(sound) // HOP_LENGTH * HOP_LENGTH])[None, None]
    found, _ = ear({"audio": whole}, ear.initial_state())
    half = whole.shape[2] // HOP_LENGTH // 2
    return {name.removeprefix("control."): y[0, ..., half:].numpy() for name, y in found.items()}


def excerpt(seed: int, up: int) -> NDArray[np.float32]:
    """Give 20 seconds of a song from the middle of a step on."""
    return song(seed, up)[5 * SAMPLE_RATE + 777 : 25 * SAMPLE_RATE]


@pytest.mark.parametrize("up", [3, -4])
def test_a_song_in_another_key_is_known_by_chroma_alone(ear: Ear, up: int) -> None:
    found = heard(ear, excerpt(2, up))
    assert found["copied"].mean() < 0.2
    assert found["copied_transposed"].mean() > 0.9
    assert np.mean(found["transposed_by"] == up) > 0.9
    assert found["alike_transposed"].mean() > 40


def test_a_song_in_its_own_key_is_known_by_both(ear: Ear) -> None:
    found = heard(ear, excerpt(1, 0))
    assert found["copied"].mean() > 0.8
    assert found["copied_transposed"].mean() > 0.9
    assert np.mean(found["transposed_by"] == 0) > 0.9


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_other_chords_are_not_known(ear: Ear, seed: int) -> None:
    found = heard(ear, excerpt(seed, 0))
    assert found["copied_transposed"].mean() < 0.3
    assert found["alike_transposed"].mean() < 40


def test_noise_and_silence_are_not_known(ear: Ear) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE).astype(np.float32)
    for sound in (noise, 0 * noise):
        assert not heard(ear, sound)["copied_transposed"].any()


def test_how_alike_songs_are_is_found_in_a_hundredth_of_the_time() -> None:
    random = torch.Generator().manual_seed(0)
    songs = [torch.randint(0, 8, (150,), generator=random) for _ in range(3)]
    memory = Memory([one for song in songs for one in (song, song.roll(1))], 16)
    others = [torch.cat([songs[1][40:90], song]) for song in torch.randint(0, 9, (2, 80), generator=random)]
    for other, found in zip(others, memory.alike_in(others), strict=True):
        state, right = memory.initial_state(), []
        for step in other:
            y, state = memory(step[None], state)
            right.append(float(y[0, 3]))
        assert found == pytest.approx(right, abs=1e-6)


def test_without_songs_kept_aside_nothing_stands_out(ear: Ear) -> None:
    memory = ear.scan_keys.cell
    assert isinstance(memory, TransposedMemory)
    assert usually_stands_out(memory, []) == NEVER


def test_the_memory_of_chroma_in_blocks_is_that_of_the_whole() -> None:
    memory = TransposedMemory([narrowed(chroma_of(song(0, count=10)))])
    chroma = torch.from_numpy(np.repeat(chroma_of(song(0, 2, count=10)).astype(np.float32), 2, 0))
    check_block(Scan(memory), chroma[None])


def test_the_ear_is_the_same_in_a_graph(ear: Ear) -> None:
    sound = song(2, 3)[777 : 777 + 600 * HOP_LENGTH]
    inputs = {"audio": torch.from_numpy(sound)[None, None]}
    player = GraphPlayer(build_graph(ear).SerializeToString(), ear)
    whole, blocks = player.play(inputs, [600]), player.play(inputs, random_blocks(600, 1))
    right = play_torch(ear, inputs, [600])
    assert right["output.copied_transposed"].any()
    for name in right:
        assert np.array_equal(blocks[name], whole[name])
        # A last bit may turn a code, or a per cent.
        assert np.mean(whole[name] != right[name]) < 0.01, name
