"""The register that an instrument is known for, beside the range that its model was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .errors import RegisterError


def with_register(
    trained: Mapping[str, tuple[float, float, float]], register_hz: tuple[float, float]
) -> dict[str, tuple[float, float, float]]:
    """Add a register to the trained ranges: low, its middle on the scale of pitch, high.

    Raises
    ------
    RegisterError
        If the model has no pitch, or its own range has no part in the register.
    """
    if "f0_hz" not in trained:
        raise RegisterError(
            "this model was not trained on pitch, so it has no register; leave --register out"
        )
    low, high = register_hz
    middle = math.sqrt(low * high)
    if not trained["f0_hz"][0] <= middle <= trained["f0_hz"][2]:
        raise RegisterError(
            f"the middle of the register {low:g}-{high:g} Hz is {middle:.0f} Hz, and the recordings cover"
            f" {trained['f0_hz'][0]:.0f} to {trained['f0_hz'][2]:.0f} Hz; choose one that lies within"
        )
    return {**trained, "register_hz": (low, middle, high)}
