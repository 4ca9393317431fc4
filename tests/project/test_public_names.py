"""What users import: one name for all of it, loaded only when it is used."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import brainsynth

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("name", brainsynth.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    value = getattr(brainsynth, name)
    assert name in dir(brainsynth)
    if name != "__version__":
        assert value.__doc__
        assert value.__name__.rpartition(".")[2] == name


def test_version_is_that_of_the_installed_package() -> None:
    assert brainsynth.__version__ == metadata.version("brainsynth")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'brainsynth' has no attribute 'Modell'"):
        _ = brainsynth.Modell  # pyright: ignore[reportAttributeAccessIssue]


def test_importing_it_loads_nothing_until_a_name_is_used() -> None:
    code = """
import sys
import brainsynth
before = {name for name in sys.modules if name.split(".")[0] in ("plugin_host", "numpy", "onnxruntime")}
from brainsynth import NeuralEffect
print(sorted(before), NeuralEffect.__module__, "plugin_host.csound" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)
    assert done.stdout == "[] plugin_host.effects.neural_effect False\n", done.stderr


@pytest.mark.parametrize("package", ["plugin_host", "training", "export"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    assert (REPOSITORY / package / "py.typed").is_file()
