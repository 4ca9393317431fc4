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
from safetensors.torch import load_file, save
from torch import Tensor

from ..errors import CheckpointError, RunError, UnwritableError, counted
from .length import Length

METADATA_KEY = "facts"
"""Under which a checkpoint keeps what it says beside its tensors, since the first version."""

CHECKPOINTS = "step_*.safetensors"

NOT_COMPARED = frozenset({"lengthened", "disk_limit_gb"})
"""What may change in config.json from one call to the next; of a limit counts what follows from it."""

DECIDED_IN = "decided_in"
"""Under which config.json names the file of what was decided of the data, so that its loss is seen; not in early runs."""

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
        ``step``, how many are done; ``figures``, what was measured last; ``measured_at``, at which step; and what the
        family's data said of itself.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]
    metadata: dict[str, Any]

    @property
    def measured_at(self) -> int:
        """The step at which its figures were measured, 0 without figures."""
        # Earlier versions did not say, and measured before they saved.
        return self.metadata.get("measured_at", self.metadata["step"] if self.metadata.get("figures") else 0)

    @property
    def is_complete(self) -> bool:
        """Whether all steps are done, and measured."""
        return self.metadata["step"] == self.measured_at == Length.of(self.config).steps


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
    UnwritableError
        If it cannot be written.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder, self.config = folder, config
        self.checkpoints, self.logs = folder / "checkpoints", folder / "logs"
        decided = folder / "data.json"
        self._prepared: dict[str, Any] | None = None
        now = config
        begun = check_folder(folder, config)
        if begun is not None:
            now = begun
            if DECIDED_IN in now and not decided.is_file():
                raise RunError(
                    f"{decided} is missing, which says what the run holds out; put it back or choose another --output."
                )
            self._decide(_read_json(decided) if decided.is_file() else {})
        self._write_json(
            "config.json", now
        )  # also where it stays as it is: whether it can be written is known at once
        for left in self.checkpoints.glob(".*.partial"):
            left.unlink(missing_ok=True)  # by a process that was killed

    def keep_config(self) -> None:
        """Write down what is trained, for how long, where a run goes on: when nothing can refuse it any more."""
        self._write_json("config.json", self.config)

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            _write_whole(self.folder / name, json.dumps(content, indent=2).encode() + b"\n")
        except OSError as error:
            raise UnwritableError(
                f"{self.folder} cannot be written ({error.strerror}); choose another folder for --output."
            ) from error

    def prepared(self) -> dict[str, Any] | None:
        """What was decided of the data when the run began, empty if it does not say; None if nothing was learned yet."""
        return self._prepared

    def keep_prepared(self, prepared: Mapping[str, Any]) -> None:
        """Keep what was decided of the data, for as long as the run goes on."""
        # What a run of an earlier version goes on with is not written down: it did not decide it.
        if prepared and self.prepared() is None:
            self._decide(prepared)
            self._write_json("data.json", prepared)
            self.keep_config()

    def _decide(self, prepared: Mapping[str, Any]) -> None:
        self._prepared = dict(prepared)
        if prepared:
            self.config = self.config | {DECIDED_IN: "data.json"}

    def discard_unless_learned(self) -> None:
        """Remove the folder if no checkpoint was written, so that a run that was refused leaves nothing behind."""
        # Logs are there if an earlier process was killed before its first checkpoint: such a run stays a run.
        if _checkpoints(self.folder) or self.logs.exists():
            return
        with contextlib.suppress(OSError):
            (self.folder / "config.json").unlink()
            (self.folder / "data.json").unlink(missing_ok=True)
            self.checkpoints.rmdir()
            self.folder.rmdir()

    def save(self, step: int, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Path:
        """Write a checkpoint and drop all but the last two.

        Raises
        ------
        UnwritableError
            If it cannot be written; those that are there stay.
        """
        path = self.checkpoints / f"step_{step:07d}.safetensors"
        whole = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        said = {METADATA_KEY: json.dumps({"step": step, **metadata})}
        if not self.checkpoints.is_dir():
            # The folder was removed meanwhile, by which hardly what is being learned was meant.
            self.keep_config()
            if self._prepared:
                self._write_json("data.json", self._prepared)
        try:
            _write_whole(path, save(whole, said))
        except OSError as error:
            raise UnwritableError(
                f"{path} cannot be written ({error.strerror}); make room there, and the same command goes on."
            ) from error
        for old in _checkpoints(self.folder)[:-2]:
            old.unlink(missing_ok=True)
        return path

    def newest_step(self) -> int | None:
        """Give the step of the newest checkpoint, None without one."""
        return _newest_step(self.folder)

    def latest(self, warn: Callable[[str], None] = lambda _: None) -> Checkpoint | None:
        """Return the newest readable checkpoint; None if there is none at all. Damaged ones are renamed.

        Parameters
        ----------
        warn : callable
            Called with a sentence if it is not the newest.

        Raises
        ------
        CheckpointError
            If none can be read.
        """
        if not _checkpoints(self.folder):
            return None
        checkpoint, damaged = _newest_readable(self.folder, self.config, warn)
        for path in damaged:
            path.rename(path.with_suffix(".damaged"))
        return checkpoint


def check_folder(folder: Path, config: dict[str, Any]) -> dict[str, Any] | None:
    """Refuse a folder in which what is asked for cannot be trained, and change nothing.

    Parameters
    ----------
    folder : Path
    config : dict
        What is asked for, or a part of it: what is not there is not compared.

    Returns
    -------
    dict or None
        The run's config.json, None where nothing was learned yet.

    Raises
    ------
    RunError
        If the folder belongs to a run with other settings, or is not a run.
    """
    written = folder / "config.json"
    if written.is_file() and _checkpoints(folder):
        before = _read_config(written)
        _compare(folder, before, json.loads(json.dumps(config)))
        return before
    if not written.is_file() and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists and is not a training run; choose another folder for --output.")
    return None


def _compare(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    if _differ(before, now, "synth_sha256"):
        # In a few words what a list of all parameters would say.
        raise RunError(
            f"{folder} was begun with another synth, or another version of it ({before.get('synth')}),"
            f" than {now.get('synth')}; choose another --output."
        )
    if now.get("endless") and (_differ(before, now, "endless") or _differ(before, now, "sounds")):
        raise RunError(
            f"{folder} was begun with {_sounds_of(before)}, and now it would go on with {_sounds_of(now)};"
            " give the same again or choose another --output."
        )
    if "found" in now and before.get("found", 0) != now["found"]:
        was = counted(before.get("found", 0), "recording")
        raise RunError(
            f"{folder} was begun with {was} whose parameters were found (--found), and now there are {now['found']}; give"
            " the same again or choose another --output."
        )
    compared = {
        "recordings_sha256": f"recordings of {now.get('recordings')}",
        "sounds_sha256": f"sounds of {now.get('synth')}",
        "audio_sha256": f"sounds of {now.get('synth')}",
        "found_sha256": "found parameters of recordings",
        "found_audio_sha256": "recordings of --found",
        "weights_sha256": f"weights of {now.get('settings', {}).get('begin')}",
    }
    for key, what in compared.items():
        if _differ(before, now, key):
            raise RunError(
                f"the {what} are not those that {folder} was begun with; put them back or choose"
                " another --output."
            )
    # The same files may lie elsewhere now. Runs of earlier versions know no more of them than where they lay.
    known = {"recordings_sha256": "recordings", "weights_sha256": "settings.begin"}
    same = {path for key, path in known.items() if key in before.keys() & now.keys()}
    changed = _changes(before, now, NOT_COMPARED | same)
    if changed:
        raise RunError(
            f"{folder} was started with other settings: {', '.join(changed)}; use them again or choose"
            " another --output."
        )


def begun_length(folder: Path) -> tuple[Length, int] | None:
    """Give the length of the run in a folder, and the steps of its newest checkpoint; None where nothing was learned.

    Raises
    ------
    RunError
        If its config.json cannot be read.
    """
    step = _newest_step(folder)
    if step is None or not (folder / "config.json").is_file():
        return None
    config = _read_config(folder / "config.json")
    return Length.of(config), step


def open_run(folder: Path, warn: Callable[[str], None] = lambda _: None) -> Checkpoint:
    """Return a run's newest readable checkpoint, for export.

    Parameters
    ----------
    folder : Path
    warn : callable
        Called with a sentence if it is not the newest.

    Raises
    ------
    RunError
        If the folder is not a run, or has no checkpoint yet.
    CheckpointError
        If none can be read.
    """
    written = folder / "config.json"
    if not written.is_file():
        raise RunError(
            f"{folder} is not a training run (no config.json); give a folder made by 'brainsynth train'."
        )
    if not _checkpoints(folder):
        raise RunError(f"{folder} has no checkpoint yet; let it train for a minute first.")
    return _newest_readable(folder, _read_config(written), warn)[0]


def _checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / "checkpoints").glob(CHECKPOINTS))


