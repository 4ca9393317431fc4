"""Count what happens in a stream."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What has happened in a stream since it was made; `reset` leaves them alone.

    Parameters
    ----------
    blocks : int
        Blocks taken or given.
    late_blocks : int
        Those that took longer than the deadline.
    repaired_samples : int
        NaN and infinite input samples that were replaced by zeros.
    muted_blocks : int
        Calls of the graph whose output was not finite, each muted, with the model started again.
    """

    blocks: int = 0
    late_blocks: int = 0
    repaired_samples: int = 0
    muted_blocks: int = 0
