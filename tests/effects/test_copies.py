"""Copies and pickles of chains: plugins of their own with the same settings."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
import pytest

from plugin_host.effects.chain import Chain
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import StreamError
from tests.support import tiny_models
from tests.support.sound_files import write_sound
from tests.support.tiny_models import SAMPLE_RATE, save

WAYS = [
    copy.copy,
    copy.deepcopy,
    lambda chain: chain.clone(),
    lambda chain: pickle.loads(pickle.dumps(chain)),
]
AUDIO = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 3000)).astype(np.float32)


def every_plugin(folder: Path) -> list[Any]:
    """Give each of pedalboard's plugins with settings that are not its defaults."""
    impulse = np.zeros((1, 100), np.float32)
    impulse[0, 50] = 1.0
    write_sound(folder / "impulse.wav", impulse, SAMPLE_RATE)
    return [
        pedalboard.Bitcrush(6),
        pedalboard.BrickwallLimiter(-3, 50, 2, True),
        pedalboard.Chorus(2, 0.3, 5, 0.1, 0.4),
        pedalboard.Clipping(-3),
        pedalboard.Compressor(-20, 4, 2, 50),
        pedalboard.Convolution(str(folder / "impulse.wav"), 0.5),
        pedalboard.Delay(0.01, 0.2, 0.4),
        pedalboard.Distortion(10),
        pedalboard.Gain(3),
        pedalboard.GSMFullRateCompressor(pedalboard.Resample.Quality.Linear),
        pedalboard.HighShelfFilter(1000, 3, 1),
        pedalboard.HighpassFilter(100),
        pedalboard.Invert(),
        pedalboard.LadderFilter(pedalboard.LadderFilter.Mode.BPF12, 500, 0.3, 2),
        pedalboard.Limiter(-12, 50),
        pedalboard.LowShelfFilter(300, -3, 1),
        pedalboard.LowpassFilter(3000),
        pedalboard.MP3Compressor(5),
        pedalboard.NoiseGate(-40, 4, 2, 50),
        pedalboard.PeakFilter(800, 6, 2),
        pedalboard.Phaser(2, 0.4, 1000, 0.2, 0.6),
        pedalboard.PitchShift(3),
        pedalboard.Resample(9000, pedalboard.Resample.Quality.CatmullRom),
        pedalboard.Reverb(0.3, 0.4, 0.2, 0.5, 0.8, 0),
        pedalboard.Mix([pedalboard.Gain(-6), pedalboard.Chain([pedalboard.Delay(0.02)])]),
    ]


@pytest.mark.parametrize("make", WAYS)
def test_copy_sounds_the_same_and_is_another(make: Any, tmp_path: Path) -> None:
    for plugin in every_plugin(tmp_path):
        chain = Chain([plugin])
        other = make(chain)
        assert type(other[0]) is type(plugin)
        assert other[0] is not plugin
        np.testing.assert_array_equal(other(AUDIO, SAMPLE_RATE), chain(AUDIO, SAMPLE_RATE))


@pytest.mark.parametrize("make", WAYS)
def test_settings_of_a_copy_are_its_own(make: Any, tmp_path: Path) -> None:
    effect = NeuralEffect(save(tiny_models.gain_effect(), tmp_path), gain=2, mix=0.5)
    chain = Chain([pedalboard.Gain(3), effect, pedalboard.Chain([pedalboard.Delay(0.01)])], block_size=128)
    chain.process(AUDIO[:, :128], SAMPLE_RATE, reset=False)
    other = make(chain)
    assert (other.block_size, len(other), other[0].gain_db, other[1].gain, other[1].mix) == (
        128,
        3,
        3,
        2,
        0.5,
    )
    other[0].gain_db, other[1].mix, other[2][0].delay_seconds = 6, 0.25, 0.5
    assert (chain[0].gain_db, effect.mix, chain[2][0].delay_seconds) == (3, 0.5, pytest.approx(0.01))
    assert make(effect).gain == 2


def test_plugin_that_does_not_tell_what_it_is_made_of_is_refused() -> None:
    plugin = pedalboard.Convolution(np.ones((1, 9), np.float32), sample_rate=SAMPLE_RATE)
    with pytest.raises(StreamError, match="all that this Convolution was made of"):
        Chain([pedalboard.Mix([plugin])]).clone()