def _newest_step(folder: Path) -> int | None:
    found = _checkpoints(folder)
    return int(found[-1].stem.removeprefix("step_")) if found else None


def _newest_readable(
    folder: Path, config: dict[str, Any], warn: Callable[[str], None]
) -> tuple[Checkpoint, list[Path]]:
    """Give the newest checkpoint that can be read, and those that are newer and damaged."""
    damaged: dict[Path, str] = {}
    for path in reversed(_checkpoints(folder)):
        try:
            checkpoint = Checkpoint(config, *_read_checkpoint(path))
        except CheckpointError as error:
            damaged[path] = str(error)
            continue
        for sentence in damaged.values():
            warn(f"{sentence} That of step {checkpoint.metadata['step']} is taken.")
        return checkpoint, list(damaged)
    raise CheckpointError(
        f"{folder} has no checkpoint that can be read: {' '.join(damaged.values())} Choose another --output to begin anew."
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); choose another folder for --output.") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} is not what a training run writes; choose another folder for --output.")
    return content


def _read_config(path: Path) -> dict[str, Any]:
    config = _read_json(path)
    family = config.get("family")
    return config | ({"family": RENAMED_FAMILIES[family]} if family in RENAMED_FAMILIES else {})


def _read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
        tensors = load_file(path)
    except OSError as error:
        # It may be whole: nothing older may take its place.
        raise RunError(f"{path} cannot be read ({error.strerror}); make it readable.") from error
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"{path} is a damaged checkpoint ({error}).") from error
    if not isinstance(metadata.get("step"), int):
        raise CheckpointError(f"{path} does not say of which step it is.")
    broken = next((name for name, value in tensors.items() if value.isnan().any()), None)
    if broken is not None:
        raise CheckpointError(f"{path} holds numbers that are none ({broken}).")
    return tensors, _with_figures(metadata)


