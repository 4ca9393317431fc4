"""Latency: what is reported is what happens, to the sample, and no smaller number would do."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.playing.model import Model
from plugin_host.streaming.latency import plan_blocks
from plugin_host.streaming.rate_conversion import RateConversion, Resampler
from plugin_host.streaming.sample_queue import SampleFifo
from plugin_host.streaming.stream import Stream
from tests.support import tiny_models
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load

SAME_RATE = RateConversion.between(SAMPLE_RATE, SAMPLE_RATE)
RATES = [8_000, 16_000, 22_050, 32_000, 44_100, 44_099.5, 47_999, 88_200, 96_000, 192_000]


@pytest.mark.parametrize("hop_length", [1, 2, 7, 48, 60, 64, 97, 128])
def test_reblocking_delay_is_the_closed_form(hop_length: int) -> None:
    for block_size in range(1, 3 * hop_length + 2):
        plan = plan_blocks(hop_length, block_size, SAME_RATE, SAME_RATE)
        divisor = math.gcd(block_size, hop_length)
        assert plan.latency.total == plan.latency.reblocking == hop_length - divisor
        assert plan.step == divisor
    assert plan_blocks(hop_length, None, SAME_RATE, SAME_RATE).latency.total == hop_length - 1


def smallest_delay(hop_length: int, blocks: list[int], rate: float) -> int:
    """Count, sample by sample and without any formula, how many samples a stream lacks at worst."""
    inward, outward = RateConversion.between(rate, SAMPLE_RATE), RateConversion.between(SAMPLE_RATE, rate)
    ends = np.cumsum(blocks)
    to_model = Resampler(inward, 1, 64) if not inward.is_identity else None
    from_model = Resampler(outward, 1, 64) if not outward.is_identity else None
    waiting, given = SampleFifo(1, 64), SampleFifo(1, 64)
    worst = taken = returned = 0
    for block, end in zip(blocks, ends, strict=True):
        (to_model.room(block) if to_model else waiting.append(block)).fill(0)
        if to_model:
            to_model.convert(waiting)
        while len(waiting) - taken >= hop_length:
            taken += hop_length
            (from_model.room(hop_length) if from_model else given.append(hop_length)).fill(0)
            if from_model:
                from_model.convert(given)
        returned = len(given)
        worst = max(worst, int(end) - returned)
    return worst


@pytest.mark.parametrize("hop_length", [5, 48, 64])
@pytest.mark.parametrize("block_size", [1, 16, 48, 100, 128, 441])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100, 96_000, 24_000])
def test_delay_is_the_smallest_that_never_runs_dry(rate: float, block_size: int, hop_length: int) -> None:
    inward, outward = RateConversion.between(rate, SAMPLE_RATE), RateConversion.between(SAMPLE_RATE, rate)
    plan = plan_blocks(hop_length, block_size, inward, outward)
    # Every multiple of the step is allowed, so the smallest blocks meet every case.
    count = min(40_000 // plan.step, 4 * inward.ratio.numerator * hop_length // plan.step + 200)
    assert smallest_delay(hop_length, [plan.step] * count, rate) == plan.latency.total


def test_bound_for_unwieldy_rates_is_at_most_two_samples_more() -> None:
    inward, outward = (
        RateConversion.between(44_099.5, SAMPLE_RATE),
        RateConversion.between(SAMPLE_RATE, 44_099.5),
    )
    exact = plan_blocks(64, None, inward, outward).latency.total
    bound = math.ceil(inward.half_taps + (63 + outward.half_taps) * inward.ratio)
    assert exact <= bound <= exact + 2
    unwieldy = (
        RateConversion.between(44_099.999, SAMPLE_RATE),
        RateConversion.between(SAMPLE_RATE, 44_099.999),
    )
    assert plan_blocks(2047, None, *unwieldy).latency.total == pytest.approx(64 + 2046 * 0.91875, abs=3)


def peak_position(stream: Stream, sizes: list[int], click: int, length: int) -> float:
    """Play a click, and find it in the output between the samples, by the peak of a parabola."""
    audio = np.zeros((1, length), np.float32)
    audio[0, click] = 1.0
    parts, start = [], 0
    while start < length:
        size = sizes[len(parts) % len(sizes)]
        if start + size > length:
            break
        parts.append(stream.process(audio[:, start : start + size]))
        start += size
    output = np.concatenate(parts, axis=1)[0]
    top = int(np.argmax(np.abs(output)))
    left, middle, right = np.abs(output[top - 1 : top + 2])
    return top + 0.5 * float(left - right) / float(left - 2 * middle + right)


@pytest.mark.parametrize("sizes", [[1], [64], [37, 128, 1, 300], [512]])
@pytest.mark.parametrize("hop_length", [1, 64, 120])
def test_click_arrives_exactly_when_reported_at_the_models_rate(hop_length: int, sizes: list[int]) -> None:
    model = load(tiny_models.gain_effect(hop_length=hop_length))
    for block_size in (None, sizes[0]) if len(sizes) == 1 else (None,):
        stream = model.stream(block_size=block_size)
        assert stream.latency.resampling == 0
        assert peak_position(stream, sizes, 1000, 4000) == 1000 + stream.latency_samples


@pytest.mark.parametrize("sizes", [[64], [37, 128, 1, 300]])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hop_length", [1, 64])
def test_click_arrives_within_a_sample_of_the_report_at_other_rates(
    hop_length: int, rate: float, sizes: list[int]
) -> None:
    stream = load(tiny_models.gain_effect(hop_length=hop_length)).stream(rate)
    assert stream.latency.total == stream.latency.reblocking + stream.latency.resampling
    assert stream.latency.resampling > 0
    length = 4 * stream.latency_samples + 4000
    found = peak_position(stream, sizes, 1000, length)
    assert abs(found - (1000 + stream.latency_samples)) < 0.51


def test_conversion_costs_little_latency() -> None:
    """A musician at 44.1 kHz hears a model of 48 kHz, hop 64, under three milliseconds later."""
    latency = load(tiny_models.gain_effect()).stream(44_100).latency
    assert latency.total / 44_100 < 3e-3


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100, 96_000])
def test_delay_of_the_model_itself_is_counted(rate: int) -> None:
    model = load(tiny_models.delay_effect(delay=100))
    stream = model.stream(rate)
    assert stream.latency.model == round(100 * rate / SAMPLE_RATE)
    found = peak_position(stream, [64], 1000, 4000)
    # The conversion of rates may put the click between two samples.
    allowed = 0.0 if rate == SAMPLE_RATE else 1.0
    assert abs(found - (1000 + stream.latency_samples)) <= allowed


def test_generator_and_background_report_their_own() -> None:
    assert load(tiny_models.sine_generator()).stream(44_100).latency_samples == 0
    assert load(tiny_models.sine_generator(latency_samples=480)).stream(44_100).latency_samples == 441
    model = load(tiny_models.gain_effect())
    stream = model.stream(block_size=96, background=True)
    assert stream.latency.background == 96
    assert stream.latency_samples == 96 + HOP_LENGTH - 32
    stream.close()


def convert(
    audio: NDArray[np.float32], input_rate: float, output_rate: float, sizes: list[int]
) -> NDArray[np.float32]:
    conversion = RateConversion.between(input_rate, output_rate)
    resampler, found = Resampler(conversion, len(audio), 64), SampleFifo(len(audio), 64)
    start = 0
    while start < audio.shape[1]:
        part = audio[:, start : start + sizes[start % len(sizes)]]
        resampler.room(part.shape[1])[...] = part
        resampler.convert(found)
        start += part.shape[1]
        assert len(found) == max(0, conversion.outputs_after(start))
    return found.front(len(found)).copy()


@pytest.mark.parametrize(
    "rates", [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (44_099, 48_000), (48_000, 8_000)]
)
def test_conversion_is_the_same_in_any_blocks_to_the_last_bit(rates: tuple[int, int]) -> None:
    audio = np.random.default_rng(0).uniform(-1, 1, (2, 6000)).astype(np.float32)
    whole = convert(audio, *rates, [6000])
    assert whole.shape[1] > 900
    for sizes in ([1], [64], [7, 500, 31]):
        np.testing.assert_array_equal(convert(audio, *rates, sizes), whole)


@pytest.mark.parametrize(
    "rates", [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (16_000, 48_000), (44_099, 48_000)]
)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.8])
def test_conversion_keeps_a_tone_and_its_time_line(rates: tuple[int, int], share: float) -> None:
    """A tone below nine tenths of the band comes out as the same tone, sampled at the other rate."""
    frequency = share * min(rates) / 2
    tone = np.sin(2 * np.pi * frequency * np.arange(6000) / rates[0])
    output = convert(tone[None].astype(np.float32), *rates, [100])[0]
    expected = np.sin(2 * np.pi * frequency * np.arange(len(output)) / rates[1])
    middle = slice(len(output) // 4, None)
    accuracy = 1e-4 if rates == (44_099, 48_000) else 5e-5
    assert np.max(np.abs(output[middle] - expected[middle])) < accuracy


def test_conversion_to_a_lower_rate_removes_what_it_cannot_hold() -> None:
    times = np.arange(20_000) / 96_000
    tone = np.sin(2 * np.pi * 26_000 * times)[None].astype(np.float32)
    output = convert(tone, 96_000, 48_000, [512])[0, 100:]
    assert 20 * np.log10(np.max(np.abs(output))) < -80


def test_constant_passes_a_conversion_unchanged() -> None:
    ones = np.ones((1, 3000), np.float32)
    output = convert(ones, 44_100, 48_000, [100])[0, 100:]
    np.testing.assert_allclose(output, 1.0, atol=1e-6)


def latency_of(model: Model, block_size: int | None) -> int:
    return model.stream(block_size=block_size).latency_samples


def test_report_does_not_depend_on_what_was_played() -> None:
    model = load(tiny_models.leaky_effect())
    stream = model.stream(44_100)
    before = stream.latency
    stream.process(np.zeros((1, 12_345), np.float32))
    stream.flush()
    assert stream.latency == before == model.stream(44_100).latency
    assert latency_of(model, 48) == HOP_LENGTH - 16
