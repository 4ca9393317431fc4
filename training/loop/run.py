"""Run folders: a configuration, checkpoints that survive a crash, logs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import RunError


class Run:
    """A folder that holds one training run.

    ``config.json`` says what is trained, ``checkpoints/`` holds the last two checkpoints (safetensors), ``logs/`` is for
    TensorBoard. A checkpoint appears under its name only when it is whole, so a run can be killed at any time.

    Parameters
    ----------
    folder : Path
    config : dict
        Compared with the folder's own where there is one.

    Raises
    ------
    RunError
        If the folder belongs to a run with other settings, or is not a run.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.checkpoints, self.logs = folder / "checkpoints", folder / "logs"
        written = folder / "config.json"
        if written.is_file():
            self._compare(json.loads(written.read_text()), config)
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RunError(f"{folder} exists and is not a training run; choose another folder for --out.")
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            _write_whole(written, lambda path: path.write_text(json.dumps(config, indent=2) + "\n"))
        except OSError as error:
            raise RunError(
                f"{folder} cannot be written ({error.strerror}); choose another folder for --out."
            ) from error

    def _compare(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        changed = [k for k in now if k in before and before[k] != now[k]]
        if changed:
            what = ", ".join(f"{k} (was {before[k]}, now {now[k]})" for k in changed)
            raise RunError(
                f"{self.folder} was started with other settings: {what}; use them again or choose another --out."
            )

    def save(self, step: int, tensors: dict[str, Tensor], facts: dict[str, Any]) -> Path:
        """Write a checkpoint and drop all but the last two."""
        path = self.checkpoints / f"step_{step:07d}.safetensors"
        whole = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        _write_whole(
            path, lambda partial: save_file(whole, partial, {"facts": json.dumps({"step": step} | facts)})
        )
        for old in self._steps()[:-2]:
            old.unlink()
        return path

    def latest(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return the newest readable checkpoint and its facts, or None."""
        for path in reversed(self._steps()):
            try:
                return read_checkpoint(path)
            except RunError:
                path.unlink()  # not ours to trust; the one before is
        return None

    def _steps(self) -> list[Path]:
        return sorted(self.checkpoints.glob("step_*.safetensors"))


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read one checkpoint: tensors by name, and facts."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
        return load_file(path), facts
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path} is not a readable checkpoint ({error}).") from error


def open_run(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Any]]:
    """Return configuration, newest checkpoint's tensors and its facts of a run, for export.

    Raises
    ------
    RunError
        If the folder is not a run, or has no checkpoint yet.
    """
    written = folder / "config.json"
    if not written.is_file():
        raise RunError(
            f"{folder} is not a training run (no config.json); give a folder made by 'brainsynth train'."
        )
    for path in sorted((folder / "checkpoints").glob("step_*.safetensors"), reverse=True):
        tensors, facts = read_checkpoint(path)
        return json.loads(written.read_text()), tensors, facts
    raise RunError(f"{folder} has no checkpoint yet; let it train for a minute first.")


def _write_whole(path: Path, write: Any) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def optimiser_tensors(optimiser: torch.optim.Optimizer, names: dict[int, str]) -> dict[str, Tensor]:
    """Flatten an optimiser's state: ``optimiser.<parameter>.<entry>``; ``names`` by ``id`` of the parameter."""
    return {
        f"optimiser.{names[id(p)]}.{key}": value
        for p, entries in optimiser.state.items()
        for key, value in entries.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(
    optimiser: torch.optim.Optimizer, module: nn.Module, tensors: dict[str, Tensor]
) -> None:
    """Put flattened state back, each entry where its parameter lives."""
    for name, parameter in module.named_parameters():
        prefix = f"optimiser.{name}."
        entries = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        if entries:
            optimiser.state[parameter] = {
                k: v if k == "step" else v.to(parameter.device) for k, v in entries.items()
            }
