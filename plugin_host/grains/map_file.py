"""Write the map of a model of grains for other programs."""

from __future__ import annotations

import json
from pathlib import Path

from ..files.atomic_file import PartialFile, output_error
from .instrument import Grains


def write_map(grains: Grains, path: Path) -> None:
    """Write the map as JSON: of each sound its ``label``, ``class``, ``x``, ``y``, ``place`` and ``latent``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    sounds = [
        {
            "label": point.label,
            "class": point.label.split("/")[0] if grains.classes else "",
            "x": point.x,
            "y": point.y,
            "place": point.value,
            "latent": grain.value,
        }
        for point, grain in zip(grains.points, grains.grain_points, strict=True)
    ]
    text = json.dumps({"name": grains.name, "classes": grains.classes, "sounds": sounds}, indent=1)
    with PartialFile(path) as partial:
        try:
            partial.path.write_text(text + "\n")
        except OSError as error:
            raise output_error(path, error) from error
        partial.commit()
