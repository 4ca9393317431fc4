"""The parameter analyzer: its features, its memory of a sound, and the parameters that it estimates."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.contract import BrokenContract, check_block, check_model
from training.families.parameters.features import HOP_LENGTH, ParameterFeatures, level_db
from training.families.parameters.memory import REST_FRAMES, OnsetMemory, even_slots, growing_slots, waves
from training.families.parameters.model import ParameterAnalyzer, ParameterDecoder, Recollection
from training.families.parameters.parameters import (
    SoundParameter,
    describe,
    equal_voices,
    parameters_of,
)
from training.families.parameters.settings import ParameterSize
from training.streaming.model import Control

RATE = 48_000
SMALL = ParameterSize(
    width=24,
    frame=16,
    moments=20,
    moment=3,
    stretches=6,
    stretch=5,
    modulation=2,
    hidden=24,
    last=16,
    bins=12,
)
PARAMETERS = [
    SoundParameter(Control("f0_hz", "Hz", 50.0, 2000.0, 220.0, "log")),
    SoundParameter(Control("level_db", "dB", -30.0, 0.0, -9.0)),
    SoundParameter(Control("ratio", "", 1, 8, 2, "integer")),
    SoundParameter(Control("wave", "", 0, 2, 0, "choice", choices=("saw", "square", "sine"))),
]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def features_of(sound: np.ndarray) -> Tensor:
    features = ParameterFeatures()
    hops = torch.from_numpy(sound.astype(np.float32)).reshape(1, -1, HOP_LENGTH)
    return features(hops, features.initial_state(1))[0]


def tone(f0_hz: float, level: float, hops: int = 12) -> np.ndarray:
    return level * np.sin(2 * np.pi * f0_hz * np.arange(hops * HOP_LENGTH) / RATE)


def test_features_tell_frequency_and_level() -> None:
    sounding = features_of(tone(100 * RATE / 4096, 0.5))[0, -1]
    fine = sounding[: ParameterFeatures.FINE_BINS]
    assert int(fine.argmax()) == 100 - 1
    # Half of full scale, power 0.25, over a floor of 1e-9.
    assert float(fine.max()) == pytest.approx(0.1 * math.log(0.25e9), abs=0.01)
    quieter = features_of(tone(100 * RATE / 4096, 0.05))[0, -1]
    assert float(fine.max() - quieter.max()) == pytest.approx(0.1 * math.log(100), abs=0.01)


def test_features_of_silence_are_exactly_nothing() -> None:
    assert not features_of(np.zeros(4 * HOP_LENGTH)).any()


def test_features_know_when_something_sounds_and_how_loud_it_is() -> None:
    sound = np.concatenate([np.zeros(2 * HOP_LENGTH), tone(440, 0.1, 3)])
    sounding = features_of(sound)
    assert sounding[0, :, -1].tolist() == [0, 0, 1, 1, 1]
    assert float(level_db(sounding)[0, 3].mean()) == pytest.approx(
        20 * math.log10(0.1 / math.sqrt(2)), abs=0.1
    )


def test_high_bands_cover_all_that_is_above_the_bins() -> None:
    for f0_hz in (1700.0, 3000.0, 6000.0, 12_000.0, 20_000.0):
        sounding = features_of(tone(f0_hz, 0.5))[0, -1]
        bands = sounding[
            ParameterFeatures.FINE_BINS : ParameterFeatures.FINE_BINS + ParameterFeatures.FINE_BANDS
        ]
        assert float(bands.max()) > 0.1 * math.log(0.05e9), f0_hz


@pytest.mark.parametrize("weights", [even_slots(20, 7), growing_slots(20, 9), even_slots(9, 9)])
def test_slots_share_every_frame(weights: Tensor) -> None:
    torch.testing.assert_close(weights.sum(0), torch.ones(weights.shape[1]))
    assert (weights[:-1].sum(1) > 0).all()
    assert not weights[-1].any()


def test_growing_slots_begin_with_a_frame_each() -> None:
    weights = growing_slots(94, 16)
    torch.testing.assert_close(weights[:4, :4], torch.eye(4))
    assert (weights[:, -1] > 0).sum() > 8


def memory_input(frames: int, sounding: list[tuple[int, int]], seed: int = 0) -> tuple[Tensor, Tensor]:
    flags = torch.zeros(1, frames, 1)
    for first, last in sounding:
        flags[:, first:last] = 1
    return noise(1, frames, 3, seed=seed), flags


def test_memory_is_the_same_in_blocks_over_several_sounds() -> None:
    memory = OnsetMemory([(growing_slots(20, 6), 3)])
    check_block(memory, memory_input(90, [(3, 30), (33, 40), (60, 85)]), 1e-6)


def test_memory_with_two_stores_is_two_memories() -> None:
    stores = [(growing_slots(20, 6), 2), (even_slots(20, 3), 1)]
    values, sounding = memory_input(30, [(2, 30)])
    both = OnsetMemory(stores)
    kept, _ = both((values, sounding), both.initial_state(1))
    parts = both.split(kept)
    assert [part.shape for part in parts] == [(1, 30, 6, 3), (1, 30, 3, 2)]
    for store, part, own in zip(stores, parts, values.split([2, 1], -1), strict=True):
        alone = OnsetMemory([store])
        torch.testing.assert_close(part.flatten(2), alone((own, sounding), alone.initial_state(1))[0])


def test_memory_keeps_means_of_its_slots() -> None:
    memory = OnsetMemory([(even_slots(4, 4), 3)])
    values, sounding = memory_input(12, [(2, 12)])
    kept, _ = memory((values, sounding), memory.initial_state(1))
    last = kept[0, -1].reshape(4, 4)
    torch.testing.assert_close(last[:, :3], values[0, 2:6])
    torch.testing.assert_close(last[:, 3], torch.ones(4))
    # Frame by frame it fills up; after its last slot nothing changes.
    assert kept[0, 3].reshape(4, 4)[:, 3].tolist() == [1, 1, 0, 0]
    torch.testing.assert_close(kept[0, 6:], kept[0, 5:6].expand(6, -1))


def test_memory_begins_again_at_an_onset_after_a_rest_and_only_there() -> None:
    memory = OnsetMemory([(even_slots(4, 4), 3)])
    rest = REST_FRAMES
    values, sounding = memory_input(40 + rest, [(0, 10), (10 + rest, 40 + rest)])
    kept, _ = memory((values, sounding), memory.initial_state(1))
    torch.testing.assert_close(kept[0, 9 + rest], kept[0, 9])
    torch.testing.assert_close(kept[0, -1].reshape(4, 4)[:, :3], values[0, 10 + rest : 14 + rest])
    short = sounding.clone()
    short[:, 10] = 1  # a frame less of rest
    kept, _ = memory((values, short), memory.initial_state(1))
    torch.testing.assert_close(kept[0, -1].reshape(4, 4)[:, :3], values[0, :4])


@pytest.mark.parametrize("sounding", [[(0, 40)], [(5, 12), (30, 40)], [], [(0, 3), (6, 9), (35, 36)]])
def test_memory_at_some_frames_is_what_it_is_there(sounding: list[tuple[int, int]]) -> None:
    memory = OnsetMemory([(growing_slots(20, 6), 3)])
    x = memory_input(40, sounding)
    whole, _ = memory(x, memory.initial_state(1))
    frames = torch.tensor([[0, 7, 13, 31, 39]])
    torch.testing.assert_close(memory.at(x, frames), whole[:, frames[0]], atol=1e-6, rtol=1e-5)
    assert bool(whole.any()) == bool(sounding)


def test_waves_answer_to_their_own_rate() -> None:
    rates = np.array([2.0, 4.0, 8.0]) / 47
    memory = OnsetMemory([(waves(94, rates), 1)])
    for i, rate in enumerate(rates):
        moving = torch.cos(2 * math.pi * torch.arange(94) * rate + 1.0)[None, :, None].float()
        kept = memory.at((moving, torch.ones(1, 94, 1)), torch.tensor([[93]]))
        cosine, sine = kept.reshape(2, 3, 2)[..., 0]
        assert int((cosine**2 + sine**2).argmax()) == i


@pytest.mark.parametrize("block", [Recollection(5, 1), Recollection(5, 4)])
def test_recollection_is_the_same_in_blocks(block: Recollection) -> None:
    check_block(block, noise(2, 40, 5))


def test_features_and_network_are_the_same_in_blocks() -> None:
    sound = 0.1 * noise(1, 60, HOP_LENGTH) * torch.linspace(0, 1, 60)[None, :, None]
    features = check_block(ParameterFeatures(), sound, 1e-5)
    torch.manual_seed(0)
    network = ParameterAnalyzer(PARAMETERS, 0.5, SMALL).network
    check_block(network, features, 1e-5)
    recall = network.memory.forward
    network.memory.forward = lambda x, state: recall(x, network.memory.initial_state(1))
    with pytest.raises(BrokenContract, match="output in blocks"):
        check_block(network, features, 1e-5)


def test_network_at_some_frames_is_what_it_is_there() -> None:
    torch.manual_seed(0)
    analyzer = ParameterAnalyzer(PARAMETERS, 0.5, SMALL)
    sound = 0.1 * noise(2, 30, HOP_LENGTH)
    sound[1, :7] = 0
    with torch.no_grad():
        sounding, _ = analyzer.features(sound, analyzer.features.initial_state(2))
        whole, _ = analyzer.network(sounding, analyzer.network.initial_state(2))
        frames = torch.tensor([[29, 3, 10], [29, 8, 6]])
        some = analyzer.network.at(sounding, frames)
    torch.testing.assert_close(
        some, whole.gather(1, frames[..., None].expand(-1, -1, whole.shape[-1])), atol=1e-5, rtol=1e-4
    )


def test_decoder_gives_each_parameter_in_its_own_unit() -> None:
    decoder = ParameterDecoder(PARAMETERS, 32)
    unit = torch.tensor([[0.25, 0.9, 3 / 7, 0.5]])
    certain = decoder.target(unit[:, :2]).log()
    steps = torch.full((1, 11), -20.0)
    steps[0, 3] = steps[0, 8 + 1] = 20.0
    logits = torch.cat([certain.flatten(1), steps], 1)
    values = [float(v) for v in decoder(logits[:, None])]
    assert values == pytest.approx([50 * 40**0.25, -3.0, 4, 1], rel=1e-3)
    torch.testing.assert_close(decoder.units(logits), unit, atol=1e-3, rtol=0)


def test_decoder_follows_a_skew_to_the_synths_values() -> None:
    """As `plugin_host.synths.parameters.from_unit`, which makes the sounds that are learned from."""
    slider = SoundParameter(Control("cutoff", "", 200.0, 8000.0, 200.0), skew=0.5)
    plain = SoundParameter(Control("level", "", 0.0, 1.0, 0.0))
    decoder = ParameterDecoder([slider, plain], 32)
    unit = torch.tensor([[[0.5, 0.25]]])
    logits = decoder.target(unit).log().flatten(-2)
    cutoff, level = decoder(logits)
    assert cutoff.item() == pytest.approx(200 + 7800 * 0.25, rel=0.01)
    assert level.item() == pytest.approx(0.25, abs=0.01)
    assert list(parameters_of(describe([slider, plain]))) == [slider, plain]
    assert "skew" not in describe([plain])[0]


def test_decoder_says_how_sure_it_is() -> None:
    decoder = ParameterDecoder(PARAMETERS, 32)
    sure, far = (decoder.target(torch.tensor([[place, place]])) for place in (0.3, 0.8))
    steps = torch.full((1, 11), -20.0)
    steps[0, 3] = 20.0
    steps[0, 8 + 1] = steps[0, 8 + 2] = 20.0
    certain = decoder.confidence(torch.cat([sure.log().flatten(1), steps], 1)[:, None])[0, 0]
    assert certain.tolist() == pytest.approx([1, 1, 1, 0.5], abs=0.02)
    # A seventh of what is likely lies half of the range away; evenly spread, a tenth is right, and a bin at each end.
    torn = (0.85 * sure + 0.15 * far).log().flatten(1)
    even = torch.zeros_like(torn)
    assert decoder.confidence(torch.cat([torn, steps], 1))[0, 0] == pytest.approx(0.85, abs=0.07)
    assert 0.1 < float(decoder.confidence(torch.cat([even, steps], 1))[0, 0]) < 0.25


@pytest.mark.parametrize("unit", [0.0, 0.003, 0.5, 0.77, 1.0])
def test_decoder_finds_the_middle_of_a_distribution_to_the_ends_of_the_range(unit: float) -> None:
    decoder = ParameterDecoder(PARAMETERS[:1], 32)
    logits = decoder.target(torch.tensor([[unit]])).log()
    assert float(decoder.units(logits.flatten(1))) == pytest.approx(unit, abs=2e-3)


def test_equal_voices_are_found_and_must_have_the_same_parts() -> None:
    def voiced(voice: int, part: str) -> SoundParameter:
        control = Control(f"osc{voice}_{part}", "", 0.0, 1.0, 0.5)
        return SoundParameter(control, "osc", voice, part)

    mixed = [voiced(2, "b"), PARAMETERS[0], voiced(1, "a"), voiced(1, "b"), voiced(2, "a")]
    assert equal_voices(mixed) == [[[2, 3], [4, 0]]]
    with pytest.raises(ValueError, match="osc"):
        equal_voices(mixed[:-1])


def test_parameters_survive_a_configuration() -> None:
    assert parameters_of(describe(PARAMETERS)) == PARAMETERS


@pytest.mark.slow
def test_model_keeps_the_contract_from_torch_to_the_host(tmp_path: Path) -> None:
    torch.manual_seed(1)
    check_model(ParameterAnalyzer(PARAMETERS, 0.5, SMALL), tmp_path, 40, 1e-4, 2e-6)
