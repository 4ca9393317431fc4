"""Check the values of a model's controls and move them smoothly, frame by frame."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..errors import ControlError
from ..model_file.controls import Control, Scale

RAMP_SECONDS = 0.02


def check_name(name: str, known: Iterable[str], owner: str) -> None:
    """Raise ControlError, with the name that was probably meant, unless `name` is one of `known`."""
    names = list(known)
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1)
    listed = f"it has {', '.join(names)}" if names else "it has no controls"
    hint = f"did you mean {near[0]!r}?" if near else listed
    raise ControlError(f"{owner} has no control {name!r}: {hint}")


def check_value(control: Control, value: object) -> float:
    """Turn a value into the number the graph takes.

    Parameters
    ----------
    control : Control
        What the value is for.
    value : float, int or str
        In the control's unit. A word is taken for a choice, where it is one of its `choices`.

    Raises
    ------
    ControlError
        If it is no finite number, out of range, or no whole number where the scale needs one.
    """
    if control.scale is Scale.CHOICE and isinstance(value, str):
        if value in control.choices:
            return float(control.choices.index(value))
        raise ControlError(
            f"{control.name} is {value!r}: choose one of {', '.join(map(repr, control.choices))}"
        )
    if not isinstance(value, SupportsFloat) or isinstance(value, bool) or np.ndim(value):  # pyright: ignore
        raise ControlError(f"{control.name} is {value!r}, needed is a number {describe_range(control)}")
    number = float(value)
    # A float32 just above a maximum that float32 cannot represent is that maximum.
    slack = 1e-6 * (control.maximum - control.minimum)
    if not control.minimum - slack <= number <= control.maximum + slack:
        raise ControlError(f"{control.name} is {number:g}, needed is a number {describe_range(control)}")
    if control.is_stepped and number != round(number):
        raise ControlError(
            f"{control.name} is {number:g}, needed is a whole number {describe_range(control)}"
        )
    return min(max(number, control.minimum), control.maximum)


def describe_range(control: Control) -> str:
    """Write the range with its unit: ``from -24 to 24 semitones``."""
    if control.scale is Scale.CHOICE:
        return f"from 0 to {control.maximum:g} ({', '.join(control.choices)})"
    return f"from {control.minimum:g} to {control.maximum:g} {control.unit}".rstrip()


class ControlRamps:
    """The values of all controls of one stream, frame by frame, in memory that graphs can be bound to.

    A new value is reached in a straight line over `ramp_frames` frames, however the frames are grouped into
    calls; integers and choices jump. What is set before the first frame holds from the start.

    Parameters
    ----------
    controls : iterable of Control
        Those of the model. Each starts at its default.
    ramp_frames : int
        Frames from the old value to the new, at least 1.
    maximum_frames : int
        The most frames in one call.

    Attributes
    ----------
    buffers : dict of str to array
        The values of each control in the frames last advanced to, in the first places.
    differ_by_channel : bool
        Whether those differ between channels, so that `load_channel` is needed.
    """

    def __init__(self, controls: Iterable[Control], ramp_frames: int, maximum_frames: int) -> None:
        self.controls = {control.name: control for control in controls}
        self.buffers = {name: np.zeros(maximum_frames, dtype=np.float32) for name in self.controls}
        self._ramp_frames = ramp_frames
        self._targets = {name: control.defaults[0] for name, control in self.controls.items()}
        self._moving: dict[str, _Ramp] = {}
        self._automation: dict[str, NDArray[np.float32]] = {}
        self.differ_by_channel = False
        self._automated_frames = 0
        self._frames = 0
        self.reset()

    @property
    def targets(self) -> dict[str, float]:
        """The value that each control has or is moving to."""
        return dict(self._targets)

    def reset(self) -> None:
        """End all movement: every control stands at its target, and what is set next holds from the start."""
        self._automation = {}
        self.differ_by_channel = False
        self._has_started = False
        self._moving = {
            name: _Ramp(target, target, self._ramp_frames) for name, target in self._targets.items()
        }

    def set(self, values: Mapping[str, object], owner: str) -> None:
        """Move controls to new values; all are checked before any is changed. Raises ControlError."""
        numbers = self.check(values, owner)
        for name, target in numbers.items():
            if target == self._targets[name]:
                continue
            jumps = not self._has_started or self.controls[name].is_stepped
            ramp = self._moving.get(name)
            start = target if jumps else (ramp.value if ramp else self._targets[name])
            self._moving[name] = _Ramp(start, target, self._ramp_frames)
            self._targets[name] = target

    def check(self, values: Mapping[str, object], owner: str) -> dict[str, float]:
        """Give the numbers for values by name, or raise ControlError."""
        for name in values:
            check_name(name, self.controls, owner)
        return {name: check_value(self.controls[name], value) for name, value in values.items()}

    def automate(self, values: Mapping[str, object], frames: int, channels: int, owner: str) -> None:
        """Give the next frames of some controls value by value.

        Parameters
        ----------
        values : mapping of str to array
            (N,) for all channels or (C, N) for each.
        frames, channels : int
            N and C.

        Raises
        ------
        ControlError
            For an unknown name, another shape, or a value that is out of range or not finite.
        """
        automation: dict[str, NDArray[np.float32]] = {}
        for name, value in values.items():
            check_name(name, self.controls, owner)
            automation[name] = _check_curve(self.controls[name], value, frames, channels)
        self._automation = automation if frames else {}
        self.differ_by_channel = any(len(rows) > 1 for rows in self._automation.values())
        self._automated_frames = 0

    def advance(self, frames: int) -> None:
        """Write the values of the next `frames` frames into the first places of `buffers`."""
        self._has_started = True
        if self._moving:
            for name, ramp in list(self._moving.items()):
                if ramp.write(self.buffers[name], frames):
                    del self._moving[name]
        if self._automation:
            self._advance_automation(frames)

    def load_channel(self, channel: int) -> None:
        """Write one channel's values of the frames last advanced to, if `automate` gave some."""
        for name, rows in self._automation.items():
            if len(rows) > 1:
                part = rows[channel, self._automated_frames - self._frames : self._automated_frames]
                self.buffers[name][: len(part)] = part

    def finish_automation(self) -> None:
        """Let every automated control stand at its last value."""
        if not self._automation:
            return
        for name, rows in self._automation.items():
            self._targets[name] = float(rows[0, -1])
            self._moving[name] = _Ramp(self._targets[name], self._targets[name], self._ramp_frames)
        self._automation = {}
        self.differ_by_channel = False

    def _advance_automation(self, frames: int) -> None:
        self._frames = frames
        start, self._automated_frames = self._automated_frames, self._automated_frames + frames
        for name, rows in self._automation.items():
            self.buffers[name][:frames] = rows[0, start : self._automated_frames]


