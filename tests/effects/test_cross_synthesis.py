"""Cross-synthesis of two sounds: in Python, on the command line, in Csound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from brainsynth import Model
from plugin_host.effects.cross_synthesis import cross_synthesize, repeat_until
from plugin_host.errors import ControlError, StreamError
from tests.conftest import Command
from tests.support.csound import perform
from tests.support.sound_files import read_sound

Audio = NDArray[np.float32]
RATE = 44100


def saws(seconds: float = 1.0, channels: int = 2) -> Audio:
    time = np.arange(round(seconds * RATE)) / RATE
    rows = [2 * (hertz * time % 1) - 1 for hertz in (110.0, 165.0)[:channels]]
    return (0.2 * np.stack(rows)).astype(np.float32)


def bursts(rate: int, seconds: float = 1.0) -> Audio:
    """Noise that sounds in every second tenth of a second."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    return (noise * (time * 10 % 2 < 1)).astype(np.float32)


def loudness(sound: Audio, rate: int = RATE) -> NDArray[np.float64]:
    """RMS of tenths of a second."""
    tenths = sound[: len(sound) // (rate // 10) * (rate // 10)].reshape(-1, rate // 10)
    return np.sqrt(np.mean(tenths[:, rate // 50 : -rate // 50].astype(np.float64) ** 2, 1))


def test_shape_rate_and_channels_are_those_of_the_excitation() -> None:
    made = cross_synthesize(bursts(16000), 16000, saws(), RATE)
    assert made.shape == saws().shape
    assert made.dtype == np.float32
    assert np.abs(made[0] - made[1]).max() > 0.01
    alone = cross_synthesize(bursts(16000), 16000, saws()[1], RATE)
    np.testing.assert_array_equal(alone, made[1])


def test_what_is_made_is_in_step_with_the_filter_at_another_rate() -> None:
    level = loudness(cross_synthesize(bursts(16000), 16000, saws()[0], RATE))
    assert min(level[0:10:2]) > 8 * max(level[1:10:2])


def test_the_first_sound_gives_the_filter_as_the_mean_of_its_channels() -> None:
    dull = np.convolve(bursts(RATE), np.hanning(200) / 100, "same").astype(np.float32)

    def brightness(sound: Audio) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float(power @ np.arange(len(power)) / power.sum())

    assert brightness(cross_synthesize(dull, RATE, saws()[0], RATE)) < 0.5 * brightness(saws()[0])
    silent = np.zeros_like(dull)
    for pair in ((dull, silent), (silent, dull)):
        made = cross_synthesize(np.stack(pair), RATE, saws()[0], RATE)
        np.testing.assert_array_equal(made, cross_synthesize(0.5 * dull, RATE, saws()[0], RATE))


def test_the_pitch_is_that_of_the_excitation() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)

    def at_harmonics(sound: Audio) -> float:
        """Share of the power within 5 Hz of multiples of 110 Hz."""
        power = np.abs(np.fft.rfft(sound * np.hanning(RATE))) ** 2
        hertz = np.arange(len(power))
        return float(power[np.abs(hertz - 110 * np.round(hertz / 110)) <= 5].sum() / power.sum())

    assert at_harmonics(noise) == pytest.approx(0.1, abs=0.02)
    assert at_harmonics(cross_synthesize(noise, RATE, saws()[0], RATE)) > 0.5
    assert at_harmonics(cross_synthesize(saws()[0], RATE, noise, RATE)) < 0.3


def test_a_filter_that_ends_leaves_silence_and_a_longer_one_is_cut() -> None:
    made = cross_synthesize(bursts(RATE, 0.5), RATE, saws()[0], RATE)
    assert loudness(made)[0] > 0.01
    assert loudness(made)[7:].max() < 1e-3
    assert cross_synthesize(bursts(RATE, 2.0), RATE, saws()[0], RATE).shape == (RATE,)


def test_what_cannot_be_crossed_is_refused() -> None:
    with pytest.raises(StreamError, match="needs a model of two"):
        cross_synthesize(bursts(RATE), RATE, saws(), RATE, "ar")
    with pytest.raises(ControlError, match="did you mean 'amount'"):
        cross_synthesize(bursts(RATE), RATE, saws(), RATE, amuont=1.0)
    with pytest.raises(ControlError, match="from 0 to 1"):
        cross_synthesize(bursts(RATE), RATE, saws(), RATE, amount=2.0)
    with pytest.raises(StreamError, match="sample rates from 1000"):
        cross_synthesize(bursts(RATE), 0, saws(), RATE)


def test_repeating() -> None:
    sound = np.arange(3, dtype=np.float32)[None]
    assert repeat_until(sound, 7).tolist() == [[0, 1, 2, 0, 1, 2, 0]]
    assert repeat_until(sound, 2) is sound


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    voice, strings = tmp_path / "voice.wav", tmp_path / "strings.flac"
    soundfile.write(voice, bursts(22050), 22050)
    soundfile.write(strings, saws(0.6).T, RATE, subtype="PCM_16")
    return voice, strings


@pytest.mark.slow
def test_command_writes_what_python_gives(
    files: tuple[Path, Path], tmp_path: Path, brainsynth: Command
) -> None:
    out = tmp_path / "out.flac"
    ended = brainsynth("cross", *files, "-o", out, "--set", "amount=0.7", "--set", "gain=-12")
    assert (ended.code, ended.err) == (0, "")
    written, rate = soundfile.read(out, always_2d=True)
    assert (rate, soundfile.info(out).subtype) == (RATE, "PCM_16")
    voice, strings = (read_sound(path)[0] for path in files)
    wanted = cross_synthesize(voice, 22050, strings, RATE, amount=0.7, gain=-12)
    np.testing.assert_allclose(written.T, wanted, atol=1e-4)
    assert brainsynth("cross", *files, "-o", tmp_path / "long.wav", "--repeat").code == 0
    assert soundfile.info(tmp_path / "long.wav").frames == RATE


@pytest.mark.slow
def test_command_refuses_in_a_sentence_and_leaves_files_alone(
    files: tuple[Path, Path], tmp_path: Path, brainsynth: Command
) -> None:
    before = files[1].read_bytes()
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "short.wav", np.zeros(0), RATE)
    out = tmp_path / "x.wav"
    for arguments, code, said in (
        ((*files, "-o", files[1]), 2, "inputs are never overwritten"),
        ((tmp_path / "no.wav", files[1], "-o", out), 1, "no.wav does not exist"),
        ((files[0], tmp_path / "empty.wav", "-o", out), 1, "empty.wav is empty"),
        ((tmp_path / "short.wav", files[1], "-o", out), 1, "short.wav holds no samples"),
        ((*files, "-o", tmp_path / "x.txt"), 1, "cannot be written"),
        ((*files, "-o", out, "--set", "amount=3"), 2, "from 0 to 1"),
        ((*files, "-o", out, "--model", "ar"), 2, "needs a model of two"),
        ((*files, "-o", out, "--model", "ar.analyzer"), 2, "is no effect"),
    ):
        ended = brainsynth("cross", *arguments)
        assert ended.code == code, ended.err
        assert said in ended.err
        assert ended.err.count("\n") == 1
    assert files[1].read_bytes() == before
    assert not list(tmp_path.glob("x.*"))


ORCHESTRA = """
instr 1
avoice inch 1
astrings vco2 0.2, 110
aboth, asame nnfx avoice, astrings, "ar.cross", "dynamics", 0.5
outch 1, aboth, 2, asame, 3, astrings
endin
"""


@pytest.mark.csound
@pytest.mark.parametrize("ksmps", [64, 441])
def test_csound_plays_what_the_host_plays(ksmps: int) -> None:
    voice = np.pad(bursts(48_000, 0.5), (0, -24_000 % ksmps))[None]
    done = perform(ORCHESTRA, f"i 1 0 {voice.shape[1] / 48_000}", ksmps=ksmps, channels=3, input_sound=voice)
    assert done.errors == 0, done.said
    both, same, strings = done.sound
    assert np.std(both) > 0.005
    np.testing.assert_array_equal(both, same)
    stream = Model("ar.cross").stream(48_000, 2, ksmps)
    stream.set(dynamics=0.5)
    fed = np.stack([voice[0], strings.astype(np.float32)])
    wanted = [stream.process(fed[:, i : i + ksmps])[0] for i in range(0, fed.shape[1], ksmps)]
    np.testing.assert_allclose(both, np.concatenate(wanted), atol=1e-6)


@pytest.mark.csound
def test_csound_says_that_it_needs_two_channels() -> None:
    done = perform('instr 1\nain inch 1\naout nnfx ain, "ar.cross"\nout aout\nendin')
    assert done.errors == 1
    assert 'aleft, aright nnfx aleft, aright, "ar.cross"' in done.said
