"""Open a sound that was kept: where it is in the model that made it, or where a model hears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import AudioFileError, UnknownModelError, UsageError, counted, naming, shorten
from ..grains.instrument import read_sound
from ..model_file.bundled import bundled_names
from ..playing.model import Model
from .places import class_of
from .recipe import Recipe, written_place
from .source import OneShots, open_one_shots
from .wav_file import read_recipe

BEYOND = 10.0
"""How many times as far out as any training sound a place lies that no draw reaches."""


@dataclass(frozen=True)
class Kept:
    """A sound with its place.

    Attributes
    ----------
    recipe : Recipe
        How the model plays it, or what is nearest to it.
    remark : str
        A sentence to say if the place was heard, although the file has one.
    """

    recipe: Recipe
    remark: str = ""


def model_of(path: Path, name: str = "") -> str:
    """Give the model by which a sound is opened: the one that is named, or else the one that made it.

    Raises
    ------
    UnknownModelError
        If the file does not say what made it, or the model is not here.
    AudioFileError
        If there is no such file.
    """
    if not path.is_file():
        what = "is not a regular file; an audio file is needed" if path.exists() else "does not exist"
        raise AudioFileError(f"{path} {what}")
    if name:
        return name
    recipe = read_recipe(path)
    if recipe is None:
        raise UnknownModelError(
            f"{path} does not say which model made it; name one that is to hear it, such as --model drums"
        )
    if any(bundled.split(".")[0] == recipe.model for bundled in bundled_names()):
        return recipe.model
    for folder in (path.parent, Path()):
        if any(folder.glob(f"{_literal(recipe.model)}*.onnx")):
            return str(folder.absolute() / f"{recipe.model}.onnx")
    raise UnknownModelError(
        f"{path} was made by the model {recipe.model!r}, which is neither bundled nor beside it nor in this folder; give"
        " its path with --model"
    )


def open_kept(path: Path, source: OneShots) -> Kept:
    """Give a sound's recipe as it stands in its file, or as the model hears it.

    It is heard if the file has no recipe, or one that was changed, or that of another model or of another version of
    this one: places mean other sounds there.

    Raises
    ------
    AudioFileError
        If the sound cannot be read.
    UsageError
        If it is silent.
    """
    recipe = read_recipe(path)
    misfit = ""
    if recipe is not None and recipe.sha256 == source.sha256:
        misfit = _misfit(recipe, source)
        if not misfit:
            return Kept(recipe)
    sound, sample_rate = read_sound(path)
    with naming(path):
        place = source.hear(sound, sample_rate)
    label = class_of(source, place)
    heard = Recipe(
        model=source.name,
        sha256=source.sha256,
        label=label,
        place=written_place(place),
        note=None if source.notes is None else (recipe.note if recipe else None) or sum(source.notes) // 2,
    )
    if recipe is None:
        return Kept(heard)
    if misfit:
        return Kept(heard, f"{path} {misfit}: it was changed, so the sound was heard again")
    made = f"another version of {source.name}" if recipe.model == source.name else f"the model {recipe.model}"
    return Kept(
        heard,
        f"{path} was made by {made} ({recipe.sha256[:8]}; here is {source.name} {source.sha256[:8]}): its place means"
        " another sound here, so it was heard again",
    )


def open_together(
    paths: list[Path], model: str = "", open_model: Callable[[str], Model] = Model
) -> tuple[OneShots, list[Kept]]:
    """Open sounds by one model; see `model_of` and `open_kept`.

    Raises
    ------
    UsageError
        If they are of different models, and none is named.
    """
    names = {model_of(path, model) for path in paths}
    if len(names) > 1:
        raise UsageError(
            f"the sounds are of different models, {' and '.join(sorted(names))}; name the one that is to play, such as"
            " --model drums"
        )
    source = open_one_shots(names.pop(), open_model)
    return source, [open_kept(path, source) for path in paths]


def _misfit(recipe: Recipe, source: OneShots) -> str:
    """Say what a recipe holds that its own model cannot have written; empty if nothing."""
    places = np.array([point.value for point in source.points])
    size = places.shape[1]
    if len(recipe.place) != size:
        return f"has a place of {counted(len(recipe.place), 'number')} where {source.name} has {size}"
    if np.abs(recipe.place).max() > BEYOND * np.abs(places).max():
        return f"has a place far beyond all sounds of {source.name}"
    if recipe.label and recipe.label not in source.classes:
        return f"is of the class {shorten(recipe.label)}, which {source.name} does not have"
    return ""


def _literal(name: str) -> str:
    """Let what has a meaning in patterns mean itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in Path(name).name)
