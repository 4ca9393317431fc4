"""Settings of effects: by property and by name, vectors and triggers, copies and pickles."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.effects.chain import Chain
from plugin_host.effects.effect_settings import EffectSettings
from plugin_host.effects.neural_effect import NeuralEffect
from plugin_host.errors import ControlError
from plugin_host.model_file.bundled import MODELS_FOLDER
from plugin_host.model_file.controls import Control
from tests.support import tiny_models
from tests.support.tiny_models import HOP_LENGTH, SAMPLE_RATE, load, save

SILENCE = np.zeros((1, 4 * HOP_LENGTH), np.float32)


class Gain(NeuralEffect):
    """A user's own class of effects."""


def kinds(**options: Any) -> NeuralEffect:
    return NeuralEffect(load(tiny_models.kinds_effect()), block_size=HOP_LENGTH, **options)


def frames_of(effect: NeuralEffect) -> NDArray[np.float32]:
    return effect.process(SILENCE, SAMPLE_RATE, reset=False)[0, ::HOP_LENGTH]


def test_effects_of_one_model_are_of_one_class() -> None:
    model = load(tiny_models.gain_effect())
    effect, other = NeuralEffect(model), NeuralEffect(load(tiny_models.gain_effect()))
    assert type(effect) is type(other)
    assert type(effect) is not type(kinds())
    assert isinstance(effect, NeuralEffect)
    assert isinstance(Gain(model), Gain)
    assert not isinstance(effect, Gain)
    assert type(effect)(load(tiny_models.mode_effect())).mode == "wet"


def test_vector_is_a_property_and_each_element_has_a_name() -> None:
    effect = kinds(place=(1, 0, -1))
    assert effect.place == (1.0, 0.0, -1.0)
    effect.controls["place[2]"] = 0.25
    effect.controls["place"] = [effect.place[0], 0.5, effect.controls["place[2]"]]
    assert effect.place == (1.0, 0.5, 0.25)
    np.testing.assert_array_equal(frames_of(effect), 1.0 + 1.0 + 1.0)
    with pytest.raises(ControlError, match=r"needed are 3 numbers from -1 to 1"):
        effect.place = 0.5
    assert repr(effect) == "<NeuralEffect 'kinds' mix=1, place=(1, 0.5, 0.25), hit=0, dice=0>"
    assert (
        vars(type(effect))["place"].__doc__
        == "Where it sounds. 3 numbers from -1 to 1; each has its own default."
    )


def test_trigger_sounds_once_in_every_pass_whatever_else_is_set() -> None:
    effect = kinds()
    chain = Chain([effect], block_size=HOP_LENGTH)
    chain.process(SILENCE, SAMPLE_RATE, reset=False)
    frames_of(effect)
    effect.hit = 0.5
    assert effect.hit == 0.0
    found = [frames_of(effect)]
    effect.dice = 3
    found.append(frames_of(effect))
    np.testing.assert_array_equal(np.concatenate(found), [9, 1, 1, 1, 4, 4, 4, 4])
    in_chain = chain.process(SILENCE, SAMPLE_RATE, reset=False)[0, ::HOP_LENGTH]
    np.testing.assert_array_equal(in_chain, [12, 4, 4, 4])


def test_trigger_set_before_a_recording_sounds_at_its_start_and_in_no_other() -> None:
    effect = kinds(hit=0.25)
    np.testing.assert_array_equal(effect(SILENCE, SAMPLE_RATE)[0, ::HOP_LENGTH], [5, 1, 1, 1])
    np.testing.assert_array_equal(effect(SILENCE, SAMPLE_RATE)[0, ::HOP_LENGTH], [1, 1, 1, 1])


def test_trigger_set_while_a_pass_takes_over_is_neither_lost_nor_taken_twice() -> None:
    settings = EffectSettings({control.name: control for control in (tiny_models.HIT,)}, "effect")
    settings.set("hit", 0.5)
    version = settings.version
    settings.set("hit", 1.0)
    assert settings.triggers(0, version) == [{"hit": 0.5}]
    assert settings.triggers(version, settings.version) == [{"hit": 1.0}]
    assert settings.triggers(settings.version, settings.version) == []


