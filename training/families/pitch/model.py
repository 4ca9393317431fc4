"""The models of the family: a pitch network of any size, and the analyzer that is exported with it.

The network itself is in `training.analysis`, where other families find it with the bundled weights.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ...analysis.pitch_network import PitchNetwork
from ...analysis.tracker import PitchAnalyzer
from .settings import PitchSize

SAMPLE_RATE, HOP_LENGTH = 12000, 32
"""What the network is given: the tracker decimates a hop of 128 samples at 48 kHz to this."""


def new_network(size: PitchSize) -> PitchNetwork:
    """Make the network that is trained, with new weights."""
    return PitchNetwork(HOP_LENGTH, size.width, size.hidden)


def analyzer_of(size: PitchSize, weights: Mapping[str, Tensor]) -> PitchAnalyzer:
    """Make the analyzer of pitch, voicing and loudness around a network with these weights."""
    analyzer = PitchAnalyzer()
    analyzer.tracker.pitch = new_network(size)
    analyzer.tracker.pitch.load_state_dict(weights)
    return analyzer
