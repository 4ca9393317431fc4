"""Where a search for parameters begins, and that it does not lose to chance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from brainsynth import Renderer, infer, refine
from plugin_host.matching.best_synth import bundled_parameter_models
from plugin_host.matching.heard_pitch import heard_pitch
from plugin_host.matching.known_sounds import COUNT, KnownSounds
from plugin_host.matching.sound_distances import mss
from plugin_host.matching.starts import at_pitch, pitch_parameters, starts
from plugin_host.matching.target_sound import from_onset
from plugin_host.matching.trials import Trials
from plugin_host.model_file.controls import Scale
from plugin_host.synths.parameters import SynthParameter, from_unit
from plugin_host.synths.preset import find_presets
from tests.conftest import Command

RATE = 48000


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer("fm") as renderer:
        yield renderer


@pytest.fixture(scope="module")
def known(renderer: Renderer) -> KnownSounds:
    return KnownSounds(renderer, [preset.values for preset in find_presets(renderer.synth)])


@pytest.mark.parametrize(("hz", "key"), [(440, 69), (228, 58), (30, 60), (4000, 60)])
def test_a_note_is_moved_to_the_nearest_key(hz: float, key: int) -> None:
    note = SynthParameter(name="note", unit="MIDI", minimum=36, maximum=84, default=57, scale=Scale.INTEGER)
    level = SynthParameter(name="level", minimum=0, maximum=1, default=0.5)
    moved = at_pitch((level, note), np.array([0.3, 0.5]), hz)
    assert from_unit((level, note), moved).tolist() == [0.3, key]
    assert pitch_parameters((level, note)) == [1]


def test_the_pitch_is_moved_and_nothing_else(renderer: Renderer) -> None:
    synth = renderer.synth
    (place,) = pitch_parameters(synth.parameters)
    before = np.full(len(synth.parameters), 0.3)
    after = at_pitch(synth.parameters, before, 330.0)
    assert synth.from_unit(after)["f0_hz"] == pytest.approx(330)
    assert np.flatnonzero(before != after).tolist() == [place]
    for outside in (None, 20.0, 5000.0):
        assert np.array_equal(at_pitch(synth.parameters, before, outside), before)


def test_interchangeable_voices_all_have_the_pitch() -> None:
    with Renderer("subtractive") as renderer:
        parameters = renderer.synth.parameters
    names = [parameters[place].name for place in pitch_parameters(parameters)]
    assert names == ["osc1_f0_hz", "osc2_f0_hz"]


def test_beginnings_come_in_order(renderer: Renderer) -> None:
    synth, random = renderer.synth, np.random.default_rng(0)
    (place,) = pitch_parameters(synth.parameters)
    estimate, near = np.full(len(synth.parameters), 0.5), [np.full(len(synth.parameters), 0.25)]
    points = list(islice(starts(synth, estimate, 330.0, near, random), 6))
    pitch = at_pitch(synth.parameters, estimate, 330.0)[place]
    assert [bool(point[place] == pitch) for point in points] == [True, True, True, False, True, False]
    others = np.arange(len(estimate)) != place
    assert np.array_equal(points[0][others], estimate[others])
    assert np.array_equal(points[1][others], near[0][others])
    alone = next(starts(synth, estimate, None, near, random))
    assert np.array_equal(alone, near[0]), "the estimate is not judged twice"


def test_without_an_estimate_a_search_begins_at_the_nearest_known_sound_and_wanders(
    renderer: Renderer, known: KnownSounds
) -> None:
    target = from_onset(renderer.render_unit(known.units[17])[0])
    found = refine(target, renderer, None, 8, near=list(known.nearest(target, 3)), workers=1)
    assert found.mss_before == pytest.approx(0, abs=0.01), "the sound itself is known"
    assert found.renders == 8
    far = refine(target, renderer, None, 8, workers=1)
    assert far.mss_after <= far.mss_before
    assert far.mss_before > 1, "anywhere, where nothing is known"


def test_known_sounds_find_themselves(renderer: Renderer, known: KnownSounds) -> None:
    for number in (3, 500, len(known.units) - 1):
        sound = from_onset(renderer.render_unit(known.units[number])[0])
        assert np.array_equal(known.nearest(sound, 2)[0], known.units[number])
    assert len(known.units) > COUNT, "the presets are among them"


def test_doubt_is_said_of_what_the_synth_does_not_make(renderer: Renderer, known: KnownSounds) -> None:
    random = np.random.default_rng(3)
    own = [from_onset(renderer.render_unit(random.random(8))[0]) for _ in range(8)]
    assert sum(known.nearest_db(sound) <= known.usual_db for sound in own) >= 7
    noise = 0.1 * random.standard_normal(RATE).astype(np.float32)
    assert known.nearest_db(noise) > 1.5 * known.usual_db
    doubts = infer(noise, RATE, "fm", refine_renders=8).warnings
    assert any("unlike any that fm makes: the nearest of 1000 is" in doubt for doubt in doubts)
    assert not any("unlike" in doubt for doubt in infer(own[0], RATE, "fm", refine_renders=8).warnings)


def test_known_sounds_are_rendered_once(renderer: Renderer, known: KnownSounds) -> None:
    def refuse(done: int, total: int) -> None:
        raise AssertionError(f"rendered {done} of {total}")

    again = KnownSounds(renderer, [preset.values for preset in find_presets(renderer.synth)], refuse)
    assert np.array_equal(again.units, known.units)
    with pytest.raises(AssertionError, match="rendered 1 of"):
        KnownSounds(renderer, [], refuse)


@pytest.mark.parametrize("synth", ["string", "voice", "drum"])
def test_a_search_for_the_sound_of_another_synth_is_no_worse_than_chance(
    synth: str, renderer: Renderer, known: KnownSounds
) -> None:
    with Renderer(synth) as other:
        target = from_onset(other.render()[0])
    found = refine(
        target, renderer, {}, 20,
        pitch_hz=heard_pitch(target, RATE), near=list(known.nearest(target, 6)),
    )  # fmt: skip
    random = np.random.default_rng(7)
    drawn = [
        mss(target, from_onset(renderer.render_unit(random.random(8))[0])[: len(target)], RATE)
        for _ in range(20)
    ]
    assert found.renders == 20
    pitch_hz = heard_pitch(target, RATE)
    if synth == "string":
        assert found.values["f0_hz"] == pytest.approx(pitch_hz, rel=0.03)
    assert found.mss_after <= min(drawn)


@pytest.mark.parametrize("made_by", ["bell", "fm", "subtractive"])
def test_the_synth_that_made_a_sound_comes_nearest(made_by: str, brainsynth: Command, tmp_path: Path) -> None:
    with Renderer(made_by) as own:
        soundfile.write(tmp_path / "sound.wav", own.render()[0], RATE)
    done = brainsynth("infer", tmp_path / "sound.wav", "--model", "auto", "-o", tmp_path / "found.json")
    assert done.code == 0, done.err
    ranked = [line.split(":")[0] for line in done.out.splitlines() if ":" in line][:3]
    assert ranked[0] == made_by
    assert set(ranked) == {"bell", "fm", "subtractive"}
    assert json.loads((tmp_path / "found.json").read_text())["synth"] == f"{made_by}.csd"


def test_ctrl_c_ends_auto_with_what_was_found(
    brainsynth: Command, renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "sound.wav", renderer.render()[0], RATE)
    keep, judged = Trials._keep, []

    def interrupt(self: Trials, *arguments: Any) -> float:
        judged.append(1)
        if len(judged) == 5:
            raise KeyboardInterrupt
        return keep(self, *arguments)

    monkeypatch.setattr(Trials, "_keep", interrupt)
    done = brainsynth("infer", tmp_path / "sound.wav", "--model", "auto", "-o", tmp_path / "found.json")
    assert (done.code, len(judged)) == (130, 5)
    assert "interrupted after 4 of 20 sounds" in done.err
    first = bundled_parameter_models()[0]
    assert json.loads((tmp_path / "found.json").read_text())["synth"] == f"{first}.csd"


def test_auto_takes_no_synth(brainsynth: Command, tmp_path: Path) -> None:
    done = brainsynth("infer", tmp_path / "sound.wav", "--model", "auto", "--synth", "fm")
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_a_pitch_is_heard_and_noise_has_none() -> None:
    time = np.arange(RATE) / RATE
    partials = np.arange(1, 8)[:, None]
    tone = 0.1 * (np.sin(2 * np.pi * 220 * partials * time) / partials).sum(0).astype(np.float32)
    assert heard_pitch(tone, RATE) == pytest.approx(220, rel=0.01)
    assert heard_pitch(0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32), RATE) is None
