"""Write the values of one control into memory, frame by frame: each of its numbers is a lane of its own."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..model_file.controls import Control


class Lane(Protocol):
    """How one number moves."""

    target: float

    def move(self, value: float, at_once: bool) -> bool:
        """Go to a value, at once or as the scale has it; tell whether there is something to write."""
        ...

    def stand(self, value: float) -> None:
        """Take the value of the last frame, which somebody else wrote."""
        ...

    def write(self, row: NDArray[np.float32], frames: int) -> bool:
        """Write the next frames into `row`, of at least that length; True once all of it is at rest."""
        ...

    def reset(self) -> None:
        """End all movement."""
        ...


class RampLane:
    """A number that reaches each new value in a straight line.

    Parameters
    ----------
    value : float
        At the start.
    frames : int
        From one value to the next, at least 1.
    jumps : bool
        Whether it goes to each value at once instead.
    """

    def __init__(self, value: float, frames: int, jumps: bool) -> None:
        self.target = value
        self._start = value
        self._frames = frames
        self._jumps = jumps
        self._done = frames

    def move(self, value: float, at_once: bool) -> bool:
        """Go to a value from where the number is now."""
        if value == self.target:
            return False
        self._start = value if at_once or self._jumps else self._value
        self._done = self._frames if self._start == value else 0
        self.target = value
        return True

    def stand(self, value: float) -> None:
        """Stand at a value."""
        self.target = self._start = value
        self._done = self._frames

    def write(self, row: NDArray[np.float32], frames: int) -> bool:
        """Write the next frames; once the target stands in all of the row, give True."""
        if self._done >= self._frames:
            row.fill(self.target)
            return True
        # From the frame's number, not from the frame before, so that grouping frames into calls changes
        # nothing.
        steps = np.minimum(np.arange(self._done + 1, self._done + frames + 1), self._frames) / self._frames
        row[:frames] = self._start + (self.target - self._start) * steps
        self._done += frames
        return False

    def reset(self) -> None:
        """Stand at the target."""
        self.stand(self.target)

    @property
    def _value(self) -> float:
        """The value of the frame last written."""
        if self._done >= self._frames:
            return self.target
        return self._start + (self.target - self._start) * (self._done / self._frames)


class TriggerLane:
    """A number that is 0 but in single frames: each value other than 0 stands for the next frame still free.

    Values that come faster than frames wait for the frames after, so that none is lost.
    """

    target = 0.0

    def __init__(self) -> None:
        self._waiting: deque[float] = deque()

    def move(self, value: float, at_once: bool) -> bool:
        """Let a value stand for the next free frame; 0 stands for nothing."""
        if value:
            self._waiting.append(value)
        return bool(value)

    def stand(self, value: float) -> None:
        """Be 0 again, whatever the last frame was."""

    def write(self, row: NDArray[np.float32], frames: int) -> bool:
        """Write the next frames; once all of the row is 0, give True."""
        row.fill(0.0)
        count = min(frames, len(self._waiting))
        for index in range(count):
            row[index] = self._waiting.popleft()
        return count == 0

    def reset(self) -> None:
        """Forget the values that wait."""
        self._waiting.clear()


class ControlTrack:
    """All numbers of one control, and the memory in which a graph reads them.

    Parameters
    ----------
    control : Control
        Whose default holds at the start.
    ramp_frames : int
        Frames from an old value to a new one.
    maximum_frames : int
        The most frames in one call.
    """

    def __init__(self, control: Control, ramp_frames: int, maximum_frames: int) -> None:
        self._control = control
        self._memory = np.zeros(control.size * maximum_frames, dtype=np.float32)
        self._lanes: list[Lane] = [
            TriggerLane() if control.is_trigger else RampLane(default, ramp_frames, not control.is_ramped)
            for default in control.defaults
        ]
        self._moving = set(range(control.size))
        self._laid_out = 0

    @property
    def target(self) -> float | tuple[float, ...]:
        """Where it stands or moves to: a number, of a vector a tuple."""
        targets = tuple(lane.target for lane in self._lanes)
        return targets if self._control.is_vector else targets[0]

    def view(self, frames: int) -> NDArray[np.float32]:
        """Give the memory for calls of so many frames: (N,), of a vector (K, N), contiguous."""
        if not self._control.is_vector:
            return self._memory[:frames]
        return self._memory[: self._control.size * frames].reshape(-1, frames)

    def move(self, element: int, value: float, at_once: bool) -> None:
        """Send one number to a new value."""
        if self._lanes[element].move(value, at_once):
            self._moving.add(element)

    def stand(self, values: NDArray[np.float32]) -> None:
        """Take over the last values, (K,), of a curve."""
        for lane, value in zip(self._lanes, values.tolist(), strict=True):
            lane.stand(value)
        self._moving = set(range(self._control.size))

    def needs(self, frames: int) -> bool:
        """Tell whether the memory is not yet right for the next call."""
        if self._control.is_vector and frames != self._laid_out:
            # Each element's frames lie side by side, so that another number of frames moves them all.
            self._laid_out = frames
            self._moving.update(range(self._control.size))
        return bool(self._moving)

    def write(self, frames: int) -> bool:
        """Write the next frames; True once nothing moves any more."""
        rows = self.view(frames) if self._control.is_vector else [self._memory]
        self._moving = {index for index in self._moving if not self._lanes[index].write(rows[index], frames)}
        return not self._moving

    def write_curve(self, rows: NDArray[np.float32]) -> None:
        """Write given values of all numbers, (K, N), instead."""
        view = self.view(rows.shape[1])
        view[...] = rows if self._control.is_vector else rows[0]

    def reset(self) -> None:
        """End all movement, and write everything anew before the next frame."""
        for lane in self._lanes:
            lane.reset()
        self._moving = set(range(self._control.size))
