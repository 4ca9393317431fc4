"""Find models by name: those that come with the package, and files by their path."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from ..errors import UnknownModelError, did_you_mean

MODELS_FOLDER = Path(__file__).parent / "bundled_models"


def bundled_names() -> list[str]:
    """List the names of the models that come with the package, sorted."""
    return sorted(path.name.removesuffix(".onnx") for path in MODELS_FOLDER.glob("*.onnx"))


def find_model(name_or_path: str | PathLike[str]) -> Path:
    """Give the path of a model.

    Parameters
    ----------
    name_or_path : str or path
        A bundled model's name, or the path of a ``.onnx`` file, which need not exist.

    Raises
    ------
    UnknownModelError
        For a name that is neither; it lists the bundled models.
    """
    if not isinstance(name_or_path, str | PathLike) or not fspath(name_or_path):
        raise UnknownModelError(
            f"a model is given by a bundled name or the path of a .onnx file, and {name_or_path!r} arrived"
        )
    text = fspath(name_or_path)
    path = Path(text)
    if isinstance(name_or_path, PathLike) or path.suffix == ".onnx" or len(path.parts) > 1:
        return path
    names = bundled_names()
    if text in names:
        return MODELS_FOLDER / f"{text}.onnx"
    if path.exists():
        return path
    known = (
        f"the bundled models are {', '.join(names)}"
        if names
        else "no models are bundled with this installation"
    )
    hint = did_you_mean(text, names)
    raise UnknownModelError(f"there is no model {text!r}: {hint}{known}; or give the path of a .onnx file")


def path_of_stem(stem: str) -> str:
    """Give what `find_model` takes for a name without ``.onnx``: the path of a file, or a bundled model's name."""
    path = Path(f"{stem}.onnx")
    # A folder in the name makes it a path; without one it is a bundled model, or a file that lies here.
    return str(path) if path.parent != Path() or path.exists() else stem


def is_there(stem: str) -> bool:
    """Tell whether a name without ``.onnx`` is that of a bundled model, or of a file that exists."""
    try:
        return find_model(path_of_stem(stem)).is_file()
    except UnknownModelError:
        return False
