"""Run folders: a configuration, checkpoints that survive a crash, logs."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import RunError

METADATA_KEY = "facts"
"""Under which a checkpoint keeps what it says beside its tensors, since the first version."""

RENAMED_FAMILIES = {"ar": "lpc"}
"""Families by the names that run folders of earlier versions call them."""


@dataclass(frozen=True)
class Checkpoint:
    """What a run has learned so far.

    Attributes
    ----------
    config : dict
        The run's config.json.
    tensors : dict of str to Tensor
        See `training.loop.trainer.Trainer.tensors`.
    metadata : dict
        ``step``, how many are done; ``figures``, what was measured last; and what the family's data said of itself.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


class Run:
    """A folder that holds one training run.

    ``config.json`` says what is trained, ``data.json`` what was decided of the data when the run began, ``checkpoints/``
    holds the last two checkpoints (safetensors), ``logs/`` is for TensorBoard. A checkpoint appears under its name only when
    it is whole, so a run can be killed at any time.

    Parameters
    ----------
    folder : Path
    config : dict
        Compared with the folder's own where something was learned there; else the run begins anew.

    Raises
    ------
    RunError
        If the folder belongs to a run with other settings, or is not a run.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder, self.config = folder, config
        self.checkpoints, self.logs = folder / "checkpoints", folder / "logs"
        self._data = folder / "data.json"
        written = folder / "config.json"
        if written.is_file():
            if self._steps():
                self._compare(_read_config(written), json.loads(json.dumps(config)))
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
        if _differ(before, now, "synth_sha256"):
            # In a few words what a list of all parameters would say.
            raise RunError(
                f"{self.folder} was begun with another synth, or another version of it ({before.get('synth')}),"
                f" than {now.get('synth')}; choose another --out."
            )
        if _differ(before, now, "recordings_sha256") and not _differ(before, now, "recordings"):
            raise RunError(
                f"the recordings in {now.get('recordings')} are not those that {self.folder} was begun with;"
                " put them back or choose another --out."
            )
        changed = _changes(before, now)
        if changed:
            raise RunError(
                f"{self.folder} was started with other settings: {', '.join(changed)}; use them again or choose"
                " another --out."
            )

    def prepared(self) -> dict[str, Any] | None:
        """What was decided of the data when the run began, empty if it does not say; None if nothing was learned yet.

        Raises
        ------
        RunError
            If it cannot be read.
        """
        if not self._steps():
            return None
        return _read_json(self._data) if self._data.is_file() else {}

    def keep_prepared(self, prepared: Mapping[str, Any]) -> None:
        """Keep what was decided of the data, for as long as the run goes on."""
        # What a run of an earlier version goes on with is not written down: it did not decide it.
        if prepared and self.prepared() is None:
            _write_whole(self._data, lambda path: path.write_text(json.dumps(prepared, indent=2) + "\n"))

    def discard_unless_learned(self) -> None:
        """Remove the folder if no checkpoint was written, so that a run that was refused leaves nothing behind."""
        # Logs are there if an earlier process was killed before its first checkpoint: such a run stays a run.
        if self._steps() or self.logs.exists():
            return
        with contextlib.suppress(OSError):
            (self.folder / "config.json").unlink()
            self._data.unlink(missing_ok=True)
            self.checkpoints.rmdir()
            self.folder.rmdir()

    def save(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Path:
        """Write a checkpoint and drop all but the last two."""
        path = self.checkpoints / f"step_{step:07d}.safetensors"
        whole = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        said = {METADATA_KEY: json.dumps({"step": step, **metadata})}
        _write_whole(path, lambda partial: save_file(whole, partial, said))
        for old in self._steps()[:-2]:
            old.unlink()
        return path

    def latest(self) -> Checkpoint | None:
        """Return the newest readable checkpoint, or None."""
        for path in reversed(self._steps()):
            try:
                return Checkpoint(self.config, *_read_checkpoint(path))
            except RunError:
                path.unlink()  # cut short by a crash; the one before it is whole
        return None

    def _steps(self) -> list[Path]:
        return sorted(self.checkpoints.glob("step_*.safetensors"))


def open_run(folder: Path) -> Checkpoint:
    """Return a run's newest checkpoint, for export.

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
    found = sorted((folder / "checkpoints").glob("step_*.safetensors"))
    if not found:
        raise RunError(f"{folder} has no checkpoint yet; let it train for a minute first.")
    return Checkpoint(_read_config(written), *_read_checkpoint(found[-1]))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); choose another folder for --out.") from error


def _read_config(path: Path) -> dict[str, Any]:
    config = _read_json(path)
    family = config.get("family")
    return config | ({"family": RENAMED_FAMILIES[family]} if family in RENAMED_FAMILIES else {})


def _read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
        return load_file(path), _with_figures(metadata)
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path} is not a readable checkpoint ({error}).") from error


def _with_figures(metadata: dict[str, Any]) -> dict[str, Any]:
    """Give the figures of checkpoints of the first version the names that they have now."""
    if "errors" not in metadata:
        return metadata
    errors = {f"error/{name}": value for name, value in metadata["errors"].items()}
    return {k: v for k, v in metadata.items() if k not in ("errors", "held_out")} | {"figures": errors}


def _differ(before: dict[str, Any], now: dict[str, Any], key: str) -> bool:
    return key in before and key in now and before[key] != now[key]


def _changes(before: dict[str, Any], now: dict[str, Any], within: str = "") -> list[str]:
    """Name what differs; what only one of them has is not compared, so that a family may gain a setting."""
    changed = []
    for key in (k for k in now if _differ(before, now, k)):
        was, is_now = before[key], now[key]
        if isinstance(was, dict) and isinstance(is_now, dict):
            changed += _changes(was, is_now, f"{within}{key}.")
        else:
            changed.append(f"{within}{key} (was {was}, now {is_now})")
    return changed


def _write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
