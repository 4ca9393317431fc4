"""What a step of training learns from: beginnings of notes are met often, and pitches where none is heard are any."""

from __future__ import annotations

import numpy as np

from training.families.timbre.excerpts import (
    SHARE_OF_BEGINNINGS,
    STRANGE_HZ,
    ExcerptDraw,
    onsets_of,
    with_strange_pitches,
)
from training.families.timbre.features import Corpus, Features


def corpus_of(*levels_db: np.ndarray) -> Corpus:
    """Recordings of these levels, each of a pitch of its own."""
    return Corpus.join([_recording(levels, 100.0 + i) for i, levels in enumerate(levels_db)])


def _recording(levels_db: np.ndarray, f0_hz: float) -> Corpus:
    count = len(levels_db)
    one = np.ones(count, np.float32)
    spectra = np.full((count, 4), -16, np.float16)
    sound = np.zeros(count * 128, np.float32)
    return Corpus.of(Features(sound, f0_hz * one, one, levels_db.astype(np.float32), spectra, spectra))


def note(silent: int, sounding: int, level_db: float = -20.0) -> np.ndarray:
    return np.concatenate([np.full(silent, -100.0), np.full(sounding, level_db)])


def test_onsets_are_where_the_level_rises_at_once() -> None:
    twice = np.concatenate([note(30, 100), note(50, 100)])
    swell = np.concatenate([np.full(40, -100.0), np.linspace(-75.0, -20.0, 200)])
    faint = np.concatenate([note(20, 60), note(40, 60, -65.0)])
    assert onsets_of(corpus_of(twice, note(7, 80), swell, faint)).tolist() == [30, 180, 287, 627]


def test_recordings_of_a_frame_or_two_have_onsets_too() -> None:
    assert onsets_of(corpus_of(note(0, 1), note(1, 1), note(0, 5))).tolist() == [0, 2, 3]


def test_two_fifths_of_the_excerpts_hold_the_beginning_of_a_note_and_say_where() -> None:
    corpus = corpus_of(note(300, 4000), note(5, 4000), note(4000, 200))
    drawn = ExcerptDraw(corpus, 150)(200, np.random.default_rng(0))
    begins = len(drawn.onsets)
    assert begins == SHARE_OF_BEGINNINGS * 200
    rows = np.arange(begins)
    levels = corpus.loudness_db[drawn.rows]
    np.testing.assert_array_equal(levels[rows, drawn.onsets], -20.0)
    np.testing.assert_array_equal(levels[rows, drawn.onsets - 1], -100.0)
    assert drawn.onsets.min() == 5
    assert 30 < drawn.onsets.max() <= 48
    begin_anywhere = np.array([300, 4305, 12305])
    share = np.mean([bool(set(begin_anywhere) & set(excerpt)) for excerpt in drawn.rows[begins:]])
    assert share < 0.2


def test_a_corpus_without_beginnings_is_drawn_from_anywhere() -> None:
    corpus = corpus_of(np.concatenate([np.full(40, -100.0), np.linspace(-75.0, -40.0, 400)]))
    drawn = ExcerptDraw(corpus, 50)(30, np.random.default_rng(0))
    assert drawn.rows.shape == (30, 50)
    assert len(drawn.onsets) == 0


def test_only_where_no_pitch_is_heard_it_may_be_any() -> None:
    f0_hz = np.full((400, 20), 220.0, np.float32)
    voicing = np.where(np.arange(20) < 6, 0.2, 0.9)[None].repeat(400, 0).astype(np.float32)
    given = with_strange_pitches(f0_hz, voicing, np.random.default_rng(0))
    assert (given[:, 6:] == 220.0).all()
    assert (given[:, :6] == given[:, :1]).all()
    strange = given[:, 0] != 220.0
    assert 0.6 < strange.mean() < 0.8
    low, high = STRANGE_HZ
    assert low < given[strange, 0].min() < 60.0
    assert 1000.0 < given[strange, 0].max() < high
