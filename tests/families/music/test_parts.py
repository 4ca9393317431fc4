"""The parts of music: spectra and sound of them, codes, draws, what is known by heart, what keeps alive."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.loops import loop
from training.families.music.bands import (
    BANDS,
    FRAME_HOP,
    HOP_LENGTH,
    STEP_FRAMES,
    STEP_VALUES,
    Bands,
    Magnitudes,
    band_centres,
    band_widths,
)
from training.families.music.byheart import MEMORY_STEPS, UNIT, ByHeart
from training.families.music.codes import Codes
from training.families.music.drawing import draw, gumbel, nucleus
from training.families.music.edges import Edges
from training.families.music.fourier import Fourier
from training.families.music.liveliness import Liveliness
from training.families.music.loudness import MEMORIES_S, Loudness
from training.families.music.player import Player
from training.families.music.predictor import Predictor
from training.families.music.settings import MusicSize
from training.families.music.vocoder import LATENCY_FRAMES, Vocoder


def steps_of(sound: np.ndarray) -> torch.Tensor:
    """Bands (1, N, STEP_VALUES) of a sound."""
    whole = torch.from_numpy(sound[: len(sound) // HOP_LENGTH * HOP_LENGTH]).reshape(1, -1, HOP_LENGTH)
    bands = Bands()
    with torch.no_grad():
        return bands(whole, bands.initial_state())[0]


def test_a_sine_of_full_scale_is_0_db_in_its_band() -> None:
    centre = band_centres()[20]
    sine = np.sin(2 * np.pi * centre / 1024 * np.arange(8 * HOP_LENGTH)).astype(np.float32)
    last = steps_of(sine)[0, -1].reshape(2, BANDS)[-1]
    assert int(last.argmax()) == 20
    assert float(last[20]) == pytest.approx(0.0, abs=1.5)


def test_transforms_there_and_back() -> None:
    fourier, frames = Fourier(1024), torch.randn(3, 1024, dtype=torch.float64)
    real, imaginary = fourier.analyse(frames)
    right = torch.fft.rfft(frames)[:, fourier.bins]
    assert torch.allclose(real, right.real, atol=1e-9)
    assert torch.allclose(imaginary.abs(), right.imag.abs(), atol=1e-9)
    assert torch.allclose(fourier.synthesise(real, imaginary), frames, atol=1e-9)


@torch.no_grad()
def test_the_vocoder_gives_the_sound_of_its_spectra_at_its_latency() -> None:
    steps = steps_of(loop([48, 55, 60, 67], 2))
    vocoder = Vocoder()
    sound, _ = vocoder(Magnitudes()(steps.double()), vocoder.initial_state())
    late = LATENCY_FRAMES * FRAME_HOP
    errors = {}
    for shift in (-FRAME_HOP, 0, FRAME_HOP):
        heard = steps_of(sound.flatten().float().numpy()[late + shift :])
        count = heard.shape[1] - 2
        errors[shift] = float((heard[:, 4:count] - steps[:, 4:count]).abs().mean())
    assert errors[0] < 1.5
    assert errors[0] < 0.8 * min(errors[-FRAME_HOP], errors[FRAME_HOP])


@torch.no_grad()
def test_the_vocoder_in_blocks_is_the_same_to_the_bit() -> None:
    magnitudes = Magnitudes()(steps_of(loop([48, 60], 1)).double())
    vocoder = Vocoder()
    whole, end = vocoder(magnitudes, vocoder.initial_state())
    state, parts = vocoder.initial_state(), []
    for part in magnitudes.split([1, 7, 40, magnitudes.shape[1] - 48], 1):
        y, state = vocoder(part, state)
        parts.append(y)
    assert torch.equal(torch.cat(parts, 1), whole)
    assert all(torch.equal(state[name], end[name]) for name in end)


def test_edges_of_steps_are_eased_and_attacks_are_not() -> None:
    edges, steps = Edges(), torch.zeros(1, 4, STEP_FRAMES, BANDS, dtype=torch.float64)
    steps[:, 1], steps[:, 2], steps[:, 3] = 4, 5, 30
    eased, state = edges(steps.flatten(2), edges.initial_state())
    found = eased.unflatten(-1, (STEP_FRAMES, BANDS))[0, :, :, 7]
    assert found[:, 1].tolist() == [0, 4, 5, 30]
    assert 0 < found[1, 0] < 4 < found[2, 0] < 5
    assert found[3, 0] == 30
    first, between = edges(steps[:, :2].flatten(2), edges.initial_state())
    second, end = edges(steps[:, 2:].flatten(2), between)
    assert torch.equal(torch.cat([first, second], 1), eased)
    assert torch.equal(end["last"], state["last"])


def test_more_codebooks_leave_less() -> None:
    steps = steps_of(loop([45, 52, 57, 64], 4))[0]
    errors = []
    for books in (1, 2, 4):
        codes = Codes(16, books, 16)
        codes.fit(steps, torch.Generator().manual_seed(0))
        found = codes.encode(steps)
        assert found.shape == (len(steps), books)
        errors.append(float((codes.decode(codes.vectors(found)) - steps).abs().mean()))
    assert errors[0] > errors[1] > errors[2]


def draws(temperature: float, top_p: float, count: int = 4000, seed: int = 1) -> torch.Tensor:
    """How often each of four codes is drawn."""
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]], dtype=torch.float64).expand(count, -1)
    numbers = torch.arange(count)[:, None]
    noise = gumbel(torch.full_like(numbers, seed), numbers, 0, torch.arange(4))
    one = torch.ones(count, 1, dtype=torch.float64)
    return torch.bincount(draw(logits, temperature * one, top_p * one, noise), minlength=4) / count


def test_draws_are_as_likely_as_they_should_be() -> None:
    right = torch.softmax(torch.tensor([2.0, 1.0, 0.0, -1.0]), 0)
    assert torch.allclose(draws(1.0, 1.0), right, atol=0.03)
    assert draws(0.0, 1.0)[0] == 1
    assert draws(1.0, 0.7)[2:].sum() == 0, "the two likeliest make up more than 0.7"
    assert not torch.equal(draws(1.0, 1.0, seed=2), draws(1.0, 1.0))


def test_a_nucleus_always_holds_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 3.0, 0.0]], dtype=torch.float64)
    left = nucleus(logits, torch.full((1, 1), 0.05, dtype=torch.float64))
    assert left[0, 1] == 3.0
    assert left[0, 0] < -1000


def test_what_follows_in_a_song_is_known_after_a_passage_of_it() -> None:
    random = torch.Generator().manual_seed(0)
    songs = [torch.randint(0, 64, (700, 2), generator=random) for _ in range(2)]
    by_heart = ByHeart(64, songs)

    def known(played: torch.Tensor, then: torch.Tensor) -> torch.Tensor:
        """How well known each second code (K,) is after a passage (N, Q) and the first code of a step (Q,)."""
        alike = by_heart.initial_state(1)["alike"]
        for step in played:
            alike = by_heart.next(alike, step[None])
        return by_heart(alike, then[:1])[0]

    other = torch.randint(0, 64, (40, 2), generator=random)
    for song in songs:
        found = known(torch.cat([other, song[300:320]]), song[320])
        assert found[song[320, 1]] == 1
        assert float(found.sum()) < 1.5, "words share a hash now and then"
    assert float(known(other, songs[0][320]).max()) == 0
    one_step = known(torch.cat([other, songs[0][300:301]]), songs[0][301])
    assert float(one_step.max()) == 0, "a step that is the same is chance"


def test_how_alike_it_is_counts_in_whole_numbers() -> None:
    by_heart = ByHeart(4, [torch.tensor([[1, 2]])])
    alike, step = by_heart.initial_state(1)["alike"], torch.tensor([[1, 2]])
    for _ in range(2000):
        alike = by_heart.next(alike, step)
        assert torch.equal(alike, alike.round())
    assert float(alike.max()) <= UNIT * MEMORY_STEPS
    assert float(alike.max()) > 0.99 * UNIT * MEMORY_STEPS


def test_what_sounds_more_than_in_any_song_becomes_less_likely() -> None:
    alive = Liveliness(4)
    song = torch.tensor([0, 1, 2, 3] * 200)
    alive.fit([song])
    used = torch.zeros(1, 3, 4, dtype=torch.float64)
    for code in song.repeat(3).tolist():
        used = alive.next(used, torch.eye(4, dtype=torch.float64)[code][None])
        assert float(alive(used).abs().max()) < 0.1
    for _ in range(60):
        used = alive.next(used, torch.eye(4, dtype=torch.float64)[2][None])
    assert float(alive(used)[0, 2]) < -10
    assert float(alive(used)[0, 0]) > -0.1


def levels_as_codes(levels_db: list[float]) -> Codes:
    """One codebook, whose codes are steps of these levels in all bands."""
    codes = Codes(1, 1, len(levels_db))
    codes.basis.fill_(1.0)
    codes.books.copy_(torch.tensor(levels_db)[None, :, None])
    return codes


def fitted(codes: Codes, song: list[int]) -> Loudness:
    """Loudness as it is in a song of these codes."""
    loudness = Loudness(codes.books.shape[1])
    loudness.fit(codes, [torch.tensor(song)[:, None]])
    return loudness


def after(loudness: Loudness, level_db: float, steps: int) -> torch.Tensor:
    """What is added to log-odds after steps of a level in all bands."""
    above = torch.zeros(1, len(MEMORIES_S), dtype=torch.float64)
    for _ in range(steps):
        _, above = loudness.next(above, torch.full((1, STEP_VALUES), level_db, dtype=torch.float64))
    return loudness(above)[0]


def test_bands_are_as_wide_as_the_spectrum() -> None:
    assert float(band_widths().sum()) == pytest.approx(511, abs=2)


def test_after_what_is_softer_than_the_songs_louder_codes_are_likelier() -> None:
    loudness = fitted(levels_as_codes([-50.0, -30.0, -20.0]), [0, 1, 2] * 400)
    assert after(loudness, -21.0, 1000)[0] > 0 > after(loudness, -21.0, 1000)[2]
    soft = after(loudness, -50.0, 1000)
    assert soft[0] < soft[1] < soft[2]
    assert soft[2] - soft[0] > 5
    usual_db = 10 * np.log10(np.mean([1e-5, 1e-3, 1e-2]))
    assert float(after(loudness, usual_db, 1000).abs().max()) < 0.05 * float(soft[2] - soft[0])


def test_a_step_is_no_louder_than_the_loudest_of_the_songs() -> None:
    loudness = fitted(levels_as_codes([-40.0, -20.0]), [0, 1] * 400)
    above = torch.zeros(1, len(MEMORIES_S), dtype=torch.float64)
    loud, as_loud = loudness.next(above, torch.full((1, STEP_VALUES), -3.0, dtype=torch.float64))
    right, as_usual = loudness.next(above, torch.full((1, STEP_VALUES), -20.0, dtype=torch.float64))
    assert torch.allclose(loud, right)
    assert torch.allclose(right, torch.full_like(right, -20.0))
    assert torch.allclose(as_loud, as_usual)


def test_silence_before_and_after_a_song_is_none_of_it() -> None:
    codes = levels_as_codes([-78.0, -30.0, -20.0])
    song = torch.tensor([0] * 9 + [2, 1, 0, 0, 2, 1] + [0] * 5)[:, None]
    assert Loudness(3).within(codes, song)[:, 0].tolist() == [2, 1, 0, 0, 2, 1]


@torch.no_grad()
def test_music_that_is_softer_than_the_songs_becomes_louder() -> None:
    size = MusicSize(hidden=8, layers=1, codebooks=2, codes=16, components=4)
    torch.manual_seed(0)
    predictor = Predictor(size)
    predictor.codes.basis[0] = 1.0
    predictor.codes.books[0, :, 0] = torch.linspace(-60, -20, 16)
    predictor.codes.books[0].mul_(0.2)
    predictor.codes.spread.fill_(5.0)
    levels = []
    for lowest_db in (-np.inf, 10.0):
        loudness = Loudness(size.codes)
        loudness.of_codes_db.copy_(torch.linspace(-20, 20, 16))
        loudness.lowest_db.fill_(lowest_db)
        player = Player(predictor, size, Liveliness(size.codes), loudness, ByHeart(size.codes))
        one, state, found = torch.ones(1, 1, dtype=torch.float64), player.initial_state(), []
        for _ in range(200):
            inputs = (
                torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, dtype=torch.int64),
                *(value * one for value in (1.0, 1.0, 0.0, 0.0, 0.0)), torch.zeros(1, 1, dtype=torch.int64),
            )  # fmt: skip
            step, state = player(inputs, state)
            found.append(float(step.mean()))
        levels.append(np.mean(found[20:]))
    assert levels[1] > levels[0] + 5
