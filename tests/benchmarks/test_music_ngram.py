"""The n-gram of music's codes: it learns what follows what, and no more."""

import numpy as np
import pytest

from benchmarks.music.ngram import NGram, best_ngram


def test_an_ngram_knows_what_always_follows() -> None:
    song = np.tile(np.arange(8), 100)[:, None]
    model = NGram(0, [(1, 0)], 8)
    model.learn([song])
    assert model.nats(song) < 0.05


def test_of_chance_it_knows_how_likely_each_code_is() -> None:
    random = np.random.default_rng(0)
    song, other = (random.choice(4, (6000, 1), p=[0.7, 0.1, 0.1, 0.1]) for _ in range(2))
    model = NGram(0, [(1, 0), (2, 0)], 4)
    model.learn([song])
    entropy = -(0.7 * np.log(0.7) + 0.3 * np.log(0.1))
    assert model.nats(other) == pytest.approx(entropy, abs=0.03)


def test_probabilities_add_up_to_one() -> None:
    random = np.random.default_rng(1)
    song = random.integers(0, 5, (50, 2))
    model = NGram(1, [(0, 0), (1, 1)], 5)
    model.learn([song])
    total = 0.0
    for code in range(5):
        after = np.array([song[10], [song[11, 0], code]])
        total += np.exp(-model.nats(after))
    assert total == pytest.approx(1.0, abs=1e-9)


def test_the_best_context_is_chosen_for_each_codebook() -> None:
    random = np.random.default_rng(2)
    songs = []
    for _ in range(3):
        first = random.integers(0, 8, 3000)
        songs.append(np.stack([first, (first + 1) % 8], 1))
    nats = best_ngram(songs[:1], songs[1:2], songs[2:], 8)
    assert nats[0] == pytest.approx(np.log(8), abs=0.1)
    assert nats[1] < 0.1, "the second codebook follows from the first of the same step"
