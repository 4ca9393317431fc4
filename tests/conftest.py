"""Fixtures that several tests share: tiny models, sounds, and the command line called in this process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

NEEDS_CSOUND = {"csound", "datasets", "synths"}
"""The rooms all of whose tests make sound with Csound; elsewhere a file or a test says so itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in NEEDS_CSOUND:
            item.add_marker(pytest.mark.csound)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what commands remember from one call to the next apart from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def brainsynth(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call the command line as a user would, but for the new process."""
    from plugin_host.commands.app import main

    monkeypatch.delenv("BRAINSYNTH_DEBUG", raising=False)
    # A slow machine would print how far it is where a test expects nothing.
    monkeypatch.setattr("plugin_host.commands.progress._SHORTEST_GAP_S", 600.0)

    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return Ended(code, out, err)

    return call


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of tiny models: gain (with a golden pair), delay, leaky, mode, fragile, rms, sine."""
    from tests.support import tiny_models

    folder = tmp_path_factory.mktemp("models")
    tiny_models.save(tiny_models.gain_effect(golden=tiny_models.gain_golden()), folder)
    makers = (
        tiny_models.delay_effect,
        tiny_models.leaky_effect,
        tiny_models.mode_effect,
        tiny_models.fragile_effect,
        tiny_models.rms_analyzer,
        tiny_models.sine_generator,
    )
    for make in makers:
        tiny_models.save(make(), folder)
    return folder


@pytest.fixture
def noise() -> NDArray[np.float32]:
    """Give noise of half a second at 48 kHz, (2, T), within -0.5 and 0.5."""
    return np.random.default_rng(1).uniform(-0.5, 0.5, (2, 24_000)).astype(np.float32)
