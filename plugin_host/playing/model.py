"""Load a model file, after checking all of it that can be checked, and hand out streams that play it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..model_file.bundled import MODELS_FOLDER, find_model
from ..model_file.controls import Control
from ..model_file.document import ModelDocument
from ..model_file.onnx_bytes import SIZE_LIMIT, check_header, read_header, read_model_bytes
from ..model_file.session import CPU, open_session
from ..streaming.background import BackgroundStream
from ..streaming.control_ramps import ControlRamps
from ..streaming.control_values import ControlValue
from ..streaming.graph_runner import GraphRunner
from ..streaming.loaded_graph import LoadedGraph
from ..streaming.open_stream import open_stream
from ..streaming.stream import Stream
from .block_check import check_blocks
from .check import Check
from .golden_check import check_golden
from .latency_check import check_latency
from .tail_check import check_tail
from .whole_recording import render


class Model:
    """A loaded model file: what it is, and the graph that all its streams share.

    Parameters
    ----------
    name_or_path : str or path
        A bundled model's name, or the path of a ``.onnx`` file.
    providers : sequence of str
        ONNX Runtime's execution providers in order of preference; the CPU unless asked for another, such as
        ``("CUDAExecutionProvider", "CPUExecutionProvider")``.
    size_limit : int
        The largest file to load, in bytes.

    Raises
    ------
    UnknownModelError
        For a name that no bundled model has.
    ModelFileError
        For a file that is missing, no ONNX, damaged, foreign, of a newer format or an older operator set,
        larger than `size_limit`, in several parts, or whose graph is not as its metadata says.
    DeviceError
        If the first provider asked for cannot be used on this machine.

    Notes
    -----
    Models of the same file share one session as long as any of them lives. Sessions do not survive a fork:
    load models in the process that plays them.
    """

    def __init__(
        self,
        name_or_path: str | PathLike[str],
        *,
        providers: Sequence[str] = CPU,
        size_limit: int = SIZE_LIMIT,
    ) -> None:
        self.path: Path = find_model(name_or_path).absolute()
        self._options: dict[str, Any] = {"providers": tuple(providers), "size_limit": size_limit}
        source = str(self.path)
        data = read_model_bytes(self.path, size_limit)
        header = read_header(data, source)
        document = ModelDocument.from_metadata(header.metadata, source)
        check_header(header, source)
        self.size_bytes: int = len(data)
        self.opset: int = header.opset
        session = open_session(data, tuple(providers), source)
        document.check_graph(session.get_inputs(), session.get_outputs(), source)
        self.graph = LoadedGraph(session, document, source)
        self._try_out()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a model as its file, which is loaded again, and shares its session where that still lives.

        A bundled one is pickled by its name, so that it opens wherever the package is installed.
        """
        is_bundled = self.path.parent == MODELS_FOLDER.absolute()
        file = self.path.name.removesuffix(".onnx") if is_bundled else self.path
        return functools.partial(type(self), file, **self._options), ()

    def __copy__(self) -> Self:
        """Give the model itself, which nothing changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Give the model itself, which nothing changes."""
        return self

    @property
    def document(self) -> ModelDocument:
        """What the model is."""
        return self.graph.document

    @property
    def session(self) -> ort.InferenceSession:
        """The graph."""
        return self.graph.session

    @property
    def source(self) -> str:
        """How messages name the file."""
        return self.graph.source

    def __repr__(self) -> str:
        return f"Model({self.source!r}: {self.document.role} {self.name!r}, {self.document.sample_rate} Hz)"

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.document.name

    @property
    def controls(self) -> dict[str, Control]:
        """What can be set while it plays, by name."""
        return {control.name: control for control in self.document.controls}

    @property
    def providers(self) -> list[str]:
        """The execution providers that its session really uses."""
        return list(self.session.get_providers())

    @overload
    def stream(
        self,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        *,
        deadline: float | None = None,
        background: Literal[False] = False,
    ) -> Stream: ...

    @overload
    def stream(
        self,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        *,
        background: Literal[True],
    ) -> BackgroundStream: ...

    def stream(
        self,
        sample_rate: float | None = None,
        channels: int | None = None,
        block_size: int | None = None,
        *,
        deadline: float | None = None,
        background: bool = False,
    ) -> Stream | BackgroundStream:
        """Make a running instance; see `Stream` for the parameters.

        With `background`, a worker thread computes each block while the last one plays, at one more block of
        delay; see `BackgroundStream`. It needs a `block_size`.
        """
        if background:
            return BackgroundStream(open_stream(self.graph, sample_rate, channels, block_size))
        return open_stream(self.graph, sample_rate, channels, block_size, deadline)

    def render(self, audio: NDArray[np.floating], sample_rate: float, /, **controls: ControlValue) -> Any:
        """Run a whole recording through an effect or analyzer, its latency taken out; see `whole_recording.render`."""
        return render(self.graph, audio, sample_rate, controls)

    def check(self) -> tuple[Check, ...]:
        """Play the golden pair that the file carries, and noise, whole and in blocks; look at latency and tail.

        See `golden_check.check_golden`, `block_check.check_blocks`, `latency_check.check_latency`, `tail_check.check_tail`.
        """
        proofs = (check_golden, check_blocks, check_latency, check_tail)
        return tuple(check for prove in proofs for check in prove(self.graph))

    def _try_out(self) -> None:
        """Run one frame and two, so that a graph with other shapes than it claims is refused now."""
        runner = GraphRunner(self.graph, controls := ControlRamps(self.document.controls, 1, 2))
        for frames in range(1, min(2, runner.maximum_frames) + 1):
            controls.advance(frames)
            runner.call(frames).run()
