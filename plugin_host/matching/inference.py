"""Find a synth's parameters in a sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelFileError, SynthError, SynthMismatchError, counted
from ..files.processes import count_workers
from ..model_file.controls import Control
from ..playing.model import Model
from ..streaming.control_ramps import ControlRamps
from ..streaming.graph_runner import GraphRunner
from ..streaming.rate_conversion import resample
from ..synths.kinds import hash_synth, kind_of
from ..synths.parameters import name_values
from ..synths.preset import Preset, find_presets
from ..synths.renderer import Renderer
from ..synths.synth import Synth, bundled_synth, find_synth
from .harmonicity import Harmonicity
from .heard_pitch import beginning, heard_pitch
from .known_sounds import COUNT, USUAL, KnownSounds
from .parameter_origin import read_origin
from .refinement import DEFAULT_SPREAD, Refinement, check_renders, refine, unrefined
from .synth_pitch import estimated_at_pitch
from .target_sound import as_target, from_onset, gain_into_range, loudest_db

CONFIDENCE = "confidence"
"""The output that says how sure the others are."""

_SPREAD_OF_ERROR = 0.75
_HOPS_AT_ONCE = 32
NEAR_SHARE, LEAST_NEAR = 0.3, 6
"""Known sounds that a search looks at, as a part of its renders."""

_NO_PROGRESS: Callable[[int, int, float], None] = lambda *_: None  # noqa: E731
_NO_PREPARATION: Callable[[int, int], None] = lambda *_: None  # noqa: E731


@dataclass(frozen=True)
class Inference:
    """What was found in a sound.

    Parameters
    ----------
    estimate : dict of str to float or str
        Without a search: what the model gave, at the pitch that is heard; see `ParameterModel.estimate`.
    values : dict of str to float or str
        The same after refinement, or the estimate where there was none.
    target : array
        (T,) float32, the sound as the model got it: one channel, from its onset on, at the model's rate.
    gain_db : float
        By how much the sound was amplified, to bring it into the range of levels that the model knows.
    refinement : Refinement or None
        The result of the search, if there was one.
    confidence : dict of str to float, or None
        How likely each estimate is right, see `Estimate`.
    pitch_hz : float or None
        That is heard in the sound; None where there is none for sure.
    warnings : tuple of str
        Sentences for the user.
    """

    estimate: dict[str, float | str]
    values: dict[str, float | str]
    target: NDArray[np.float32]
    gain_db: float
    refinement: Refinement | None = None
    confidence: dict[str, float] | None = None
    pitch_hz: float | None = None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Estimate:
    """What is told of a sound without any search.

    Parameters
    ----------
    values : dict of str to float or str
        Parameters in their units, choices by their words.
    confidence : dict of str to float, or None
        How likely each of what the model gives is right, 0 to 1: the choice or integer itself, else to a twentieth of the
        parameter's range. None for a model that does not say.
    pitch_hz : float or None
        That is heard; None where there is none for sure.
    """

    values: dict[str, float | str]
    confidence: dict[str, float] | None
    pitch_hz: float | None


class ParameterModel:
    """A model that estimates a synth's parameters, and the synth that it was trained on.

    Parameters
    ----------
    model : Model, str or path
        A bundled model's name, the path of a ``.onnx`` file, or a loaded model.
    synth : Synth, str or path, optional
        The synth; the bundled one of the name that the model gives, unless given. A synth is a program, so one that
        only the model names is never run.

    Attributes
    ----------
    model : Model
    origin : ParameterOrigin
        What the model says of its training.
    synth_path : Path or None
        The synth's file; None if the model was trained on one that is not bundled, and none was given.
    warnings : tuple of str
        Sentences about what does not quite fit.

    Raises
    ------
    UnknownModelError, ModelFileError
        If there is no such model, or it cannot be used, or lacks what a model of its family says of its training.
    SynthMismatchError
        If the model estimates no parameters, or not those of the synth.
    SynthError
        If the synth cannot be used.
    """

    def __init__(
        self,
        model: Model | str | PathLike[str],
        synth: Synth | str | PathLike[str] | None = None,
    ) -> None:
        self.model = model if isinstance(model, Model) else Model(model)
        self.origin = read_origin(self.model.document, self.model.source)
        self.frames = round(self.origin.sound_seconds * self.model.document.sample_rate)
        self._synth = synth if isinstance(synth, Synth) else None
        self.synth_path = synth.path if isinstance(synth, Synth) else self._find(synth)
        self.warnings: tuple[str, ...] = ()
        if self.synth_path is not None and hash_synth(self.synth_path) != self.origin.synth_sha256:
            self._check_controls()
            self.warnings = (
                f"{self.synth_path}, or a file that it uses, has changed since {self.model.name} was trained on it; its"
                " parameters are the same, and estimates may be a little off",
            )

    @property
    def synth(self) -> Synth:
        """The synth, read when it is first asked for, which needs Csound; raises SynthError if there is none."""
        if self._synth is None:
            if self.synth_path is None:
                raise SynthError(
                    f"model {self.model.name!r} was trained on {self.origin.synth!r}, which is not bundled; if you have"
                    " that synth and trust it, give its path: --synth FILE.csd or FILE.vst3"
                )
            self._synth = Synth(self.synth_path)
        return self._synth

    def show(self, values: Mapping[str, float | str]) -> dict[str, str]:
        """Give values by name as the synth shows them, if it is a plugin that is known; else nothing.

        Raises
        ------
        SynthError
            If the plugin cannot be loaded.
        """
        return self.synth.show(values) if self.synth_path and kind_of(self.synth_path).shows_values else {}

    @property
    def parameters(self) -> Sequence[Control]:
        """What it estimates, in the order of the model's outputs."""
        outputs = self.model.document.outputs
        return [o for o in outputs if o.name != CONFIDENCE or o.size != len(outputs) - 1]

    @property
    def spread(self) -> NDArray[np.float64]:
        """How far it is off on sounds held out from training, (P,), as parts of the ranges of the synth's parameters."""
        errors = self.origin.held_out_error
        return np.array(
            [_SPREAD_OF_ERROR * errors.get(p.name, DEFAULT_SPREAD) for p in self.synth.parameters]
        )

    def target_of(self, audio: NDArray[np.floating], sample_rate: float) -> tuple[NDArray[np.float32], float]:
        """Give a sound as the model wants it, (T,), and the gain in dB that it has been given.

        Raises
        ------
        InferenceError
            If it is silent, or shorter than a hop of the model.
        StreamError
            For audio or a rate that cannot be taken.
        """
        document = self.model.document
        target = as_target(audio, sample_rate, document.sample_rate, self.frames, document.hop_length)
        known, gain_db = self.origin.loudest_db, 0.0
        if known is not None:
            gain_db = gain_into_range(loudest_db(target), known.low, known.high)
        return target * np.float32(10 ** (gain_db / 20)), gain_db

    def at_synth_rate(self, target: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert a sound (T,) from the model's rate to the synth's."""
        rate, other = self.model.document.sample_rate, self.synth.sample_rate
        return target if rate == other else from_onset(resample(target, rate, other))

    def estimate(self, target: NDArray[np.float32]) -> Estimate:
        """Estimate the parameters of a sound (T,) from its onset on, at the model's rate.

        They are the values of the model's last hop, but for the pitch: where that which is heard is near, and explains the
        sound better, it is taken.
        """
        sample_rate = self.model.document.sample_rate
        pitch_hz = heard_pitch(target, sample_rate)
        values, confidence = self._last_hop(target)
        if pitch_hz is not None:
            harmonicity = Harmonicity(beginning(target, sample_rate), sample_rate)
            values = estimated_at_pitch(self.parameters, values, pitch_hz, harmonicity)
        return Estimate(values, confidence, pitch_hz)

    def _last_hop(
        self, target: NDArray[np.float32]
    ) -> tuple[dict[str, float | str], dict[str, float] | None]:
        """What the model gives at the end of a sound (T,), and how sure it is, if it says so."""
        document = self.model.document
        controls = ControlRamps(document.controls, 1, _HOPS_AT_ONCE)
        # Longer calls than a stream's: a live sound cannot wait, and weights are read once for each call.
        runner = GraphRunner(self.model.graph, controls, _HOPS_AT_ONCE)
        samples = _HOPS_AT_ONCE * document.hop_length
        whole = np.pad(target, (0, -len(target) % document.hop_length)).astype(np.float32)
        found: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(whole), samples):
            part = whole[start : start + samples]
            frames = len(part) // document.hop_length
            controls.advance(frames)
            call = runner.call(frames)
            call.audio_in[...] = part
            call.run()
            found = {name: np.array(value[..., -1]) for name, value in call.controls_out.items()}
        values = [float(found[p.name]) for p in self.parameters]
        if not np.isfinite(values).all():
            raise ModelFileError(
                f"model {self.model.name!r} gives values that are NaN or infinite; export it again"
            )
        limited = [np.clip(v, p.minimum, p.maximum) for v, p in zip(values, self.parameters, strict=True)]
        named = name_values(self.parameters, limited)
        if len(self.parameters) == len(document.outputs):
            return named, None
        sure = np.atleast_1d(found[CONFIDENCE]).tolist()
        return named, dict(zip(named, sure, strict=True))

    def _find(self, synth: str | PathLike[str] | None) -> Path | None:
        return bundled_synth(self.origin.synth) if synth is None else find_synth(synth)

    def _check_controls(self) -> None:
        """Refuse a synth whose parameters are not those that the model estimates."""
        names = ("name", "minimum", "maximum", "scale", "choices")
        estimated = {p.name: tuple(getattr(p, name) for name in names) for p in self.parameters}
        declared = {p.name: tuple(getattr(p, name) for name in names) for p in self.synth.parameters}
        wrong = sorted(
            name for name in estimated.keys() | declared.keys() if estimated.get(name) != declared.get(name)
        )
        if wrong:
            raise SynthMismatchError(
                f"model {self.model.name!r} does not estimate the parameters of {self.synth_path}: {', '.join(wrong)}"
                " differ in name, range or choices; train a model on this synth"
            )


def infer(
    audio: NDArray[np.floating],
    sample_rate: float,
    model: ParameterModel | Model | str | PathLike[str],
    synth: Synth | str | PathLike[str] | None = None,
    refine_renders: int = 0,
    *,
    workers: int = 0,
    on_preparation: Callable[[int, int], None] = _NO_PREPARATION,
    on_progress: Callable[[int, int, float], None] = _NO_PROGRESS,
) -> Inference:
    """Find the parameters with which a synth sounds like a sound.

    Parameters
    ----------
    audio : array
        (C, T), or (T,) for one channel: floating-point samples, full scale 1. Silence before it is left out, what is
        longer than the sounds that the model was trained on is cut.
    sample_rate : float
        Hz.
    model : ParameterModel, Model, str or path
        Estimates the parameters.
    synth : Synth, str or path, optional
        The synth, where it is not the bundled one of the name that the model gives.
    refine_renders : int
        How many sounds the synth may render in search of better parameters, 2 or more; 0 for no search. The search also
        knows the pitch that is heard, and a thousand sounds of the synth, which are rendered once and kept in the user's
        cache.
    workers : int
        How many of them are rendered at a time; 0 for one per core. What is found does not depend on it.
    on_preparation : callable
        Called after each of those with how many there are, and of how many.
    on_progress : callable
        Called after each render; see `refinement.refine`.

    Returns
    -------
    Inference

    Raises
    ------
    InferenceError
        If the sound is silent or too short.
    SynthMismatchError
        If model and synth do not belong together.
    ModelFileError, SynthError, StreamError, UsageError, MissingPackageError
    """
    model = model if isinstance(model, ParameterModel) else ParameterModel(model, synth)
    if refine_renders:
        # Refused before the model runs.
        check_renders(refine_renders)
        count_workers(workers)
    target, gain_db = model.target_of(audio, sample_rate)
    estimate = model.estimate(target)
    warnings, refinement, values = list(model.warnings), None, estimate.values
    broken = np.size(audio) - int(np.count_nonzero(np.isfinite(audio)))
    if broken:
        warnings.append(
            f"{counted(broken, 'sample of the sound is', 'samples of the sound are')} NaN or infinite, and taken for 0"
        )
    if gain_db:
        warnings.append(
            f"the sound was made {abs(gain_db):.0f} dB {'louder' if gain_db > 0 else 'softer'}, so that it lies in the"
            " range of levels that the model knows"
        )
    if refine_renders:
        with Renderer(model.synth) as renderer:
            refinement, doubts = _refined(
                model, renderer, estimate, target, refine_renders, workers, on_preparation, on_progress
            )
        warnings += doubts
        values = refinement.values
    return Inference(
        estimate.values,
        values,
        target,
        gain_db,
        refinement,
        estimate.confidence,
        estimate.pitch_hz,
        tuple(warnings),
    )


def _refined(
    model: ParameterModel,
    renderer: Renderer,
    estimate: Estimate,
    target: NDArray[np.float32],
    renders: int,
    workers: int,
    on_preparation: Callable[[int, int], None],
    on_progress: Callable[[int, int, float], None],
) -> tuple[Refinement, list[str]]:
    """Search from an estimate on; what was found and sentences of doubt. Ctrl-C ends it whenever it comes."""
    heard = model.at_synth_rate(target)
    try:
        count = max(LEAST_NEAR, int(NEAR_SHARE * renders))
        near, doubts = _near(renderer, heard, count, workers, on_preparation)
    except KeyboardInterrupt:
        return unrefined(heard, renderer, estimate.values), []
    found = refine(
        heard,
        renderer,
        estimate.values,
        renders,
        pitch_hz=estimate.pitch_hz,
        near=near,
        spread=model.spread,
        workers=workers,
        on_progress=on_progress,
    )
    if found.failures:
        failed = counted(len(found.failures), "sound")
        doubts.append(f"{failed} of the search could not be rendered, first because: {found.failures[0]}")
    return found, doubts


def _near(
    renderer: Renderer,
    target: NDArray[np.float32],
    count: int,
    workers: int,
    on_preparation: Callable[[int, int], None],
) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Give the known sounds of a synth that are nearest to a target, and a sentence of doubt if none is near.

    Where each sound takes long, only presets are known.
    """
    presets = [preset.values for preset in find_presets(renderer.synth)]
    if not renderer.rewinds:
        return [renderer.synth.to_unit(values) for values in presets], []
    known = KnownSounds(renderer, presets, on_preparation, workers)
    nearest_db, usual_db = known.nearest_db(target), known.usual_db
    doubts = []
    if nearest_db > usual_db:
        doubts.append(
            f"the sound is unlike any that {renderer.synth.name} makes: the nearest of {COUNT} is {nearest_db:.0f} dB"
            f" apart, and {USUAL:.0%} of its own sounds have one within {usual_db:.0f} dB"
        )
    return list(known.nearest(target, count)), doubts


def resynthesise(
    renderer: Renderer, values: dict[str, float | str], gain_db: float = 0.0
) -> NDArray[np.float32]:
    """Render parameters as a sound (C, T); ``gain_db``, by which the target was amplified, is taken back."""
    return renderer.render(values) * np.float32(10 ** (-gain_db / 20))


def preset_of(model: ParameterModel, inference: Inference, name: str) -> Preset:
    """Give what was found as a preset of the model's synth, with how near it is and how sure."""
    found: dict[str, Any] = {"model": model.model.name, "warnings": list(inference.warnings)}
    if inference.refinement is not None:
        found |= {
            "distance_db": round(inference.refinement.mss_after, 3),
            "renders": inference.refinement.renders,
        }
    if inference.confidence is not None:
        found["confidence"] = {name: round(sure, 3) for name, sure in inference.confidence.items()}
    return Preset(
        model.origin.synth,
        inference.values,
        name,
        model.origin.synth_sha256,
        found,
        model.show(inference.values),
    )
