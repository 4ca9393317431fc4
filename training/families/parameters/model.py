"""The parameter analyzer: takes a sound of a synthesiser and gives the parameters that make it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...streaming.contract import Carry, State, StreamingModule, with_previous
from ...streaming.model import Control, StreamingModel
from .features import HOP_LENGTH, LONG, SAMPLE_RATE, ParameterFeatures, frames_of
from .memory import OnsetMemory, even_slots, growing_slots, waves
from .parameters import SoundParameter
from .settings import ParameterSize

BEYOND = 3
"""Bins on either side of a range, so that a value at its end is still the middle of a distribution."""

SPREAD = 1.0
"""Bins: how wide the distribution around a true value is."""

RIGHT = 0.05
"""How far from the truth, as a part of its range, a value may be that counts as right."""

STEPS_TO_MEDIAN, NEAREST = 4, 1.0
"""See `ParameterDecoder`; how near a bin counts as near, in bins."""

CONFIDENCE = "confidence"
FINE_BIN_HZ = SAMPLE_RATE / LONG
MODULATION_HZ = np.concatenate([np.arange(0.5, 8.0, 0.5), [8.0, 9.0, 10.0, 11.5, 13.0]])


def harmonic_combs(count: int) -> Tensor:
    """Templates of harmonic sounds for the bins of the fine spectrum, with fundamentals from 45 Hz to 1.2 kHz.

    Each is large at multiples of its fundamental and small half-way between. A network that begins with them does not have
    to find out what pitch is.

    Returns
    -------
    (count, `ParameterFeatures.FINE_BINS`), rows of mean 0 and norm 1.
    """
    hertz = np.arange(1, ParameterFeatures.FINE_BINS + 1) * FINE_BIN_HZ
    rows = []
    for f0 in 45.0 * (1200.0 / 45.0) ** (np.arange(count) / max(count - 1, 1)):
        order = hertz / f0
        tooth = max(0.08, 0.7 * FINE_BIN_HZ / f0)
        on = np.exp(-0.5 * ((order - np.maximum(order.round(), 1)) / tooth) ** 2)
        between = np.exp(-0.5 * ((order - np.floor(order) - 0.5) / tooth) ** 2)
        row = (on - between) * (order < 12.5) / np.maximum(order, 1.0) ** 0.5
        rows.append((row - row.mean()) / np.linalg.norm(row - row.mean()))
    return torch.from_numpy(np.stack(rows)).float()


class Recollection(StreamingModule):
    """Adds to each frame what a layer makes of it and of two frames before it, ``apart`` frames apart.

    Shapes: (B, N, size) -> (B, N, size).
    """

    def __init__(self, size: int, apart: int) -> None:
        super().__init__()
        self.size, self.apart = size, apart
        self.mix = nn.Linear(3 * size, size)

    def own_state(self, batch: int) -> State:
        return {"past": torch.zeros(batch, 2 * self.apart, self.size)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        padded = torch.cat([state["past"], x], 1)
        parts = [padded[:, : -2 * self.apart], padded[:, self.apart : -self.apart], x]
        return x + F.relu(self.mix(torch.cat(parts, -1))), {"past": padded[:, -2 * self.apart :]}


class Modulation(nn.Module):
    """How strongly, and how fast, the levels of the fine spectrum go up and down: beats, tremolo, vibrato.

    The changes of every band's level are taken apart into waves over the whole sound, in the memory. How much of each rate
    there is is estimated by a layer that looks at all bands and is the same for all rates.

    Shapes: what the memory keeps (B, N, 2 * rates, bands + 1) -> (B, N, values * rates).
    """

    BANDS = ParameterFeatures.FINE_BINS + ParameterFeatures.FINE_BANDS
    STEEPEST = 0.15  # 6.5 dB a frame: more is an onset or an end, which has all rates in it
    GAIN = 1e7

    def __init__(self, values: int) -> None:
        super().__init__()
        self.look = nn.Linear(self.BANDS, values)
        self.outputs = values * len(MODULATION_HZ)

    def changes(self, late: Tensor, now: Tensor) -> Tensor:
        """What goes to the memory, out of features (B, N, F) a frame late and now: (B, N, bands)."""
        change = now[..., : self.BANDS] - late[..., : self.BANDS]
        return change.clamp(-self.STEEPEST, self.STEEPEST)

    def forward(self, kept: Tensor) -> Tensor:
        cosine, sine = kept[..., :-1].chunk(2, 2)
        strength = (cosine * cosine + sine * sine) * self.GAIN
        return F.relu(self.look((strength + 1.0).log())).flatten(2)


class ParameterNetwork(StreamingModule):
    """From features to logits: of each continuous parameter's bins, then of each stepped one's values.

    Shapes: (B, N, `ParameterFeatures.size`) -> (B, N, logits).
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, frames: int, frames_per_s: float, logits: int, size: ParameterSize) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(ParameterFeatures.size))
        self.register_buffer("spread", torch.ones(ParameterFeatures.size))
        self.enter = nn.Linear(ParameterFeatures.size, size.width)
        combs = harmonic_combs(size.width // 2)
        with torch.no_grad():
            self.enter.weight[: len(combs), : combs.shape[1]] = combs
        self.narrow = nn.Linear(size.width, size.frame)
        self.near = Recollection(size.frame, 1)
        self.far = Recollection(size.frame, 4)
        self.to_moment = nn.Linear(size.frame, size.moment)
        self.to_stretch = nn.Linear(size.frame, size.stretch)
        self.modulation = Modulation(size.modulation)
        self.memory = OnsetMemory(
            [
                (even_slots(frames, min(size.moments, frames)), size.moment),
                (growing_slots(frames, size.stretches), size.stretch),
                (waves(frames, MODULATION_HZ / frames_per_s), Modulation.BANDS),
            ]
        )
        inputs = sum(self.memory.widths[:2]) + self.modulation.outputs + size.frame
        self.gather = nn.Linear(inputs, size.hidden)
        self.think = nn.Linear(size.hidden, size.hidden)
        self.conclude = nn.Linear(size.hidden, size.last)
        self.head = nn.Linear(size.last, logits)

    def own_state(self, batch: int) -> State:
        return {"before": torch.zeros(batch, 1, ParameterFeatures.size)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        carry = Carry(self, state)
        frame, values, last = self._values(x, state["before"], carry)
        kept = carry("memory", (values, x[..., -1:]))
        return self._conclude(kept, frame), carry.next_state | {"before": last}

    def at(self, x: Tensor, frames: Tensor) -> Tensor:
        """What `forward` gives for whole sounds at some frames only, which is quicker: (B, H) -> (B, H, logits)."""
        state = self.initial_state(len(x))
        frame, values, _ = self._values(x, state["before"], Carry(self, state))
        kept = self.memory.at((values, x[..., -1:]), frames)
        return self._conclude(kept, frame.gather(1, frames[..., None].expand(-1, -1, frame.shape[-1])))

    def _values(self, x: Tensor, before: Tensor, carry: Carry) -> tuple[Tensor, Tensor, Tensor]:
        """What is made of each frame, what of it goes to the memory, and the last features."""
        late, now, last = with_previous(before, x)
        entered = F.relu(self.enter((x - self.mean) / self.spread))
        frame = carry("far", carry("near", F.relu(self.narrow(entered))))
        parts = [self.to_moment(frame), self.to_stretch(frame), self.modulation.changes(late, now)]
        return frame, torch.cat(parts, -1), last

    def _conclude(self, kept: Tensor, frame: Tensor) -> Tensor:
        moments, stretches, waves = self.memory.split(kept)
        kept_values = [moments.flatten(2), stretches.flatten(2), self.modulation(waves), frame]
        hidden = F.relu(self.gather(torch.cat(kept_values, -1)))
        hidden = hidden + F.relu(self.think(hidden))
        return self.head(F.relu(self.conclude(hidden)))


class ParameterDecoder(nn.Module):
    """From logits to parameters.

    A continuous parameter is nearly the median of its distribution, the value with the least expected absolute error: four
    steps towards it from the mean (Weiszfeld 1937), which are smooth in the logits, as the median is not between two peaks.

    Parameters
    ----------
    parameters : sequence of SoundParameter
    bins : int
        Within the range of a continuous parameter.
    """

    middles: Tensor
    low: Tensor
    high: Tensor
    logarithmic: Tensor
    powers: Tensor

    def __init__(self, parameters: Sequence[SoundParameter], bins: int) -> None:
        super().__init__()
        self.continuous = [i for i, p in enumerate(parameters) if not p.steps]
        self.stepped = [(i, p.steps) for i, p in enumerate(parameters) if p.steps]
        self.count, self.bins = len(parameters), bins + 2 * BEYOND
        self.width = 1.0 / (bins - 1)
        self.lowest = -self.width * BEYOND
        controls = [parameters[i].control for i in self.continuous]
        logarithmic = torch.tensor([c.scale == "log" for c in controls], dtype=torch.bool)
        bounds = torch.tensor([[c.minimum, c.maximum] for c in controls], dtype=torch.float64).reshape(-1, 2)
        bounds = torch.where(logarithmic[:, None], bounds.clamp_min(1e-30).log(), bounds).float()
        self.register_buffer("low", bounds[:, 0], persistent=False)
        self.register_buffer("high", bounds[:, 1], persistent=False)
        self.register_buffer("logarithmic", logarithmic, persistent=False)
        self.skewed = any(parameters[i].skew != 1 for i in self.continuous)
        powers = torch.tensor([1.0 / parameters[i].skew for i in self.continuous])
        self.register_buffer("powers", powers, persistent=False)
        self.offsets = [parameters[i].control.minimum for i, _ in self.stepped]
        middles = self.lowest + self.width * torch.arange(self.bins)
        self.register_buffer("middles", middles, persistent=False)

    @property
    def logits(self) -> int:
        """How many logits there are."""
        return len(self.continuous) * self.bins + sum(steps for _, steps in self.stepped)

    def split(self, logits: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits of the continuous parameters (..., C, bins), and of each stepped one (..., steps)."""
        first = len(self.continuous) * self.bins
        parts = logits.split([first, *(steps for _, steps in self.stepped)], -1)
        return parts[0].unflatten(-1, (len(self.continuous), self.bins)), list(parts[1:])

    def positions(self, logits: Tensor) -> Tensor:
        """Medians of the continuous parameters, 0 to 1: (..., C, bins) -> (..., C)."""
        share = logits.softmax(-1)
        position = share @ self.middles[:, None]
        for _ in range(STEPS_TO_MEDIAN):
            away = (position - self.middles) * (1.0 / self.width)
            weight = share / (away * away + NEAREST**2).sqrt()
            position = (weight @ self.middles[:, None]) / weight.sum(-1, keepdim=True)
        return position[..., 0].clamp(0.0, 1.0)

    def units(self, logits: Tensor) -> Tensor:
        """All parameters from 0 to 1: (..., logits) -> (..., P)."""
        continuous, stepped = self.split(logits)
        found: list[Tensor] = [logits[..., 0]] * self.count
        for column, i in enumerate(self.continuous):
            found[i] = self.positions(continuous)[..., column]
        for (i, steps), part in zip(self.stepped, stepped, strict=True):
            found[i] = part.argmax(-1).to(logits.dtype) / max(steps - 1, 1)
        return torch.stack(found, -1)

    def forward(self, logits: Tensor) -> list[Tensor]:
        """All parameters in their own units: (B, N, logits) -> P times (B, N)."""
        continuous, stepped = self.split(logits)
        values: list[Tensor] = [logits[..., 0]] * self.count
        if self.continuous:
            position = self.positions(continuous)
            if self.skewed:
                position = position**self.powers
            linear = self.low + (self.high - self.low) * position
            own = torch.where(self.logarithmic, linear.exp(), linear)
            for column, i in enumerate(self.continuous):
                values[i] = own[..., column]
        for (i, _), offset, part in zip(self.stepped, self.offsets, stepped, strict=True):
            values[i] = part.argmax(-1).to(logits.dtype) + offset
        return values

    def confidence(self, logits: Tensor) -> Tensor:
        """Give how likely each estimate is right, to a twentieth of a continuous range: (..., logits) -> (..., P)."""
        continuous, stepped = self.split(logits)
        likely: list[Tensor] = [logits[..., 0]] * self.count
        if self.continuous:
            away = (self.positions(continuous)[..., None] - self.middles).abs()
            # Distributions are as wide as a bin where the network is sure: that is no doubt.
            near = ((RIGHT + 1.5 * self.width - away) * (1.0 / self.width)).clamp(0.0, 1.0)
            share = (continuous.softmax(-1) * near).sum(-1)
            for column, i in enumerate(self.continuous):
                likely[i] = share[..., column]
        for (i, _), part in zip(self.stepped, stepped, strict=True):
            likely[i] = part.softmax(-1).amax(-1)
        return torch.stack(likely, -1).clamp(max=1.0)

    def target(self, unit: Tensor) -> Tensor:
        """Distributions around true positions, as wide as a bin: (..., C) -> (..., C, bins)."""
        exponent = -0.5 * ((unit[..., None] - self.middles) / (SPREAD * self.width)) ** 2
        return exponent.softmax(-1)


def confidence_output(parameters: int) -> Control:
    """How sure a model of so many parameters is of each."""
    text = f"how likely each is right, to {RIGHT:.0%} of its range"
    return Control(CONFIDENCE, "", 0.0, 1.0, 0.0, "linear", text, size=parameters)


class ParameterAnalyzer(StreamingModel):
    """Audio in, a synthesiser's parameters out and how sure each is, once a hop of 1,024 samples at 48 kHz.

    Parameters
    ----------
    parameters : sequence of SoundParameter
    duration_s : float
        Of the sounds that it learns from; what comes later after an onset changes nothing.
    """

    family = "parameters"
    role = "analyzer"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH
    # Where two values are nearly as likely, the last bits of logits move the middle between them.
    long_tolerance = 3e-4
    block_tolerance = (
        2e-5  # the last bits of torch's products, which change with the number of rows, times large ranges
    )

    def __init__(
        self, parameters: Sequence[SoundParameter], duration_s: float, size: ParameterSize | None = None
    ) -> None:
        super().__init__()
        size = size or ParameterSize()
        self.estimates = tuple(p.control for p in parameters)
        self.outputs = (*self.estimates, confidence_output(len(parameters)))
        self.frames = frames_of(duration_s)
        self.features = ParameterFeatures()
        self.decoder = ParameterDecoder(parameters, size.bins)
        self.network = ParameterNetwork(
            self.frames, self.sample_rate / self.hop_length, self.decoder.logits, size
        )
        # The same, where a range is logarithmic and values are small: engines are held to what the file allows.
        self.tolerances = {
            c.name: self.golden_tolerance * (c.maximum - c.minimum)
            for c in self.estimates
            if c.scale == "log"
        }

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        features = carry("features", audio.reshape(audio.shape[0], -1, self.hop_length))
        logits = carry("network", features)
        found = {f"control.{c.name}": v for c, v in zip(self.estimates, self.decoder(logits), strict=True)}
        confidence = self.decoder.confidence(logits)
        shaped = confidence[..., 0] if confidence.shape[-1] == 1 else confidence.transpose(1, 2)
        return found | {f"control.{CONFIDENCE}": shaped}, carry.next_state
