"""Sounds that several threads render are those of one, in the order that was asked for, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from brainsynth import Renderer, bundled_synths
from plugin_host.errors import SynthError, UsageError
from plugin_host.files.processes import count_workers
from plugin_host.idle_children import IdleChildren
from plugin_host.synths import plugin_process
from plugin_host.synths.parameters import from_unit
from plugin_host.synths.render_crew import RenderCrew
from tests.support.synths import write_synth
from tests.support.vst_plugins import CRASHES, HANGS, build_plugin

FRAGILE = """
chn_k "level", 1, 2, 0.5, 0, 1
instr 1
  out a(1 / (chnget:k("level") > 0.9 ? 0 : 1)) * oscili(chnget:k("level"), 440)
endin
"""
LONG_DECAY = 0.9


def same(one: NDArray[np.float32], other: NDArray[np.float32] | SynthError) -> bool:
    return isinstance(other, np.ndarray) and np.array_equal(one, other)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("render")]


@pytest.mark.parametrize("name", [*bundled_synths()])
def test_every_sound_is_that_of_one_renderer(name: str) -> None:
    with Renderer(name) as renderer:
        parameters = renderer.synth.parameters
        settings = [
            from_unit(parameters, unit) for unit in np.random.default_rng(5).random((8, len(parameters)))
        ]
        alone = [renderer.render_values(values) for values in settings]
        renderer.close()
        with RenderCrew(renderer, 3) as crew:
            together = list(crew.hear(settings, lambda sound: sound))
            assert threads()
        assert not threads()
        with RenderCrew(renderer, 1) as crew:
            here = list(crew.hear(settings, lambda sound: sound))
    assert not np.array_equal(alone[0], alone[1])
    for one, other, third in zip(alone, together, here, strict=True):
        assert same(one, other)
        assert same(one, third)


def test_a_synth_that_cannot_be_rewound_is_rendered_by_several() -> None:
    with Renderer("fm", rewinds=False) as renderer:
        settings = [renderer.synth.values({"f0_hz": hz}) for hz in (100.0, 200.0, 300.0, 400.0)]
        alone = [renderer.render_values(values) for values in settings]
        with RenderCrew(renderer, 2) as crew:
            for one, other in zip(alone, crew.hear(settings, lambda sound: sound), strict=True):
                assert same(one, other)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_cannot_be_rendered_is_told_in_its_place(workers: int, tmp_path: Path) -> None:
    with (
        Renderer(write_synth(tmp_path / "fragile.csd", FRAGILE)) as renderer,
        RenderCrew(renderer, workers) as crew,
    ):
        settings = [np.array([level]) for level in (0.1, 0.95, 0.3, 0.99, 0.5)]
        heard = list(crew.hear(settings, lambda sound: float(np.abs(sound).max())))
    assert [isinstance(one, SynthError) for one in heard] == [False, True, False, True, False]
    assert [one for one in heard if not isinstance(one, SynthError)] == pytest.approx(
        [0.1, 0.3, 0.5], rel=1e-2
    )
    assert "NaN or infinite (at level=0.95)" in str(heard[1])


def test_who_wants_no_more_is_given_no_more() -> None:
    heard: list[int] = []
    with Renderer("fm") as renderer, RenderCrew(renderer, 2) as crew:
        settings = [renderer.synth.values({})] * 200
        for _ in crew.hear(settings, lambda sound: heard.append(1)):
            break
    assert 1 <= len(heard) < 200
    assert not threads()


def test_workers_are_counted() -> None:
    assert (count_workers(3), count_workers(0)) == (3, os.cpu_count())
    with pytest.raises(
        UsageError, match="-1 workers were asked for; needed is 1 or more, or 0 for one per core"
    ):
        count_workers(-1)


def test_a_plugin_is_played_by_several_processes(tmp_path: Path) -> None:
    with Renderer(build_plugin(tmp_path, evil=CRASHES), True) as renderer:
        values = [renderer.synth.values({"decay": decay}) for decay in (0.1, 0.2, LONG_DECAY, 0.3, 0.4)]
        with RenderCrew(renderer, 3) as crew:
            together = list(crew.hear(values, lambda sound: sound))
        assert "crashed" in str(together.pop(2))
        alone = [renderer.render_values(one) for one in (values[0], values[1], values[3], values[4])]
    for one, other in zip(alone, together, strict=True):
        assert same(one, other)


def test_ctrl_c_does_not_wait_for_a_plugin_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_process, "_idle", IdleChildren(plugin_process.PluginProcess, 1))
    started = time.monotonic()
    with Renderer(build_plugin(tmp_path, evil=HANGS), True) as renderer:
        usual, hanging = renderer.synth.values({}), renderer.synth.values({"decay": LONG_DECAY})

        def hang() -> None:
            with RenderCrew(renderer, 2) as crew:
                heard = crew.hear([usual, hanging, hanging], lambda sound: sound)
                assert isinstance(next(heard), np.ndarray)
                threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGINT)).start()
                next(heard)

        with pytest.raises(KeyboardInterrupt):
            hang()
    assert time.monotonic() - started < plugin_process.LIMIT_S / 2
    assert not threads()
