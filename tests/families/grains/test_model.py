"""The models of grains: the contract from torch to the host, and what their controls mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from export.signals import proof_inputs
from tests.contract import check_block, check_model
from tests.support.clouds import clouds
from training.families.grains.events import EventEncoder, Events
from training.families.grains.grains import GrainEncoder, Grains
from training.families.grains.model import (
    EventsGenerator,
    GrainsAnalyzer,
    GrainsEffect,
    GrainsGenerator,
    GrainsModel,
    normalised,
)
from training.families.grains.settings import AMBIENCE, NOTES, GrainsSize
from training.hits.hearing import Hearing
from training.hits.voice import HOP_LENGTH, TRANSIENT_FRAMES

SIZE = GrainsSize(width=16, partials=6, transients=4, event_s=0.4)
CLASSES = ("kick", "snare", "tom")


@pytest.fixture(scope="module")
def grains() -> Grains:
    torch.manual_seed(3)
    grains = Grains(SIZE, len(CLASSES)).eval()
    grains.voice.begin(0.05 * torch.randn(SIZE.transients, TRANSIENT_FRAMES * HOP_LENGTH))
    return grains


@pytest.fixture(scope="module")
def events() -> Events:
    torch.manual_seed(4)
    return Events(SIZE, len(CLASSES)).eval()


@pytest.fixture
def player(grains: Grains, events: Events) -> EventsGenerator:
    return EventsGenerator(grains, events.decoder, clouds(SIZE.places, len(CLASSES)), CLASSES).eval()


@pytest.mark.slow
def test_the_effect_keeps_the_contract(grains: Grains, tmp_path: Path) -> None:
    check_model(GrainsEffect(grains, CLASSES).eval(), tmp_path)


@pytest.mark.slow
def test_the_analyzer_keeps_the_contract(grains: Grains, events: Events, tmp_path: Path) -> None:
    check_model(GrainsAnalyzer(grains, events.encoder, SIZE.places).eval(), tmp_path, engines=1e-4)


@pytest.mark.slow
def test_the_decoder_keeps_the_contract(grains: Grains, tmp_path: Path) -> None:
    check_model(GrainsGenerator(grains, CLASSES).eval(), tmp_path)


@pytest.mark.slow
def test_events_keep_the_contract(player: EventsGenerator, tmp_path: Path) -> None:
    check_model(player, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("voice", "kind"),
    [
        *((AMBIENCE, kind) for kind in ("effect", "decoder", "events")),
        *((NOTES, kind) for kind in ("effect", "encoder", "decoder", "events")),
    ],
)
def test_other_voices_keep_the_contract(voice: str, kind: str, tmp_path: Path) -> None:
    torch.manual_seed(6)
    size = replace(SIZE, voice=voice, harmonics=12)
    grains, events = Grains(size, 3).eval(), Events(size, 3).eval()
    models: dict[str, Callable[[], GrainsModel]] = {
        "effect": lambda: GrainsEffect(grains, CLASSES),
        "encoder": lambda: GrainsAnalyzer(grains, events.encoder, SIZE.places),
        "decoder": lambda: GrainsGenerator(grains, CLASSES),
        "events": lambda: EventsGenerator(grains, events.decoder, clouds(SIZE.places, 3), CLASSES),
    }
    check_model(models[kind]().eval(), tmp_path)


@pytest.mark.slow
def test_a_model_of_no_classes_keeps_the_contract(tmp_path: Path) -> None:
    torch.manual_seed(5)
    grains, events = Grains(SIZE, 0).eval(), Events(SIZE, 0).eval()
    player = EventsGenerator(grains, events.decoder, clouds(SIZE.places, 0), ()).eval()
    assert "classes" not in {control.name for control in player.controls}
    check_model(player, tmp_path)


def test_hearing_and_both_encoders_keep_the_contract() -> None:
    torch.manual_seed(0)
    sound = 0.1 * torch.randn(1, 60, HOP_LENGTH)
    sound[:, :20] *= 0.01
    sound[:, 50:] *= 10
    check_block(Hearing(), sound)
    check_block(GrainEncoder(SIZE).eval(), sound)
    onset = torch.zeros(1, 60, 1)
    onset[:, [2, 30]] = 1.0
    check_block(
        EventEncoder(SIZE).eval(), (torch.randn(1, 60, SIZE.latents), -20 + 5 * torch.randn(1, 60, 1), onset)
    )


def test_an_attack_that_rises_for_some_frames_is_one_onset() -> None:
    hearing = Hearing()
    sound = 1e-4 * torch.randn(1, 90, HOP_LENGTH, generator=torch.Generator().manual_seed(0))
    for start in (10, 60):
        for frame in range(4):
            sound[:, start + frame] *= 10.0 ** (frame + 1) / 3
        sound[:, start + 4 : start + 20] *= 1000
    (_, _, onset), _ = hearing(sound, hearing.initial_state())
    assert onset[0, :, 0].nonzero()[:, 0].tolist() == [11, 61]


def test_a_whole_event_is_heard_at_once_as_it_is_in_time() -> None:
    torch.manual_seed(0)
    encoder = EventEncoder(SIZE).eval()
    onset = torch.zeros(2, 90, 1)
    onset[0, 3], onset[1, 0] = 1.0, 1.0
    heard = torch.randn(2, 90, SIZE.latents), -20 + 5 * torch.randn(2, 90, 1), onset
    (mean, log_variance), _ = encoder(heard, encoder.initial_state(2))
    whole = encoder.whole(*heard)
    torch.testing.assert_close(whole[0], mean[:, -1:], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(whole[1], log_variance[:, -1:], atol=1e-5, rtol=1e-5)


def play(
    player: EventsGenerator, frames: int = 80, at: tuple[int, ...] = (0,), **controls: float | Tensor
) -> Tensor:
    """Play events with controls that stay: (T,)."""
    inputs = player.example_inputs(frames)
    for name, value in controls.items():
        given = torch.as_tensor(value)
        inputs[f"control.{name}"] = (given[None, :, None] if given.ndim else given[None, None]).expand(
            inputs[f"control.{name}"].shape
        )
    inputs["control.trigger"][:, list(at)] = 1.0
    with torch.no_grad():
        return player(inputs, player.initial_state())[0]["audio"][0, 0]


def test_nothing_sounds_before_a_trigger_and_long_after_it(player: EventsGenerator) -> None:
    sound = play(player, 400, at=(5,))
    assert sound[: 5 * HOP_LENGTH].abs().max() == 0
    assert sound[5 * HOP_LENGTH : 7 * HOP_LENGTH].abs().max() > 1e-3
    # The longest event that was learned from is 138 frames; beyond it falls by a decibel a frame.
    assert sound[-HOP_LENGTH:].abs().max() < 1e-4


def test_what_an_event_is_counts_when_it_begins(player: EventsGenerator) -> None:
    inputs = player.example_inputs(60)
    inputs["control.trigger"][:, 3] = 1.0
    still = {name: value.clone() for name, value in inputs.items()}
    inputs["control.place"][:, :, 4:] = 3.0
    inputs["control.velocity"][:, 4:] = 0.1
    with torch.no_grad():
        (moved, _), (held, _) = (player(one, player.initial_state()) for one in (inputs, still))
    torch.testing.assert_close(moved["audio"], held["audio"])


def test_a_class_is_a_place_and_half_of_two_is_between_them(player: EventsGenerator) -> None:
    centres = player.clouds.centres
    kick, both = torch.tensor([1.0, 0, 0]), torch.tensor([0.5, 0.5, 0])
    torch.testing.assert_close(play(player, classes=kick * 0.3), play(player, classes=kick))
    none = torch.zeros(3)
    placed = player.clouds(normalised(both))[0]
    torch.testing.assert_close(placed, (centres[0] + centres[1]) / 2)
    assert not torch.allclose(play(player, classes=kick), play(player, classes=none))


def test_temperature_strays_by_the_seed(player: EventsGenerator) -> None:
    snare = torch.tensor([0.0, 1.0, 0])
    plain = play(player, classes=snare)
    torch.testing.assert_close(play(player, classes=snare, seed=7.0), plain)
    first = play(player, classes=snare, seed=7.0, temperature=1.0)
    torch.testing.assert_close(play(player, classes=snare, seed=7.0, temperature=1.0), first)
    assert not torch.allclose(play(player, classes=snare, seed=8.0, temperature=1.0), first)
    assert not torch.allclose(first, plain)


def test_velocity_and_stretch_do_what_they_say(player: EventsGenerator) -> None:
    soft, hard = (play(player, velocity=v).square().mean().sqrt() for v in (0.2, 1.0))
    assert 20 * torch.log10(hard / soft) == pytest.approx(24.0, abs=6.0)
    # Above 8 kHz it is 0.4 dB more for each decibel: a harder hit is brighter.
    spectra = [torch.fft.rfft(play(player, velocity=v)).abs().square() for v in (0.2, 0.8)]
    high = round(9000 / 44100 * 2 * (len(spectra[0]) - 1))
    rises = [
        10 * torch.log10(spectra[1][part].sum() / spectra[0][part].sum())
        for part in (slice(high), slice(high, None))
    ]
    assert rises[1] - rises[0] == pytest.approx(0.4 * 18, abs=3.0)
    short, long = (play(player, 600, stretch=s).abs().reshape(-1, HOP_LENGTH).amax(1) for s in (0.5, 2.0))
    # An event fades from its 138th frame on, by its own time.
    assert (long > 1e-3).sum() > 2.5 * (short > 1e-3).sum()


def test_a_trigger_in_every_frame_stays_in_bounds(player: EventsGenerator) -> None:
    alone, roll = play(player), play(player, at=tuple(range(80)))
    assert roll.isfinite().all()
    assert roll.abs().max() < 20 * alone.abs().max()


def test_dynamics_at_zero_make_soft_and_loud_alike(grains: Grains) -> None:
    effect = GrainsEffect(grains, CLASSES).eval()
    inputs = proof_inputs(effect, 60, seed=1, moving=False)
    levels: dict[tuple[float, float], Tensor] = {}
    for dynamics in (0.0, 1.0):
        for gain in (0.05, 1.0):
            given = inputs | {"audio": inputs["audio"] * gain}
            given["control.dynamics"] = torch.full_like(given["control.dynamics"], dynamics)
            with torch.no_grad():
                played = effect(given, effect.initial_state())[0]["audio"]
            levels[dynamics, gain] = 20 * torch.log10(played[..., 20 * HOP_LENGTH :].square().mean().sqrt())
    assert levels[1.0, 1.0] - levels[1.0, 0.05] == pytest.approx(26.0, abs=2.0)
    assert levels[0.0, 1.0] - levels[0.0, 0.05] == pytest.approx(0.0, abs=2.0)


def test_silence_gives_silence(grains: Grains) -> None:
    effect = GrainsEffect(grains, CLASSES).eval()
    with torch.no_grad():
        inputs = effect.example_inputs(40) | {"audio": torch.zeros(1, 1, 40 * HOP_LENGTH)}
        assert effect(inputs, effect.initial_state())[0]["audio"].abs().max() == 0
