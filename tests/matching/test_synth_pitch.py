"""The pitch that is heard, and settings of synths at a pitch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.matching.harmonicity import Harmonicity
from plugin_host.matching.heard_pitch import heard_pitch
from plugin_host.matching.synth_pitch import (
    at_pitch,
    estimated_at_pitch,
    pitch_parameters,
    places_at_pitch,
)
from plugin_host.model_file.controls import Control, Scale
from plugin_host.synths.parameters import SynthParameter, from_unit, to_unit
from plugin_host.synths.synth import Synth

RATE = 48000
NOTE = SynthParameter(name="note", unit="MIDI", minimum=36, maximum=84, default=57, scale=Scale.INTEGER)
LEVEL = SynthParameter(name="level", minimum=0, maximum=1, default=0.5)
F0 = Control(name="f0_hz", minimum=55, maximum=880, default=220, scale=Scale.LOG, unit="Hz")
TIME = np.arange(RATE) / RATE


def tone(f0_hz: float | NDArray[np.float64]) -> NDArray[np.float32]:
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f0_hz, RATE)) / RATE
    partials = np.arange(1, 8)[:, None]
    return 0.1 * (np.sin(partials * phase) / partials).sum(0).astype(np.float32)


def test_a_tone_has_the_pitch_that_it_has_and_noise_has_none() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert heard_pitch(tone(220.0), RATE) == pytest.approx(220, rel=0.01)
    assert heard_pitch(np.pad(tone(220.0)[: RATE // 4], (0, RATE)), RATE) == pytest.approx(220, rel=0.01)
    assert heard_pitch(noise, RATE) is None
    assert heard_pitch(tone(220 * 2 ** (2 * TIME)), RATE) is None, "it glides"
    assert heard_pitch(np.where(TIME < 0.2, tone(220.0), noise).astype(np.float32), RATE) is None


@pytest.mark.parametrize("samples", [1, 100, 1024])
def test_a_moment_has_no_pitch(samples: int) -> None:
    assert heard_pitch(tone(220.0)[:samples], RATE) is None


@pytest.mark.parametrize(("hz", "key"), [(440, 69), (228, 58), (30, 60), (4000, 60)])
def test_a_note_is_moved_to_the_nearest_key(hz: float, key: int) -> None:
    moved = at_pitch((LEVEL, NOTE), np.array([0.3, 0.5]), hz)
    assert from_unit((LEVEL, NOTE), moved).tolist() == [0.3, key]
    assert pitch_parameters((LEVEL, NOTE)) == [1]


def test_the_pitch_is_moved_and_nothing_else() -> None:
    synth = Synth("fm")
    (place,) = pitch_parameters(synth.parameters)
    before = np.full(len(synth.parameters), 0.3)
    after = at_pitch(synth.parameters, before, 330.0)
    assert synth.from_unit(after)["f0_hz"] == pytest.approx(330)
    assert np.flatnonzero(before != after).tolist() == [place]
    for outside in (None, 20.0, 5000.0):
        assert np.array_equal(at_pitch(synth.parameters, before, outside), before)


def test_each_of_interchangeable_voices_has_a_pitch() -> None:
    parameters = Synth("subtractive").parameters
    assert [parameters[p].name for p in pitch_parameters(parameters)] == ["osc1_f0_hz", "osc2_f0_hz"]


def test_a_point_is_at_a_pitch_within_half_a_semitone() -> None:
    synth = Synth("subtractive")
    first, second = pitch_parameters(synth.parameters)
    point = to_unit(synth.parameters, synth.values({"osc1_f0_hz": 204.0, "osc2_f0_hz": 300.0}))
    assert places_at_pitch(synth.parameters, point, 200.0) == [first]
    assert places_at_pitch(synth.parameters, point, 300.0) == [second]
    assert places_at_pitch(synth.parameters, point, 250.0) == []
    for none in (None, 20.0):
        assert places_at_pitch(synth.parameters, point, none) is None


def explained_by(pitch_hz: float, share: float) -> Callable[[float], float]:
    """A sound of which a pitch explains so much, and others a tenth."""
    return lambda hz: share if hz == pitch_hz else 0.1


@pytest.mark.parametrize(
    ("estimate", "heard", "share", "wanted"),
    [
        (205.0, 200.0, 0.5, 200.0),
        (178.5, 200.0, 0.5, 200.0),
        (177.0, 200.0, 0.5, 177.0),
        (177.0, 200.0, 0.9, 200.0),
        (280.0, 200.0, 0.9, 200.0),
        (290.0, 200.0, 0.9, 290.0),
        (400.0, 200.0, 0.9, 400.0),
        (205.0, 200.0, 0.15, 205.0),
        (205.0, 200.0, 0.05, 205.0),
        (205.0, None, 0.9, 205.0),
        (54.0, 52.0, 0.9, 54.0),
    ],
)
def test_an_estimate_near_the_pitch_that_is_heard_takes_it_if_that_explains_more(
    estimate: float, heard: float | None, share: float, wanted: float
) -> None:
    level = Control(name="level", minimum=0, maximum=1, default=0.5)
    values: dict[str, float | str] = {"level": 0.7, "f0_hz": estimate}
    harmonicity = explained_by(heard or 0.0, share)
    found = estimated_at_pitch((level, F0), values, heard, harmonicity)
    assert found == {"level": 0.7, "f0_hz": wanted}
    assert values["f0_hz"] == estimate


def test_only_the_nearest_of_several_voices_means_it() -> None:
    voices = [F0.model_copy(update={"name": f"osc{voice}_f0_hz"}) for voice in (1, 2)]
    values: dict[str, float | str] = {"osc1_f0_hz": 210.0, "osc2_f0_hz": 196.0}
    found = estimated_at_pitch(voices, values, 200.0, explained_by(200.0, 0.5))
    assert found == {"osc1_f0_hz": 210.0, "osc2_f0_hz": 200.0}


def test_an_estimated_note_means_the_nearest_key() -> None:
    harmonicity = Harmonicity(tone(440.0), RATE)
    assert estimated_at_pitch([NOTE], {"note": 71}, 440.0, harmonicity) == {"note": 69}
    assert estimated_at_pitch([NOTE], {"note": 76}, 440.0, harmonicity) == {"note": 76}


def test_a_tone_is_explained_by_its_pitch_and_by_those_below_it_of_which_it_is_a_multiple() -> None:
    harmonicity = Harmonicity(tone(220.0), RATE)
    assert harmonicity(220.0) > 0.999
    assert harmonicity(110.0) > 0.999
    assert harmonicity(221.0) > 0.99, "a player wavers by so much"
    assert harmonicity(440.0) < 0.3
    assert harmonicity(233.0) < 0.01


def test_partials_that_are_no_multiples_are_explained_by_no_pitch() -> None:
    ratios = np.array([1.0, 2.76, 5.4, 13.34])[:, None]
    bar = (np.sin(2 * np.pi * 300.0 * ratios * TIME) / 4).sum(0).astype(np.float32)
    assert max(map(Harmonicity(bar, RATE), (300.0, 290.0, 310.0, 828.0))) < 0.5


@pytest.mark.parametrize("samples", [1, 100])
def test_silence_is_explained_by_nothing(samples: int) -> None:
    assert Harmonicity(np.zeros(samples, np.float32), RATE)(220.0) == 0.0
