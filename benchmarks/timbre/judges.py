"""The judges of timbre transfer: trained on real notes of a library and of other makers, kept on disk."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import nn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from benchmarks.common.cache import CACHE
from benchmarks.common.recordings import Recording
from benchmarks.timbre.classifier import Classifier
from benchmarks.timbre.crops import Crops
from benchmarks.timbre.networks import NETWORKS
from benchmarks.timbre.soundfont_notes import (
    PACKAGES,
    SoundfontNote,
    installed_soundfonts,
    soundfont_notes,
)

BATCH_SIZE = 64
STEPS = 4000
LEARNED_MAKERS = ("timgm", "csound")
"""Soundfonts that judges learn from as well; those of other makers show whether they know instruments or players."""
VERSION = 5
"""Raised when a judge trained before would no longer be the one trained now."""


def trained_judges(recordings: Sequence[Recording], steps: int = STEPS) -> dict[str, Classifier]:
    """Give the judges of a library, trained now or on an earlier call.

    Parameters
    ----------
    recordings : sequence of Recording
        The library. Nothing is learned from what is held out or kept for choosing.
    steps : int
        Batches of 64 crops.

    Returns
    -------
    dict of str to Classifier
        By the name of their build; kept on disk for the next call.

    Raises
    ------
    FileNotFoundError
        If judges have to be trained, and one of :data:`LEARNED_MAKERS`, or what plays it, is not installed.
    """
    training = [r for r in recordings if not r.is_held_out and not r.is_for_choosing]
    instruments = tuple(sorted({recording.instrument for recording in training}))
    paths = {build: _path(build, training, steps) for build in NETWORKS}
    torch.manual_seed(0)
    missing = {build: NETWORKS[build](len(instruments)) for build, path in paths.items() if not path.exists()}
    if missing:
        makers = {name: _notes(name, instruments) for name in LEARNED_MAKERS}
        train(missing, Crops(training, instruments, np.random.default_rng(0), makers), steps)
    for build, network in missing.items():
        paths[build].parent.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), paths[build])
    return {
        build: Classifier(instruments, _load(build, len(instruments), path)) for build, path in paths.items()
    }


def train(networks: Mapping[str, nn.Module], crops: Crops, steps: int) -> None:
    """Train networks on the same crops, each for itself.

    Parameters
    ----------
    networks : mapping of str to Module
        With random weights; in evaluation mode afterwards.
    crops : Crops
        The training data.
    steps : int
        Batches of 64.
    """
    # Channels last is quicker; bfloat16 takes a third of the time where the processor knows it, else ten times as much.
    trained = [
        convert_conv2d_weight_memory_format(network, torch.channels_last) for network in networks.values()
    ]
    optimizers = [torch.optim.AdamW(network.parameters(), weight_decay=1e-2) for network in trained]
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
        for optimizer in optimizers
    ]
    knows_bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    for _ in track(range(steps), description="training"):
        shown, labels = crops.batch(BATCH_SIZE)
        for network, optimizer, schedule in zip(trained, optimizers, schedules, strict=True):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=knows_bfloat16):
                logits = network(shown)
            loss = functional.cross_entropy(logits.float(), labels, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    for network in trained:
        network.eval()


def _notes(maker: str, instruments: Sequence[str]) -> list[SoundfontNote]:
    """Play what a maker has of some instruments."""
    found = installed_soundfonts()
    if maker not in found:
        raise FileNotFoundError(
            f"judges learn from the soundfont {maker}, which is missing: apt install {PACKAGES}"
        )
    return [note for note in soundfont_notes(found[maker]) if note.instrument in instruments]


def _path(build: str, training: Sequence[Recording], steps: int) -> Path:
    contents = "\n".join(
        [
            f"{VERSION} {build} {steps} {','.join(LEARNED_MAKERS)}",
            *sorted(recording.path.name for recording in training),
        ]
    )
    return CACHE / "classifier" / f"{hashlib.sha256(contents.encode()).hexdigest()[:16]}.pt"


def _load(build: str, n_instruments: int, path: Path) -> nn.Module:
    network = NETWORKS[build](n_instruments)
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
