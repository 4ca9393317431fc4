"""What is said while a model is trained, and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .messages import say, warn

if TYPE_CHECKING:
    from training.loop.report import Progress


class TrainingReport:
    """Shows a bar where somebody watches; warnings go to standard error. A context manager."""

    def __init__(self) -> None:
        from .progress import progress_bar

        self._bar = progress_bar()

    def prepare(self, what: str, done: int, total: int) -> None:
        """Show what is being prepared, and how much of how much is done."""
        self._show(what, done, total)

    def step(self, progress: Progress) -> None:
        """Show how far the training is, its loss, and when it will be done."""
        minutes = f"{progress.seconds_left / 60:.0f} min left"
        what = f"{progress.stage}, loss {progress.loss:.3f}, {progress.rate:.1f} steps a second, {minutes}"
        self._show(what, progress.step, progress.steps)

    def warn(self, sentence: str) -> None:
        """Say what is doubtful."""
        warn(sentence)

    def __enter__(self) -> Self:
        self._show = self._bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)


def say_what_comes_next(run: Path) -> None:
    """Say that a training is done, and how to get a model file of it."""
    say(f"Trained. Next: brainsynth export {run} -o {run.name}.onnx")
