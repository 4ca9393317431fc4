"""Hold what a stream needs of a model: the graph, and the document that describes it."""

from __future__ import annotations

from dataclasses import dataclass

import onnxruntime as ort

from ..model_file.document import ModelDocument


@dataclass(frozen=True)
class LoadedGraph:
    """A graph that any number of streams share, and what it is.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The graph.
    document : ModelDocument
        Its tensors, timing and controls.
    source : str
        How messages name the file.
    """

    session: ort.InferenceSession
    document: ModelDocument
    source: str

    @property
    def label(self) -> str:
        """How messages name the model: ``effect 'cello'``."""
        return f"{self.document.role} {self.document.name!r}"
