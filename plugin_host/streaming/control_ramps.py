"""Move a model's controls frame by frame: straight lines, jumps, triggers of one frame, and given curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control
from .control_lanes import ControlTrack
from .control_values import check_curve, check_numbers, check_value, find_control

RAMP_SECONDS = 0.02


class ControlRamps:
    """The values of all controls of one stream, frame by frame, in memory that graphs can be bound to.

    A new value is reached in a straight line over `ramp_frames` frames, however the frames are grouped into
    calls; integers, choices and seeds jump; the value of a trigger stands for one frame. What is set before
    the first frame holds from the start.

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
    controls : dict of str to Control
        By name.
    is_moving : bool
        Whether the memory has to be written before the next frames, by `advance`.
    differ_by_channel : bool
        Whether the values last advanced to differ between channels, so that `load_channel` is needed.
    """

    def __init__(self, controls: Iterable[Control], ramp_frames: int, maximum_frames: int) -> None:
        self.controls = {control.name: control for control in controls}
        self._tracks = {
            name: ControlTrack(control, ramp_frames, maximum_frames)
            for name, control in self.controls.items()
        }
        # Where the elements of a vector lie depends on the number of frames, so that it is always looked at.
        self._has_vectors = any(control.is_vector for control in self.controls.values())
        self._automation: dict[str, NDArray[np.float32]] = {}
        self._automated_frames = 0
        self._frames = 0
        self._moving: list[ControlTrack] = []
        self.differ_by_channel = False
        self.reset()

    @property
    def targets(self) -> dict[str, float | tuple[float, ...]]:
        """The value that each control has or is moving to: a number, of a vector a tuple; 0 for a trigger."""
        return {name: track.target for name, track in self._tracks.items()}

    def memory(self, name: str, frames: int) -> NDArray[np.float32]:
        """Give the memory, contiguous, of a control's values in calls of some frames: (N,), or (K, N)."""
        return self._tracks[name].view(frames)

    def reset(self) -> None:
        """End all movement: every control stands at its target, and what is set next holds from the start."""
        self._automation = {}
        self.differ_by_channel = False
        self._has_started = False
        for track in self._tracks.values():
            track.reset()
        self._moving = list(self._tracks.values())
        self.is_moving = bool(self._moving)

    def set(self, values: Mapping[str, object], owner: str) -> None:
        """Move controls, or elements of them, to new values; all are checked first. Raises ControlError."""
        for name, numbers in self.check(values, owner).items():
            control, element = find_control(name, self.controls, owner)
            track = self._tracks[control.name]
            for index, number in enumerate(numbers, start=element or 0):
                track.move(index, number, at_once=not self._has_started)
            self._watch(track)

    def check(self, values: Mapping[str, object], owner: str) -> dict[str, tuple[float, ...]]:
        """Give the numbers for values by name of a control or element, or raise ControlError."""
        found: dict[str, tuple[float, ...]] = {}
        for name, value in values.items():
            control, element = find_control(name, self.controls, owner)
            found[name] = (
                check_numbers(control, value) if element is None else (check_value(control, value, name),)
            )
        return found

    def automate(self, values: Mapping[str, object], frames: int, channels: int, owner: str) -> None:
        """Give the next frames of some controls value by value.

        Parameters
        ----------
        values : mapping of str to array
            (N,) for all channels or (C, N) for each; of a vector of K, (K, N) or (C, K, N).
        frames, channels : int
            N and C.

        Raises
        ------
        ControlError
            For an unknown name, another shape, or a value that is out of range or not finite.
        """
        automation: dict[str, NDArray[np.float32]] = {}
        for name, value in values.items():
            control, _ = find_control(name, self.controls, owner)
            automation[control.name] = check_curve(control, value, frames, channels)
        self._automation = automation if frames else {}
        self.differ_by_channel = any(len(rows) > 1 for rows in self._automation.values())
        self._automated_frames = 0
        self.is_moving = self.is_moving or bool(self._automation)

    def advance(self, frames: int) -> None:
        """Write the values of the next `frames` frames into the memory for that many."""
        self._has_started = True
        if self._has_vectors:
            self._moving = [track for track in self._tracks.values() if track.needs(frames)]
        if self._moving:
            self._moving = [track for track in self._moving if not track.write(frames)]
        if self._automation:
            self._advance_automation(frames)
        self.is_moving = bool(self._moving or self._automation) or self._has_vectors

    def load_channel(self, channel: int) -> None:
        """Write one channel's values of the frames last advanced to, if `automate` gave some."""
        start, end = self._automated_frames - self._frames, self._automated_frames
        for name, rows in self._automation.items():
            if len(rows) > 1:
                self._tracks[name].write_curve(rows[channel, :, start:end])

    def finish_automation(self) -> None:
        """Let every automated control stand at its last value; a trigger goes back to 0."""
        for name, rows in self._automation.items():
            track = self._tracks[name]
            track.stand(rows[0, :, -1])
            self._watch(track)
        self._automation = {}
        self.differ_by_channel = False

    def _watch(self, track: ControlTrack) -> None:
        if track not in self._moving:
            self._moving.append(track)
        self.is_moving = True

    def _advance_automation(self, frames: int) -> None:
        self._frames = frames
        start, self._automated_frames = self._automated_frames, self._automated_frames + frames
        for name, rows in self._automation.items():
            self._tracks[name].write_curve(rows[0, :, start : self._automated_frames])
