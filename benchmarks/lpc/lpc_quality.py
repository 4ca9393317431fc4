"""How near the LPC model's envelopes are to the true ones, beside windowed linear prediction on the same frames.

python -m benchmarks.lpc.lpc_quality [--sounds 200] [--model ar.analyzer] [--recordings PATH]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from rich.table import Table

from benchmarks.common.noise import pink_noise
from benchmarks.common.report import wide_console, write_results
from benchmarks.lpc.lpc_measures import (
    Array,
    compare,
    envelope_db,
    largest_radius,
    log_spectral_distance,
    pitch_and_voicing,
    predict_linearly,
    step_up,
)
from brainsynth import Model, Renderer
from plugin_host.showing.block_timing import bench
from training.data.recordings import find_recordings
from training.data.split import split_by_name
from training.families.lpc.data import read_recordings
from training.families.lpc.envelopes import itakura_saito
from training.families.lpc.sounds import EXCITATION, NAMES, f0_hz, polynomial, sections
from training.families.lpc.training_batch import clean_power
from training.loop.report import Silent

SEED = 20261121  # no data set of a training has it
WINDOWS = (512, 768, 1024, 1536, 2048)
NOISES = ("clean", "white 10 dB", "pink 10 dB")
# Hops between the frames that are compared; so much at either end of a sound is left out.
EVERY, MARGIN_S = 4, 0.1
KINDS = {"noise": (0.0, 0.2), "mixed": (0.2, 0.8), "pulses": (0.8, 1.01)}


@dataclass(frozen=True)
class Truth:
    """A held-out sound and its true parameters at the ends of its hops."""

    audio: NDArray[np.float32]
    share: float
    a: Array
    f0_hz: Array


@dataclass(frozen=True)
class Envelopes:
    """The envelopes that one method finds in a sound, at the frames compared."""

    a: Array
    gain_db: Array


def held_out(count: int, rate: int, hop: int) -> Iterator[Truth]:
    """Render sounds that no training has seen."""
    with Renderer("allpole") as renderer:
        names = [p.name for p in renderer.synth.parameters]
        for unit in np.random.default_rng(SEED).random((count, len(names))):
            audio = renderer.render_unit(unit)[0]
            found = renderer.synth.from_unit(unit)
            values = {name: torch.tensor(float(found[name]), dtype=torch.float64) for name in NAMES}
            moments = torch.arange(1, len(audio) // hop + 1).double() * hop / rate
            a = polynomial(sections(values, moments, rate))
            yield Truth(audio, float(values["voicing"]), a.numpy(), f0_hz(values, moments).numpy())


def add_noise(audio: NDArray[np.float32], noise: str, rate: int, seed: int) -> NDArray[np.float32]:
    """Add the noise that is named, 10 dB below the sound's mean power."""
    if noise == "clean":
        return audio
    white = np.random.default_rng(seed).standard_normal(len(audio))
    added = white if noise.startswith("white") else pink_noise(len(audio), rate, seed)
    level = np.sqrt(np.mean(audio.astype(np.float64) ** 2)) * 10 ** (-10 / 20)
    return (audio + added * level).astype(np.float32)


def analyze(model: Model, audio: NDArray[np.float32]) -> dict[str, Array]:
    """The model's outputs over a sound, (N,) each, and under ``k`` the reflection coefficients (N, 16)."""
    found = model.render(audio, model.document.sample_rate)
    values = {name: value[0].astype(np.float64) for name, value in found.items()}
    return values | {"k": np.stack([values[f"k{m}"] for m in range(1, 17)], 1)}


def distances(truth: Truth, found: Envelopes, frames: NDArray[np.int64]) -> tuple[float, float]:
    """Mean distance of a sound's envelopes from the true ones in dB: of their shapes, and with their levels."""
    wanted_db, found_db = envelope_db(truth.a[frames]), envelope_db(found.a)
    level = found.gain_db - 20 * np.log10(EXCITATION)
    shape = log_spectral_distance(found_db, wanted_db)
    return float(shape.mean()), float(log_spectral_distance(found_db + level[:, None], wanted_db).mean())


def measure(model: Model, truths: list[Truth], noise: str) -> tuple[dict[str, Any], Table]:
    """Compare ours with linear prediction under the window that suits it best, sound by sound."""
    rate, hop = model.document.sample_rate, model.document.hop_length
    ours, theirs, tracked = [], {length: [] for length in WINDOWS}, []
    radius = 0.0
    for seed, truth in enumerate(track(truths, description=noise, transient=True)):
        audio = add_noise(truth.audio, noise, rate, seed)
        margin = round(MARGIN_S * rate / hop)
        frames = np.arange(margin, len(truth.a) - margin, EVERY)
        found = analyze(model, audio)
        a = step_up(found["k"])
        radius = max(radius, largest_radius(a[::2]))
        ours.append(distances(truth, Envelopes(a[frames], found["gain_db"][frames]), frames))
        tracked.append((found["f0_hz"][frames], found["voicing"][frames], truth.f0_hz[frames]))
        for length in WINDOWS:
            predicted = Envelopes(*predict_linearly(audio.astype(np.float64), (frames + 1) * hop, length))
            theirs[length].append(distances(truth, predicted, frames))
    own = np.array(ours)
    others = {length: np.array(values) for length, values in theirs.items()}
    best = min(WINDOWS, key=lambda length: others[length][:, 0].mean())
    share = np.array([truth.share for truth in truths])
    table = Table(
        title=f"{noise}: distance from the true envelope, dB; Hamming window of {best}", title_justify="left"
    )
    for head in ("", "sounds", "ours, 95 % interval", "Levinson", "difference", "p"):
        table.add_column(head, justify="left" if not head else "right")
    figures: dict[str, Any] = {"window": best, "largest_radius": radius}
    for what, column in (("shape", 0), ("with level", 1)):
        for kind, (low, high) in {"all": (0.0, 1.01), **KINDS}.items():
            rows = (share >= low) & (share < high)
            compared = compare(own[rows, column], others[best][rows, column])
            figures[f"{what}, {kind}"] = compared | {"sounds": int(rows.sum())}
            table.add_row(f"{what}, {kind}", str(rows.sum()), *_shown(compared))
    f0, voicing, true_f0 = (np.stack(values) for values in zip(*tracked, strict=True))
    figures["pitch_and_voicing"] = pitch_and_voicing(
        {"f0_hz": f0, "voicing": voicing}, true_f0, np.repeat(share[:, None], f0.shape[1], 1)
    )
    return figures, table


