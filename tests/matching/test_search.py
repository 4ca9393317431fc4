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
from plugin_host.matching.starts import starts
from plugin_host.matching.synth_pitch import at_pitch, pitch_parameters
from plugin_host.matching.target_sound import from_onset
from plugin_host.matching.trials import Trials
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
    assert found.mss_after <= min(drawn)


def test_a_long_search_ends_at_the_pitch_that_is_heard(renderer: Renderer, known: KnownSounds) -> None:
    with Renderer("string") as other:
        target = from_onset(other.render()[0])
    pitch_hz = heard_pitch(target, RATE)
    assert pitch_hz is not None
    near = list(known.nearest(target, 6))
    found = refine(target, renderer, {"f0_hz": 1.6 * pitch_hz}, 220, pitch_hz=pitch_hz, near=near)
    assert found.renders == 220
    assert found.values["f0_hz"] == pytest.approx(pitch_hz, rel=0.03)


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
