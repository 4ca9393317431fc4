"""The pitch tracker as it comes with the package: trained."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file

from .tracker import PitchAnalyzer

WEIGHTS = Path(__file__).with_name("weights") / "pitch.safetensors"


def load_analyzer() -> PitchAnalyzer:
    """Return the trained pitch and loudness analyzer."""
    analyzer = PitchAnalyzer()
    analyzer.tracker.pitch.load_state_dict(load_file(WEIGHTS))
    return analyzer.eval()
