"""`brainsynth compose`: music that goes on from a passage, between two, or from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UnknownModelError, counted
from .messages import say, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..music.report import Report
    from ..playing.model import Model

EAR = ".ear"


def compose(
    model: Annotated[
        str, typer.Argument(metavar="NAME", help="A bundled model of music, or a file.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The audio file to write.", show_default=False)
    ],
    prime: Annotated[
        str | None,
        typer.Option(
            "--prime", metavar="FILE[@TIME]", help="Go on from here: song.mp3@1:20.", show_default=False
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Option(
            "--prime2", metavar="FILE[@TIME]", help="A second passage, to blend with.", show_default=False
        ),
    ] = None,
    blend: Annotated[float, typer.Option("--blend", help="0: the first passage, 1: the second.")] = 0.5,
    prime_s: Annotated[float, typer.Option("--prime-s", help="Seconds that are heard of a passage.")] = 12.0,
    keep_prime: Annotated[
        bool, typer.Option("--keep-prime", help="Begin with the passage as the model hears it.")
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", help="How long.")] = 60.0,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed, another music.", min=0, max=16777215)
    ] = 0,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", help="0: the most likely; 1: as in the songs.", show_default=False),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", help="Leave out the least likely beyond this share.", show_default=False),
    ] = None,
    stray: Annotated[
        float | None,
        typer.Option("--stray", help="0 to 1: keep away from what was learned by heart.", show_default=False),
    ] = None,
    tempo_bpm: Annotated[
        float | None,
        typer.Option(
            "--tempo",
            help="Beats a minute; 0: as it comes. Else the passage's, or from nothing one of the songs'.",
            show_default=False,
        ),
    ] = None,
    gain_db: Annotated[
        float, typer.Option("--gain", help="In dB; leaves room for loud moments.", min=-60, max=24)
    ] = -6.0,
    picture: Annotated[bool, typer.Option("--picture", help="Draw a spectrogram beside it, .png.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
) -> None:
    """Compose with a model of music. A report is written beside it, .json: what is copied, and whether it holds.

    The same seed gives the same samples again.
    """
    import json

    import numpy as np

    from ..files.atomic_file import write_whole
    from ..files.plan import refuse_inputs_as_outputs
    from ..files.writer import AudioWriter, choose_encoding
    from ..music.composition import Composition
    from ..music.passage import Passage
    from ..music.report import Report
    from .named_model import open_model
    from .outputs import refuse_existing, refuse_other_than_sound, refuse_unwritable
    from .progress import progress_bar

    opened = open_model(model)
    chosen = {"temperature": temperature, "top_p": top_p, "stray": stray, "seed": float(seed)}
    chosen["blend"] = blend if second is not None else None
    controls = {
        name: value for name, value in chosen.items() if value is not None and name in opened.controls
    }
    first, other = (None if text is None else Passage.parse(text) for text in (prime, second))
    refuse_other_than_sound(output)
    encoding = choose_encoding(output.suffix, "WAV", "PCM_24")
    told = output.with_suffix(".json")
    outputs = [output, told, *([output.with_suffix(".png")] if picture else [])]
    refuse_inputs_as_outputs([passage.path for passage in (first, other) if passage is not None], outputs)
    for path in outputs:
        refuse_existing(path, overwrite)
        refuse_unwritable(path)
    work = Composition(opened, seconds, first, other, prime_s, keep_prime, tempo_bpm, controls)
    report = Report(work.sample_rate, _ear_of(model, open_model))
    with (
        progress_bar("listening" if prime else "composing") as show,
        AudioWriter(output, work.sample_rate, 1, *encoding, work.most_frames) as writer,
    ):
        done, gain = 0, np.float32(10 ** (gain_db / 20))
        for block in work.blocks():
            writer.write(block * gain)
            report.take(block)
            done += block.shape[1]
            show("composing", done, max(done, work.most_frames))
        writer.commit()
    if writer.clipped_samples:
        warn(
            f"{output}: {writer.clipped_samples} samples were beyond full scale and clipped; --gain {gain_db - 6:g}"
        )
    found = {
        "model": opened.document.name,
        "prime": prime,
        "prime2": second,
        "controls": controls | ({"tempo": work.pace.bpm} if "tempo" in opened.controls else {}),
        "seconds": round(done / work.sample_rate, 3),
        **report.finish(),
    }
    write_whole(told, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    if picture:
        _draw(output, report, found)
    _tell(found, output, told)


def _ear_of(name: str, open_model: Callable[[str], Model]) -> Model | None:
    """Open the analyzer that belongs to a model, if it is there."""
    ear = name.removesuffix(".onnx") + EAR
    try:
        return open_model(ear + ".onnx" if name.endswith(".onnx") else ear)
    except UnknownModelError:
        return None


def _draw(sound: Path, report: Report, found: dict[str, Any]) -> None:
    """Draw a sound, with what was found of copies."""
    from ..showing.composition_pictures import draw_composition
    from ..sound_files.reader import AudioReader

    with AudioReader(sound) as reader:
        rate, whole = reader.sample_rate, reader.read_rest()
    runs = found["copied"]["runs"] if found["copied"] else []
    draw_composition(
        sound.with_suffix(".png"), whole, rate, sound.name, runs, report.flags(), report.steps_per_s
    )


def _tell(found: dict[str, Any], output: Path, told: Path) -> None:
    """Say what there is, and the most important of the report."""
    bpm = found["controls"].get("tempo")
    at = f" at {bpm:.0f} beats a minute" if bpm else ""
    say(f"{found['seconds']:.1f} s{at} in {output}, and what is to be said of it in {told}")
    copied, holds = found["copied"], found["holds"]
    if copied is None:
        say("whether it is copied is not known: there is no .ear beside the model, or it is too short")
    elif copied["longest_run_steps"]:
        keys = copied["flagged_share_transposed"]
        say(
            f"the longest run that stands in a song: {counted(copied['longest_run_steps'], 'step')}, as"
            f" {copied['song']} up to {copied['song_at_s']:.0f} s; more alike than songs usually are:"
            f" {copied['flagged_share']:.0%} of the time"
            + ("" if keys is None else f", in any key {keys:.0%}")
        )
    if "loudness_change_db" in holds and len(holds["parts"]) > 1:
        change, last = holds["loudness_change_db"], found["seconds"] % holds["part_s"] or holds["part_s"]
        how = "louder" if change > 0 else "softer"
        say(f"the last {last:.0f} s are {abs(change):.1f} dB {how} than the first {holds['part_s']:.0f}")
