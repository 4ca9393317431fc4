"""Logs: TensorBoard shows what was measured, under its name and at its step."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.loop.logs import Logs, Measured, spectrogram_picture


def test_all_that_is_measured_is_shown(tmp_path: Path) -> None:
    ramp = torch.linspace(-2, 1, 100)
    with closing(Logs(tmp_path, 0)) as logs:
        logs.write_losses(3, {"loss": 0.5, "level": 0.25}, "learning", 7.0)
        logs.write_measured(
            4, Measured({"error/f0": 0.125}, {"mask": torch.eye(8)[None]}, {"tone": (ramp, 8000)})
        )
    log = EventAccumulator(str(tmp_path)).Reload()
    scalars = {name: [(e.step, e.value) for e in log.Scalars(name)] for name in log.Tags()["scalars"]}
    assert scalars == {
        "learning/loss": [(3, 0.5)],
        "learning/level": [(3, 0.25)],
        "steps_per_second": [(3, 7.0)],
        "error/f0": [(4, 0.125)],
    }
    (picture,), (sound,) = log.Images("mask"), log.Audio("tone")
    assert (picture.step, picture.width, picture.height, sound.step) == (4, 8, 8, 4)
    (tmp_path / "tone.wav").write_bytes(sound.encoded_audio_string)
    heard, rate = soundfile.read(tmp_path / "tone.wav")
    assert rate == 8000
    # Beyond full scale, it is as loud as can be.
    np.testing.assert_allclose(heard, ramp / 2, atol=1e-4)


@pytest.mark.parametrize(("level_db", "shade"), [(-19, 0.99), (-58, 0.5), (-97, 0.01), (-200, 0.0)])
def test_a_tone_is_a_line_at_its_frequency_as_bright_as_it_is_loud(level_db: float, shade: float) -> None:
    tone = 10 ** (level_db / 20) * torch.sin(2 * torch.pi * 100 / 1024 * torch.arange(8192))
    picture = spectrogram_picture(tone)[0]
    column = picture[:, picture.shape[1] // 2].numpy()
    assert column.shape == (256,)
    assert column[255 - 100] == pytest.approx(shade, abs=0.01)
    np.testing.assert_array_equal(np.delete(column, [154, 155, 156]), 0.0)
