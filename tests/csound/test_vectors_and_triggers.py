"""Vectors, triggers and seeds in orchestras: arrays in and out, one frame for each strike, whole numbers that jump."""

from pathlib import Path

import numpy as np
import pytest

from brainsynth import Model
from tests.support import tiny_models
from tests.support.blocks import Audio
from tests.support.csound import Performance, perform

HOP = tiny_models.HOP_LENGTH
REST = float(np.dot(tiny_models.PLACE.defaults, tiny_models.PLACE_WEIGHTS))
FRAMES = 40
LENGTH_S = FRAMES * HOP / tiny_models.SAMPLE_RATE


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the effect, the generator and the analyzer that have a vector."""
    folder = tmp_path_factory.mktemp("kinds")
    for make in (tiny_models.kinds_effect, tiny_models.kinds_generator, tiny_models.ends_analyzer):
        tiny_models.save(make(), folder)
    return folder


def play(kinds: Path, body: str, arguments: str, ksmps: int = HOP, score: str = "") -> Performance:
    """Play the generator, whose samples are what its controls say."""
    return perform(
        f'instr 1\n{body}\naout nngen "kinds_generator.onnx"{arguments}\nout aout\nendin',
        score or f"i 1 0 {LENGTH_S}",
        ksmps=ksmps,
        folder=kinds,
    )


def frames(done: Performance) -> list[float]:
    """Give the value of each frame, in which all samples must be the same."""
    assert done.errors == 0, done.said
    rows = done.sound[0, : FRAMES * HOP].reshape(-1, HOP)
    assert np.all(rows == rows[:, :1])
    return rows[:, 0].tolist()


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ("kz[] fillarray 0.5, 0.25, -0.5", ", kz"),
        ("iz[] fillarray 0.5, 0.25, -0.5", ", iz"),
        ("kz[] fillarray 0.5, 0.25, -0.5", ', "place", kz'),
        ("kz[] fillarray 0.5, 0.25, -0.5", ', kz, 0, "dice", 0'),
        ("kone = 0.5", ', "place[0]", kone, "place[1]", 0.25, "place[2]", -0.5'),
        ("kz[] init 3\nkz[0] = 0.5\nkz[1] = 0.25\nkz[2] = -0.5", ", kz"),
    ],
)
def test_a_vector_is_given_as_an_array_or_by_its_elements(kinds: Path, body: str, arguments: str) -> None:
    assert frames(play(kinds, body, arguments)) == [0.5 + 2 * 0.25 - 4 * 0.5] * FRAMES


def test_elements_that_are_not_given_have_their_defaults(kinds: Path) -> None:
    assert frames(play(kinds, "", "")) == [REST] * FRAMES
    assert frames(play(kinds, "", ', "place[2]", 0.5')) == [REST + 2] * FRAMES


@pytest.mark.parametrize("given", ["kz", '"place", kz', '"place[0]", kz[0], "place[2]", kz[2]'])
def test_a_vector_that_moves_plays_as_the_host_plays_it(given: str, kinds: Path) -> None:
    body = "kstep init 0\nkz[] fillarray 0, 0.5, 0\nkz[0] = kstep / 100\nkz[2] = -kstep / 200\nkstep += 1"
    found = frames(play(kinds, body, f", {given}"))
    stream = Model(kinds / "kinds_generator.onnx").stream()
    wanted: list[float] = []
    for step in range(FRAMES):
        stream.set(place=(step / 100, 0.5, -step / 200))
        wanted.append(stream.generate(HOP)[0, 0])
    assert len(set(wanted)) > FRAMES / 2
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("ksmps", [HOP, 16, 2 * HOP])
def test_a_trigger_stands_for_one_frame(ksmps: int, kinds: Path) -> None:
    cycle = 8 * HOP // ksmps
    found = frames(play(kinds, f"khit = timeinstk() == {cycle} ? 0.5 : 0", ', "hit", khit', ksmps))
    struck = np.flatnonzero(np.array(found) != REST)
    assert len(struck) == 1
    assert found[struck[0]] == REST + 8
    # It is played in the frame that begins at its k-cycle or next after it.
    assert 0 <= struck[0] - (cycle - 1) * ksmps / HOP <= 1


@pytest.mark.parametrize("ksmps", [HOP, 16])
def test_a_trigger_that_is_held_fires_when_it_rises(ksmps: int, kinds: Path) -> None:
    per_frame = HOP // ksmps
    body = f"khit = ((timeinstk() - 1) / {per_frame}) % 10 >= 5 ? 1 : 0"
    found = np.array(frames(play(kinds, body, ', "hit", khit', ksmps)))
    assert np.flatnonzero(found == REST + 16).tolist() == [5, 15, 25, 35]
    assert np.count_nonzero(found != REST) == 4


def test_strikes_within_one_frame_are_not_lost(kinds: Path) -> None:
    body = "khit = (timeinstk() == 18 || timeinstk() == 20) ? 1 : 0"
    found = np.array(frames(play(kinds, body, ', "hit", khit', ksmps=8)))
    assert np.flatnonzero(found != REST).tolist() == [3, 4]


def test_a_trigger_at_init_strikes_once_at_the_beginning_of_each_note(kinds: Path) -> None:
    half = FRAMES // 2 * HOP / tiny_models.SAMPLE_RATE
    found = frames(play(kinds, "", ', "hit", 0.25', score=f"i 1 0 {half}\ni 1 {half} {half}"))
    assert np.flatnonzero(np.array(found) != REST).tolist() == [0, FRAMES // 2]


@pytest.mark.parametrize("cycles", [1, 4])
def test_an_effect_that_collects_k_cycles_misses_no_trigger(cycles: int, kinds: Path) -> None:
    ksmps, rest = HOP // cycles, np.zeros((1, FRAMES * HOP), np.float32)
    for at in range(20, 24):
        done = perform(
            f"instr 1\nain inch 1\nkhit = timeinstk() == {at} ? 1 : 0\n"
            'aout nnfx ain, "kinds.onnx", "hit", khit\nout aout\nendin',
            f"i 1 0 {LENGTH_S}",
            ksmps=ksmps,
            input_sound=rest,
            folder=kinds,
        )
        assert done.errors == 0, done.said
        assert np.count_nonzero(done.sound[0] == REST + 16) == HOP


def test_a_seed_jumps(kinds: Path) -> None:
    assert frames(play(kinds, "", ', "dice", 7')) == [REST + 7] * FRAMES
    found = frames(play(kinds, "kdice = timeinstk() > 10 ? 900 : 3", ', "dice", kdice'))
    assert found == [REST + 3] * 10 + [REST + 900] * (FRAMES - 10)


@pytest.mark.parametrize("outputs", ["kall[]", "kone, ktwo"])
def test_a_vector_of_an_analyzer_goes_into_numbers_or_an_array(outputs: str, kinds: Path) -> None:
    sound: Audio = np.random.default_rng(0).uniform(-0.5, 0.5, (1, FRAMES * HOP)).astype(np.float32)
    rest = "kone = kall[0]\nktwo = kall[1]\n" if outputs == "kall[]" else ""
    done = perform(
        f'instr 1\nain inch 1\n{outputs} nnana ain, "ends.onnx"\n{rest}outs upsamp:a(kone), upsamp:a(ktwo)\nendin',
        f"i 1 0 {LENGTH_S}",
        channels=2,
        input_sound=sound,
        folder=kinds,
    )
    assert done.errors == 0, done.said
    found = done.sound[:, : FRAMES * HOP : HOP]
    np.testing.assert_array_equal(found, sound[0].reshape(-1, HOP)[:, :2].T)


@pytest.mark.parametrize(
    ("body", "arguments", "words"),
    [
        ("kz[] fillarray 1, 0", ", kz", "given kz[] of 2 numbers and takes 3: fill an array"),
        ("iz[] fillarray 1, 0", ", iz", "given iz[] of 2 numbers and takes 3"),
        ("kz[] fillarray 1, 0, 7", ", kz", "place[2] is 7, needed is a number from -1 to 1"),
        ("iz[] fillarray 1, 0, 7", ", iz", "place[2] is 7, needed is a number from -1 to 1"),
        ("kz = 1", ", kz", "given kz, and it takes 3 numbers: give an array of them"),
        ("", ", 0.5", "given 0.5, and it takes 3 numbers"),
        ("kz[] fillarray 1, 0", ', "hit", kz', "given kz[], and it is a single number: write kz[0]"),
        ("kz[] fillarray 1, 0", ', "place[1]", kz', "given kz[], and it is a single number"),
        ("", ', "place[3]", 0', "place has the elements 0 to 2"),
        ("", ', "hit[0]", 0', "hit is a single number"),
        ("iz[] fillarray 0, 0, 0", ', iz, "place[1]", 0', "place[1] is given twice"),
        ("", ', "dice", 0.5', "dice is 0.5, needed is a whole number"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_what_to_write(
    body: str, arguments: str, words: str, kinds: Path
) -> None:
    done = play(kinds, body, arguments)
    assert done.errors == 1
    assert words in done.said


def test_an_analyzer_says_into_how_many_variables_it_goes(kinds: Path) -> None:
    done = perform('instr 1\nain inch 1\nk1 nnana ain, "ends.onnx"\nendin', folder=kinds)
    assert "it gives 2 numbers, and 1 is taken: write kends0, kends1 nnana" in done.said
