"""The known pitch trackers and ours, behind one interface, so that they are measured alike."""

import importlib
import importlib.util
import sys
import types
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import librosa
import numpy as np
import soxr

from benchmarks.common.metrics import cents
from benchmarks.common.recordings import SAMPLE_RATE
from benchmarks.pitch.tracking import PitchTrack, Tracker, track_pitch

# Every note of the seven instruments, with room for their tuning; a tracker of narrower range keeps its own.
LOWEST_HZ = 45.0
HIGHEST_HZ = 3000.0


class PYin:
    """Probabilistic YIN (Mauch and Dixon 2014) as librosa has it, at 24 kHz; looks at the whole file.

    Parameters
    ----------
    step_cents : float
        Between the pitches that it tells apart; steps of 25 cents take a tenth of the time.
    """

    name = "pyin"
    look_ahead_s = float("inf")

    def __init__(self, step_cents: float = 10.0) -> None:
        self._step_cents = step_cents
        steps = "" if step_cents == 10.0 else f"-{step_cents:g}cents"
        self.identity = f"pyin-librosa{version('librosa')}-24k-2048-256{steps}"

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        low = soxr.resample(audio, SAMPLE_RATE, 24000)
        f0_hz, voiced, _ = librosa.pyin(
            low,
            fmin=LOWEST_HZ,
            fmax=HIGHEST_HZ,
            sr=24000,
            frame_length=2048,
            hop_length=256,
            fill_na=None,
            resolution=self._step_cents / 100.0,
        )
        times_s = librosa.times_like(f0_hz, sr=24000, hop_length=256)
        return PitchTrack(times_s, f0_hz, voiced.astype(np.float64))


class Yin:
    """YIN (de Cheveigne and Kawahara 2002) as librosa has it, at 24 kHz; every frame is voiced."""

    name = "yin"
    identity = f"yin-librosa{version('librosa')}-24k-2048-256"
    look_ahead_s = 1024 / 24000

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        low = soxr.resample(audio, SAMPLE_RATE, 24000)
        f0_hz = librosa.yin(low, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=24000, frame_length=2048, hop_length=256)
        return PitchTrack(librosa.times_like(f0_hz, sr=24000, hop_length=256), f0_hz, np.ones_like(f0_hz))


class FinePYin:
    """pYIN's choice of octave and voicing with YIN's resolution: pYIN answers in steps.

    Parameters
    ----------
    step_cents : float
        pYIN's steps, as for `PYin`.
    """

    name = "fine pyin"
    identity = None
    look_ahead_s = float("inf")

    def __init__(self, step_cents: float = 10.0) -> None:
        self._coarse = PYin(step_cents)

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        coarse, fine = (track_pitch(tracker, audio) for tracker in (self._coarse, Yin()))
        same = np.abs(cents(fine.f0_hz, coarse.f0_hz)) <= 50.0
        return PitchTrack(coarse.times_s, np.where(same, fine.f0_hz, coarse.f0_hz), coarse.voicing)


class SwiftF0:
    """SwiftF0 (Nieradzik 2025): a small network at 16 kHz; 47 to 2094 Hz; 176 ms of look-ahead."""

    name = "swiftf0"
    look_ahead_s = 0.176

    def __init__(self) -> None:
        swift_f0 = _import("swift_f0", "swift-f0")
        self.identity = f"swiftf0-{swift_f0.__version__}"
        self._detector = swift_f0.SwiftF0(threads=1)

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        result = self._detector.detect(_at_full_level(audio), SAMPLE_RATE)
        return PitchTrack(result.timestamps, result.pitch_hz, result.confidence)


class Pesto:
    """PESTO (Riou et al. 2023), its ``mir-1k_g7`` weights, at 16 kHz, a frame every 5 ms."""

    name = "pesto"
    # Half the longest window of its constant-Q transform (27.5 Hz, 36 bins an octave, gamma 7).
    look_ahead_s = 0.065

    def __init__(self) -> None:
        # PESTO reads files with torchaudio, which would bring a torch of its own; arrays need none of it.
        if importlib.util.find_spec("torchaudio") is None:
            sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))
        pesto = _import("pesto", "pesto-pitch")
        self.identity = f"pesto-{pesto.__version__}-mir-1k_g7-16k-5ms"
        self._model = pesto.load_model("mir-1k_g7", step_size=5.0, sampling_rate=16000)
        self._model.reduction = "alwa"

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        import torch

        low = torch.from_numpy(soxr.resample(_at_full_level(audio), SAMPLE_RATE, 16000))
        with torch.inference_mode():
            f0_hz, confidence, _ = self._model(low, sr=16000, convert_to_freq=True, return_activations=False)
        f0 = f0_hz.double().numpy().reshape(-1)
        return PitchTrack(np.arange(f0.size) * 0.005, f0, confidence.double().numpy().reshape(-1))