class _Ramp:
    """A straight line from `start`, which was the value one frame ago, to `target`."""

    def __init__(self, start: float, target: float, frames: int) -> None:
        self._start = start
        self._target = target
        self._frames = frames
        self._done = 0 if start != target else frames

    @property
    def value(self) -> float:
        """The value of the frame last written."""
        return self._start + (self._target - self._start) * (self._done / self._frames)

    def write(self, buffer: NDArray[np.float32], frames: int) -> bool:
        """Write the next frames; once the target stands in all of the buffer, give True."""
        if self._done >= self._frames:
            buffer.fill(self._target)
            return True
        # From the frame's number, not from the frame before, so that grouping frames into calls changes
        # nothing.
        steps = np.minimum(np.arange(self._done + 1, self._done + frames + 1), self._frames) / self._frames
        buffer[:frames] = self._start + (self._target - self._start) * steps
        self._done += frames
        return False


def _check_curve(control: Control, value: object, frames: int, channels: int) -> NDArray[np.float32]:
    try:
        curve = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ControlError(f"{control.name} is no array of numbers; give one number a frame") from error
    if curve.shape not in ((frames,), (channels, frames)):
        raise ControlError(
            f"{control.name} has shape {curve.shape}, needed is one value a frame: ({frames},) for all "
            f"channels or ({channels}, {frames}) for each"
        )
    if frames == 0:
        return curve
    low, high = np.float32(control.minimum), np.float32(control.maximum)
    if not (math.isfinite(float(curve.sum())) and low <= curve.min() and curve.max() <= high):
        raise ControlError(
            f"{control.name} goes from {curve.min():g} to {curve.max():g}, needed are numbers "
            f"{describe_range(control)}"
        )
    if control.is_stepped and (curve != np.rint(curve)).any():
        raise ControlError(f"{control.name} has values between whole numbers, needed are whole numbers")
    return curve.reshape(-1, frames)
