"""Trains a model of any family, or goes on with one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ..data.source import Source
from ..errors import MemoryShortageError, SettingsError, counted
from .family import Family
from .interruptions import Interruptions
from .length import Length
from .logs import Logs
from .report import Reporter, Silent
from .run import Run, begun_length, check_folder
from .run_lock import run_lock
from .session import Session
from .trainer import Trainer


def train(
    family: Family,
    source: Source,
    out: Path,
    settings: Any = None,
    size: Any = None,
    device: str | None = None,
    report: Reporter | None = None,
) -> Path:
    """Train a model, or go on with one, and return the run's folder.

    Stops cleanly on Ctrl-C (KeyboardInterrupt) and SIGTERM (SystemExit) with a checkpoint written, never in the middle of a
    step; calling it again goes on where it was, also after a kill. More steps than before lengthen a run.

    Parameters
    ----------
    family : Family
    source : Source
        What is learned from.
    out : Path
        The run's folder, new or begun with the same settings.
    settings, size : the family's dataclasses; their defaults if not given.
    device : "cpu", "cuda" (or one of several, "cuda:1") or None for CUDA where there is one.
    report : Reporter, optional
        Takes note of what goes on.

    Raises
    ------
    training.errors.TrainingError
        If there is nothing to learn from, the folder belongs to another run, or what is learned is no longer finite.
    """
    settings, size, report = settings or family.settings(), size or family.size(), report or Silent()
    torch.set_flush_denormal(True)  # numbers that are nearly zero cost many times as much
    device = _find_device(device)
    identity = {"family": family.name, **family.identify(source), **settings.identify()}
    with run_lock(out), Interruptions() as interruptions, _memory_shortage_in_words():
        before, done = begun_length(out) or (Length(settings.steps), 0)
        length = before.asked_for(settings.steps, done)
        settings = replace(settings, steps=length.begun)
        config = identity | {"settings": asdict(settings), "size": asdict(size)}
        run = Run(out, config | ({"lengthened": length.lengthened} if length.lengthened else {}))
        try:
            checkpoint = run.latest(report.warn)
            if checkpoint is not None and checkpoint.is_complete:
                return out
            data = family.prepare(replace(source, prepared=run.prepared()), settings, size, report)
            trainer: Trainer = family.make_trainer(data, settings, size, device)
            trainer.lengthen(length.steps)
            run.keep_prepared(getattr(data, "prepared", {}))
            if checkpoint is None:
                trainer.begin()
            else:
                trainer.restore(checkpoint.tensors, checkpoint.metadata)
                run.keep_config()
        except BaseException:
            run.discard_unless_learned()
            raise
        if length != before:
            report.warn(
                f"{out} is lengthened at step {done}, from {counted(before.steps, 'step')} to {length.steps}."
            )
        with closing(Logs(run.logs, trainer.done)) as logs:
            Session(family, data, trainer, run, report, checkpoint).go_on(logs, interruptions)
    return out


def check(
    family: Family, out: Path, settings: Any, size: Any, device: str | None, source: Mapping[str, Any]
) -> None:
    """Refuse what can be refused before there are any sounds to learn from, which may take minutes to render.

    Parameters
    ----------
    family, out, settings, size, device
        As of `train`.
    source : mapping
        What is known of the sounds, as config.json says it: ``synth_sha256``.

    Raises
    ------
    training.errors.TrainingError
        If there is no such device, or the folder belongs to another run or training.
    """
    _find_device(device)
    with run_lock(out):
        before, done = begun_length(out) or (Length(settings.steps), 0)
        settings = replace(settings, steps=before.asked_for(settings.steps, done).begun)
        check_folder(
            out, {"family": family.name, **source, "settings": asdict(settings), "size": asdict(size)}
        )


def _find_device(name: str | None) -> str:
    has_cuda = torch.cuda.is_available()
    if name is None:
        return "cuda" if has_cuda else "cpu"
    if name != "cpu" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise SettingsError(f"--device is {name!r}; needed is cpu or cuda.")
    if name != "cpu" and not has_cuda:
        raise SettingsError(
            f"--device is {name!r}, and PyTorch finds no CUDA here; leave it out, or take cpu."
        )
    return name


@contextmanager
def _memory_shortage_in_words() -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch's own error is a RuntimeError like any other.
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate" not in str(error):
            raise
        raise MemoryShortageError(
            "these settings need more memory than there is; make the batch, the excerpts or the sizes smaller."
        ) from error
