"""The network as an instrument: one step after another, each heard from outside or drawn, and heard again.

It computes so that the last bits in which engines and machines differ do not make another song; see `layers`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...streaming.contract import State, StreamingModule
from ...streaming.operators import take
from .byheart import PENALTY, ByHeart
from .drawing import draw, gumbel
from .layers import Recurrence, exactly
from .liveliness import MEMORIES_S, Liveliness
from .loudness import MEMORIES_S as LOUDNESS_MEMORIES_S
from .loudness import Loudness
from .predictor import Head, Predictor
from .settings import MusicSize
from .tempo import Pulse, bars_a_step

SINGLE = ("count", "bars")

SLOTS = 2
"""Passages that are kept in mind."""


class Player(StreamingModule):
    """Plays on from what it heard.

    Parameters
    ----------
    predictor : Predictor
    size : MusicSize
    liveliness : Liveliness
    loudness : Loudness
    by_heart : ByHeart

    Shapes: of a step, heard codes (B, Q), which passage is heard (B,): 0 for none, and temperature, top_p, stray, blend,
    tempo and seed, each (B, 1) -> the step's bands (B, STEP_VALUES) in dB.
    """

    books: Tensor
    back: Tensor
    mean: Tensor
    bars_a_step: Tensor
    numbers: Tensor

    def __init__(
        self,
        predictor: Predictor,
        size: MusicSize,
        liveliness: Liveliness,
        loudness: Loudness,
        by_heart: ByHeart,
    ) -> None:
        super().__init__()
        self.size = size
        self.enter, self.told = exactly(nn.ModuleList([predictor.enter, predictor.told]))
        self.heads, self.pulse = exactly(predictor.heads), Pulse()
        self.layers = Recurrence(predictor.layers, "gru")
        self.liveliness, self.loudness, self.by_heart = liveliness, loudness, by_heart
        codes = predictor.codes
        self.register_buffer("books", codes.books.double(), persistent=False)
        self.register_buffer("back", codes.basis.double() * codes.spread.double(), persistent=False)
        self.register_buffer("mean", codes.mean.double(), persistent=False)
        # A number in the code would be rounded to single precision in a graph.
        bars = torch.tensor(bars_a_step(1.0), dtype=torch.float64)
        self.register_buffer("bars_a_step", bars, persistent=False)
        self.register_buffer("numbers", torch.arange(size.codes), persistent=False)

    def own_state(self, batch: int) -> State:
        size = self.size
        return {
            "codes": torch.zeros(batch, size.codebooks, dtype=torch.int64),
            "hidden": torch.zeros(batch, SLOTS, 1, size.layers, size.hidden, dtype=torch.float64),
            "used": torch.zeros(batch, len(MEMORIES_S), size.codes, dtype=torch.float64),
            **self.by_heart.initial_state(batch),
            "count": torch.zeros(batch, 1, dtype=torch.int64),
            "bars": torch.zeros(batch, 1, dtype=torch.float64),
            "loudness": torch.zeros(batch, len(LOUDNESS_MEMORIES_S), dtype=torch.float64),
        }

    def forward(self, x: tuple[Tensor, ...], state: State) -> tuple[Tensor, State]:
        heard, listens, temperature, top_p, stray, blend, tempo_bpm, seed = x
        if torch.compiler.is_exporting():
            # The batch is one. A traced loop does not know the size of such small states.
            state = {name: value.reshape(1, 1) if name in SINGLE else value for name, value in state.items()}
        before, hidden = state["codes"], state["hidden"]
        outside = (listens > 0).long()[:, None]
        own = self._drawn(before, state, temperature, top_p, stray, blend, seed)
        codes = torch.where(outside > 0, heard, own)
        vector = self._vector(codes)
        # A passage is heard by its own slot, and what is drawn by both.
        slots = torch.arange(1, SLOTS + 1, device=heard.device)
        hears = ((listens[:, None] == 0) | (listens[:, None] == slots)).double()[..., None, None, None]
        # A bar begins when a tempo is first told.
        bars = state["bars"]
        on = bars + tempo_bpm.double() * self.bars_a_step
        entered = torch.tanh(self.enter(vector) + self.told(self.pulse(tempo_bpm, bars)))
        _, after = self.layers(entered[:, None].expand(-1, SLOTS, -1), hidden)
        used = self.liveliness.next(state["used"], F.one_hot(codes[:, 0], self.size.codes).double())
        # A second passage is heard aside: it does not count as played.
        aside = (listens == SLOTS)[:, None]
        # Here and not outside: ONNX Runtime 1.31 dies of a loop's output in a product.
        step, loudness = self.loudness.next(state["loudness"], vector @ self.back + self.mean)
        return step, {
            "codes": codes,
            "hidden": hidden + hears * (after - hidden),
            "used": torch.where(aside[..., None], state["used"], used),
            "alike": torch.where(aside, state["alike"], self.by_heart.next(state["alike"], codes)),
            "count": (state["count"] + 1) * (1 - outside),
            "bars": (on - on.floor()) * (tempo_bpm >= 1).double(),
            "loudness": torch.where(aside, state["loudness"], loudness),
        }

    def _drawn(
        self,
        before: Tensor,
        state: State,
        temperature: Tensor,
        top_p: Tensor,
        stray: Tensor,
        blend: Tensor,
        seed: Tensor,
    ) -> Tensor:
        """Draw the codes (B, Q) of a step from what was heard and played before."""
        first, second = (state["hidden"][:, slot, 0, -1] for slot in range(SLOTS))
        inside = first + blend * (second - first)
        vector = self._vector(before)
        drawn, found = torch.zeros_like(vector), []
        for q, head in enumerate(self.heads):
            assert isinstance(head, Head)
            last = F.one_hot(before[:, q], self.size.codes).double()
            logits = head(inside, vector, drawn, self.books[q], last)
            if q == 0:
                logits = logits + self.liveliness(state["used"]) + self.loudness(state["loudness"])
            if q == 1:
                logits = logits - PENALTY * stray * self.by_heart(state["alike"], found[0])
            found.append(draw(logits, temperature, top_p, gumbel(seed, state["count"], q, self.numbers)))
            drawn = drawn + take(self.books[q], 0, found[-1])
        return torch.stack(found, -1)

    def _vector(self, codes: Tensor) -> Tensor:
        return torch.stack([take(self.books[q], 0, codes[:, q]) for q in range(self.size.codebooks)]).sum(0)
