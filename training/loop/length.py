"""How many steps a run takes, and how it is lengthened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import RunError, counted


@dataclass(frozen=True)
class Length:
    """The steps of a run.

    Attributes
    ----------
    begun : int
        How many it was begun with.
    lengthened : tuple of (int, int)
        At which step it was lengthened, and to how many in all; as often as that happened.
    """

    begun: int
    lengthened: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Length:
        """Read it from a run's config.json.

        Raises
        ------
        RunError
            If that does not say it.
        """
        try:
            begun = config["settings"]["steps"]
        except KeyError as error:
            raise RunError(
                f"the run's config.json does not say its {error.args[0]}; choose another folder for --output."
            ) from error
        return cls(begun, tuple((at, to) for at, to in config.get("lengthened", ())))

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.lengthened[-1][1] if self.lengthened else self.begun

    def asked_for(self, steps: int, done: int) -> Length:
        """Give the length of a run that was begun with this one, when ``steps`` are asked for and ``done`` are done.

        Raises
        ------
        RunError
            If these are fewer than before.
        """
        if steps < self.steps:
            raise RunError(
                f"--steps is {steps}; the run has done {counted(done, 'step')} of {self.steps}, and can only be lengthened:"
                f" use --steps {self.steps} or more, export what it has learned, or choose another --output."
            )
        if steps == self.steps:
            return self
        return replace(self, lengthened=(*self.lengthened, (done, steps)))

    def __str__(self) -> str:
        later = "".join(f", lengthened to {to} at step {at}" for at, to in self.lengthened)
        return counted(self.steps, "step") + (f" (begun with {self.begun}{later})" if later else "")
