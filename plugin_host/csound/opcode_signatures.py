"""The signatures of the opcodes: their names and the types of what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import CsoundError, counted
from ..model_file.controls import Control
from ..model_file.document import ModelDocument, Role
from ..playing.model import Model

MOST_NUMBERS = 16
"""The most results of an analyzer that go into variables of their own; an array takes any number."""

_EXAMPLES = {
    Role.EFFECT: 'aout nnfx ain, "{}"',
    Role.GENERATOR: 'aout nngen "{}"',
    Role.ANALYZER: 'kvalues[] nnana ain, "{}"',
}
_STEREO_EXAMPLES = {
    Role.EFFECT: 'aleft, aright nnfx aleft, aright, "{}"',
    Role.GENERATOR: 'aleft, aright nngen "{}"',
    Role.ANALYZER: 'kvalues[] nnana aleft, aright, "{}"',
}


@dataclass(frozen=True)
class OpcodeSignature:
    """One way to write an opcode; the same name may have several.

    Parameters
    ----------
    name : str
        As it is written in orchestras.
    outputs, inputs : str
        Csound's letters for their types; ``N`` stands for any number of numbers, signals and strings, ``*`` for
        one or more arguments of any type.
    audio_inputs : int
        How many inputs come before the model's name.
    role : Role or None
        Which models it plays; None where it only reports something about one at init time.
    """

    name: str
    outputs: str
    inputs: str
    audio_inputs: int
    role: Role | None

    @property
    def channels(self) -> int:
        """Of the sound that it takes, or gives where it takes none."""
        return self.audio_inputs or len(self.outputs)

    @staticmethod
    def results_of(model: Model) -> int:
        """Give how many numbers an analyzer gives: of a vector all its elements."""
        return sum(output.size for output in model.document.outputs)

    @classmethod
    def possible(cls, model: Model) -> set[int]:
        """Give how many results variables may take: all, or all but the vector that comes last."""
        return {cls.results_of(model), sum(output.size for output in _needed(model.document))}

    def check(self, model: Model, written: str, results: int) -> None:
        """Refuse a model that this signature cannot play.

        Parameters
        ----------
        model : Model
            The model.
        written : str
            How the orchestra names it.
        results : int
            How many outputs the orchestra takes.

        Raises
        ------
        CsoundError
            For a model of another role, or another number of channels or of results.
        """
        document = model.document
        if document.role is not self.role:
            example = _EXAMPLES[document.role].format(written)
            raise CsoundError(f"it is of role {document.role} and {self.name} takes another: write {example}")
        fits = document.channels == self.channels
        if not fits and not (self.role is Role.EFFECT and document.channels == 1):
            examples = {1: _EXAMPLES, 2: _STEREO_EXAMPLES}.get(document.channels)
            advice = (
                f"write {examples[document.role].format(written)}" if examples else "use it outside of Csound"
            )
            raise CsoundError(
                f"its sound has {counted(document.channels, 'channel')}, and"
                f" {counted(self.channels, 'is', 'are')} written: {advice}"
            )
        if self.role is Role.ANALYZER and self.outputs != "k[]" and results not in self.possible(model):
            elements = [name for output in _needed(document) for name in output.element_names]
            names = ", ".join(f"k{name.replace('[', '').replace(']', '')}" for name in elements)
            raise CsoundError(
                f"it gives {counted(len(elements), 'number')}, and {counted(results, 'is', 'are')} taken: write {names}"
                f" {self.name} ..., or take them all into an array, kvalues[]"
            )


def _needed(document: ModelDocument) -> list[Control]:
    """Give the outputs that variables must take: a vector after numbers says something about them."""
    outputs = list(document.outputs)
    last_may_be_left = len(outputs) > 1 and outputs[-1].size > 1 and outputs[0].size == 1
    return outputs[:-1] if last_may_be_left else outputs


# "N" takes any number of arguments, even none, but no arrays; "*" takes arrays, but not no arguments.
_CONTROLS = ("N", "*")

SIGNATURES = (
    *(
        OpcodeSignature(name, "a" * channels, f"{'a' * audio_inputs}S{controls}", audio_inputs, role)
        for name, role in (("nnfx", Role.EFFECT), ("nngen", Role.GENERATOR))
        for channels in (1, 2)
        for audio_inputs in (channels if role is Role.EFFECT else 0,)
        for controls in _CONTROLS
    ),
    *(
        OpcodeSignature("nnana", outputs, f"{'a' * channels}S{controls}", channels, Role.ANALYZER)
        for channels in (1, 2)
        for outputs in ("k[]", *("k" * count for count in range(1, MOST_NUMBERS + 1)))
        for controls in _CONTROLS
    ),
    OpcodeSignature("nnlatency", "i", "S", 0, None),
)
