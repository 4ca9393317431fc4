"""What a stranger's model file says is shown, and neither obeyed by a terminal nor taken for markup."""

import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from tests.conftest import Command
from tests.support import tiny_models

HOSTILE = "\x1b]0;owned\x07[bold]x[/bold]\x9b2J\u202e"
SHOWN = r"\x1b]0;owned\x07[bold]x[/bold]\x9b2J\u202e"


def hostile_model(folder: Path, **changes: str) -> Path:
    """Save a model whose metadata has other values; `__` in a name stands for a dot."""
    model = tiny_models.gain_effect(golden=tiny_models.gain_golden())
    entries = {entry.key: entry.value for entry in model.metadata_props}
    entries |= {f"brainsynth.{name.replace('__', '.')}": text for name, text in changes.items()}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, entries)
    return tiny_models.save(model, folder, "hostile")


def test_info_shows_texts_that_no_terminal_obeys(brainsynth: Command, tmp_path: Path) -> None:
    path = hostile_model(
        tmp_path,
        name=HOSTILE,
        family=HOSTILE,
        description=HOSTILE,
        control__0__unit=HOSTILE,
        control__0__description=HOSTILE,
        provenance__licence=HOSTILE,
    )
    done = brainsynth("info", path)
    assert done.code == 0
    assert done.out.count(SHOWN) == 6
    assert all(letter.isprintable() or letter == "\n" for letter in done.out)
    done = brainsynth("info", path, "--json")
    assert done.out.isascii()
    assert "\x1b" not in done.out
    assert json.loads(done.out)["document"]["provenance"]["licence"] == HOSTILE


@pytest.mark.parametrize(
    "command", [("info",), ("verify",), ("process", "--seconds", 1, "-o", "x.wav", "--model")]
)
def test_errors_show_texts_that_no_terminal_obeys(
    brainsynth: Command, tmp_path: Path, command: tuple[object, ...]
) -> None:
    path = hostile_model(tmp_path, role=HOSTILE)
    done = brainsynth(*command, path)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("brainsynth: ")
    assert done.err[:-1].isprintable()


def test_a_damaged_graph_leaves_the_standard_output_to_results(tmp_path: Path) -> None:
    """ONNX Runtime prints past Python, so that only a process of its own shows it."""
    model = tiny_models.gain_effect()
    model.graph.node[0].input[0] = "Unknown"
    path = tmp_path / "damaged.onnx"
    path.write_bytes(model.SerializeToString().replace(b"Unknown", b"Un\xff\x1b[m"))
    done = subprocess.run(
        [sys.executable, "-m", "plugin_host.commands", "info", str(path)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"brainsynth: ")
    assert b"\x1b" not in done.stderr
