"""What is exported of music: an effect that listens, and goes on when it no longer does."""

from __future__ import annotations

import torch
from torch import Tensor

from ...streaming.contract import Carry, State
from ...streaming.model import Control, StreamingModel
from ...streaming.scan import Scan
from .bands import FLOOR_DB, FRAME_HOP, HOP_LENGTH, SAMPLE_RATE, STEP_FRAMES, WINDOW, Bands, Magnitudes
from .codes import Codes
from .edges import Edges
from .player import Player
from .vocoder import LATENCY_FRAMES, Vocoder

LISTENS = ("off", "on", "second")
QUIET_DB = 3.0
"""So near to the floor is silence."""

TEMPERATURE = Control(
    "temperature", "", 0.0, 2.0, 1.0, "linear", "0: what is most likely; 1: as likely as in the songs"
)
TOP_P = Control("top_p", "", 0.05, 1.0, 0.95, "linear", "the least likely beyond this share are never played")
BLEND = Control("blend", "", 0.0, 1.0, 0.0, "linear", "0: goes on from the first passage; 1: from the second")
MONITOR = Control("monitor", "", 0.0, 1.0, 1.0, "linear", "how much of what is heard is played")
SEED = Control("seed", "", 0.0, 16777215.0, 0.0, "seed", "another seed, another music from the same passage")


def listen_control(passages: int) -> Control:
    """Whether the input is heard, and as which of up to two passages."""
    text = "on: the input is heard; off: the music goes on from there"
    second = "; second: it is heard as a second passage, to blend with" if passages > 1 else ""
    return Control("listen", "", 0.0, float(passages), 1.0, "choice", text + second, LISTENS[: passages + 1])


def tempo_control(slowest_bpm: float, fastest_bpm: float) -> Control:
    """The tempo, within what was learned."""
    text = f"0: as it comes; {slowest_bpm:.0f} to {fastest_bpm:.0f} were learned"
    return Control("tempo", "bpm", 0.0, fastest_bpm, 0.0, "linear", text)


def stray_control(default: float) -> Control:
    """How much the music keeps away from what was learned by heart."""
    return Control(
        "stray", "", 0.0, 1.0, default, "linear", "keeps away from what the songs play, note for note"
    )


class MusicModel(StreamingModel):
    """What all of music has in common."""

    family = "music"
    sample_rate, hop_length = SAMPLE_RATE, HOP_LENGTH


class Music(MusicModel):
    """Hears a passage, and goes on with it.

    Parameters
    ----------
    player : Player
    codes : Codes
        Those that the player knows.
    stray : float
        The default of the control.
    tempos_bpm : pair of float, optional
        The slowest and the fastest tempo that were learned; None where songs have no tempo, and there is no such control.
    """

    role = "effect"
    description = "Listens to music, and goes on with it"
    latency_samples = LATENCY_FRAMES * FRAME_HOP
    tail_samples = WINDOW

    def __init__(
        self,
        player: Player,
        codes: Codes,
        stray: float,
        tempos_bpm: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.tempos_bpm = tempos_bpm
        self.bands, self.codes = Bands(), codes
        self.scan = Scan(player)
        self.edges, self.magnitudes, self.vocoder = Edges(), Magnitudes(), Vocoder()
        tempo = () if tempos_bpm is None else (tempo_control(*tempos_bpm),)
        self.controls = (
            listen_control(2), TEMPERATURE, TOP_P, stray_control(stray), BLEND, *tempo, MONITOR, SEED
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor], state: State) -> tuple[dict[str, Tensor], State]:
        carry = Carry(self, state)
        audio = inputs["audio"]
        bands = carry("bands", audio.reshape(audio.shape[0], -1, HOP_LENGTH))
        heard = self.codes.encode(bands)
        listens = inputs["control.listen"].round().long()
        settings = (
            inputs[f"control.{name}"][..., None].double()
            for name in ("temperature", "top_p", "stray", "blend")
        )
        seed = inputs["control.seed"].long()[..., None]
        steps = carry("scan", (heard, listens, *settings, self._tempo(inputs), seed))
        # Songs may hold no silence, and its nearest code then sounds.
        monitored = audible(bands) * inputs["control.monitor"][..., None]
        gain = torch.where(listens[..., None] > 0, monitored.double(), audible(steps))
        sounding = self.magnitudes(carry("edges", steps)) * gain.repeat_interleave(STEP_FRAMES, 1)
        return {"audio": carry("vocoder", sounding).float().flatten(1)[:, None]}, carry.next_state

    def _tempo(self, inputs: dict[str, Tensor]) -> Tensor:
        """Give the tempo of each step (B, N, 1) in beats a minute, 0 for none."""
        if self.tempos_bpm is None:
            return torch.zeros_like(inputs["control.temperature"])[..., None]
        wanted = inputs["control.tempo"][..., None]
        return wanted.clamp_min(self.tempos_bpm[0]) * (wanted >= 1)


def audible(steps: Tensor) -> Tensor:
    """Tell which steps (B, N, STEP_VALUES) in dB are none of silence: (B, N, 1) of zeros and ones."""
    return (steps.amax(-1, keepdim=True) > FLOOR_DB + QUIET_DB).to(steps.dtype)
