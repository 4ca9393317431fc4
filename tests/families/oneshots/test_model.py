"""The models of one-shots: the contract from torch to the host, and what their controls mean."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.contract import check_block, check_model
from tests.support.clouds import clouds
from training.families.oneshots.decoder import Oneshots
from training.families.oneshots.encoder import Encoder, Spectrogram
from training.families.oneshots.model import Knob, OneshotsAnalyzer, OneshotsGenerator
from training.families.oneshots.settings import OneshotsSize
from training.hits.voice import HOP_LENGTH, SAMPLE_RATE

SIZE = OneshotsSize(width=16, partials=6, harmonics=5, transients=4, event_s=0.4)
CLASSES = ("kick", "stab", "blip")
KNOB = Knob("decay", "longer to the right", torch.full((SIZE.places,), 1.5))


def made(classes: int, pitched: bool) -> Oneshots:
    torch.manual_seed(3)
    model = Oneshots(SIZE, classes, pitched).eval()
    torch.nn.init.normal_(model.voice.transients.waves, std=0.05)
    return model


@pytest.fixture(scope="module")
def player() -> OneshotsGenerator:
    return OneshotsGenerator(
        made(len(CLASSES), True), clouds(SIZE.places, len(CLASSES)), CLASSES, knobs=(KNOB,)
    ).eval()


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "pitched"), [(CLASSES, True), ((), False)])
def test_the_generator_keeps_the_contract(classes: tuple[str, ...], pitched: bool, tmp_path: Path) -> None:
    knobs = (KNOB,) if pitched else ()
    player = OneshotsGenerator(
        made(len(classes), pitched), clouds(SIZE.places, len(classes)), classes, knobs=knobs
    ).eval()
    names = [control.name for control in player.controls]
    assert ("note" in names, "classes" in names, "decay" in names) == (pitched, bool(classes), pitched)
    check_model(player, tmp_path)


@pytest.mark.slow
def test_the_analyzer_keeps_the_contract(tmp_path: Path) -> None:
    check_model(OneshotsAnalyzer(made(0, False).encoder, SIZE.places).eval(), tmp_path, engines=1e-4)


def test_the_encoder_keeps_the_contract() -> None:
    torch.manual_seed(0)
    sound = 0.1 * torch.randn(1, 60, HOP_LENGTH)
    sound[:, :20] *= 0.01
    sound[:, 50:] *= 10
    check_block(Encoder(SIZE).eval(), sound)


def test_a_whole_sound_is_seen_at_once_as_it_is_in_time() -> None:
    spectrogram = Spectrogram(100)
    sound = torch.zeros(2, 90, HOP_LENGTH)
    sound[0, 3:40] = torch.randn(37, HOP_LENGTH)
    sound[1, :20] = 0.01 * torch.randn(20, HOP_LENGTH)
    (powers, onset), _ = spectrogram(sound, spectrogram.initial_state(2))
    assert onset[..., 0].sum(1).tolist() == [1, 1]
    torch.testing.assert_close(spectrogram.whole(sound), powers[:, -1], rtol=1e-4, atol=1e-9)


def test_a_sound_of_another_level_is_at_the_same_place() -> None:
    encoder = made(0, False).encoder
    sound = torch.zeros(1, 90, HOP_LENGTH)
    sound[:, 2:60] = torch.randn(58, HOP_LENGTH) * torch.linspace(0, -5, 58).exp()[:, None]
    dark = torch.nn.functional.avg_pool1d(sound, 9, 1, 4)
    loud, soft, other = (
        encoder.place(encoder.spectrogram.whole(each))[0] for each in (sound * 0.1, sound * 0.03, dark)
    )
    assert (loud - soft).abs().max() < 0.1 * (loud - other).abs().max()


def play(player: OneshotsGenerator, frames: int = 80, at: int = 0, **controls: float | Tensor) -> Tensor:
    """Play a sound with controls that stay: (T,)."""
    inputs = player.example_inputs(frames)
    for name, value in controls.items():
        given = torch.as_tensor(value)
        inputs[f"control.{name}"] = (given[None, :, None] if given.ndim else given[None, None]).expand(
            inputs[f"control.{name}"].shape
        )
    inputs["control.trigger"][:, at] = 1.0
    with torch.no_grad():
        return player(inputs, player.initial_state())[0]["audio"][0, 0]


def test_nothing_sounds_before_a_trigger_and_long_after_it(player: OneshotsGenerator) -> None:
    sound = play(player, 400, at=5)
    assert sound[: 5 * HOP_LENGTH].abs().max() == 0
    assert sound[5 * HOP_LENGTH : 7 * HOP_LENGTH].abs().max() > 1e-3
    # The longest sound that was learned from is 138 frames; beyond it falls by a decibel a frame.
    assert sound[-HOP_LENGTH:].abs().max() < 1e-4


def test_what_a_sound_is_counts_when_it_begins(player: OneshotsGenerator) -> None:
    inputs = player.example_inputs(60)
    inputs["control.trigger"][:, 3] = 1.0
    still = {name: value.clone() for name, value in inputs.items()}
    for name, later in {"velocity": 0.1, "note": 80.0, "decay": 1.0, "stretch": 4.0}.items():
        inputs[f"control.{name}"][:, 4:] = later
    inputs["control.place"][:, :, 4:] = 3.0
    with torch.no_grad():
        (moved, _), (held, _) = (player(one, player.initial_state()) for one in (inputs, still))
    torch.testing.assert_close(moved["audio"], held["audio"])


def test_harmonics_are_multiples_of_the_note_and_end_below_half_the_rate() -> None:
    decoder = made(0, True).decoder
    with torch.no_grad():
        decoder.head.weight.zero_()
    place, age = torch.zeros(1, 1, SIZE.places), torch.zeros(1, 1, 1)
    parts = decoder(place, age, torch.tensor([[[69.0]]]))
    torch.testing.assert_close(parts.f_hz[0, 0, SIZE.partials :].float(), 440.0 * torch.arange(1, 6))
    high = decoder(place, age, torch.tensor([[[115.0]]]))
    audible = high.amplitudes[0, 0, SIZE.partials :] > 0
    assert audible.tolist() == [True, True, True, False, False]
    assert high.f_hz.max() < SAMPLE_RATE / 2


def test_harmonics_stray_from_their_multiples_as_the_network_says() -> None:
    decoder = made(0, True).decoder
    first = sum(decoder.parts[:5])
    with torch.no_grad():
        decoder.head.weight.zero_()
        decoder.head.bias[first + 1], decoder.head.bias[first + 2] = 20.0, -20.0
    place, age = torch.zeros(1, 1, SIZE.places), torch.zeros(1, 1, 1)
    f_hz = decoder(place, age, torch.tensor([[[69.0]]])).f_hz[0, 0, SIZE.partials :].float()
    torch.testing.assert_close(f_hz[:4], 440.0 * torch.tensor([1.0, 2.6, 2.4, 4.0]))


def test_a_knob_adds_its_direction_to_the_place(player: OneshotsGenerator) -> None:
    torch.testing.assert_close(play(player, decay=0.5), play(player, place=0.5 * KNOB.direction))
    assert not torch.allclose(play(player, decay=0.5), play(player))


def test_temperature_strays_by_the_seed(player: OneshotsGenerator) -> None:
    stab = torch.tensor([0.0, 1.0, 0])
    plain = play(player, classes=stab)
    torch.testing.assert_close(play(player, classes=stab, seed=7.0), plain)
    first = play(player, classes=stab, seed=7.0, temperature=1.0)
    assert not torch.allclose(play(player, classes=stab, seed=8.0, temperature=1.0), first)
    assert not torch.allclose(first, plain)


def test_velocity_and_stretch_do_what_they_say(player: OneshotsGenerator) -> None:
    loud, soft = (play(player, velocity=velocity) for velocity in (1.0, 0.5))
    change = 20 * torch.log10(loud.square().mean().sqrt() / soft.square().mean().sqrt())
    # Harder is brighter too, so that it is more than the 15 dB that velocity asks for.
    assert 14.5 < change < 24
    plain, long = (play(player, 600, stretch=stretch) for stretch in (1.0, 2.0))
    assert last_loud(long) > 1.5 * last_loud(plain)


def last_loud(sound: Tensor) -> int:
    return int((sound.abs() > 1e-3 * sound.abs().max()).nonzero()[-1])
