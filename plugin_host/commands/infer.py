"""`brainsynth infer`: find a synth's parameters in a sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted, naming
from .exit_codes import ExitCode
from .messages import warn

AUTO = "auto"

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..matching.inference import Inference, ParameterModel


def infer(
    sound: Annotated[Path, typer.Argument(help="An audio file.", show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="A bundled model, a file, or auto: the nearest bundled one.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A preset, NAME.json.", show_default=False)
    ] = None,
    synth: Annotated[
        str | None,
        typer.Option(
            "--synth", help="The .csd or .vst3, if the model's synth is not bundled.", show_default=False
        ),
    ] = None,
    render: Annotated[
        Path | None,
        typer.Option("--render", help="Render the parameters into a .wav.", show_default=False),
    ] = None,
    refine: Annotated[
        int, typer.Option("--refine", help="Sounds to render in search of better parameters; 50 are good.")
    ] = 0,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", "-j", min=0, help="Sounds that --refine renders at a time; 0: one per core."
        ),
    ] = 0,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw target, estimate and refined into a .png.", show_default=False),
    ] = None,
) -> ExitCode:
    """Find the parameters with which a synth sounds like a sound.

    Silence before it is left out, and what is longer than the sounds that the model was trained on.
    Ctrl-C ends --refine, and the best so far is written.
    """
    from ..files.plan import refuse_inputs_as_outputs
    from ..matching.best_synth import RENDERS
    from ..matching.inference import ParameterModel, infer, preset_of
    from ..matching.onset_reading import read_from_onset
    from ..matching.target_sound import FLOOR_S
    from .named_model import open_model
    from .outputs import refuse_unwritable

    _check_names(output, render, picture)
    names = _candidates(synth) if model == AUTO else [model]
    models = [ParameterModel(open_model(name), synth) for name in names]
    files = [path for path in (output, render, picture) if path is not None]
    used = [path for one in models for path in (one.model.path, one.synth_path) if path is not None]
    refuse_inputs_as_outputs([sound, *used], files)
    for path in files:
        refuse_unwritable(path)
    seconds = max(one.frames / one.model.document.sample_rate for one in models) + FLOOR_S
    audio, sample_rate, repaired = read_from_onset(sound, seconds)
    if repaired:
        warn(f"{sound}: {counted(repaired, 'sample was', 'samples were')} NaN or infinite and taken for 0")
    with naming(sound):
        if model == AUTO:
            refine = refine or RENDERS
            found_model, inference = _infer_by_best(audio, sample_rate, models, refine, workers)
        else:
            found_model = models[0]
            inference = _infer_with_bar(infer, audio, sample_rate, found_model, refine, workers)
    for warning in inference.warnings:
        warn(warning)
    _print(found_model, inference)
    if output is not None:
        preset_of(found_model, inference, output.stem).write(output, found_model.parameters)
    if render is not None or picture is not None:
        _render(found_model, inference, sound.name, render, picture)
    found = inference.refinement
    if found is not None and found.interrupted:
        warn(
            f"interrupted after {found.renders} of {counted(refine, 'sound')}; the best of them is what was found"
        )
        return ExitCode.INTERRUPTED
    return ExitCode.WELL


def _candidates(synth: str | None) -> list[str]:
    from ..errors import UsageError
    from ..matching.best_synth import bundled_parameter_models

    if synth is not None:
        raise UsageError(
            "--synth names one synth, and --model auto chooses among the bundled ones: give one of them"
        )
    return bundled_parameter_models()


def _infer_by_best(
    audio: NDArray[np.float32],
    sample_rate: int,
    models: list[ParameterModel],
    renders: int,
    workers: int,
) -> tuple[ParameterModel, Inference]:
    from ..matching.best_synth import infer_by_each
    from .progress import progress_bar

    with progress_bar() as show:
        ranked = infer_by_each(audio, sample_rate, models, renders, workers, show)
    for model, one in ranked:
        assert one.refinement is not None
        typer.echo(f"{model.model.name}: {one.refinement.mss_after:.2f} dB")
    return ranked[0]


def _check_names(output: Path | None, render: Path | None, picture: Path | None) -> None:
    from ..errors import UsageError

    for path, suffix, what in (
        (output, ".json", "preset"),
        (render, ".wav", "rendering"),
        (picture, ".png", "picture"),
    ):
        if path is not None and path.suffix.lower() != suffix:
            raise UsageError(f"the {what} {path} must have a name that ends in {suffix}")
    if picture is not None:
        from ..showing.spectrogram_pictures import require_matplotlib

        require_matplotlib()


def _infer_with_bar(
    infer, audio: NDArray[np.float32], sample_rate: int, model: ParameterModel, renders: int, workers: int
) -> Inference:
    from .progress import progress_bar

    with progress_bar() as show:

        def report(done: int, total: int, distance: float) -> None:
            show(f"refining, {distance:.2f} dB off", done, total)

        def prepare(done: int, total: int) -> None:
            show("getting to know the synth, once", done, total)

        return infer(
            audio,
            sample_rate,
            model,
            refine_renders=renders,
            workers=workers,
            on_preparation=prepare,
            on_progress=report,
        )


def _print(model: ParameterModel, inference: Inference) -> None:
    from .tables import add_row, make_table, open_console

    refined = inference.refinement is not None
    sure = inference.confidence
    shown = model.show(inference.values)
    headings = (
        "parameter",
        "estimate",
        *(["sure"] if sure else []),
        *(["refined"] if refined else []),
        "unit",
        *(["shown as"] if shown else []),
    )
    table = make_table(headings, right=("estimate", "sure", "refined"))
    for parameter in model.parameters:
        cells = [_shown(inference.estimate[parameter.name])]
        if sure:
            cells.append(f"{sure[parameter.name]:.0%}")
        if refined:
            cells.append(_shown(inference.values[parameter.name]))
        cells.append(parameter.unit)
        if shown:
            cells.append(shown.get(parameter.name, ""))
        add_row(table, parameter.name, *cells)
    open_console().print(table)
    if inference.refinement is not None:
        found = inference.refinement
        typer.echo(
            f"Multi-scale spectral distance {found.mss_before:.2f} dB as estimated, {found.mss_after:.2f} dB refined"
            f" ({counted(found.renders, 'sound')} rendered)."
        )


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _render(
    model: ParameterModel, inference: Inference, name: str, render: Path | None, picture: Path | None
) -> None:
    import numpy as np

    from ..matching.inference import resynthesise
    from ..matching.target_sound import from_onset
    from ..showing.spectrogram_pictures import draw_sounds
    from ..synths.renderer import Renderer
    from .outputs import write_sound

    with Renderer(model.synth) as renderer:
        made = resynthesise(renderer, inference.values, inference.gain_db)
        estimate = made if inference.refinement is None else renderer.render(inference.estimate)
    rate = model.synth.sample_rate
    if render is not None:
        write_sound(render, made, rate, ("WAV", "PCM_24"))
    if picture is None:
        return
    target = model.at_synth_rate(inference.target)
    frames = len(target)
    shown = [
        np.pad(sound, (0, frames - len(sound)))[None]
        for sound in (
            target,
            from_onset(estimate.mean(axis=0))[:frames],
            from_onset(made.mean(axis=0))[:frames],
        )
    ]
    names = [name, "estimate", "refined"]
    count = 2 if inference.refinement is None else 3
    title = f"{name}, estimated by {model.model.name}"
    draw_sounds(picture, shown[:count], rate, title, names[:count])
