"""The bundled synths are instruments: every parameter is audible, presets fit, and they can be played live."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from brainsynth import Renderer
from plugin_host.csound.load_csound import load_csound
from plugin_host.model_file.controls import Scale
from plugin_host.synths.preset import find_presets

NAMES = ("additive", "bell", "drum", "fm", "large", "string", "subtractive", "voice")
SYNTHS = Path(__file__).parents[2] / "csd" / "synths"


@cache
def renderer_of(name: str) -> Renderer:
    return Renderer(name)


@pytest.mark.parametrize("name", NAMES)
def test_shape_of_a_sound(name: str) -> None:
    synth = renderer_of(name).synth
    assert (synth.sample_rate, synth.channels, synth.duration_s) == (48_000, 1, 2.0)


def test_sizes_are_those_promised() -> None:
    sizes = {name: len(renderer_of(name).synth.parameters) for name in NAMES}
    assert sizes["fm"] == 8
    assert sizes["subtractive"] == 16
    assert sizes["large"] >= 32


@pytest.mark.parametrize("name", NAMES)
def test_the_space_is_audible_and_within_full_scale(name: str) -> None:
    renderer = renderer_of(name)
    units = np.random.default_rng(5).random((40, len(renderer.synth.parameters)))
    sounds = np.stack([renderer.render_unit(unit)[0] for unit in units])
    peaks = np.abs(sounds).max(axis=1)
    assert np.mean(peaks > 10 ** (-50 / 20)) > 0.97
    assert np.mean(peaks > 1) < 0.05
    assert np.mean(np.abs(sounds.mean(axis=1)) > 0.01 * peaks) < 0.1
    # A note and its end fill the sound: there is something to hear in most of it.
    loud = np.abs(sounds[:, : 48_000 // 4]).max(axis=1) > 0.1 * peaks
    assert np.mean(loud) > 0.8


def levels(sound: np.ndarray) -> np.ndarray:
    """Give the levels in dB of frames of 21 ms, in bands of a sixteenth of the spectrum and below each other."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512] * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.geomspace(1, 512, 40).astype(int))
    bands = np.add.reduceat(power, edges, axis=1)
    return 10 * np.log10(np.maximum(bands, bands.max() * 1e-7 + 1e-12))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_audible_in_most_of_the_space(name: str) -> None:
    renderer = renderer_of(name)
    parameters = renderer.synth.parameters
    units = np.random.default_rng(6).uniform(0.2, 0.7, (5, len(parameters)))
    changes = np.zeros((len(units), len(parameters)))
    for row, unit in enumerate(units):
        sound = levels(renderer.render_unit(unit)[0])
        for index, parameter in enumerate(parameters):
            moved = unit.copy()
            moved[index] += 0.3 if parameter.scale is not Scale.CHOICE else 0.5 if unit[index] < 0.5 else -0.5
            changes[row, index] = np.abs(levels(renderer.render_unit(moved)[0]) - sound).mean()
    medians = np.median(changes, axis=0)
    quietest = {p.name: round(float(m), 3) for p, m in zip(parameters, medians, strict=True) if m < 0.06}
    assert not quietest


@pytest.mark.parametrize("name", NAMES)
def test_presets_fit_and_sound(name: str) -> None:
    renderer = renderer_of(name)
    presets = find_presets(renderer.synth)
    assert 6 <= len(presets) <= 12
    assert len({preset.name for preset in presets}) == len(presets)
    for preset in presets:
        assert set(preset.values) == {parameter.name for parameter in renderer.synth.parameters}
        assert 0.03 < np.abs(renderer.render(preset.values)).max() <= 1, preset.name


@pytest.mark.parametrize("name", ["subtractive", "large"])
def test_equal_voices_are_interchangeable(name: str) -> None:
    renderer = renderer_of(name)
    unit = np.random.default_rng(7).random(len(renderer.synth.parameters))
    settings = renderer.synth.from_unit(unit)
    exchanged = {
        re.sub("^osc[12]", lambda found: "osc2" if found[0] == "osc1" else "osc1", key): value
        for key, value in settings.items()
    }
    assert exchanged != settings
    sounds = [renderer.render(values) for values in (settings, exchanged)]
    assert sounds[0] == pytest.approx(sounds[1], abs=1e-6)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"bell", "drum"}))
def test_a_held_note_follows_its_pitch(name: str) -> None:
    csound = load_csound().Csound()
    csound.createMessageBuffer(False)
    for option in ("-n", "-d", "-m0"):
        csound.setOption(option)
    text = (SYNTHS / f"{name}.csd").read_text()
    assert csound.compileOrc(text.split("<CsInstruments>")[1].split("</CsInstruments>")[0]) == 0
    csound.readScore("i 1 0 -1\nf 0 10")
    csound.start()
    # Defaults are there without a host that sets them.
    names = [name for name in ("f0_hz", "osc1_f0_hz", "osc2_f0_hz") if csound.controlChannel(name)[0] > 0]
    found_hz: list[float] = []
    for hertz in (150, 300):
        for channel in names:
            csound.setControlChannel(channel, hertz)
        sound: list[np.ndarray] = []
        for _ in range(24_000 // csound.ksmps()):
            assert csound.performKsmps() == 0
            sound.append(csound.spout().copy())
        end = np.concatenate(sound)[-16_384:]
        assert np.abs(end).max() > 1e-4
        likeness = np.fft.irfft(np.abs(np.fft.rfft(end * np.hanning(len(end)), 2**16)) ** 2)[: 48_000 // 100]
        found_hz.append(48_000 / (100 + np.argmax(likeness[100:])))
    csound.cleanup()
    csound.destroyMessageBuffer()
    assert found_hz == pytest.approx([150, 300], rel=0.03)


@pytest.mark.parametrize(("kind", "strongest"), [("church", 0.5), ("bar", 1.0), ("bowl", 1.0)])
def test_a_bell_follows_its_pitch(kind: str, strongest: float) -> None:
    for hertz in (220.0, 880.0):
        sound = renderer_of("bell").render({"kind": kind, "f0_hz": hertz, "tilt_db": -12, "click_db": -36})[0]
        spectrum = np.abs(np.fft.rfft(sound[4800:] * np.hanning(len(sound) - 4800)))
        found_hz = np.argmax(spectrum) * 48_000 / (len(sound) - 4800)
        assert found_hz == pytest.approx(strongest * hertz, rel=0.01)


def test_presets_are_plain_json() -> None:
    paths = sorted((SYNTHS / "presets").glob("*.json"))
    assert paths
    for path in paths:
        assert json.loads(path.read_text())["synth"] == f"{path.stem}.csd"
        assert path.stem in NAMES


def test_the_docs_name_every_synth() -> None:
    folders = (SYNTHS.parent / "README.md").read_text()
    page = (SYNTHS.parent.parent / "docs" / "synths.md").read_text()
    assert {path.stem for path in SYNTHS.glob("*.csd")} >= set(NAMES)
    for path in SYNTHS.glob("*.csd"):
        assert f"`synths/{path.name}`" in folders
        assert f"`{path.stem}`" in page
    for name in NAMES:
        assert f"| `{name}` | {len(renderer_of(name).synth.parameters)} |" in page