def _with_figures(metadata: dict[str, Any]) -> dict[str, Any]:
    """Give the figures of checkpoints of the first version the names that they have now."""
    if "errors" not in metadata:
        return metadata
    errors = {f"error/{name}": value for name, value in metadata["errors"].items()}
    return {k: v for k, v in metadata.items() if k not in ("errors", "held_out")} | {"figures": errors}


def _differ(before: dict[str, Any], now: dict[str, Any], key: str) -> bool:
    return key in before and key in now and before[key] != now[key]


def _sounds_of(config: dict[str, Any]) -> str:
    """Say where a run's sounds come from, as it is asked for."""
    if not config.get("endless"):
        return "a data set"
    limit = config.get("disk_limit_gb")
    asked = "" if limit is None else f" (--disk-limit {limit})"
    return f"batches of {counted(config['endless'], 'sound')}{asked}"


def _changes(
    before: dict[str, Any], now: dict[str, Any], leaving_out: frozenset[str] = frozenset(), within: str = ""
) -> list[str]:
    """Name what differs; what only one of them has is not compared, so that a family may gain a setting."""
    changed = []
    for key in (k for k in now if f"{within}{k}" not in leaving_out and _differ(before, now, k)):
        was, is_now = before[key], now[key]
        if isinstance(was, dict) and isinstance(is_now, dict):
            changed += _changes(was, is_now, leaving_out, f"{within}{key}.")
        else:
            changed.append(f"{within}{key} (was {was}, now {is_now})")
    return changed


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
