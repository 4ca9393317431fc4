"""A search finds the same however many sounds are rendered at a time, within its budget, and can be stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer, infer, refine
from plugin_host.errors import SynthError, UsageError
from plugin_host.matching import known_sounds
from plugin_host.matching.known_sounds import KnownSounds
from plugin_host.matching.refinement import Refinement
from plugin_host.matching.target_sound import from_onset
from tests.support.synths import write_synth
from tests.support.vst_plugins import CRASHES, build_plugin

RATE = 48_000
Progress = list[tuple[int, int, float]]
FRAGILE = """
chn_k "f0_hz", 1, 3, 440, 100, 1000
chn_k "level", 1, 2, 0.5, 0, 1
chn_k "kind", 1, 1, 0, 0, 1, 0, 0, 0, 0, "choices=good,bad"
instr 1
  out a(1 / (chnget:k("kind") == 1 ? 0 : 1)) * oscili(chnget:k("level"), chnget:k("f0_hz"))
endin
"""
BAD = FRAGILE.replace('chnget:k("kind") == 1', 'chnget:k("level") != 0.5')


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer("fm") as renderer:
        yield renderer


def search(
    renderer: Renderer, target: np.ndarray, budget: int, workers: int, seed: int = 0
) -> tuple[Refinement, Progress]:
    calls: Progress = []
    found = refine(
        target, renderer, {"index": 3.0}, budget,
        pitch_hz=220.0, seed=seed, workers=workers, on_progress=lambda *call: calls.append(call),
    )  # fmt: skip
    return found, calls


@pytest.mark.parametrize("budget", [2, 3, 7, 30, 203])
def test_workers_change_nothing_of_a_search_for_another_synths_sound(budget: int, renderer: Renderer) -> None:
    with Renderer("string") as other:
        target = from_onset(other.render()[0])
    found, calls = search(renderer, target, budget, 1)
    assert [done for done, _, _ in calls] == list(range(1, budget + 1)), "the budget is exact, and one by one"
    assert found.renders == budget
    assert calls[-1] == (budget, budget, found.mss_after)
    for workers in (2, 5) if budget < 100 else (3,):
        assert search(renderer, target, budget, workers) == (found, calls)
    if budget == 30:
        assert search(renderer, target, budget, 2, seed=1)[1] != calls


def test_workers_change_nothing_of_a_search_near_the_estimate() -> None:
    with Renderer("subtractive") as renderer:
        target = from_onset(renderer.render({"osc1_wave": "saw"})[0])
        alone = refine(target, renderer, {"osc1_wave": "triangle"}, 37, workers=1)
        assert alone.values["osc1_wave"] == "saw"
        assert refine(target, renderer, {"osc1_wave": "triangle"}, 37, workers=4) == alone


def test_workers_change_nothing_of_the_known_sounds(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_sounds, "remembered", lambda name, on, shape, dtype, make: make())
    monkeypatch.setattr(known_sounds, "COUNT", 24)
    calls: list[list[tuple[int, int]]] = [[], []]
    one, other = (
        KnownSounds(renderer, [], lambda *call, of=of: of.append(call), workers)
        for of, workers in zip(calls, (1, 3), strict=True)
    )
    assert np.array_equal(one._pictures, other._pictures)
    assert calls[0] == calls[1] == [(number, 24) for number in range(1, 25)]


def test_ctrl_c_gives_the_best_so_far_and_leaves_no_thread(renderer: Renderer) -> None:
    target = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    calls: Progress = []

    def stop(*call: float) -> None:
        calls.append(call)  # type: ignore[arg-type]
        if len(calls) == 9:
            signal.raise_signal(signal.SIGINT)

    before = threading.active_count()
    # What was started in the background of a shell ignores the signal.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = refine(target, renderer, {}, 50, workers=3, on_progress=stop)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert threading.active_count() == before
    assert (found.interrupted, found.renders) == (True, 9)
    assert found.mss_after == calls[-1][2] <= found.mss_before
    assert search(renderer, target, 12, 3)[0].renders == 12, "the renderer can be used again"


def test_what_cannot_be_rendered_is_left_out_of_a_search(tmp_path: Path) -> None:
    with Renderer(write_synth(tmp_path / "fragile.csd", FRAGILE)) as renderer:
        target = from_onset(renderer.render({"f0_hz": 300.0})[0])
        found = refine(target, renderer, {"f0_hz": 310.0}, 30, workers=2)
        assert found.values["kind"] == "good"
        assert found.renders == 30
        assert found.mss_after < found.mss_before
        assert 1 <= len(found.failures) < 20
        assert "NaN or infinite" in found.failures[0]
        with pytest.raises(SynthError, match="NaN or infinite"):
            refine(target, renderer, {"kind": "bad"}, 30, workers=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_synth_that_fails_again_and_again_is_given_up(workers: int, tmp_path: Path) -> None:
    with Renderer(write_synth(tmp_path / "bad.csd", BAD)) as renderer:
        target = from_onset(renderer.render()[0])
        with pytest.raises(
            SynthError, match=r"20 of 2\d settings that were tried cannot be rendered.* NaN or infinite"
        ):
            refine(target, renderer, {}, 100, workers=workers)
        with pytest.raises(SynthError, match="100 of 100 settings"):
            KnownSounds(renderer, workers=workers)


def test_a_plugin_is_searched_by_several_processes(tmp_path: Path) -> None:
    with Renderer(build_plugin(tmp_path, evil=CRASHES), True) as renderer:
        target = from_onset(renderer.render({"note": 60, "cut_off": 0.4})[0])
        random = np.random.default_rng(1)
        near = list(random.random((6, len(renderer.synth.parameters))))
        one, three = (
            refine(target, renderer, {"note": 50}, 14, near=near, workers=workers) for workers in (1, 3)
        )
    assert one == three
    assert one.renders == 14
    assert one.mss_after < one.mss_before
    assert "crashed" in one.failures[0]


def test_fewer_than_no_workers_are_refused(renderer: Renderer) -> None:
    with pytest.raises(UsageError, match="-1 workers"):
        infer(renderer.render(), RATE, "fm", refine_renders=5, workers=-1)