class ModelTracker:
    """The pitch analyzer of Brainsynth: causal, a frame every hop.

    Parameters
    ----------
    model : str
        A bundled name or the path of a model file.
    delay_s : float
        Subtracted from the time at which a frame comes out to give the time that it describes. 0 judges the
        tracker live; the analysis window's own delay judges it like the trackers that look ahead.
    """

    identity = None

    def __init__(self, model: str, delay_s: float = 0.0) -> None:
        from brainsynth import Model

        self._model = Model(model)
        self.look_ahead_s = delay_s
        self.name = "ours" if delay_s == 0.0 else f"ours, {1000.0 * delay_s:g} ms later"

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        values: dict[str, Any] = self._model.stream(sample_rate=SAMPLE_RATE).analyze(audio[None])
        f0_hz = values["f0_hz"][0].astype(np.float64)
        document = self._model.document
        hop_s = document.hop_length / document.sample_rate
        times_s = (np.arange(f0_hz.size) + 1) * hop_s - self.look_ahead_s
        return PitchTrack(times_s, f0_hz, values["voicing"][0].astype(np.float64))


class Autocorrelation:
    """Normalised autocorrelation in a graph like ours, `benchmarks.pitch.autocorrelation`: causal, a frame every hop."""

    name = "autocorrelation"
    identity = None
    look_ahead_s = 0.0

    def __init__(self) -> None:
        from export.proof import GraphPlayer

        self._model, graph = _autocorrelation_graph()
        self._player = GraphPlayer(graph, self._model)

    def __call__(self, audio: np.ndarray) -> PitchTrack:
        """Track 48 kHz mono audio, (T,) float32."""
        import torch

        hop_length = self._model.hop_length
        frames = -(-audio.size // hop_length)
        padded = np.pad(audio, (0, frames * hop_length - audio.size))
        outputs = self._player.play({"audio": torch.from_numpy(padded)[None, None]}, _blocks(frames))
        times_s = (np.arange(frames) + 1) * hop_length / SAMPLE_RATE
        f0_hz, voicing = (outputs[f"output.{name}"][0].astype(np.float64) for name in ("f0_hz", "voicing"))
        return PitchTrack(times_s, f0_hz, voicing)


def _blocks(frames: int, most: int = 64) -> list[int]:
    return [min(most, frames - first) for first in range(0, frames, most)]


@lru_cache(maxsize=1)
def _autocorrelation_graph() -> tuple[Any, bytes]:
    from benchmarks.pitch.autocorrelation import AutocorrelationAnalyzer
    from export.graph import build_graph

    model = AutocorrelationAnalyzer()
    return model, build_graph(model).SerializeToString()


def _at_full_level(audio: np.ndarray) -> np.ndarray:
    # The networks' voicing depends on the level, and a pianissimo of this library peaks at -40 dB.
    return audio * (0.5 / max(float(np.abs(audio).max(initial=0.0)), 1e-6))


def _import(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"this tracker needs {package}: pip install --no-deps {package}") from error


BASELINES = {
    "pyin": PYin,
    "fine pyin": FinePYin,
    "yin": Yin,
    "swiftf0": SwiftF0,
    "pesto": Pesto,
    "autocorrelation": Autocorrelation,
}


def make_tracker(name: str) -> Tracker:
    """Make one of the known trackers.

    Parameters
    ----------
    name : str
        ``pyin``, ``fine pyin``, ``yin``, ``swiftf0``, ``pesto`` or ``autocorrelation``.

    Returns
    -------
    Tracker
        Ready for use.

    Raises
    ------
    ValueError
        If there is no tracker of that name.
    ImportError
        If its package is not installed.
    """
    if name not in BASELINES:
        raise ValueError(f"no tracker is called {name!r}; there are ours, {', '.join(sorted(BASELINES))}")
    return BASELINES[name]()