def _shown(compared: dict[str, float]) -> list[str]:
    return [
        *(
            f"{compared[name]:.2f} ({compared[f'{name}_low']:.2f} to {compared[f'{name}_high']:.2f})"
            for name in ("ours", "levinson", "difference")
        ),
        f"{compared['p']:.1e}",
    ]


def measure_recordings(model: Model, folder: Path, seconds: float) -> dict[str, Any]:
    """Divergence (Itakura-Saito) of clean recordings' spectra from envelopes estimated clean and in white noise."""
    rate, hop = model.document.sample_rate, model.document.hop_length
    paths = split_by_name(find_recordings(folder)).held_out  # the bundled models' split
    recordings = list(read_recordings(folder, paths, seconds, Silent()).values())
    figures: dict[str, Any] = {"recordings": len(recordings)}
    for noise in NOISES[:2]:
        ours, theirs = [], []
        for seed, audio in enumerate(track(recordings, description=f"recordings, {noise}", transient=True)):
            noisy = add_noise(audio, noise, rate, seed)
            # `clean_power` describes two hops before; the rendered analyzer has no delay.
            ahead = np.pad(audio, (0, 2 * hop))
            power = clean_power(torch.from_numpy(ahead[: len(ahead) // hop * hop])[None])[0, 2:]
            loud = power.mean(-1).numpy() > 10 ** (-50 / 10)
            frames = np.flatnonzero(loud[: len(audio) // hop])[::EVERY]
            if not len(frames):
                continue
            found = analyze(model, noisy)
            own = Envelopes(step_up(found["k"])[frames], found["gain_db"][frames])
            predicted = Envelopes(*predict_linearly(noisy.astype(np.float64), (frames + 1) * hop, 1024))
            for method, values in ((own, ours), (predicted, theirs)):
                envelope = 10 ** ((envelope_db(method.a) + method.gain_db[:, None]) / 10)
                faintest = power[frames].mean(-1, keepdim=True) * 1e-6 + 1e-10
                divergence = itakura_saito(power[frames] + faintest, torch.from_numpy(envelope) + faintest)
                values.append(float(divergence.log1p().mean()))
        figures[noise] = compare(np.array(ours), np.array(theirs))
    return figures


def stability(model: Model) -> dict[str, float]:
    """Largest root over sounds that are hard to predict: silence, constants, tones, clipped noise, single pulses."""
    rate = model.document.sample_rate
    time, random = np.arange(rate) / rate, np.random.default_rng(1)
    hard = {
        "silence": np.zeros(rate),
        "constant": np.ones(rate),
        "low tone": np.sin(2 * np.pi * 50 * time),
        "high tone": np.sin(2 * np.pi * 11_900 * time),
        "clipped noise": np.sign(random.standard_normal(rate)),
        "faint noise": 1e-6 * random.standard_normal(rate),
        "pulse": (np.arange(rate) == rate // 2).astype(float),
        "bursts": random.standard_normal(rate) * (np.sin(2 * np.pi * 3 * time) > 0.9),
    }
    return {
        name: largest_radius(step_up(analyze(model, sound.astype(np.float32))["k"]))
        for name, sound in hard.items()
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lpc.lpc_quality")
    parser.add_argument("--sounds", type=int, default=200, help="how many held-out sounds")
    parser.add_argument("--model", default="ar.analyzer", help="a bundled name or a model file")
    parser.add_argument("--recordings", type=Path, help="a folder whose held-out tenth is measured as well")
    parser.add_argument("--recorded-s", type=float, default=200.0, help="at most so much of it")
    given = parser.parse_args()

    torch.set_num_threads(1)
    console, model = wide_console(), Model(given.model)
    truths = list(held_out(given.sounds, model.document.sample_rate, model.document.hop_length))
    results: dict[str, Any] = {}
    for noise in NOISES:
        results[noise], table = measure(model, truths, noise)
        console.print(table)
        console.print({k: round(v, 3) for k, v in results[noise]["pitch_and_voicing"].items()})
    results["stability"] = stability(model)
    console.print(
        "outermost root:",
        max(r["largest_radius"] for r in (results[n] for n in NOISES)),
        results["stability"],
    )
    if given.recordings:
        results["recordings"] = measure_recordings(model, given.recordings, given.recorded_s)
        console.print(results["recordings"])
    if given.model == "ar.analyzer":
        for name in ("ar", "ar.analyzer", "ar.decoder", "ar.cross"):
            timing = bench(Model(name), 128, 24000)
            results[f"compute {name}"] = {"median_us": timing.median_us, "share_percent": 100 * timing.share}
            console.print(
                f"{name}: {timing.median_us:.0f} us a block of 128 at 24 kHz, {timing.share:.1%} of it"
            )
    if given.sounds >= 200:
        print(f"written to {write_results('lpc_quality', {'sounds': given.sounds, 'seed': SEED}, results)}")


if __name__ == "__main__":
    main()
