"""Open the model that a command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..playing.model import Model


def open_model(name_or_path: str) -> Model:
    """Load a bundled model, or a file that a child has tried first; see `trial.try_once`.

    Raises
    ------
    UnknownModelError, ModelFileError
        If there is no such model, or it cannot be used.
    """
    from ..model_file.bundled import MODELS_FOLDER, find_model
    from ..playing.model import Model
    from ..playing.trial import try_once

    path = find_model(name_or_path).absolute()
    if path.parent != MODELS_FOLDER.absolute() and path.is_file():
        try_once(path)
    return Model(path)