def test_controls_are_a_mapping_with_checks() -> None:
    effect = NeuralEffect(load(tiny_models.mode_effect()), mode="both")
    assert dict(effect.controls) == {"mode": "both", "level": 0.0}
    effect.controls["level"] = 0.5
    effect.controls.update(mode="dry")
    assert (effect.level, effect.mode) == (0.5, "dry")
    assert "level" in effect.controls
    assert "lvel" not in effect.controls
    assert effect.controls.get("lvel", 7) == 7
    for name, value, words in (
        ("lvel", 0, "did you mean 'level'"),
        ("level", 2, "from -1 to 1"),
        ("mode", "loud", "choose one of"),
    ):
        with pytest.raises(ControlError, match=words):
            effect.controls[name] = value
    with pytest.raises(ControlError, match="did you mean 'level'"):
        effect.controls["lvel"]
    with pytest.raises(TypeError, match="keeps all its controls"):
        del effect.controls["level"]
    assert (effect.level, effect.mode) == (0.5, "dry")


def test_control_whose_name_is_taken_is_set_by_name_alone() -> None:
    class Marked(NeuralEffect):
        @property
        def gain(self) -> str:
            return "what the class says"

    effect = Marked(load(tiny_models.gain_effect()))
    effect.controls["gain"] = 2.0
    assert effect.gain == "what the class says"
    np.testing.assert_array_equal(effect(np.ones((1, 64), np.float32), SAMPLE_RATE), 2.0)
    with pytest.raises(ControlError, match=r"means something else on .*effect.controls\['gain'\]"):
        effect.gain = 3.0  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("base", [NeuralEffect, Gain])
def test_copy_has_the_settings_and_a_stream_of_its_own(make: Any, base: Any, tmp_path: Path) -> None:
    effect = base(
        save(tiny_models.kinds_effect(), tmp_path), mix=0.5, block_size=HOP_LENGTH, place=(1, 0, 0), dice=4
    )
    effect.hit = 1.0
    frames_of(effect)
    other = make(effect)
    assert type(other) is type(effect)
    assert (other.place, other.dice, other.mix) == ((1.0, 0.0, 0.0), 4.0, 0.5)
    assert other.model.path == effect.model.path
    assert other.latency_samples == effect.latency_samples == 0
    assert other.counters.blocks == 0
    np.testing.assert_array_equal(frames_of(other), 0.5 * 5.0)
    other.dice = 0
    assert effect.dice == 4.0
    np.testing.assert_array_equal(effect(SILENCE, SAMPLE_RATE), 2.5)


def test_class_goes_when_nobody_uses_it() -> None:
    import gc

    from plugin_host.effects import control_properties

    control = Control(name="only_here", minimum=0, maximum=1, default=0)
    before = len(control_properties._classes)
    cls = control_properties.class_with_controls(NeuralEffect, (control,))
    assert control_properties.class_with_controls(NeuralEffect, (control,)) is cls
    assert len(control_properties._classes) == before + 1
    del cls
    gc.collect()
    assert len(control_properties._classes) <= before


def test_a_control_that_is_no_name_is_refused() -> None:
    controls: Any = NeuralEffect(load(tiny_models.gain_effect())).controls
    with pytest.raises(ControlError, match="has controls by name, and 0 arrived: one of gain"):
        controls[0] = 1.0


def test_a_bundled_effect_is_pickled_by_its_name() -> None:
    pickled = pickle.dumps(NeuralEffect("cello", pitch_shift=5))
    assert str(MODELS_FOLDER).encode() not in pickled
    assert pickle.loads(pickled).pitch_shift == 5


def test_an_update_sets_all_or_nothing() -> None:
    controls = NeuralEffect("cello").controls
    with pytest.raises(ControlError, match="has no control 'nope'"):
        controls.update(pitch_shift=2, nope=3)
    with pytest.raises(ControlError, match="pitch_shift is 99"):
        controls.update({"octave": 1, "pitch_shift": 99})
    assert (controls["pitch_shift"], controls["octave"]) == (0, 0)
    controls.update({"octave": 1}, pitch_shift=2)
    assert (controls["pitch_shift"], controls["octave"]) == (2, 1)
