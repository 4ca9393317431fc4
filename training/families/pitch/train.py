"""Trains the pitch tracker on synthesised sounds."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from ...analysis.pitch_network import CENTS_PER_BIN, LOWEST_MIDI, PITCH_BINS, PitchNetwork
from ...dsp.units import hz_to_midi
from .synthetic_sounds import SoundSource, SyntheticSounds

LABEL_DELAY = (
    3  # hops: the middle of the short window; asking for the very last sample would ask for extrapolation
)
HOP_AT_12K = 32
CAUTION = math.e  # calling a frame voiced that is not counts so much more: one less on every logit of voicing


def pitch_loss(logits: Tensor, truth: SyntheticSounds) -> Tensor:
    """Cross-entropy against a Gaussian around the true pitch (Kim et al. 2018), plus that of voicing.

    Where voicing is in doubt it should say no: a player holds the last pitch then, which is better than a wrong one.

    Parameters
    ----------
    logits : (B, N, PITCH_BINS + 1)
    truth : sounds of N frames.
    """
    midi, voiced, weight = (_delayed(x) for x in (truth.midi, truth.voiced, truth.weight))
    position = (midi - LOWEST_MIDI) * (100 / CENTS_PER_BIN)
    bins = torch.arange(PITCH_BINS, device=logits.device)
    target = torch.exp(-0.5 * ((bins - position[:, :, None]) / 0.9) ** 2)
    target = target / target.sum(-1, keepdim=True)
    cross = -(target * logits[:, :, :-1].log_softmax(-1)).sum(-1)
    known = voiced * weight
    pitch = (cross * known).sum() / known.sum()
    weight = weight * (voiced + CAUTION * (1 - voiced))
    return pitch + F.binary_cross_entropy_with_logits(logits[:, :, -1], voiced, weight=weight)


@torch.no_grad()
def pitch_figures(f0_hz: Tensor, voicing: Tensor, truth: SyntheticSounds) -> dict[str, float]:
    """Share of surely voiced frames within 50 cents, octave errors, median error in cents, and errors of voicing."""
    midi, voiced, weight = (_delayed(x) for x in (truth.midi, truth.voiced, truth.weight))
    sure = (voiced * weight) > 0.5
    cents = (100 * (hz_to_midi(f0_hz) - midi)).abs()[sure]
    return {
        "right": (cents < 50).float().mean().item(),
        "octave": ((cents > 1100) & (cents < 1300)).float().mean().item(),
        "median_cents": cents.median().item(),
        "voicing_wrong": ((voicing > 0.5).float() != voiced)[weight > 0.5].float().mean().item(),
    }


def _delayed(x: Tensor) -> Tensor:
    return torch.cat([x[:, :1].expand(-1, LABEL_DELAY), x[:, :-LABEL_DELAY]], 1)


def train_pitch(
    out: Path,
    seconds: float,
    batch: int = 16,
    frames: int = 400,
    learning_rate: float = 2e-3,
    begin: Path | None = None,
    seed: int = 0,
) -> torch.nn.Module:
    """Train the network for ``seconds`` and save its weights to ``out`` (safetensors).

    The learning rate follows a cosine over the time given; ``begin`` names weights to go on from. Uses CUDA where
    there is one.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(seed)
    network = PitchNetwork(HOP_AT_12K).to(device)
    if begin is not None:
        network.load_state_dict(load_file(begin))
    source = SoundSource(12000, HOP_AT_12K, device, seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=1e-3, betas=(0.9, 0.98)
    )
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=False
    )
    start, step = time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < seconds:
        rate = (
            learning_rate * min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * elapsed / seconds))
            + 1e-6
        )
        for group in optimiser.param_groups:
            group["lr"] = rate
        sounds = source.batch(batch, frames)
        logits, _ = network(sounds.audio.reshape(batch, -1, HOP_AT_12K), network.initial_state(batch))
        loss = pitch_loss(logits, sounds)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(network)
        if step % 50 == 0:
            f0_hz = network.decode(logits[:, :, :-1]).squeeze(2)
            figures = pitch_figures(f0_hz, logits[:, :, -1].sigmoid(), sounds)
            shown = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
            print(f"step {step}  {elapsed:.0f} s  loss {loss.item():.4f}  {shown}", flush=True)
        if step % 500 == 0:
            _save(average.module, out)
        step += 1
    _save(average.module, out)
    print(f"{step} steps")
    return average.module


def _save(network: torch.nn.Module, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, out)


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--begin", type=Path, help="weights to go on from")
    parser.add_argument("--seed", type=int, default=0)
    train_pitch(**vars(parser.parse_args()))
