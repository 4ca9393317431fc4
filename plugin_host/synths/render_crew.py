"""Render several sounds of one synth at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import SynthError
from .renderer import Renderer

Heard = TypeVar("Heard")


class RenderCrew:
    """Renders sounds of one synth in a few threads, each with a renderer of its own.

    A sound is the same whoever renders it, and results come in the order of what was asked for. A context manager
    that leaves no thread behind.

    Parameters
    ----------
    renderer : Renderer
        The synth's. With one worker it renders itself, in the thread that asks; else it is left alone.
    workers : int
        How many threads, 1 or more.

    Notes
    -----
    Csound's lock on Python is released while it plays, and a plugin is a process anyway. So threads are as quick as
    processes, and cost no second Python, which takes longer to start than a hundred sounds of many a synth.
    """

    def __init__(self, renderer: Renderer, workers: int) -> None:
        self.renderer = renderer
        self._threads = ThreadPoolExecutor(workers, "render") if workers > 1 else None
        self._renderers: list[Renderer] = []
        self._free: list[Renderer] = []

    def hear(
        self, settings: Sequence[NDArray[np.float64]], judge: Callable[[NDArray[np.float32]], Heard]
    ) -> Iterator[Heard | SynthError]:
        """Render settings, and give what is heard in each sound, or why there is none.

        Parameters
        ----------
        settings : sequence of (P,) arrays
            Values in the parameters' units; see `Renderer.render_values`.
        judge : callable
            Called with each sound (C, T), by the thread that rendered it.
        """

        def one(values: NDArray[np.float64]) -> Heard | SynthError:
            return self._with_free_renderer(lambda renderer: _hear(renderer, values, judge))

        if self._threads is None:
            return (_hear(self.renderer, values, judge) for values in settings)
        # What has not begun is dropped if nobody wants any more of it.
        return self._threads.map(one, settings)

    def _with_free_renderer(self, work: Callable[[Renderer], Heard]) -> Heard:
        try:
            # The last that came back, so that few are loaded where there is little to do at once.
            renderer = self._free.pop()
        except IndexError:
            renderer = Renderer(self.renderer.synth, self.renderer.rewinds)
            self._renderers.append(renderer)
        try:
            return work(renderer)
        finally:
            self._free.append(renderer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is None:
            return
        self._threads.shutdown(wait=False, cancel_futures=True)
        for renderer in self._renderers:
            if renderer not in self._free:
                renderer.stop()
        self._threads.shutdown()
        for renderer in self._renderers:
            renderer.close()


def _hear(
    renderer: Renderer, values: NDArray[np.float64], judge: Callable[[NDArray[np.float32]], Heard]
) -> Heard | SynthError:
    try:
        sound = renderer.render_values(values)
    except SynthError as error:
        return error
    return judge(sound)
