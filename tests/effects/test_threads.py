"""Several threads at one chain or effect: each call is whole, and none waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pedalboard
import pytest

from plugin_host.effects.chain import Chain
from plugin_host.effects.neural_effect import NeuralEffect
from tests.support import tiny_models
from tests.support.tiny_models import SAMPLE_RATE, load

AUDIO = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 30_000)).astype(np.float32)


def leaky() -> NeuralEffect:
    return NeuralEffect(load(tiny_models.leaky_effect()))


@pytest.mark.parametrize(
    "make",
    [leaky, lambda: Chain([pedalboard.Reverb()]), lambda: Chain([pedalboard.Reverb(), leaky()])],
)
def test_recordings_from_four_threads_come_out_as_from_one(make: Callable[[], Any]) -> None:
    player = make()
    sounds = [AUDIO[:, start:] for start in (0, 100, 5000, 9000)] * 3
    expected = [make()(sound, SAMPLE_RATE) for sound in sounds]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda sound: player(sound, SAMPLE_RATE), sounds, timeout=60))
    for ours, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, right)


@pytest.mark.parametrize("make", [leaky, lambda: Chain([pedalboard.Delay(0.01), leaky()])])
def test_no_block_of_a_stream_is_lost_between_threads(make: Callable[[], Any]) -> None:
    """Equal blocks, so that their order does not matter, through a model that adds up all it hears."""
    blocks = [np.full((1, 64), 0.01, np.float32)] * 400
    player, alone = make(), make()
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(
            lambda block: player.process(block, SAMPLE_RATE, reset=False), blocks, timeout=60
        ):
            pass
    for block in blocks:
        alone.process(block, SAMPLE_RATE, reset=False)
    last = [one.process(blocks[0], SAMPLE_RATE, reset=False) for one in (player, alone)]
    np.testing.assert_array_equal(*last)


def test_chains_that_share_plugins_in_turned_order_do_not_wait_for_each_other() -> None:
    first, second, effect = pedalboard.Reverb(), pedalboard.Delay(0.01), leaky()
    chains = [Chain([first, effect, second]), Chain([second, effect, first])] * 2
    with ThreadPoolExecutor(4) as threads:
        for sound in threads.map(lambda chain: chain(AUDIO, SAMPLE_RATE), chains * 5, timeout=60):
            assert sound.shape == AUDIO.shape


@pytest.mark.parametrize("wrap", [list, lambda plugins: [pedalboard.Mix([p]) for p in plugins]])
def test_recordings_of_chains_that_share_a_plugin_come_out_right(wrap: Callable[[Any], list[Any]]) -> None:
    shared = pedalboard.Reverb()
    chains = [Chain(wrap([pedalboard.Gain(gain), shared])) for gain in (0, 6, -6)]
    expected = [chain(AUDIO, SAMPLE_RATE) for chain in chains]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda chain: chain(AUDIO, SAMPLE_RATE), chains * 10, timeout=60))
    for ours, right in zip(found, expected * 10, strict=True):
        np.testing.assert_array_equal(ours, right)


def test_what_several_threads_add_is_all_there() -> None:
    chain = Chain([])

    def add(count: int) -> None:
        for _ in range(count):
            chain.append(pedalboard.Gain())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, 4 * [300], timeout=60))
    assert len(chain) == 1200


def test_an_error_leaves_nothing_locked() -> None:
    for player in (leaky(), Chain([leaky()])):
        for _ in range(2):
            with pytest.raises(ValueError, match="arrived"):
                player(AUDIO, 0)
        player.reset()
        assert player(AUDIO, SAMPLE_RATE).shape == AUDIO.shape
