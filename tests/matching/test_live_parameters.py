"""Parameters estimated live: a dictionary per hop in Python, and an orchestra that plays them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from brainsynth import Model, Renderer
from tests.conftest import Command
from tests.support.sound_files import read_sound

pytestmark = pytest.mark.csound

CSD = Path(__file__).parents[2] / "csd" / "listen_and_play.csd"
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the orchestra, to which an end is put."""
    folder = tmp_path_factory.mktemp("live")
    text = CSD.read_text()
    assert "i 1 0 3600" in text
    (folder / CSD.name).write_text(text.replace("i 1 0 3600", "i 1 0 2.5"))
    return folder


def test_a_stream_gives_a_dictionary_for_every_hop() -> None:
    model = Model("fm")
    sound = Renderer("fm").render({"f0_hz": 300.0})
    stream = model.stream(RATE, 1, 256)
    analyzed = [stream.analyze(sound[:, start : start + 256]) for start in range(0, RATE, 256)]
    hops = [found["f0_hz"].shape[1] for found in analyzed]
    assert hops[:8] == [0, 0, 0, 1, 0, 0, 0, 1]
    names = {control.name for control in model.document.outputs}
    assert all(found.keys() == names for found in analyzed)
    course = np.concatenate([found["f0_hz"][0] for found in analyzed])
    assert len(np.unique(course)) > 20
    low, high = next((c.minimum, c.maximum) for c in model.document.outputs if c.name == "f0_hz")
    assert np.all((course >= low * 0.999) & (course <= high * 1.001))
    assert course[-1] == pytest.approx(300.0, rel=0.06)


def test_the_orchestra_plays_every_note_and_is_silent_between(brainsynth: Command, folder: Path) -> None:
    time = np.arange(int(2.5 * RATE)) / RATE
    sounding = ((time > 0.2) & (time < 0.8)) | ((time > 1.4) & (time < 2.0))
    # Edges of 5 ms.
    gate = np.convolve(sounding.astype(float), np.full(240, 1 / 240), "same")
    soundfile.write(folder / "in.wav", 0.3 * gate * np.sin(2 * np.pi * 220 * time), RATE)
    out = folder / "out.wav"
    done = brainsynth("csound", folder / CSD.name, "-i", folder / "in.wav", "-o", out, "-f", "-m0")
    assert done.code == 0, done.err
    sound, rate = read_sound(out)
    assert (rate, sound.shape[0]) == (RATE, 1)

    def level(first: float, last: float) -> float:
        return float(np.sqrt(np.mean(sound[0, int(first * RATE) : int(last * RATE)] ** 2)))

    assert level(0.4, 0.75) > 0.03
    assert level(1.6, 1.95) > 0.03
    assert max(level(0, 0.19), level(1.1, 1.35), level(2.3, 2.5)) < 0.002
    assert np.abs(sound).max() <= 1


def test_the_orchestra_plays_a_file_that_begins_at_once_and_ends_after_it(
    brainsynth: Command, tmp_path: Path
) -> None:
    time = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "in.wav", 0.3 * np.cos(2 * np.pi * 220 * time), RATE)
    out = tmp_path / "out.wav"
    done = brainsynth("csound", CSD, "-i", tmp_path / "in.wav", "-o", out, "-f", "-m0")
    assert done.code == 0, done.err
    sound, rate = read_sound(out)
    assert 10 < sound.shape[1] / rate < 13
    assert np.sqrt(np.mean(sound[0, int(0.3 * RATE) : int(0.9 * RATE)] ** 2)) > 0.03


def test_the_orchestra_names_the_parameters_of_the_synth() -> None:
    """It takes them by position, so that a synth with others is one that it does not know."""
    order = "kattack, kdecay, kf0, kindex, kfall, kstays, klevel, kratio"
    assert order in CSD.read_text()
    names = [control.name for control in Model("fm").document.outputs]
    assert names == [
        "attack_s", "decay_s", "f0_hz", "index", "index_decay_s", "index_sustain", "level_db", "ratio",
        "confidence",
    ]  # fmt: skip
