"""Make the stream that suits a model's role."""

from __future__ import annotations

from ..model_file.document import Role
from .analyzer_stream import AnalyzerStream
from .effect_stream import EffectStream
from .generator_stream import GeneratorStream
from .loaded_graph import LoadedGraph
from .stream import Stream

_STREAMS: dict[Role, type[Stream]] = {
    Role.EFFECT: EffectStream,
    Role.ANALYZER: AnalyzerStream,
    Role.GENERATOR: GeneratorStream,
}


def open_stream(
    graph: LoadedGraph,
    sample_rate: float | None = None,
    channels: int | None = None,
    block_size: int | None = None,
    deadline: float | None = None,
) -> Stream:
    """Make a running instance of a model; see `Stream` for the parameters and errors."""
    return _STREAMS[graph.document.role](graph, sample_rate, channels, block_size, deadline)
