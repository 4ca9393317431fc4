"""A model of grains whose four files play and hear sines, so that what is played can be told by its pitch.

An event of class k at ``place[0]`` p sounds at 100 * 2 ** (k / 2 + p) Hz, a grain at ``latent[0]`` z at 400 * 2 ** z Hz.
"""

from __future__ import annotations

import math
from pathlib import Path

import onnx
import torch
from torch import Tensor

from export.graph import build_graph
from export.model_file import describe
from training.streaming.contract import Carry, State, with_previous
from training.streaming.model import Control, MapPoint, StreamingModel
from training.streaming.sample_hold import Age, SampleHold

SIZE = 16
RATE, HOP = 44100, 128
CLASSES = ("closed-hat", "crash", "kick", "open-hat", "ride", "rimshot", "sidestick", "snare", "tom")
EVENT_HZ, GRAIN_HZ = 100.0, 400.0
FALL_S = 0.1
TRIGGERED = 0.25
"""What a trigger adds to each sample of its frame."""


def class_hz(name: str) -> float:
    """At which frequency an event of a class sounds."""
    return EVENT_HZ * 2 ** (CLASSES.index(name) / 2)


def _points(first: float) -> tuple[MapPoint, ...]:
    """One sound a class, whose vector begins with where the class sounds, in octaves above ``first``."""
    octaves = [math.log2(class_hz(name) / first) for name in CLASSES]
    rest = (0.0,) * (SIZE - 1)
    return tuple(MapPoint(f"{name}/one", x, -x, (x, *rest)) for name, x in zip(CLASSES, octaves, strict=True))


_UNIT = torch.eye(len(CLASSES)).tolist()
_CLASSES = Control(
    "classes", "", 0.0, 1.0, 0.0, size=len(CLASSES),
    map=tuple(MapPoint(name, float(k), 0.0, tuple(_UNIT[k])) for k, name in enumerate(CLASSES)),
)  # fmt: skip
_TEMPERATURE = Control("temperature", "", 0.0, 2.0, 0.0)
_SEED = Control("seed", "", 0.0, 16777215.0, 0.0, "seed")
_TRIGGER = Control("trigger", "", 0.0, 1.0, 0.0, "trigger")


def _weights(inputs: dict[str, Tensor]) -> Tensor:
    weights = inputs["control.classes"]
    return weights / weights.sum(1, keepdim=True).clamp_min(1e-3)


class Tones(StreamingModel):
    """What the four have in common."""

    family, sample_rate, hop_length = "grains", RATE, HOP


class ToneEffect(Tones):
    """Half of the input."""

    role = "effect"
    controls = (_CLASSES, _TEMPERATURE, Control("dynamics", "", 0.0, 1.0, 1.0), _SEED)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        del state
        return {"audio": 0.5 * inputs["audio"]}, {}


