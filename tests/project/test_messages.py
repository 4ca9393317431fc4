"""Messages count in good English: one channel, two channels."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import AudioFileError, StreamError, counted
from plugin_host.files.writer import AudioWriter

ROOT = Path(__file__).parents[2]
COUNTED_FROM_TWO = ("model_channels", "synth.channels")


def test_one_is_singular() -> None:
    assert [counted(number, "channel") for number in (0, 1, 2)] == ["0 channels", "1 channel", "2 channels"]
    assert counted(1, "sound is", "sounds are") == "1 sound is"
    assert counted(3, "sound is", "sounds are") == "3 sounds are"


def test_one_channel_is_no_channels(models: Path, tmp_path: Path) -> None:
    effect = NeuralEffect(models / "gain.onnx")
    effect.process(np.zeros((1, 64), np.float32), 48_000)
    with pytest.raises(StreamError, match="is playing 1 channel at 48000 Hz, and 2 channels at"):
        effect.process(np.zeros((2, 64), np.float32), 48_000, reset=False)
    with pytest.raises(AudioFileError, match="does not take 1 channel at 500000 Hz"):
        AudioWriter(tmp_path / "out.mp3", 500_000, 1, "MP3", "MPEG_LAYER_III")


def test_messages_count_channels_with_the_helper() -> None:
    wrong = re.compile(r"\{(?!counted)([^{}]+)\} channels")
    for package in ("plugin_host", "training", "export"):
        for path in (ROOT / package).rglob("*.py"):
            for found in wrong.findall(path.read_text(encoding="utf-8")):
                assert "MOST_CHANNELS" in found or found in COUNTED_FROM_TWO, f"{path.name}: {found}"