class ToneAnalyzer(Tones):
    """Hears the pitch of a sine by how steep it is."""

    role = "analyzer"
    outputs = (
        Control("latent", "", -6.0, 6.0, 0.0, size=SIZE),
        Control("loudness_db", "dB", -80.0, 20.0, -80.0),
        Control("place", "", -8.0, 8.0, 0.0, size=SIZE),
        Control("onset", "", 0.0, 1.0, 0.0),
    )

    def own_state(self, batch: int) -> State:
        return {"loudness": torch.full((batch, 1), 0.0)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        hops = inputs["audio"].unflatten(2, (-1, HOP))[:, 0]
        power = hops.square().mean(2)
        steep = hops.diff(dim=2).square().mean(2)
        ratio = (0.5 * (steep / power.clamp_min(1e-9)).sqrt()).clamp(1e-4, 1.0)
        octaves = torch.log2(torch.asin(ratio) * RATE / math.pi)
        loudness = 10 * torch.log10(power.clamp_min(1e-8))
        # A state begins as zero, which is to mean silence.
        before, now, last = with_previous(state["loudness"], loudness + 80)
        onset = ((now > 40) & (before <= 30)).to(loudness.dtype)
        rest = torch.zeros_like(octaves)[:, None].expand(-1, SIZE - 1, -1)
        outputs = {
            "control.latent": torch.cat([(octaves - math.log2(GRAIN_HZ))[:, None].clamp(-6, 6), rest], 1),
            "control.loudness_db": loudness,
            "control.place": torch.cat([(octaves - math.log2(EVENT_HZ))[:, None].clamp(-8, 8), rest], 1),
            "control.onset": onset,
        }
        return outputs, {"loudness": last}


class ToneGenerator(Tones):
    """A sine at the pitch of its grain; a trigger lifts its frame."""

    role = "generator"
    controls = (
        Control("latent", "", -6.0, 6.0, 0.0, size=SIZE, map=_points(GRAIN_HZ)),
        Control("loudness_db", "dB", -80.0, 0.0, -20.0),
        _CLASSES, _TRIGGER, _TEMPERATURE, _SEED,
    )  # fmt: skip

    def own_state(self, batch: int) -> State:
        return {"cycles": torch.zeros(batch, 1, dtype=torch.float64)}

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        frequency = GRAIN_HZ * torch.exp2(inputs["control.latent"][:, 0])
        per_sample = frequency.double().repeat_interleave(HOP, 1) / RATE
        cycles = state["cycles"] + torch.cumsum(per_sample, 1)
        level = (10 ** (inputs["control.loudness_db"] / 20)).repeat_interleave(HOP, 1)
        lift = TRIGGERED * (inputs["control.trigger"] > 0).float().repeat_interleave(HOP, 1)
        sine = torch.sin(2 * math.pi * torch.remainder(cycles, 1.0)).float()
        return {"audio": (level * sine + lift)[:, None]}, {"cycles": torch.remainder(cycles[:, -1:], 1.0)}


class ToneEvents(Tones):
    """A sine that dies away, begun by a trigger."""

    role = "generator"
    tail_samples = 100 * HOP
    controls = (
        _TRIGGER, _CLASSES,
        Control("place", "", -8.0, 8.0, 0.0, size=SIZE, map=_points(EVENT_HZ)),
        Control("velocity", "", 0.0, 1.0, 0.8),
        Control("stretch", "", 0.25, 4.0, 1.0, "log"),
        _TEMPERATURE, _SEED,
    )  # fmt: skip

    octaves: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.age, self.hold = Age(), SampleHold(3)
        self.register_buffer("octaves", torch.arange(len(CLASSES))[None, :, None] / 2, persistent=False)

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        fires = (inputs["control.trigger"] > 0).long()
        octaves = (_weights(inputs) * self.octaves).sum(1) + inputs["control.place"][:, 0]
        begun = torch.stack([octaves, inputs["control.velocity"], inputs["control.stretch"]], 2)
        octave, velocity, stretch = carry("hold", (begun, fires)).split(1, 2)
        age = carry("age", fires)
        seconds = (age[..., None] * HOP + torch.arange(HOP)) / RATE
        sine = torch.sin(2 * math.pi * EVENT_HZ * torch.exp2(octave) * seconds)
        fall = torch.exp(-seconds / (FALL_S * stretch.clamp_min(0.25)))
        sounding = (age >= 0)[..., None].float()
        return {"audio": (sounding * velocity * sine * fall).flatten(1)[:, None]}, carry.next_state


def save_tone_grains(folder: Path, name: str = "drums") -> Path:
    """Write the four files and give the path of the effect."""
    models: dict[str, StreamingModel] = {
        "": ToneEffect(), ".encoder": ToneAnalyzer(), ".decoder": ToneGenerator(), ".events": ToneEvents(),
    }  # fmt: skip
    for ending, model in models.items():
        graph = build_graph(model.eval())
        onnx.helper.set_model_props(graph, describe(model, name + ending).to_metadata())
        (folder / f"{name}{ending}.onnx").write_bytes(graph.SerializeToString())
    return folder / f"{name}.onnx"
